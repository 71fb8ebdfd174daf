import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import orjson
import pytest
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.channels import UntrackedValue
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt

from moorage.domain.assistants import Assistant
from moorage.domain.caller import Caller
from moorage.domain.runs import CancelAction, Claim, Outcome, Run, RunStatus
from moorage.domain.threads import ThreadStatus
from moorage.engine.execution import Execution, Means, command_of
from moorage.engine.graphs import Graphs
from moorage.engine.graphs.loading import GraphSource
from moorage.engine.run_config import Asked, configure
from moorage.engine.run_events import RunEvent
from moorage.serialization import WellKnownLCSerializer
from moorage.testing import Gate

pytestmark = pytest.mark.anyio

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def add(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class State(TypedDict, total=False):
    words: Annotated[list[str], add]


@dataclass
class Nodes:
    """A graph of three steps that tells what it did, and can be stopped in its second."""

    done: list[str] = field(default_factory=list)
    gate: Gate | None = None
    error: Exception | None = None
    asks: bool = False

    async def first(self, state: State) -> State:
        self.done.append("first")
        return {"words": ["first"]}

    async def second(self, state: State, config: RunnableConfig) -> State:
        self.done.append("second")
        if self.gate:
            await self.gate.passage()
        if self.error:
            raise self.error
        if self.asks:
            return {"words": [interrupt("which?")]}
        return {"words": [config["configurable"]["run_id"]]}

    async def third(self, state: State) -> State:
        self.done.append("third")
        return {"words": ["third"]}

    def graphs(self) -> Graphs:
        builder = StateGraph(State)
        for node in (self.first, self.second, self.third):
            builder.add_node(node.__name__, node)
        builder.add_edge(START, "first").add_edge("first", "second").add_edge("second", "third")
        graph = builder.compile()
        return Graphs([GraphSource("g", None, graph, graph)])


@dataclass
class Attempt:
    """One execution, and what it published."""

    nodes: Nodes
    saver: InMemorySaver = field(default_factory=InMemorySaver)
    timeout: timedelta | None = None
    number: int = 1
    run_id: str = "run-1"
    events: list[RunEvent] = field(default_factory=list)

    def begin(self, **kwargs: Any) -> Execution:
        means = Means(self.nodes.graphs(), None, WellKnownLCSerializer().dumps, self.timeout)
        return Execution(self.claim(kwargs), means, self.saver, self.publish)

    async def run(self, **kwargs: Any) -> Outcome:
        outcome = await self.begin(**{"input": {"words": ["go"]}, **kwargs}).run()
        assert outcome is not None
        return outcome

    def claim(self, kwargs: dict[str, Any]) -> Claim:
        identity = {"graph_id": "g", "thread_id": "t", "run_id": self.run_id}
        config = {"configurable": identity, "metadata": {"run_id": self.run_id}}
        run = Run(
            run_id=self.run_id,
            thread_id="t",
            assistant_id="a",
            status=RunStatus.RUNNING,
            created_at=THEN,
            updated_at=THEN,
            kwargs={"config": config, **kwargs},
        )
        return Claim(run, "w", self.number)

    def publish(self, events: Sequence[RunEvent]) -> None:
        self.events += events

    def named(self, name: str) -> list[Any]:
        return [orjson.loads(event.data) for event in self.events if event.name == name]


def next_one(earlier: Attempt, **changes: Any) -> Attempt:
    return replace(earlier, events=[], **changes)


async def outcome_of(graph: Any) -> Outcome:
    """Run a graph of somebody else's."""
    graphs = Graphs([GraphSource("g", None, graph, graph)])
    attempt = Attempt(Nodes())
    claim = attempt.claim({"input": {"words": ["go"]}})
    means = Means(graphs, None, WellKnownLCSerializer().dumps)
    outcome = await Execution(claim, means, attempt.saver, attempt.publish).run()
    assert outcome is not None
    return outcome


async def test_a_run_streams_what_it_does_and_leaves_its_values():
    attempt = Attempt(Nodes())
    outcome = await attempt.run()

    assert outcome.status is RunStatus.SUCCESS
    assert outcome.thread.status is ThreadStatus.IDLE
    assert outcome.thread.values == {"words": ["go", "first", "run-1", "third"]}
    assert attempt.events[0] == ("metadata", b'{"run_id":"run-1","attempt":1}')
    assert attempt.named("values")[-1] == outcome.thread.values


async def test_it_streams_the_modes_that_it_was_asked_for_in_order():
    attempt = Attempt(Nodes())
    await attempt.run(stream_mode=["updates", "values"])
    updates = [next(iter(update)) for update in attempt.named("updates")]

    assert updates == ["first", "second", "third"]
    assert {event.name for event in attempt.events} == {"metadata", "updates", "values"}


async def test_events_of_everything_inside_come_beside_other_modes():
    attempt = Attempt(Nodes())
    await attempt.run(stream_mode=["events", "updates"])
    alone = next_one(attempt, run_id="run-2")
    await alone.run(stream_mode=["events"])

    assert len(attempt.named("updates")) == 3
    assert {event["event"] for event in attempt.named("events")} >= {
        "on_chain_start",
        "on_chain_end",
    }
    assert {event.name for event in alone.events} == {"metadata", "events"}


async def test_a_run_that_asks_goes_on_with_the_answer():
    attempt = Attempt(Nodes(asks=True))
    asked = await attempt.run()
    answered = next_one(attempt, run_id="run-2")
    outcome = await answered.run(command={"resume": "blue"})

    assert asked.status is RunStatus.SUCCESS
    assert asked.thread.status is ThreadStatus.INTERRUPTED
    assert attempt.named("values")[-1]["__interrupt__"][0]["value"] == "which?"
    assert outcome.thread.values == {"words": ["go", "first", "blue", "third"]}


async def test_a_breakpoint_stops_it_and_no_input_goes_on():
    attempt = Attempt(Nodes())
    stopped = await attempt.run(interrupt_before=["second"])
    outcome = await next_one(attempt, run_id="run-2").run(input=None)

    assert stopped.thread.status is ThreadStatus.INTERRUPTED
    assert attempt.nodes.done == ["first", "second", "third"]
    assert outcome.thread.status is ThreadStatus.IDLE


async def test_a_question_of_a_hidden_node_is_on_the_thread():
    async def ask(state: State) -> State:
        return {"words": [interrupt("which?")]}

    hidden = RunnableLambda(ask).with_config(tags=["langsmith:hidden"])
    graph = StateGraph(State).add_node("ask", hidden).add_edge(START, "ask").compile()
    outcome = await outcome_of(graph)

    assert outcome.thread.status is ThreadStatus.INTERRUPTED
    assert [one["value"] for [one] in outcome.thread.interrupts.values()] == ["which?"]


async def test_what_no_checkpoint_holds_is_not_left_on_the_thread():
    class Handled(State, total=False):
        handle: Annotated[str, UntrackedValue]

    async def work(state: Handled) -> Handled:
        return {"words": ["done"], "handle": "open file"}

    graph = StateGraph(Handled).add_node("work", work).add_edge(START, "work").compile()
    outcome = await outcome_of(graph)

    assert outcome.thread.values == {"words": ["go", "done"]}
    assert outcome.output["handle"] == "open file"


async def test_a_node_that_raises_fails_the_run_and_keeps_what_came_before():
    attempt = Attempt(Nodes(error=ValueError("no such word")))
    outcome = await attempt.run()

    told = {"error": "ValueError", "message": "no such word"}
    assert (outcome.status, outcome.error) == (RunStatus.ERROR, told)
    assert outcome.thread.status is ThreadStatus.ERROR
    assert outcome.thread.values == {"words": ["go", "first"]}
    assert attempt.events[-1] == ("error", orjson.dumps(told))


async def test_a_graph_that_is_not_there_fails_the_run():
    attempt = Attempt(Nodes())
    config = {"configurable": {"graph_id": "other", "thread_id": "t"}}
    outcome = await attempt.run(config=config)

    assert outcome.status is RunStatus.ERROR
    assert outcome.error is not None
    assert "other" in outcome.error["message"]


async def test_a_run_that_takes_too_long_is_told_so():
    attempt = Attempt(Nodes(gate=Gate()), timeout=timedelta(milliseconds=50))
    outcome = await attempt.run()

    assert outcome.status is RunStatus.TIMEOUT
    assert outcome.thread.values == {"words": ["go", "first"]}


async def test_a_timeout_of_the_graphs_own_is_an_error_of_the_graph():
    attempt = Attempt(Nodes(error=TimeoutError("the provider")), timeout=timedelta(seconds=10))

    assert (await attempt.run()).status is RunStatus.ERROR


class TestCancel:
    async def stopped(self, attempt: Attempt, action: CancelAction) -> Outcome:
        assert attempt.nodes.gate is not None
        execution = attempt.begin(input={"words": ["go"]})
        running = asyncio.create_task(execution.run())
        await attempt.nodes.gate.reached.arrival()
        execution.cancel(action)
        execution.cancel(CancelAction.INTERRUPT)  # the first word counts
        outcome = await running
        assert outcome is not None
        return outcome

    async def test_interrupt_keeps_the_steps_that_were_finished(self):
        attempt = Attempt(Nodes(gate=Gate()))
        outcome = await self.stopped(attempt, CancelAction.INTERRUPT)

        assert outcome.status is RunStatus.INTERRUPTED
        assert outcome.thread.status is ThreadStatus.INTERRUPTED
        assert outcome.thread.values == {"words": ["go", "first"]}
        assert attempt.named("error") == []

    async def test_rollback_leaves_what_was_before(self):
        attempt = Attempt(Nodes(), run_id="run-0")
        before = await attempt.run()
        attempt = next_one(attempt, nodes=Nodes(gate=Gate()), run_id="run-1")
        outcome = await self.stopped(attempt, CancelAction.ROLLBACK)

        assert outcome.is_rolled_back
        assert outcome.thread == before.thread

    async def test_rollback_of_the_first_run_leaves_nothing(self):
        outcome = await self.stopped(Attempt(Nodes(gate=Gate())), CancelAction.ROLLBACK)

        assert outcome.is_rolled_back
        assert (outcome.thread.values, outcome.thread.status) == (None, ThreadStatus.IDLE)

    async def test_a_run_that_is_cancelled_before_it_begins_does_nothing(self):
        attempt = Attempt(Nodes())
        execution = attempt.begin(input={"words": ["go"]})
        execution.cancel(CancelAction.INTERRUPT)
        outcome = await execution.run()

        assert outcome is not None
        assert outcome.status is RunStatus.INTERRUPTED
        assert attempt.nodes.done == []

    async def test_a_worker_that_is_stopped_stops_its_run_without_an_outcome(self):
        attempt = Attempt(Nodes(gate=Gate()))
        assert attempt.nodes.gate is not None
        running = asyncio.create_task(attempt.begin(input={"words": ["go"]}).run())
        await attempt.nodes.gate.reached.arrival()
        running.cancel()

        with pytest.raises(asyncio.CancelledError):
            await running


class TestRecovery:
    async def test_a_drained_run_stops_after_its_step_and_goes_on_elsewhere(self):
        attempt = Attempt(Nodes(gate=Gate()))
        assert attempt.nodes.gate is not None
        execution = attempt.begin(input={"words": ["go"]})
        running = asyncio.create_task(execution.run())
        await attempt.nodes.gate.reached.arrival()
        execution.drain()
        attempt.nodes.gate.open()
        assert await running is None

        again = next_one(attempt, number=2)
        outcome = await again.run()
        assert attempt.nodes.done == ["first", "second", "third"]
        assert outcome.thread.values == {"words": ["go", "first", "run-1", "third"]}
        assert again.events[0] == ("metadata", b'{"run_id":"run-1","attempt":2}')

    async def test_one_that_left_nothing_begins_anew(self):
        outcome = await Attempt(Nodes(), number=2).run()

        assert outcome.thread.values == {"words": ["go", "first", "run-1", "third"]}

    async def test_the_checkpoints_of_an_earlier_run_are_not_its_own(self):
        attempt = Attempt(Nodes(), run_id="run-0")
        await attempt.run()
        outcome = await next_one(attempt, run_id="run-1", number=2).run(input={"words": ["on"]})

        assert outcome.thread.values["words"][-4:] == ["on", "first", "run-1", "third"]

    async def test_one_that_began_at_an_earlier_checkpoint_goes_on_from_its_own(self):
        earlier = Attempt(Nodes(), run_id="run-0")
        await earlier.run()
        thread: RunnableConfig = {"configurable": {"thread_id": "t"}}
        (place,) = [
            found.config["configurable"]["checkpoint_id"]
            async for found in earlier.saver.alist(thread, filter={"step": 0})
        ]
        identity = {"graph_id": "g", "thread_id": "t", "run_id": "run-1"}
        asked = {
            "input": {"words": ["fork"]},
            "config": {
                "configurable": {**identity, "checkpoint_id": place, "checkpoint_ns": ""},
                "metadata": {"run_id": "run-1"},
            },
        }
        fork = next_one(earlier, run_id="run-1", nodes=Nodes(gate=Gate()))
        assert fork.nodes.gate is not None
        execution = fork.begin(**asked)
        running = asyncio.create_task(execution.run())
        await fork.nodes.gate.reached.arrival()
        execution.drain()
        fork.nodes.gate.open()
        assert await running is None

        outcome = await next_one(fork, number=2).run(**asked)

        assert fork.nodes.done == ["first", "second", "third"]
        assert outcome.thread.values == {"words": ["go", "fork", "first", "run-1", "third"]}


@pytest.mark.parametrize(
    ("asked", "command"),
    [
        ({"resume": {"a": 1}}, Command(resume={"a": 1})),
        ({"goto": "b"}, Command(goto=["b"])),
        ({"goto": ["b", {"node": "c", "input": 1}]}, Command(goto=["b", Send("c", 1)])),
        ({"update": {"x": 1}}, Command(update={"x": 1})),
        ({"update": [["x", 1], ["x", 2]]}, Command(update=[("x", 1), ("x", 2)])),
        ({}, None),
    ],
    ids=["an answer", "a node", "several, one with an input", "an update", "pairs", "nothing"],
)
def test_commands_are_read_from_json(asked: dict[str, Any], command: Any):
    assert command_of(asked) == command


ALL_MODES = [
    *("values", "updates", "messages", "messages-tuple", "custom", "checkpoints", "tasks"),
    *("debug", "events"),
]


async def test_a_node_knows_its_caller_and_nobody_else_learns_more_than_the_identity():
    caller = Caller("ada", "custom", frozenset({"run"}), claims={"token": "hunter2"})
    assistant = Assistant(
        assistant_id="a", graph_id="g", name="g", created_at=THEN, updated_at=THEN
    )
    asked = configure(Asked(), assistant, caller, run_id=str(uuid4()), thread_id="t")
    seen: list[Any] = []

    def note(state: State, config: RunnableConfig) -> State:
        user = config["configurable"]["langgraph_auth_user"]
        seen.append([user.identity, user["identity"], user.token, user.permissions])
        return {"words": [user.identity]}

    def graph() -> Any:
        inner = StateGraph(State).add_node("note", note).add_edge(START, "note").compile()
        outer = StateGraph(State).add_node("note", note).add_node("inner", inner)
        return outer.add_edge(START, "note").add_edge("note", "inner").compile()

    class Noting(Nodes):
        def graphs(self) -> Graphs:
            made = graph()
            return Graphs([GraphSource("g", None, made, made)])

    attempt = Attempt(Noting())
    stored = orjson.loads(orjson.dumps(asked.config))
    outcome = await attempt.run(config=stored, stream_mode=ALL_MODES, subgraphs=True)

    assert outcome.status is RunStatus.SUCCESS
    assert seen == [["ada", "ada", "hunter2", ["run"]]] * 2
    names = {event.name.partition("|")[0] for event in attempt.events}
    assert names >= {"values", "updates", "checkpoints", "tasks", "debug"}
    assert b"hunter2" not in b"".join(event.data for event in attempt.events)
    kept = list(attempt.saver.list({"configurable": {"thread_id": "t"}}))
    assert kept
    assert not any("hunter2" in repr(one) for one in kept)
    assert not any("langgraph_auth_user" in one.metadata for one in kept)
