"""Runs that leave nothing: how many work at once, and what becomes of them at the end."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypedDict
from uuid import uuid4

import orjson
import pytest
from langgraph.graph import START, StateGraph

from moorage.domain.runs import CancelAction, RunRequest, RunStatus
from moorage.engine.execution import Means
from moorage.engine.graphs import Graphs, GraphSource
from moorage.engine.run_stream import RunStream, Streamed
from moorage.engine.stateless import Stateless, leaves_nothing
from moorage.engine.streams import Streams
from moorage.serialization import WellKnownLCSerializer
from moorage.testing import Gate

pytestmark = pytest.mark.anyio


class State(TypedDict, total=False):
    word: str


@dataclass
class Work:
    """A graph that stands at a gate, once for each run."""

    gate: Gate = field(default_factory=Gate)
    begun: list[str] = field(default_factory=list)

    async def step(self, state: State) -> State:
        self.begun.append(state["word"])
        await self.gate.passage()
        return {"word": "done"}

    def stateless(self, **options: Any) -> Stateless:
        graph = StateGraph(State).add_node("step", self.step).add_edge(START, "step").compile()
        graphs = Graphs([GraphSource("g", None, graph, graph)])
        return Stateless(Means(graphs, None, WellKnownLCSerializer().dumps), Streams(), **options)


def asked(word: str = "a", **changes: Any) -> RunRequest:
    run_id, thread_id = str(uuid4()), str(uuid4())
    identity = {"graph_id": "g", "thread_id": thread_id, "run_id": run_id}
    kwargs = {"input": {"word": word}, "config": {"configurable": identity}}
    options = {"is_temporary": True, "kwargs": kwargs | changes.pop("kwargs", {}), **changes}
    return RunRequest(run_id, thread_id, "assistant", **options)


async def events_of(stream: RunStream) -> list[tuple[str, Any]]:
    followed = [one async for one in stream.follow(-1)]
    return [
        (one.event.name, orjson.loads(one.event.data))
        for one in followed
        if isinstance(one, Streamed)
    ]


async def ended(stream: RunStream) -> None:
    await asyncio.wait_for(stream.ended(), 20)


async def test_no_more_than_the_places_work_at_once_and_the_others_in_their_turn():
    work = Work()
    async with work.stateless(places=1) as stateless:
        run, first = stateless.begin(asked("first"))
        others = [stateless.begin(asked(word)) for word in ("second", "third")]
        await work.gate.reached.arrival()
        statuses = [one.status for one in stateless.runs()]
        alone = list(work.begun)
        work.gate.open()
        for stream in (first, *(stream for _, stream in others)):
            await ended(stream)

    assert statuses == [RunStatus.RUNNING, RunStatus.PENDING, RunStatus.PENDING]
    assert (alone, work.begun) == (["first"], ["first", "second", "third"])
    assert stateless.run(run.run_id) is None
    assert stateless.thread(run.thread_id) is None


async def test_one_that_waits_for_its_place_is_stopped_at_once():
    work = Work()
    async with work.stateless(places=1) as stateless:
        _, first = stateless.begin(asked("first"))
        waiting, stream = stateless.begin(asked("never"))
        is_stopped = stateless.stop(waiting.run_id, CancelAction.INTERRUPT)
        await ended(stream)
        work.gate.open()
        await ended(first)

    assert is_stopped
    assert stream.outcome is not None
    assert stream.outcome.status is RunStatus.INTERRUPTED
    assert work.begun == ["first"]


async def test_what_is_not_there_is_not_stopped():
    async with Work().stateless() as stateless:
        assert not stateless.stop(str(uuid4()), CancelAction.INTERRUPT)


async def test_the_end_of_the_process_waits_for_them():
    work = Work()
    async with work.stateless() as stateless:
        _, stream = stateless.begin(asked())
        await work.gate.reached.arrival()
        work.gate.open()

    assert stream.outcome is not None
    assert stream.outcome.output == {"word": "done"}


async def test_those_that_do_not_end_in_time_are_cut_off_and_their_clients_told():
    work = Work()
    async with work.stateless(places=1, grace=timedelta(0)) as stateless:
        _, working = stateless.begin(asked())
        _, waiting = stateless.begin(asked())
        await work.gate.reached.arrival()

    for stream in (working, waiting):
        assert stream.outcome is not None
        assert stream.outcome.error is not None
        assert stream.outcome.error["message"] == "The service is shutting down; try again."
        assert (await events_of(stream))[-1] == ("error", stream.outcome.error)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_temporary": False},
        {"delay": timedelta(seconds=1)},
        {"idempotency_key": "key"},
        {"kwargs": {"resumable": True}},
        {"kwargs": {"webhook": "https://example.com/told"}},
    ],
)
def test_what_somebody_may_come_back_to_leaves_something(changes: dict[str, Any]):
    assert leaves_nothing(asked())
    assert not leaves_nothing(asked(**changes))
