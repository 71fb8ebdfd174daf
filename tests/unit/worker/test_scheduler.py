"""Schedulers on real storage, by a clock that the test moves."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from moorage.clock import SystemClock
from moorage.domain.assistants import Assistant
from moorage.domain.caller import Caller
from moorage.domain.crons import Cron, CronRequest
from moorage.domain.runs import Multitask, Run, RunRequest, RunStatus
from moorage.engine.firing import Firing
from moorage.engine.queue import Queue
from moorage.engine.streams import Streams
from moorage.errors import BadRequest, Unavailable
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock
from moorage.worker.scheduler import Scheduler
from tests.unit.storage.killing import killing
from tests.unit.worker import ticking

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
ADA = Caller("ada", "jwt", frozenset({"run"}), claims={"org": "o"})


@dataclass
class House:
    """A storage with a queue; ``faults`` are raised where requests are written, one a time."""

    storage: Storage
    queue: Queue
    clock: ManualClock
    faults: list[Exception] = field(default_factory=list)
    prepared: list[Cron] = field(default_factory=list)

    async def prepare(self, cron: Cron) -> RunRequest:
        self.prepared.append(cron)
        if self.faults:
            raise self.faults.pop(0)
        return RunRequest(
            str(uuid4()),
            cron.thread_id or str(uuid4()),
            cron.assistant_id,
            {"config": {"tags": ["t"], "configurable": {"who": cron.owner.identity}}},
            cron.metadata,
            multitask_strategy=Multitask(cron.payload.get("strategy", "enqueue")),
            creates_thread=cron.thread_id is None,
        )

    def scheduler(self, **options: Any) -> Scheduler:
        return Scheduler(Firing(self.storage, self.queue, self.prepare), **options)

    async def cron(self, **options: Any) -> Cron:
        wanted = CronRequest(**{"assistant_id": "a", "schedule": "* * * * *", **options})
        return await self.storage.crons.create(wanted, str(uuid4()), ADA)

    async def runs(self) -> list[Run]:
        return await self.storage.runs.with_status(frozenset(RunStatus))


@pytest.fixture(params=["file", "memory"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path}/moorage.db" if request.param == "file" else "memory:"
    clock = ManualClock()
    async with open_storage(url, terms=Terms(), clock=clock) as storage:
        await storage.assistants.create(Assistant("a", "g", "A", clock.now(), clock.now()))
        yield House(storage, Queue(storage, Streams()), clock)


async def test_nothing_is_begun_before_its_time(house: House):
    await house.cron()

    assert await house.scheduler().tick() == 0
    assert await house.runs() == []


async def test_a_run_is_begun_when_its_time_has_come_and_knows_its_cron(house: House):
    cron = await house.cron(metadata={"m": 1})
    house.clock.advance(MINUTE)

    assert await house.scheduler().tick() == 1
    [run] = await house.runs()
    assert run.kwargs["config"] == {
        "tags": ["t"],
        "configurable": {"who": "ada", "cron_id": cron.cron_id},
    }
    assert run.metadata == {"m": 1}


async def test_it_is_prepared_for_its_owner_as_that_was(house: House):
    await house.cron()
    house.clock.advance(MINUTE)
    await house.scheduler().tick()

    [prepared] = house.prepared
    assert prepared.owner == ADA


async def test_two_schedulers_make_one_run_of_each_time(house: House):
    crons = [await house.cron() for _ in range(7)]
    one, other = house.scheduler(), house.scheduler()
    for _ in range(5):
        house.clock.advance(MINUTE)
        made = await asyncio.gather(one.tick(), other.tick(), one.tick())
        assert sum(made) == len(crons)

    begun = [run.kwargs["config"]["configurable"]["cron_id"] for run in await house.runs()]
    assert {cron.cron_id: begun.count(cron.cron_id) for cron in crons} == dict.fromkeys(begun, 5)


async def test_times_that_nobody_saw_make_one_run(house: House):
    await house.cron()
    house.clock.advance(90 * MINUTE)
    scheduler = house.scheduler()

    assert [await scheduler.tick(), await scheduler.tick()] == [1, 0]
    house.clock.advance(MINUTE)
    assert await scheduler.tick() == 1


async def test_nothing_is_begun_after_the_end(house: House):
    await house.cron(end_time=house.clock.now() + 2 * MINUTE)
    scheduler = house.scheduler()
    made = []
    for _ in range(4):
        house.clock.advance(MINUTE)
        made.append(await scheduler.tick())

    assert made == [1, 1, 0, 0]


async def test_an_end_that_is_past_stops_no_other_cron(house: House):
    await house.cron(end_time=house.clock.now() - MINUTE)
    await house.cron()
    house.clock.advance(MINUTE)

    assert await house.scheduler().tick() == 1


async def test_a_cron_that_is_deleted_while_it_fires_makes_no_run(house: House):
    cron = await house.cron()
    house.clock.advance(MINUTE)

    async def prepare(due: Cron) -> RunRequest:
        await house.storage.crons.delete(due.cron_id)
        return await house.prepare(due)

    firing = Firing(house.storage, house.queue, prepare)
    [due] = await firing.due(10)
    assert (due, await firing.fire(due)) == (cron, None)
    assert await house.runs() == []


@pytest.mark.parametrize("fault", [BadRequest("No such graph."), ZeroDivisionError()])
async def test_a_run_that_cannot_be_begun_is_given_up_and_the_cron_goes_on(
    house: House, caplog: pytest.LogCaptureFixture, fault: Exception
):
    await house.cron()
    await house.cron()
    house.faults = [fault]
    house.clock.advance(MINUTE)
    scheduler = house.scheduler()
    with caplog.at_level(logging.WARNING, "moorage"):
        assert [await scheduler.tick(), await scheduler.tick()] == [1, 0]

    [record] = caplog.records
    assert record.__dict__["cron_id"] == house.prepared[0].cron_id
    assert bool(record.exc_info) is isinstance(fault, ZeroDivisionError)
    house.clock.advance(MINUTE)
    assert await scheduler.tick() == 2


async def test_a_run_that_its_busy_thread_rejects_is_given_up(house: House):
    await house.storage.threads.create("t", {})
    await house.cron(thread_id="t", payload={"strategy": "reject"})
    scheduler = house.scheduler()
    made = []
    for _ in range(3):
        house.clock.advance(MINUTE)
        made.append(await scheduler.tick())

    assert made == [1, 0, 0]


async def test_a_database_that_is_away_makes_no_time_pass(house: House):
    await house.cron()
    house.clock.advance(MINUTE)
    house.faults = [Unavailable("away")]
    scheduler = house.scheduler()

    with pytest.raises(Unavailable):
        await scheduler.tick()
    assert await scheduler.tick() == 1


async def test_a_worker_hears_of_the_run_at_once(house: House):
    await house.cron()
    house.clock.advance(MINUTE)
    news = asyncio.create_task(house.queue.news(20))
    await house.scheduler().tick()

    async with asyncio.timeout(20):
        await news


class TestGoingOn:
    """A scheduler at work, by the computer's clock."""

    LOOK = timedelta(milliseconds=20)

    @pytest.fixture
    async def house(self) -> AsyncIterator[House]:
        async with open_storage("memory:", terms=Terms()) as storage:
            now = SystemClock().now()
            await storage.assistants.create(Assistant("a", "g", "A", now, now))
            yield House(storage, Queue(storage, Streams()), ManualClock())

    async def runs(self, house: House, count: int) -> list[Run]:
        async with asyncio.timeout(20):
            while len(runs := await house.runs()) < count:
                await house.queue.news(1)
        return runs

    async def test_a_cron_that_was_made_meanwhile_is_seen_to(self, house: House):
        async with house.scheduler(look=self.LOOK):
            await house.cron(schedule="* * * * * *")
            runs = await self.runs(house, 2)

        seconds = [run.created_at.replace(microsecond=0) for run in runs]
        assert len(set(seconds)) == len(seconds)

    @pytest.mark.alone
    async def test_it_sleeps_until_the_next_time(self, house: House):
        cron = await house.cron(schedule="* * * * * *")
        async with house.scheduler(look=timedelta(hours=1)):
            [run, *_] = await self.runs(house, 1)

        assert cron.next_run_date is not None
        assert cron.next_run_date <= run.created_at < cron.next_run_date + timedelta(seconds=0.9)

    @pytest.mark.parametrize("fault", [Unavailable("away"), ZeroDivisionError()])
    async def test_no_fault_ends_it(
        self, house: House, fault: Exception, monkeypatch: pytest.MonkeyPatch
    ):
        firing = Firing(house.storage, house.queue, house.prepare)
        faults = [fault, fault]
        due = firing.due

        async def sometimes(limit: int) -> list[Cron]:
            if faults:
                raise faults.pop()
            return await due(limit)

        monkeypatch.setattr(firing, "due", sometimes)
        await house.cron(schedule="* * * * * *")
        async with Scheduler(firing, look=self.LOOK):
            assert await self.runs(house, 1)
        assert not faults

    async def test_it_stops_when_it_is_left(self, house: House):
        before = asyncio.all_tasks()
        async with house.scheduler(look=self.LOOK):
            assert asyncio.all_tasks() != before
        assert asyncio.all_tasks() == before


class TestKilling:
    KILLS = 8

    async def test_after_kill_9_each_time_that_passed_has_its_run_and_no_other_has(
        self, tmp_path: Path
    ):
        path = tmp_path / "moorage.db"
        minutes = 0
        with killing("tests.unit.worker.ticking", 30) as kill:
            for _ in range(self.KILLS):
                minutes += len(kill(path))

        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            crons = await ticking.crons_in(storage)
            runs = await storage.runs.with_status(frozenset(RunStatus))
        begun = Counter(run.metadata["cron_id"] for run in runs)
        passed = {cron.cron_id: self.times_passed(cron) for cron in crons}
        assert passed == begun
        assert min(begun.values()) >= minutes > self.KILLS

    def times_passed(self, cron: Cron) -> int:
        assert cron.next_run_date is not None
        return (cron.next_run_date - cron.created_at) // MINUTE - 1
