"""The promise of threads: who sees which, what a search finds, and what goes with them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from moorage.domain.filters import allows, contains
from moorage.domain.runs import Outcome, RunRequest, RunStatus
from moorage.domain.search import Page
from moorage.domain.threads import Thread, ThreadQuery, ThreadState, ThreadStatus
from moorage.errors import AlreadyExists, Conflict, NotFound
from moorage.storage.interface import Storage
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

ANN = {"owner": "ann"}
BEN = {"owner": "ben"}
SECOND = timedelta(seconds=1)


def new_id() -> str:
    return str(uuid4())


async def create(storage: Storage, **metadata: Any) -> str:
    return (await storage.threads.create(new_id(), metadata)).thread_id


async def write_state(storage: Storage, thread_id: str, state: ThreadState) -> Thread:
    """An update that writes no checkpoint."""
    return await (await storage.draft(thread_id)).keep(state)


async def with_values(storage: Storage, values: Any) -> str:
    thread_id = await create(storage)
    await write_state(storage, thread_id, ThreadState(ThreadStatus.IDLE, values))
    return thread_id


async def found(storage: Storage, **conditions: Any) -> set[str]:
    """The ids that a search finds, which a count agrees with."""
    query = ThreadQuery(**conditions)
    hits = await storage.threads.search(query, Page(limit=100))
    assert hits.total == len(hits.items) == await storage.threads.count(query)
    return {thread.thread_id for thread in hits.items}


async def begin(storage: Storage, thread_id: str) -> str:
    accepted = await storage.queue.accept(RunRequest(new_id(), thread_id, new_id()))
    return accepted.run.run_id


async def test_a_new_thread_is_idle_and_empty(storage: Storage, clock: ManualClock):
    made = await storage.threads.create(new_id(), {"a": [1, {"b": None}]})
    now = clock.now()

    assert made == Thread(made.thread_id, now, now, now, metadata={"a": [1, {"b": None}]})
    assert await storage.threads.get(made.thread_id) == made


class TestCreating:
    async def test_an_id_is_given_once(self, storage: Storage):
        thread_id = await create(storage, a=1)
        with pytest.raises(AlreadyExists):
            await storage.threads.create(thread_id, {"b": 2})
        assert (await storage.threads.get(thread_id)).metadata == {"a": 1}

    async def test_one_that_is_there_is_returned_as_it_is(
        self, storage: Storage, clock: ManualClock
    ):
        known = await storage.threads.get(await create(storage, a=1))
        clock.advance(SECOND)
        again = await storage.threads.create(known.thread_id, {"b": 2}, returns_existing=True)
        assert again == known

    async def test_a_hidden_one_is_neither_returned_nor_replaced(self, storage: Storage):
        thread_id = await create(storage, **ANN)
        for returns_existing in (True, False):
            with pytest.raises(AlreadyExists):
                await storage.threads.create(
                    thread_id, BEN, returns_existing=returns_existing, filters=BEN
                )
        assert (await storage.threads.get(thread_id)).metadata == ANN

    async def test_of_many_at_once_one_succeeds(self, storage: Storage):
        thread_id = new_id()
        made = await asyncio.gather(
            *(storage.threads.create(thread_id, {"n": n}) for n in range(10)),
            return_exceptions=True,
        )
        refused = [one for one in made if isinstance(one, AlreadyExists)]
        [thread] = [one for one in made if isinstance(one, Thread)]
        assert len(refused) == 9
        assert await storage.threads.get(thread_id) == thread


class TestFilters:
    """What a caller may not see does not exist."""

    async def test_get(self, storage: Storage):
        thread_id = await create(storage, **ANN)
        assert (await storage.threads.get(thread_id, ANN)).thread_id == thread_id
        with pytest.raises(NotFound):
            await storage.threads.get(thread_id, BEN)

    async def test_patch(self, storage: Storage):
        thread_id = await create(storage, **ANN)
        with pytest.raises(NotFound):
            await storage.threads.patch(thread_id, {"owner": "ben"}, BEN)
        assert (await storage.threads.get(thread_id)).metadata == ANN

    async def test_delete(self, storage: Storage):
        thread_id = await create(storage, **ANN)
        with pytest.raises(NotFound):
            await storage.threads.delete(thread_id, BEN)
        await storage.threads.delete(thread_id, ANN)
        with pytest.raises(NotFound):
            await storage.threads.get(thread_id)

    async def test_search_and_count(self, storage: Storage):
        mine, _, _ = [await create(storage, **owner) for owner in (ANN, BEN, {})]
        assert await found(storage, filters=ANN) == {mine}
        assert await found(storage, filters={"owner": "nobody"}) == set()

    @pytest.mark.parametrize(
        ("filters", "metadata"),
        [
            ({"a": "x"}, {"a": "x", "b": 1}),
            ({"a": {"$eq": "x"}}, {"a": "x"}),
            ({"a": {"$contains": "x"}}, {"a": ["y", "x"]}),
            ({"a": {"$contains": ["x", "y"]}}, {"a": ["y", "z", "x"]}),
            ({"a": "x", "b": 1}, {"a": "x", "b": 1.0}),
            ({"a": None}, {"a": None}),
            ({"Ünïcode 𝄞": "é"}, {"Ünïcode 𝄞": "é"}),
        ],
    )
    async def test_what_they_let_through(
        self, storage: Storage, filters: dict[str, Any], metadata: dict[str, Any]
    ):
        thread_id = await create(storage, **metadata)
        assert allows(metadata, filters)
        assert await found(storage, filters=filters) == {thread_id}
        assert (await storage.threads.get(thread_id, filters)).metadata == metadata

    @pytest.mark.parametrize(
        ("filters", "metadata"),
        [
            ({"a": "x"}, {}),
            ({"a": "x"}, {"a": "X"}),
            ({"a": "x"}, {"a": ["x"]}),
            ({"a": "x", "b": 1}, {"a": "x"}),
            ({"a": 1}, {"a": True}),
            ({"a": None}, {}),
            ({"a": {"$eq": None}}, {}),
            ({"a": {"$eq": "x"}}, {"a": {"$eq": "x"}}),
            ({"a": {"$contains": "x"}}, {"a": "x"}),
            ({"a": {"$contains": ["x", "y"]}}, {"a": ["x"]}),
            ({"a": {"$contains": [1]}}, {"a": [True]}),
            ({"a": {"$unheard_of": "x"}}, {"a": "x"}),
        ],
    )
    async def test_what_they_hide(
        self, storage: Storage, filters: dict[str, Any], metadata: dict[str, Any]
    ):
        thread_id = await create(storage, **metadata)
        assert not allows(metadata, filters)
        assert await found(storage, filters=filters) == set()
        with pytest.raises(NotFound):
            await storage.threads.get(thread_id, filters)


class TestPatching:
    async def test_keys_are_merged_and_their_values_replaced(
        self, storage: Storage, clock: ManualClock
    ):
        made = await storage.threads.get(await create(storage, a={"x": 1}, b=2))
        clock.advance(SECOND)
        changed = await storage.threads.patch(made.thread_id, {"a": {"y": 1}, "c": None})

        assert changed.metadata == {"a": {"y": 1}, "b": 2, "c": None}
        assert changed.updated_at == clock.now()
        assert (changed.created_at, changed.state_updated_at) == (
            made.created_at,
            made.state_updated_at,
        )
        assert await storage.threads.get(made.thread_id) == changed

    async def test_nothing_is_lost_between_many(self, storage: Storage):
        thread_id = await create(storage)
        await asyncio.gather(*(storage.threads.patch(thread_id, {str(n): n}) for n in range(20)))
        merged = (await storage.threads.get(thread_id)).metadata
        assert merged == {str(n): n for n in range(20)}

    async def test_a_thread_that_is_not_there(self, storage: Storage):
        with pytest.raises(NotFound):
            await storage.threads.patch(new_id(), {})


class TestState:
    async def test_what_an_update_leaves_is_all_there_is(
        self, storage: Storage, clock: ManualClock
    ):
        thread_id = await create(storage, a=1)
        asked = ThreadState(
            ThreadStatus.INTERRUPTED,
            {"n": 1},
            {"task": [{"id": "i", "value": "?"}]},
            {"error": "E"},
        )
        clock.advance(SECOND)
        thread = await write_state(storage, thread_id, asked)
        assert (thread.status, thread.values) == (asked.status, asked.values)
        assert (thread.interrupts, thread.error) == (asked.interrupts, asked.error)
        assert thread.state_updated_at == thread.updated_at == clock.now()
        assert thread.metadata == {"a": 1}

        after = await write_state(storage, thread_id, ThreadState(ThreadStatus.IDLE))
        assert (after.values, after.interrupts, after.error) == (None, {}, None)
        assert await storage.threads.get(thread_id) == after

    async def test_a_thread_that_is_not_there(self, storage: Storage):
        with pytest.raises(NotFound):
            await write_state(storage, new_id(), ThreadState(ThreadStatus.IDLE))

    @pytest.mark.parametrize("begins", [True, False])
    async def test_unfinished_runs_are_in_the_way(self, storage: Storage, begins: bool):
        thread_id = await create(storage)
        run_id = await begin(storage, thread_id)
        held = await storage.queue.claim("worker", 1) if begins else []
        with pytest.raises(Conflict, match=run_id):
            await write_state(storage, thread_id, ThreadState(ThreadStatus.IDLE, {"a": 1}))
        assert (await storage.threads.get(thread_id)).values is None

        for one in held:
            await storage.queue.finish(
                one, Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE))
            )
            written = ThreadState(ThreadStatus.IDLE, {"a": 1})
            assert (await write_state(storage, thread_id, written)).values == {"a": 1}


async def test_a_run_leaves_its_config_on_its_thread(storage: Storage):
    thread_id = await create(storage)

    async def after(config: dict[str, Any] | None) -> Any:
        request = RunRequest(new_id(), thread_id, new_id(), thread_config=config)
        await storage.queue.accept(request)
        return (await storage.threads.get(thread_id)).config

    assert await after({"tone": "dry"}) == {"tone": "dry"}
    assert await after(None) == {"tone": "dry"}
    assert await after({}) == {}


class TestDeleting:
    async def test_runs_and_checkpoints_go_as_well(self, storage: Storage):
        gone, stays = await create(storage), await create(storage)
        saver = storage.saver()
        runs = [await begin(storage, thread_id) for thread_id in (gone, stays)]
        for thread_id in (gone, stays):
            config: Any = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
            put = await saver.aput(config, empty_checkpoint(), {}, {})
            await saver.aput_writes(put, [("channel", 1)], "task")
        await storage.threads.delete(gone)

        with pytest.raises(NotFound):
            await storage.threads.get(gone)
        with pytest.raises(NotFound):
            await storage.runs.get(runs[0])
        assert [one async for one in saver.alist({"configurable": {"thread_id": gone}})] == []
        assert (await storage.runs.get(runs[1])).thread_id == stays
        [kept] = [one async for one in saver.alist({"configurable": {"thread_id": stays}})]
        assert kept.pending_writes == [("task", "channel", 1)]
        assert [held.run_id for held in await storage.queue.claim("worker", 10)] == [runs[1]]

    async def test_a_worker_of_its_run_finds_out(self, storage: Storage):
        thread_id = await create(storage)
        await begin(storage, thread_id)
        [held] = await storage.queue.claim("worker", 1)
        await storage.threads.delete(thread_id)
        assert (await storage.queue.renew("worker", [held])).kept == frozenset()
        done = Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE))
        assert not await storage.queue.finish(held, done)

    async def test_a_thread_that_is_not_there(self, storage: Storage):
        with pytest.raises(NotFound):
            await storage.threads.delete(new_id())


class TestSearching:
    async def test_all_conditions_must_hold(self, storage: Storage):
        both = await create(storage, a=1, b=1)
        other = await create(storage, a=1)
        assert await found(storage) == {both, other}
        assert await found(storage, metadata={"a": 1}) == {both, other}
        assert await found(storage, metadata={"a": 1}, filters={"b": 1}) == {both}
        assert await found(storage, ids=[other], metadata={"b": 1}) == set()
        assert await found(storage, ids=[both, other, new_id()], metadata={"b": 1}) == {both}
        assert await found(storage, ids=[]) == set()

    async def test_by_status(self, storage: Storage):
        idle, busy = await create(storage), await create(storage)
        await begin(storage, busy)
        assert await found(storage, status=ThreadStatus.IDLE) == {idle}
        assert await found(storage, status=ThreadStatus.BUSY) == {busy}
        assert await found(storage, status=ThreadStatus.ERROR) == set()

    @pytest.mark.parametrize(
        ("document", "wanted"),
        [
            ({"a": {"b": {"c": [1, 2]}}}, {"a": {"b": {"c": [2]}}}),
            ({"a": [{"b": 1, "c": 2}, {"b": 3}]}, {"a": [{"b": 3}]}),
            ({"a": [[1], [2, 3]]}, {"a": [[3]]}),
            ({"a": None, "b": 1}, {"a": None}),
            ({"a": []}, {"a": []}),
            ({"a": {"b": 1}}, {"a": {}}),
            ({"a": 1.0}, {"a": 1}),
            ({"𝄞\n\"'\\": "日本語\u0000"}, {"𝄞\n\"'\\": "日本語\u0000"}),
            ({"a": 2**70}, {"a": 2**70}),
            ({"a": -(2**63)}, {"a": -(2**63)}),
            ({"a": "\ud800"}, {"a": "\ud800"}),
        ],
    )
    async def test_documents_that_contain_what_is_wanted(
        self, storage: Storage, document: dict[str, Any], wanted: dict[str, Any]
    ):
        assert contains(document, wanted)
        in_metadata = await create(storage, **document)
        in_values = await with_values(storage, document)
        assert await found(storage, metadata=wanted) == {in_metadata}
        assert await found(storage, values=wanted) == {in_values}
        assert (await storage.threads.get(in_metadata)).metadata == document
        assert (await storage.threads.get(in_values)).values == document

    @pytest.mark.parametrize(
        ("document", "wanted"),
        [
            ({"a": {"b": 1}}, {"b": 1}),
            ({"a": [1, 2]}, {"a": [1, 3]}),
            ({"a": [1]}, {"a": 1}),
            ({"a": 1}, {"a": True}),
            ({"a": "1"}, {"a": 1}),
            ({}, {"a": None}),
            ({"a": None}, {"a": {}}),
            ({"a": "x"}, {"a": {"b": "x"}}),
            ({"a": 2**70}, {"a": 2**70 + 1}),
        ],
    )
    async def test_documents_that_do_not(
        self, storage: Storage, document: dict[str, Any], wanted: dict[str, Any]
    ):
        assert not contains(document, wanted)
        await create(storage, **document)
        await with_values(storage, document)
        assert await found(storage, metadata=wanted) == set()
        assert await found(storage, values=wanted) == set()

    @pytest.mark.parametrize("values", [None, [], [{"a": 1}], "a", 1, False])
    async def test_values_that_are_no_object_never_match(self, storage: Storage, values: Any):
        thread_id = await with_values(storage, values)
        assert await found(storage, values={"a": 1}) == set()
        assert (await storage.threads.get(thread_id)).values == values
        assert await found(storage) == {thread_id}

    async def test_deep_documents(self, storage: Storage):
        deep: dict[str, Any] = {}
        for _ in range(300):
            deep = {"a": deep}
        thread_id = await with_values(storage, deep)
        assert (await storage.threads.get(thread_id)).values == deep
        assert await found(storage, values=deep["a"]) == {thread_id}

    async def test_ids_are_kept_letter_by_letter(self, storage: Storage):
        thread_id = new_id().upper()
        await storage.threads.create(thread_id, {})
        assert (await storage.threads.get(thread_id)).thread_id == thread_id
        assert await found(storage, ids=[thread_id]) == {thread_id}


class TestPages:
    @pytest.fixture
    async def ids(self, storage: Storage, clock: ManualClock) -> list[str]:
        """Threads, oldest first; each two were made at one time."""
        made = []
        for n in range(6):
            made.append(await create(storage))
            if n % 2:
                clock.advance(SECOND)
        return [one for pair in (0, 2, 4) for one in sorted(made[pair : pair + 2])]

    async def page(self, storage: Storage, **options: Any) -> list[str]:
        hits = await storage.threads.search(ThreadQuery(), Page(**options))
        assert hits.total == 6
        return [thread.thread_id for thread in hits.items]

    async def test_the_newest_come_first(self, storage: Storage, ids: list[str]):
        newest = [*ids[4:], *ids[2:4], *ids[:2]]  # those of one time in a fixed order
        assert await self.page(storage) == newest
        assert await self.page(storage, descending=False) == ids

    @pytest.mark.parametrize("descending", [True, False])
    async def test_pages_put_together_are_the_whole(
        self, storage: Storage, ids: list[str], descending: bool
    ):
        pages = [
            await self.page(storage, limit=1, offset=n, descending=descending) for n in range(7)
        ]
        whole = await self.page(storage, descending=descending)
        assert [one for page in pages for one in page] == whole
        assert pages[6] == []

    async def test_by_other_attributes(self, storage: Storage, ids: list[str], clock: ManualClock):
        clock.advance(SECOND)
        await storage.threads.patch(ids[3], {})
        clock.advance(SECOND)
        await write_state(storage, ids[1], ThreadState(ThreadStatus.ERROR))

        assert await self.page(storage, sort_by="thread_id", descending=False) == sorted(ids)
        assert await self.page(storage, sort_by="thread_id") == sorted(ids, reverse=True)
        assert (await self.page(storage, sort_by="updated_at"))[:2] == [ids[1], ids[3]]
        assert (await self.page(storage, sort_by="state_updated_at"))[0] == ids[1]
        assert (await self.page(storage, sort_by="status", descending=False))[0] == ids[1]
