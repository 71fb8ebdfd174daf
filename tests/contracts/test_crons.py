"""The promise of crons: each time that comes makes one run, however many see to it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from moorage.domain.assistants import Assistant
from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.crons import AfterRun, Cron, CronChange, CronQuery, CronRequest
from moorage.domain.runs import (
    Multitask,
    Outcome,
    Run,
    RunRequest,
    RunStatus,
)
from moorage.domain.search import Page
from moorage.domain.threads import ThreadQuery, ThreadState, ThreadStatus
from moorage.errors import Conflict, Invalid, NotFound
from moorage.storage.interface import Storage
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

ANN = {"owner": "ann"}
BEN = {"owner": "ben"}
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DONE = Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE))


@pytest.fixture
async def assistant_id(storage: Storage, clock: ManualClock) -> str:
    return await assistant(storage, clock)


async def assistant(storage: Storage, clock: ManualClock) -> str:
    time = clock.now()
    made = await storage.assistants.create(Assistant(str(uuid4()), "g", "A", time, time))
    return made.assistant_id


async def create(
    storage: Storage, assistant_id: str, owner: Caller = ANONYMOUS, **options: Any
) -> Cron:
    wanted = CronRequest(**{"assistant_id": assistant_id, "schedule": "@hourly", **options})
    return await storage.crons.create(wanted, str(uuid4()), owner)


async def thread(storage: Storage, **metadata: Any) -> str:
    return (await storage.threads.create(str(uuid4()), metadata)).thread_id


async def found(storage: Storage, **conditions: Any) -> set[str]:
    """The ids that a search finds, which a count agrees with."""
    query = CronQuery(**conditions)
    hits = await storage.crons.search(query, Page(limit=100))
    assert hits.total == len(hits.items) == await storage.crons.count(query)
    return {cron.cron_id for cron in hits.items}


def asked(cron: Cron, **options: Any) -> RunRequest:
    request = RunRequest(str(uuid4()), cron.thread_id or str(uuid4()), cron.assistant_id)
    return replace(request, **{"creates_thread": cron.thread_id is None, **options})


async def fire(storage: Storage, cron: Cron, **options: Any) -> Run | None:
    accepted = await storage.crons.fire(cron, asked(cron, **options))
    return accepted.run if accepted else None


async def pending(storage: Storage) -> list[str]:
    runs = await storage.runs.with_status(frozenset({RunStatus.PENDING}))
    return [run.run_id for run in runs]


async def test_a_new_one_is_kept_as_it_was_asked_for(
    storage: Storage, clock: ManualClock, assistant_id: str
):
    owner = Caller("ann", "jwt", frozenset({"b", "a"}), "Ann", {"org": {"id": 1}})
    made = await create(
        storage,
        assistant_id,
        owner,
        schedule="30 9 * * *",
        timezone="Europe/Paris",
        end_time=clock.now() + 48 * HOUR,
        enabled=False,
        on_run_completed=AfterRun.KEEP,
        metadata={"a": {"b": [1]}},
        payload={"input": {"x": 1}, "interrupt_before": "*"},
    )

    assert await storage.crons.get(made.cron_id) == made
    assert made == Cron(
        cron_id=made.cron_id,
        assistant_id=assistant_id,
        schedule="30 9 * * *",
        created_at=clock.now(),
        updated_at=clock.now(),
        timezone="Europe/Paris",
        end_time=clock.now() + 48 * HOUR,
        next_run_date=clock.now() + 8 * HOUR + 30 * MINUTE,
        enabled=False,
        on_run_completed=AfterRun.KEEP,
        metadata={"a": {"b": [1]}},
        payload={"input": {"x": 1}, "interrupt_before": "*"},
        owner=owner,
    )


class TestCreating:
    async def test_its_assistant_must_be_there(self, storage: Storage):
        with pytest.raises(NotFound, match="Assistant"):
            await create(storage, str(uuid4()))

    async def test_its_thread_must_be_there(self, storage: Storage, assistant_id: str):
        with pytest.raises(NotFound, match="Thread"):
            await create(storage, assistant_id, thread_id=str(uuid4()))

    async def test_its_thread_must_be_visible(self, storage: Storage, assistant_id: str):
        wanted = CronRequest(assistant_id, "@daily", thread_id=await thread(storage, **ANN))
        with pytest.raises(NotFound, match="Thread"):
            await storage.crons.create(wanted, str(uuid4()), ANONYMOUS, BEN)
        made = await storage.crons.create(wanted, str(uuid4()), ANONYMOUS, ANN)
        assert made.thread_id == wanted.thread_id

    @pytest.mark.parametrize("wrong", [{"schedule": "often"}, {"timezone": "No/Where"}])
    async def test_it_must_make_sense(
        self, storage: Storage, assistant_id: str, wrong: dict[str, Any]
    ):
        with pytest.raises(Invalid):
            await create(storage, assistant_id, **wrong)
        assert await found(storage) == set()


class TestFilters:
    """What a caller may not see does not exist."""

    @pytest.fixture
    async def hidden(self, storage: Storage, assistant_id: str) -> str:
        return (await create(storage, assistant_id, metadata=ANN)).cron_id

    async def test_get(self, storage: Storage, hidden: str):
        assert (await storage.crons.get(hidden, ANN)).metadata == ANN
        with pytest.raises(NotFound):
            await storage.crons.get(hidden, BEN)

    async def test_change(self, storage: Storage, hidden: str):
        with pytest.raises(NotFound):
            await storage.crons.change(hidden, CronChange(schedule="@daily"), BEN)
        assert (await storage.crons.get(hidden)).schedule == "@hourly"

    async def test_delete(self, storage: Storage, hidden: str):
        with pytest.raises(NotFound):
            await storage.crons.delete(hidden, BEN)
        await storage.crons.delete(hidden, ANN)
        with pytest.raises(NotFound):
            await storage.crons.get(hidden)

    async def test_search_and_count(self, storage: Storage, hidden: str, assistant_id: str):
        await create(storage, assistant_id, metadata=BEN)
        await create(storage, assistant_id)
        assert await found(storage, filters=ANN) == {hidden}


class TestChanging:
    async def test_a_change_is_kept(self, storage: Storage, clock: ManualClock, assistant_id: str):
        known = await create(storage, assistant_id, metadata={"a": 1, "b": 1})
        clock.advance(MINUTE)
        changed = await storage.crons.change(
            known.cron_id, CronChange(schedule="@daily", metadata={"b": 2})
        )

        assert await storage.crons.get(known.cron_id) == changed
        assert changed == replace(
            known,
            schedule="@daily",
            metadata={"a": 1, "b": 2},
            next_run_date=known.created_at + 24 * HOUR,
            updated_at=clock.now(),
        )

    async def test_one_that_is_refused_changes_nothing(self, storage: Storage, assistant_id: str):
        known = await create(storage, assistant_id)
        with pytest.raises(Invalid):
            await storage.crons.change(known.cron_id, CronChange(enabled=False, schedule="often"))
        assert await storage.crons.get(known.cron_id) == known

    async def test_what_is_not_there(self, storage: Storage):
        for missing in (
            storage.crons.get(str(uuid4())),
            storage.crons.change(str(uuid4()), CronChange()),
            storage.crons.delete(str(uuid4())),
        ):
            with pytest.raises(NotFound, match="Cron with ID"):
                await missing


class TestGoing:
    async def test_with_the_assistant(
        self, storage: Storage, clock: ManualClock, assistant_id: str
    ):
        await create(storage, assistant_id)
        other = await create(storage, await assistant(storage, clock))
        await storage.assistants.delete(assistant_id)
        assert await found(storage) == {other.cron_id}

    async def test_with_the_thread(self, storage: Storage, assistant_id: str):
        thread_id = await thread(storage)
        await create(storage, assistant_id, thread_id=thread_id)
        other = await create(storage, assistant_id, thread_id=await thread(storage))
        await storage.threads.delete(thread_id)
        assert await found(storage) == {other.cron_id}

    async def test_with_a_thread_that_goes_with_its_run(self, storage: Storage, assistant_id: str):
        thread_id = str(uuid4())
        run = RunRequest(
            str(uuid4()), thread_id, assistant_id, creates_thread=True, is_temporary=True
        )
        await storage.queue.accept(run)
        await create(storage, assistant_id, thread_id=thread_id)
        [held] = await storage.queue.claim("w", 1)
        await storage.queue.finish(held, DONE)
        assert await found(storage) == set()


class TestSearching:
    async def test_by_each_condition(self, storage: Storage, clock: ManualClock, assistant_id: str):
        thread_id = await thread(storage)
        one = await create(storage, assistant_id, metadata={"x": {"y": [1, 2]}, "z": 1})
        two = await create(
            storage, await assistant(storage, clock), thread_id=thread_id, enabled=False
        )
        three = await create(storage, assistant_id, metadata={"x": {"y": [2]}}, enabled=False)
        ids = {cron.cron_id for cron in (one, two, three)}

        assert await found(storage) == ids
        assert await found(storage, assistant_id=assistant_id) == ids - {two.cron_id}
        assert await found(storage, thread_id=thread_id) == {two.cron_id}
        assert await found(storage, enabled=True) == {one.cron_id}
        assert await found(storage, enabled=False) == ids - {one.cron_id}
        assert await found(storage, metadata={"x": {"y": [2]}}) == ids - {two.cron_id}
        assert await found(storage, metadata={"x": {"y": [2]}}, enabled=False) == {three.cron_id}

    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize(
        "sort_by",
        [
            "cron_id",
            "assistant_id",
            "thread_id",
            "next_run_date",
            "end_time",
            "created_at",
            "updated_at",
        ],
    )
    async def test_every_order_is_stable_and_what_is_absent_comes_last(
        self,
        storage: Storage,
        clock: ManualClock,
        assistant_id: str,
        sort_by: str,
        descending: bool,
    ):
        threads = [None, await thread(storage), await thread(storage)]
        ends = [None, clock.now(), clock.now() + 9 * HOUR]
        made = []
        for n in range(6):
            owner = assistant_id if n % 2 else await assistant(storage, clock)
            made.append(
                await create(storage, owner, thread_id=threads[n % 3], end_time=ends[n // 2])
            )
            clock.advance(HOUR * (n % 2))
        order: dict[str, Any] = {"sort_by": sort_by, "descending": descending}
        expected = sorted(made, key=lambda cron: cron.cron_id)
        expected.sort(key=lambda cron: str(getattr(cron, sort_by) or ""), reverse=descending)
        expected.sort(key=lambda cron: getattr(cron, sort_by) is None)

        pages = [
            await storage.crons.search(CronQuery(), Page(limit=2, offset=n, **order))
            for n in (0, 2, 4, 6)
        ]
        assert [cron for page in pages for cron in page.items] == expected
        assert {page.total for page in pages} == {6}


class TestDue:
    """Which crons are due, and when the next will be."""

    async def test_none(self, storage: Storage):
        assert await storage.crons.due(10) == []
        assert await storage.crons.next_due() is None

    async def test_those_whose_time_has_come_longest_due_first(
        self, storage: Storage, clock: ManualClock, assistant_id: str
    ):
        daily = await create(storage, assistant_id, schedule="@daily")
        hourly = await create(storage, assistant_id)
        half_past = await create(storage, assistant_id, schedule="30 * * * *")

        assert await storage.crons.due(10) == []
        assert await storage.crons.next_due() == HOUR / 2
        clock.advance(HOUR)
        assert await storage.crons.due(10) == [half_past, hourly]
        assert await storage.crons.next_due() == timedelta(0)
        assert await storage.crons.due(1) == [half_past]
        clock.advance(23 * HOUR)
        assert await storage.crons.due(10) == [half_past, hourly, daily]

    async def test_not_those_that_are_off_or_at_an_end(
        self, storage: Storage, clock: ManualClock, assistant_id: str
    ):
        await create(storage, assistant_id, enabled=False)
        await create(storage, assistant_id, end_time=clock.now() - HOUR)
        clock.advance(2 * HOUR)

        assert await storage.crons.due(10) == []
        assert await storage.crons.next_due() is None


class TestFiring:
    @pytest.fixture
    async def due(self, storage: Storage, clock: ManualClock, assistant_id: str) -> Cron:
        """A cron whose time has come."""
        await create(storage, assistant_id)
        return await self.comes(storage, clock)

    async def comes(self, storage: Storage, clock: ManualClock) -> Cron:
        clock.advance(HOUR + SECOND)
        [cron] = await storage.crons.due(10)
        return cron

    async def test_a_run_is_accepted_and_the_next_time_awaited(
        self, storage: Storage, clock: ManualClock, due: Cron
    ):
        run = await fire(storage, due, thread_metadata={"a": 1}, is_temporary=True)

        assert run is not None
        [claim] = await storage.queue.claim("w", 10)
        assert (claim.run_id, claim.is_temporary) == (run.run_id, True)
        assert (await storage.threads.get(run.thread_id)).metadata == {"a": 1}
        assert due.next_run_date is not None
        waits_for = (await storage.crons.get(due.cron_id)).next_run_date
        assert waits_for == due.next_run_date + HOUR
        assert (await storage.crons.get(due.cron_id)).updated_at == due.updated_at

    async def test_a_time_makes_one_run_however_many_try(self, storage: Storage, due: Cron):
        fired = await asyncio.gather(*(fire(storage, due) for _ in range(20)))

        [run] = [run for run in fired if run is not None]
        assert await pending(storage) == [run.run_id]
        hits = await storage.threads.search(ThreadQuery(), Page())
        assert [thread.thread_id for thread in hits.items] == [run.thread_id]

    async def test_times_that_were_missed_make_none(
        self, storage: Storage, clock: ManualClock, due: Cron
    ):
        clock.advance(5 * HOUR)
        assert await fire(storage, due)

        assert await storage.crons.due(10) == []
        assert (await storage.crons.get(due.cron_id)).next_run_date == due.created_at + 7 * HOUR

    async def test_the_last_time_is_the_last(
        self, storage: Storage, clock: ManualClock, assistant_id: str
    ):
        await create(storage, assistant_id, end_time=clock.now() + HOUR)
        cron = await self.comes(storage, clock)

        assert await fire(storage, cron)
        assert await storage.crons.next_due() is None

    async def test_a_time_may_pass_without_a_run(self, storage: Storage, due: Cron):
        assert await storage.crons.fire(due, None) is None

        assert await storage.crons.due(10) == []
        assert await pending(storage) == []

    @pytest.mark.parametrize(
        "wanted", [CronChange(enabled=False), CronChange(schedule="15 * * * *")]
    )
    async def test_one_that_was_changed_meanwhile_makes_no_run(
        self, storage: Storage, due: Cron, wanted: CronChange
    ):
        await storage.crons.change(due.cron_id, wanted)

        assert await fire(storage, due) is None
        assert await pending(storage) == []

    async def test_one_that_was_deleted_meanwhile_makes_no_run(self, storage: Storage, due: Cron):
        await storage.crons.delete(due.cron_id)

        assert await fire(storage, due) is None
        assert await pending(storage) == []
        assert await found(storage) == set()

    async def test_what_is_refused_leaves_the_cron_due(
        self, storage: Storage, clock: ManualClock, assistant_id: str
    ):
        thread_id = await thread(storage)
        await storage.queue.accept(RunRequest(str(uuid4()), thread_id, assistant_id))
        await create(storage, assistant_id, thread_id=thread_id)
        cron = await self.comes(storage, clock)

        with pytest.raises(Conflict):
            await fire(storage, cron, multitask_strategy=Multitask.REJECT)
        with pytest.raises(NotFound):
            await fire(storage, cron, thread_id=str(uuid4()))
        assert await storage.crons.due(10) == [cron]
        assert len(await pending(storage)) == 1

    async def test_the_strategy_decides_about_the_runs_before(
        self, storage: Storage, clock: ManualClock, assistant_id: str
    ):
        thread_id = await thread(storage)
        before = str(uuid4())
        await storage.queue.accept(RunRequest(before, thread_id, assistant_id))
        await create(storage, assistant_id, thread_id=thread_id)
        cron = await self.comes(storage, clock)

        run = await fire(storage, cron, multitask_strategy=Multitask.INTERRUPT)
        assert run is not None
        assert await pending(storage) == [run.run_id]
        assert (await storage.runs.get(before)).status is RunStatus.INTERRUPTED
