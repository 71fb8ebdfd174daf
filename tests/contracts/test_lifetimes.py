"""The promise about what is too old: it goes when its time has come, and nothing else does."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from moorage.domain.events import Flush, event_id
from moorage.domain.runs import Claim, Outcome, RunRequest, RunStatus
from moorage.domain.threads import Expiry, Lifetime, Pruned, ThreadState, ThreadStatus
from moorage.engine.retention import AT_ONCE, Keeping, Retention
from moorage.errors import NotFound
from moorage.storage.interface import Storage
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
DONE = Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE, {"a": 1}))


class State(TypedDict, total=False):
    count: int


@pytest.fixture
def thread_id() -> str:
    return str(uuid4())


async def is_there(storage: Storage, thread_id: str) -> bool:
    try:
        await storage.threads.get(thread_id)
    except NotFound:
        return False
    return True


async def begun(storage: Storage, thread_id: str) -> Claim:
    asked = RunRequest(str(uuid4()), thread_id, "a", creates_thread=True)
    accepted = await storage.queue.accept(asked, owner="w")
    assert accepted.claim is not None
    return accepted.claim


async def ended(storage: Storage, thread_id: str) -> str:
    held = await begun(storage, thread_id)
    await storage.events.append([Flush(held.run_id, event_id(1, 1), event_id(1, 1), b"1\t\t\n")])
    assert await storage.queue.finish(held, DONE)
    return held.run_id


async def write_history(storage: Storage, thread_id: str, steps: int = 3) -> Any:
    """Have a graph write checkpoints on a thread; returns the graph."""

    def count(state: State) -> State:
        return {"count": state.get("count", 0) + 1}

    builder = StateGraph(State).add_node("count", count).add_edge(START, "count")
    graph: Any = builder.compile(checkpointer=storage.saver())
    for _ in range(steps):
        await graph.ainvoke({}, {"configurable": {"thread_id": thread_id}})
    return graph


async def history(graph: Any, thread_id: str) -> list[Any]:
    config = {"configurable": {"thread_id": thread_id}}
    return [one.values async for one in graph.aget_state_history(config)]


async def test_a_thread_lives_as_long_as_was_said_after_its_last_use(
    storage: Storage, thread_id: str, clock: ManualClock
):
    made = await storage.threads.create(thread_id, {}, lifetime=Lifetime(HOUR))
    assert made.lifetime == (await storage.threads.get(thread_id)).lifetime == Lifetime(HOUR)
    for use in ("run", "state"):
        clock.advance(HOUR)
        assert await storage.threads.expire(None, 10) == 0
        if use == "run":
            await ended(storage, thread_id)
        else:
            draft = await storage.draft(thread_id)
            await draft.keep(ThreadState(ThreadStatus.IDLE))
    clock.advance(HOUR)
    assert await storage.threads.expire(None, 10) == 0
    clock.advance(timedelta(microseconds=1))
    assert await storage.threads.expire(None, 10) == 1
    assert not await is_there(storage, thread_id)


async def test_what_was_said_of_all_holds_where_nothing_else_was(
    storage: Storage, thread_id: str, clock: ManualClock
):
    longer, older = str(uuid4()), str(uuid4())
    await storage.threads.create(thread_id, {})
    await storage.threads.create(longer, {}, lifetime=Lifetime(3 * HOUR))
    await storage.threads.create(older, {})
    await storage.threads.patch(older, {}, lifetime=Lifetime(4 * HOUR))
    clock.advance(2 * HOUR)
    assert await storage.threads.expire(None, 10) == 0
    assert await storage.threads.expire(Lifetime(HOUR), 10) == 1
    assert [await is_there(storage, one) for one in (thread_id, longer, older)] == [0, 1, 1]
    clock.advance(1.5 * HOUR)
    assert await storage.threads.expire(Lifetime(HOUR), 10) == 1
    assert [await is_there(storage, one) for one in (longer, older)] == [0, 1]


async def test_a_thread_on_which_a_run_works_is_in_use(
    storage: Storage, thread_id: str, clock: ManualClock
):
    held = await begun(storage, thread_id)
    clock.advance(2 * HOUR)
    assert await storage.threads.expire(Lifetime(HOUR), 10) == 0
    assert await storage.threads.prune([thread_id], Expiry.DELETE) == Pruned()
    await storage.queue.finish(held, DONE)
    assert await storage.threads.expire(Lifetime(HOUR), 10) == 0
    clock.advance(2 * HOUR)
    assert await storage.threads.expire(Lifetime(HOUR), 10) == 1


async def test_a_thread_may_keep_its_latest_state_and_is_tidied_once_a_use(
    storage: Storage, thread_id: str, clock: ManualClock
):
    latest = Lifetime(HOUR, Expiry.KEEP_LATEST)
    await storage.threads.create(thread_id, {}, lifetime=latest)
    graph = await write_history(storage, thread_id)
    clock.advance(2 * HOUR)
    assert await storage.threads.expire(None, 10) == 1
    assert await history(graph, thread_id) == [{"count": 3}]
    assert await storage.threads.expire(None, 10) == 0

    await ended(storage, thread_id)
    await write_history(storage, thread_id, 1)
    assert len(await history(graph, thread_id)) > 1
    clock.advance(2 * HOUR)
    assert await storage.threads.expire(None, 10) == 1
    assert await history(graph, thread_id) == [{"count": 4}]


async def test_threads_are_pruned_at_once(storage: Storage, thread_id: str):
    other, hidden = str(uuid4()), str(uuid4())
    for one in (thread_id, other):
        await storage.threads.create(one, {"owner": "ann"})
    await storage.threads.create(hidden, {"owner": "bob"})
    graph = await write_history(storage, thread_id)
    run_id = await ended(storage, other)
    mine = {"owner": "ann"}

    asked = [thread_id, hidden, "unknown", thread_id]
    assert await storage.threads.prune(asked, Expiry.KEEP_LATEST, mine) == Pruned((thread_id,))
    assert await history(graph, thread_id) == [{"count": 3}]
    assert await storage.threads.prune([other, hidden], Expiry.DELETE, mine) == Pruned((other,))
    assert await is_there(storage, hidden)
    assert await storage.events.oldest(run_id) is None


async def test_a_thread_goes_with_the_events_of_its_runs(storage: Storage, thread_id: str):
    kept = await ended(storage, str(uuid4()))
    runs = [await ended(storage, thread_id) for _ in range(2)]
    await storage.runs.delete(runs[0], thread_id)
    assert [await storage.events.oldest(one) is None for one in runs] == [True, False]
    await storage.threads.delete(thread_id)
    assert await storage.events.oldest(runs[1]) is None
    assert await storage.events.oldest(kept) is not None


async def test_events_are_kept_while_their_run_works_and_for_a_while(
    storage: Storage, thread_id: str, clock: ManualClock
):
    held = await begun(storage, thread_id)
    await storage.events.append([Flush(held.run_id, 1, 2, b""), Flush(held.run_id, 3, 4, b"")])
    clock.advance(2 * HOUR)
    assert await storage.events.trim(HOUR) == 0
    await storage.queue.finish(held, DONE)
    clock.advance(HOUR)
    assert await storage.events.trim(HOUR) == 0
    clock.advance(timedelta(microseconds=1))
    assert [await storage.events.trim(HOUR, 1) for _ in range(3)] == [1, 1, 0]


async def test_runs_that_have_ended_go_and_what_they_left_stays(
    storage: Storage, thread_id: str, clock: ManualClock
):
    old = await ended(storage, thread_id)
    held = await begun(storage, thread_id)
    clock.advance(2 * HOUR)
    young = await ended(storage, str(uuid4()))
    assert await storage.runs.expire(HOUR, 10) == 1

    with pytest.raises(NotFound):
        await storage.runs.get(old)
    assert await storage.events.oldest(old) is None
    assert (await storage.runs.get(held.run_id)).status is RunStatus.RUNNING
    assert (await storage.runs.get(young)).status is RunStatus.SUCCESS
    assert (await storage.threads.get(thread_id)).values == {"a": 1}


async def test_a_round_removes_all_that_is_too_old_in_steps(storage: Storage, clock: ManualClock):
    count = 2 * AT_ONCE + 1
    for _ in range(count):
        await ended(storage, str(uuid4()))
    clock.advance(2 * HOUR)
    some = Keeping(events=3 * HOUR, runs=HOUR, threads=Lifetime(HOUR), most_threads=AT_ONCE + 1)
    assert await Retention(storage, some).sweep() == count
    left = await storage.threads.expire(Lifetime(HOUR), 1_000)
    assert left == count - AT_ONCE - 1


async def test_what_is_not_to_go_stays(storage: Storage, thread_id: str, clock: ManualClock):
    run_id = await ended(storage, thread_id)
    clock.advance(1_000 * HOUR)
    assert await Retention(storage, Keeping(events=2_000 * HOUR)).sweep() == 0
    assert await is_there(storage, thread_id)
    assert await storage.events.oldest(run_id) is not None
