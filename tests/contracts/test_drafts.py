"""The promise of drafts: an update of a state is kept as a whole, after what it has read."""

import asyncio
from typing import Annotated, Any
from uuid import uuid4

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.types import StateUpdate
from typing_extensions import TypedDict

from moorage.domain.runs import Outcome, RunRequest, RunStatus
from moorage.domain.threads import Stale, ThreadState, ThreadStatus
from moorage.errors import AlreadyExists, Conflict, NotFound
from moorage.storage.interface import Draft, Storage

pytestmark = pytest.mark.anyio

IDLE = ThreadState(ThreadStatus.IDLE)


def add(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class Words(TypedDict):
    words: Annotated[list[str], add]


def graph(saver: BaseCheckpointSaver[Any]) -> Any:
    def say(state: Words) -> dict[str, list[str]]:
        return {"words": ["said"]}

    made = StateGraph(Words).add_node("say", say).add_node("again", say)
    made.add_edge(START, "say").add_edge("say", "again")
    return made.compile(checkpointer=saver)


def on(thread_id: str) -> Any:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}


async def words(saver: BaseCheckpointSaver[Any], thread_id: str) -> list[str]:
    state = await graph(saver).aget_state(on(thread_id))
    return list(state.values.get("words", []))


async def lineage(storage: Storage, thread_id: str) -> list[tuple[Any, Any]]:
    """Each checkpoint with its parent, newest first."""
    return [
        (
            one.config["configurable"]["checkpoint_id"],
            one.parent_config and one.parent_config["configurable"]["checkpoint_id"],
        )
        async for one in storage.saver().alist(on(thread_id))
    ]


@pytest.fixture
async def thread_id(storage: Storage) -> str:
    """A thread on which a graph has run."""
    thread = await storage.threads.create(str(uuid4()), {"a": 1})
    await graph(storage.saver()).ainvoke({"words": ["one"]}, on(thread.thread_id))
    return thread.thread_id


async def say(draft: Draft, thread_id: str, word: str) -> None:
    await graph(draft).aupdate_state(on(thread_id), {"words": [word]}, as_node="say")


async def test_nobody_sees_a_draft_before_it_is_kept(storage: Storage, thread_id: str):
    before = await lineage(storage, thread_id)
    draft = await storage.draft(thread_id)
    await say(draft, thread_id, "two")
    await say(draft, thread_id, "three")

    assert await words(draft, thread_id) == ["one", "said", "said", "two", "three"]
    assert await lineage(storage, thread_id) == before

    thread = await draft.keep(ThreadState(ThreadStatus.INTERRUPTED, {"n": 1}))
    after = await lineage(storage, thread_id)
    assert (thread.status, thread.values) == (ThreadStatus.INTERRUPTED, {"n": 1})
    assert await words(storage.saver(), thread_id) == ["one", "said", "said", "two", "three"]
    assert after[2:] == before
    assert [parent for _, parent in after] == [*(own for own, _ in after[1:]), None]


async def test_a_draft_does_what_the_saver_does(storage: Storage, thread_id: str):
    twin = await storage.threads.copy(thread_id, str(uuid4()), {})
    draft = await storage.draft(thread_id)
    seen: list[list[Any]] = []
    for saver, own in ((draft, thread_id), (storage.saver(), twin.thread_id)):
        app = graph(saver)
        await app.abulk_update_state(
            on(own), [[StateUpdate({"words": ["x"]}, "say")], [StateUpdate(None, "__copy__")]]
        )
        if saver is draft:
            await draft.keep(IDLE)
        states = [one async for one in graph(storage.saver()).aget_state_history(on(own))]
        seen.append([(one.values, one.next, one.metadata["source"]) for one in states])

    assert seen[0] == seen[1]
    assert seen[0][0][1] == ("again",)


async def test_the_first_of_two_drafts_wins(storage: Storage, thread_id: str):
    first, second = await storage.draft(thread_id), await storage.draft(thread_id)
    await say(first, thread_id, "first")
    await say(second, thread_id, "second")
    await first.keep(IDLE)

    with pytest.raises(Stale):
        await second.keep(IDLE)
    assert await words(storage.saver(), thread_id) == ["one", "said", "said", "first"]


async def test_drafts_that_are_begun_anew_make_one_line(storage: Storage, thread_id: str):
    async def insist(word: str) -> None:
        while True:
            draft = await storage.draft(thread_id)
            await say(draft, thread_id, word)
            try:
                await draft.keep(IDLE)
            except Stale:
                continue
            return

    await asyncio.gather(*(insist(str(number)) for number in range(8)))
    after = await lineage(storage, thread_id)

    assert sorted((await words(storage.saver(), thread_id))[3:]) == list("01234567")
    assert [parent for _, parent in after] == [*(own for own, _ in after[1:]), None]


async def test_a_run_that_comes_meanwhile_is_in_the_way(storage: Storage, thread_id: str):
    draft = await storage.draft(thread_id)
    await say(draft, thread_id, "late")
    accepted = await storage.queue.accept(
        RunRequest(str(uuid4()), thread_id, str(uuid4())), owner="worker"
    )
    run_id = accepted.run.run_id

    with pytest.raises(Conflict, match=run_id):
        await draft.keep(IDLE)
    with pytest.raises(Conflict, match=run_id):
        await storage.draft(thread_id)
    assert await words(storage.saver(), thread_id) == ["one", "said", "said"]

    assert accepted.claim
    await storage.queue.finish(accepted.claim, Outcome(RunStatus.SUCCESS, IDLE))
    await (await storage.draft(thread_id)).keep(IDLE)


async def test_a_thread_that_is_gone_stays_gone(storage: Storage, thread_id: str):
    draft = await storage.draft(thread_id)
    await say(draft, thread_id, "late")
    await storage.threads.delete(thread_id)

    with pytest.raises(NotFound):
        await draft.keep(IDLE)
    with pytest.raises(NotFound):
        await storage.draft(thread_id)
    assert await lineage(storage, thread_id) == []


class TestCopying:
    async def test_a_copy_is_a_thread_of_its_own(self, storage: Storage, thread_id: str):
        draft = await storage.draft(thread_id)
        await draft.keep(ThreadState(ThreadStatus.INTERRUPTED, {"n": 1}, {"t": []}))
        copy = await storage.threads.copy(thread_id, str(uuid4()), {"b": 2})
        await storage.threads.delete(thread_id)

        assert (copy.status, copy.values, copy.interrupts) == ("idle", {"n": 1}, {"t": []})
        assert copy.metadata == {"a": 1, "b": 2}
        assert await words(storage.saver(), copy.thread_id) == ["one", "said", "said"]
        assert len(await lineage(storage, copy.thread_id)) == 4

    async def test_the_copy_of_a_busy_thread_is_idle(self, storage: Storage, thread_id: str):
        await storage.queue.accept(RunRequest(str(uuid4()), thread_id, str(uuid4())))

        assert (await storage.threads.copy(thread_id, str(uuid4()), {})).status == "idle"

    async def test_what_is_not_to_be_seen_is_not_copied(self, storage: Storage, thread_id: str):
        with pytest.raises(NotFound):
            await storage.threads.copy(thread_id, str(uuid4()), {}, {"a": 2})
        with pytest.raises(AlreadyExists):
            await storage.threads.copy(thread_id, thread_id, {})
