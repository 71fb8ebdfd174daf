"""A worker on real storage, with real graphs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import orjson
import pytest
from langgraph.graph import START, StateGraph

from moorage.domain.runs import (
    CancelAction,
    Claim,
    Multitask,
    Run,
    RunRequest,
    RunStatus,
)
from moorage.domain.threads import ThreadStatus
from moorage.engine.execution import Means
from moorage.engine.following import Following
from moorage.engine.graphs import Graphs, GraphSource
from moorage.engine.queue import Queue
from moorage.engine.recording import Recorder
from moorage.engine.run_stream import Gap, Streamed
from moorage.engine.streams import Streams
from moorage.errors import NotFound
from moorage.serialization import WellKnownLCSerializer
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import SqlQueue, Terms
from moorage.testing import Gate
from moorage.worker.loop import Pace, Worker

# Its leases are short, so it is alone on the machine.
pytestmark = [pytest.mark.anyio, pytest.mark.alone]

PROMPT = Pace(lease=timedelta(milliseconds=300), grace=timedelta(seconds=5))


def add(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class State(TypedDict, total=False):
    words: Annotated[list[str], add]


class Work:
    """A graph of two steps; the gate stands before the end of the first."""

    def __init__(self) -> None:
        self.gate: Gate | None = None
        self.running = 0
        self.most = 0

    async def first(self, state: State) -> State:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if self.gate:
                await self.gate.passage()
            await asyncio.sleep(0)
        finally:
            self.running -= 1
        return {"words": ["first"]}

    async def second(self, state: State) -> State:
        return {"words": ["second"]}

    def graphs(self) -> Graphs:
        builder = StateGraph(State).add_node("first", self.first).add_node("second", self.second)
        graph = builder.add_edge(START, "first").add_edge("first", "second").compile()
        return Graphs([GraphSource("g", None, graph, graph)])


@dataclass
class House:
    """A storage with a queue, and what a worker needs."""

    storage: Storage
    queue: Queue
    streams: Streams
    work: Work

    def worker(
        self, name: str = "w1", pace: Pace = PROMPT, recorder: Recorder | None = None
    ) -> Worker:
        means = Means(self.work.graphs(), None, WellKnownLCSerializer().dumps)
        return Worker(name, self.queue, means, self.streams, recorder=recorder, pace=pace)

    def request(self, thread_id: str, word: str = "go", **options: Any) -> RunRequest:
        run_id = str(uuid4())
        identity = {"graph_id": "g", "thread_id": thread_id, "run_id": run_id}
        config = {"configurable": identity, "metadata": {"run_id": run_id}}
        kwargs = {"input": {"words": [word]}, "config": config, **options.pop("kwargs", {})}
        return RunRequest(run_id, thread_id, "a", kwargs, creates_thread=True, **options)

    async def ask(self, thread_id: str, word: str = "go", **options: Any) -> str:
        request = self.request(thread_id, word, **options)
        await self.queue.enqueue(request)
        return request.run_id

    async def end_of(self, run_id: str) -> Run:
        stream = self.streams.known(run_id)
        if stream is not None:
            await asyncio.wait_for(stream.ended(), 20)
        return await self.storage.runs.get(run_id)


@asynccontextmanager
async def opened(path: Path | None, name: str | None) -> AsyncIterator[House]:
    terms = Terms(lease=PROMPT.lease, sole_owner=name)
    url = f"sqlite:///{path}" if path else "memory:"
    async with open_storage(url, terms=terms) as storage:
        streams = Streams()
        yield House(storage, Queue(storage, streams), streams, Work())


@pytest.fixture(params=["file", "memory"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    path = tmp_path / "moorage.db" if request.param == "file" else None
    async with opened(path, "w1") as house:
        yield house


async def words_of(house: House, thread_id: str) -> list[str]:
    values = (await house.storage.threads.get(thread_id)).values
    found: list[str] = values["words"]
    return found


async def test_what_is_accepted_is_done(house: House):
    async with house.worker():
        run = await house.end_of(await house.ask("t"))

    assert run.status is RunStatus.SUCCESS
    assert await words_of(house, "t") == ["go", "first", "second"]


async def test_what_was_accepted_before_the_worker_came_is_done_too(house: House):
    run_id = await house.ask("t")
    async with house.worker():
        assert (await house.end_of(run_id)).status is RunStatus.SUCCESS


async def test_followers_see_all_events_whenever_they_come(house: House):
    house.work.gate = Gate()
    run_id = await house.ask("t", kwargs={"stream_mode": ["updates"], "resumable": True})
    early = asyncio.create_task(names(house, run_id))
    async with house.worker():
        await house.work.gate.reached.arrival()
        late = asyncio.create_task(names(house, run_id))
        house.work.gate.open()
        await house.end_of(run_id)
        after = await names(house, run_id)

    assert await early == await late == after == ["metadata", "first", "second"]


async def test_events_of_resumable_runs_outlive_the_process(tmp_path: Path):
    path = tmp_path / "moorage.db"
    async with (
        opened(path, "w1") as house,
        Recorder(house.storage.events) as recorder,
        house.worker(recorder=recorder),
    ):
        kept, unkept = [
            await house.ask("t", kwargs={"stream_mode": ["updates"], "resumable": resumable})
            for resumable in (True, False)
        ]
        await house.end_of(kept)
        await house.end_of(unkept)
    async with opened(path, "w2") as house, Recorder(house.storage.events) as recorder:
        following = Following(house.storage, house.streams, recorder)
        found = [one async for one in following.follow(kept, 0)]
        assert [one async for one in following.follow(unkept, 0)] == []
    seen = [one.event.name for one in found if isinstance(one, Streamed)]

    assert seen == ["metadata", "updates", "updates"]


async def names(house: House, run_id: str) -> list[str]:
    """What was streamed of a run: the names of nodes, for updates."""
    found = []
    async for streamed in house.streams.of(run_id).follow(0):
        assert not isinstance(streamed, Gap)
        name, data = streamed.event
        found.append(next(iter(orjson.loads(data))) if name == "updates" else name)
    return found


async def test_runs_of_a_thread_are_done_one_by_one_and_others_beside(house: House):
    house.work.gate = Gate()
    on_one = [await house.ask("t", str(number)) for number in range(3)]
    async with house.worker():
        elsewhere = [await house.ask(f"u{number}") for number in range(3)]
        await house.work.gate.reached.arrival()
        house.work.gate.open()
        ends = [await house.end_of(run_id) for run_id in (*on_one, *elsewhere)]

    assert {run.status for run in ends} == {RunStatus.SUCCESS}
    assert [word for word in await words_of(house, "t") if word.isdigit()] == ["0", "1", "2"]


async def test_no_more_runs_than_slots_work_at_once(house: House):
    ids = [await house.ask(f"t{number}") for number in range(7)]
    async with house.worker(pace=Pace(slots=2, lease=PROMPT.lease)):
        for run_id in ids:
            await house.end_of(run_id)

    assert house.work.most <= 2


async def test_no_more_runs_are_begun_as_they_come_than_there_are_places(house: House):
    house.work.gate = Gate()
    async with house.worker(pace=replace(PROMPT, slots=2)) as worker:

        async def begin_at_once() -> str:
            with worker.place() as begin:
                request = house.request(str(uuid4()))
                owner = worker.name if begin else None
                accepted = await house.queue.enqueue(request, owner=owner)
                if accepted.claim and begin:
                    begin(accepted.claim)
                return request.run_id

        runs = await asyncio.gather(*(begin_at_once() for _ in range(6)))
        house.work.gate.open()
        ends = [await house.end_of(run_id) for run_id in runs]

    assert house.work.most <= 2
    assert {run.status for run in ends} == {RunStatus.SUCCESS}


async def test_a_delayed_run_is_done_when_its_time_has_come(house: House):
    async with house.worker():
        run = await house.end_of(await house.ask("t", delay=timedelta(milliseconds=150)))

    assert run.started_at is not None
    assert run.started_at - run.created_at >= timedelta(milliseconds=150)


@pytest.mark.parametrize("action", list(CancelAction))
async def test_a_running_run_is_cancelled_at_once(house: House, action: CancelAction):
    house.work.gate = Gate()
    async with house.worker(pace=Pace(lease=timedelta(hours=1))):
        run_id = await house.ask("t")
        await house.work.gate.reached.arrival()
        await house.queue.cancel([run_id], action)
        stream = house.streams.known(run_id)
        if stream:
            await asyncio.wait_for(stream.ended(), 20)

    if action is CancelAction.INTERRUPT:
        assert (await house.storage.runs.get(run_id)).status is RunStatus.INTERRUPTED
    else:
        with pytest.raises(NotFound):
            await house.storage.runs.get(run_id)
    thread = await house.storage.threads.get("t")
    kept = action is CancelAction.INTERRUPT
    assert thread.status is (ThreadStatus.INTERRUPTED if kept else ThreadStatus.IDLE)


async def test_a_signal_that_nobody_told_is_heard_with_the_next_renewal(house: House):
    house.work.gate = Gate()
    async with house.worker():
        run_id = await house.ask("t")
        await house.work.gate.reached.arrival()
        await house.storage.queue.cancel([run_id], CancelAction.INTERRUPT)  # as another process
        run = await house.end_of(run_id)

    assert run.status is RunStatus.INTERRUPTED


async def test_a_run_that_interrupts_another_goes_on_from_what_that_has_done(house: House):
    house.work.gate = Gate()
    async with house.worker():
        old = await house.ask("t", "old")
        await house.work.gate.reached.arrival()
        house.work.gate = None
        new = await house.ask("t", "new", multitask_strategy=Multitask.INTERRUPT)
        ends = [(await house.end_of(run_id)).status for run_id in (old, new)]

    assert ends == [RunStatus.INTERRUPTED, RunStatus.SUCCESS]
    assert await words_of(house, "t") == ["old", "new", "first", "second"]


async def test_a_worker_that_leaves_stops_runs_after_their_step_for_the_next_one(house: House):
    house.work.gate = Gate()
    async with AsyncExitStack() as leaving:
        await leaving.enter_async_context(house.worker())
        run_id = await house.ask("t")
        await house.work.gate.reached.arrival()
        closing = asyncio.create_task(leaving.aclose())
        await asyncio.sleep(0)
        house.work.gate.open()
        await closing
    handed_over = await house.storage.runs.get(run_id)
    async with house.worker("w2"):
        run = await house.end_of(run_id)

    assert handed_over.status is RunStatus.PENDING
    assert run.status is RunStatus.SUCCESS
    assert await words_of(house, "t") == ["go", "first", "second"]


async def test_a_step_that_does_not_end_in_time_is_cut_off_and_repeated(house: House):
    house.work.gate = Gate()
    async with house.worker(pace=Pace(lease=PROMPT.lease, grace=timedelta(milliseconds=50))):
        run_id = await house.ask("t")
        await house.work.gate.reached.arrival()
    house.work.gate = None
    async with house.worker("w2"):
        run = await house.end_of(run_id)

    assert run.status is RunStatus.SUCCESS
    assert await words_of(house, "t") == ["go", "first", "second"]


async def test_what_a_dead_process_held_is_taken_up_at_the_next_start(tmp_path: Path):
    path = tmp_path / "moorage.db"
    async with opened(path, "dead") as house:
        run_id = await house.ask("t")
        [claim] = await house.storage.queue.claim("dead", 1)
    async with opened(path, "w2") as house, house.worker("w2"):
        house.streams.of(run_id)
        run = await house.end_of(run_id)

    assert claim.run_id == run_id
    assert (run.status, run.attempt) == (RunStatus.SUCCESS, 2)


async def test_a_run_that_was_lost_is_stopped_and_left_to_its_new_worker(tmp_path: Path):
    async with opened(tmp_path / "moorage.db", None) as house:
        house.work.gate = Gate()
        async with house.worker() as worker:
            run_id = await house.ask("t")
            await house.work.gate.reached.arrival()
            [held] = await house.storage.runs.with_status(frozenset({RunStatus.RUNNING}))
            taken = await steal(house, held)
            async with asyncio.timeout(20):
                while worker.free < PROMPT.slots:
                    await house.queue.news(0.01)
        run = await house.storage.runs.get(run_id)

    assert (taken.attempt, run.attempt, run.status) == (2, 2, RunStatus.RUNNING)


async def steal(house: House, run: Run) -> Claim:
    """Claim a run as another process that takes this one for gone."""
    database = house.storage._database  # type: ignore[attr-defined]
    queue = SqlQueue(database, Terms(sole_owner="thief"))
    assert await queue.reap() == [run.run_id]
    [claim] = await queue.claim("thief", 1)
    return claim


@pytest.mark.parametrize("action", list(CancelAction))
async def test_a_run_that_was_to_stop_does_so_at_the_next_start(
    tmp_path: Path, action: CancelAction
):
    path = tmp_path / "moorage.db"
    async with opened(path, "dead") as house:
        run_id = await house.ask("t")
        await house.storage.queue.claim("dead", 1)
        await house.storage.queue.cancel([run_id], action)
    async with opened(path, "w2") as house:
        stream = house.streams.of(run_id)
        async with house.worker("w2"):
            await asyncio.wait_for(stream.ended(), 20)
        thread = await house.storage.threads.get("t")

    assert house.work.most == 0, "no step of it was begun again"
    assert not (thread.values or {}).get("words", [])
    kept = action is CancelAction.INTERRUPT
    assert thread.status is (ThreadStatus.INTERRUPTED if kept else ThreadStatus.IDLE)
