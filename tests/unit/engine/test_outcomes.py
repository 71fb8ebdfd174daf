from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import StateSnapshot, interrupt

from moorage.domain.runs import CancelAction, RunStatus
from moorage.domain.threads import ThreadStatus
from moorage.engine.outcomes import cancelled, described, failed, succeeded

pytestmark = pytest.mark.anyio

CONFIG: Any = {"configurable": {"thread_id": "t"}}


class State(TypedDict, total=False):
    word: str


async def left(*, asks: bool = False, stops: bool = False) -> StateSnapshot:
    """The state in which a graph is left that ended, that asked, or that stopped in between."""

    def speak(state: State) -> State:
        return {"word": interrupt("which?") if asks else "hello"}

    builder = StateGraph(State).add_node("speak", speak).add_edge(START, "speak")
    graph = builder.compile(
        checkpointer=InMemorySaver(), interrupt_before=["speak"] if stops else None
    )
    await graph.ainvoke({"word": "?"}, CONFIG)
    return await graph.aget_state(CONFIG)


async def test_a_run_that_ended_leaves_its_thread_idle():
    outcome = succeeded(await left())

    assert outcome.status is RunStatus.SUCCESS
    assert outcome.thread.status is ThreadStatus.IDLE
    assert (outcome.thread.values, outcome.thread.interrupts) == ({"word": "hello"}, {})


async def test_a_run_that_asks_is_a_success_and_its_thread_waits():
    outcome = succeeded(await left(asks=True))
    [[asked]] = outcome.thread.interrupts.values()

    assert outcome.status is RunStatus.SUCCESS
    assert outcome.thread.status is ThreadStatus.INTERRUPTED
    assert asked["value"] == "which?"
    assert len(asked["id"]) == 32


async def test_so_does_one_at_a_breakpoint_that_asks_nothing():
    outcome = succeeded(await left(stops=True))

    assert outcome.thread.status is ThreadStatus.INTERRUPTED
    assert outcome.thread.interrupts == {}


async def test_a_failure_is_told_on_the_run_and_on_its_thread():
    outcome = failed(described(ValueError("no")), await left(stops=True))

    assert outcome.status is RunStatus.ERROR
    assert outcome.thread.status is ThreadStatus.ERROR
    assert outcome.error == outcome.thread.error == {"error": "ValueError", "message": "no"}
    assert outcome.thread.values == {"word": "?"}


async def test_a_cancelled_run_keeps_what_it_has_or_is_forgotten():
    kept = cancelled(CancelAction.INTERRUPT, await left(stops=True))
    forgotten = cancelled(CancelAction.ROLLBACK, await left())

    assert (kept.status, kept.thread.status) == (RunStatus.INTERRUPTED, ThreadStatus.INTERRUPTED)
    assert kept.thread.error is not None
    assert kept.thread.error["error"] == "UserInterrupt"
    assert forgotten.is_rolled_back
    assert (forgotten.thread.status, forgotten.thread.error) == (ThreadStatus.IDLE, None)
