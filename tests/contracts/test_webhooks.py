"""The promise of the outbox: whoever is to be told of a run's end is told, by one at a time."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from langchain_core.messages import HumanMessage

from moorage.domain.runs import CancelAction, Claim, Outcome, RunRequest, RunStatus
from moorage.domain.threads import ThreadState, ThreadStatus
from moorage.storage.interface import Storage
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

HOLD = timedelta(seconds=15)
URL = "https://example.com/hook"
WHO = {"langgraph_auth_user": {"identity": "ann"}, "user_id": "ann", "__secret": 1}
KWARGS = {
    "input": {"a": 1},
    "config": {"configurable": {**WHO, "colour": "red"}, "metadata": {"run_id": "r"}},
    "webhook": URL,
}
DONE = Outcome(
    RunStatus.SUCCESS, ThreadState(ThreadStatus.INTERRUPTED, {"answer": 42}, {"t": [{"id": "i"}]})
)


@pytest.fixture
def thread_id() -> str:
    return str(uuid4())


async def begun(storage: Storage, thread_id: str, **options: Any) -> Claim:
    asked = RunRequest(str(uuid4()), thread_id, "a", KWARGS, {"m": 1}, creates_thread=True)
    await storage.queue.accept(asked)
    [held] = await storage.queue.claim("w", 1)
    return held


async def told(storage: Storage) -> dict[str, Any]:
    """What is to be told, which must be one thing."""
    [delivery] = await storage.webhooks.claim(10, HOLD)
    assert delivery.url == URL
    content: dict[str, Any] = orjson.loads(delivery.body)
    return content


async def test_what_is_told_of_a_run(storage: Storage, thread_id: str, clock: ManualClock):
    accepted_at = clock.now()
    clock.advance(timedelta(seconds=1))
    held = await begun(storage, thread_id)
    started_at = clock.now()
    clock.advance(timedelta(seconds=1))
    assert await storage.queue.finish(held, DONE)

    assert accepted_at < started_at
    assert await told(storage) == {
        "run_id": held.run_id,
        "thread_id": thread_id,
        "assistant_id": "a",
        "status": "success",
        "created_at": started_at.isoformat(),
        "updated_at": clock.now().isoformat(),
        "metadata": {"m": 1},
        "kwargs": {
            "input": {"a": 1},
            "config": {"configurable": {"colour": "red"}, "metadata": {"run_id": "r"}},
            "webhook": URL,
        },
        "multitask_strategy": "enqueue",
        "run_started_at": started_at.isoformat(),
        "run_ended_at": clock.now().isoformat(),
        "values": {"answer": 42},
        "interrupts": {"t": [{"id": "i"}]},
        "error": None,
    }


async def test_messages_are_told_as_their_fields(storage: Storage, thread_id: str):
    state = ThreadState(ThreadStatus.IDLE, {"messages": [HumanMessage("hello", id="1")]})
    held = await begun(storage, thread_id)
    assert await storage.queue.finish(held, Outcome(RunStatus.SUCCESS, state))

    [message] = (await told(storage))["values"]["messages"]
    assert (message["type"], message["content"], message["id"]) == ("human", "hello", "1")
    assert (await storage.threads.get(thread_id)).values["messages"] == [message]


async def test_a_run_that_was_rolled_back_is_told_of_and_may_come_again(
    storage: Storage, thread_id: str, clock: ManualClock
):
    error = {"error": "UserRollback", "message": "."}
    outcome = Outcome(
        RunStatus.INTERRUPTED, ThreadState(ThreadStatus.IDLE, {"a": 1}), error, is_rolled_back=True
    )
    held = await begun(storage, thread_id)
    assert await storage.queue.finish(held, outcome)
    again = RunRequest(held.run_id, thread_id, "a", KWARGS)
    clock.advance(timedelta(seconds=1))
    await storage.queue.accept(again)
    [held] = await storage.queue.claim("w", 1)
    assert await storage.queue.finish(held, outcome)

    first, second = await storage.webhooks.claim(10, HOLD)
    assert first.message_id != second.message_id
    content = orjson.loads(first.body)
    assert (content["status"], content["error"], content["values"]) == ("rollback", error, None)


async def test_a_run_that_lost_all_its_workers_is_told_of_once(
    storage: Storage, thread_id: str, clock: ManualClock
):
    earlier = await begun(storage, thread_id)
    await storage.queue.finish(earlier, DONE)
    [delivery] = await storage.webhooks.claim(10, HOLD)
    await storage.webhooks.remove(delivery)
    await begun(storage, thread_id)
    for _ in range(3):
        clock.advance(timedelta(seconds=31))
        await storage.queue.reap()
        await storage.queue.claim("w", 1)

    content = await told(storage)
    assert (content["status"], content["error"]["error"]) == ("error", "WorkerLost")
    assert content["values"] == {"answer": 42}


async def test_a_run_that_never_began_is_not_told_of(storage: Storage, thread_id: str):
    held = await begun(storage, thread_id)
    waiting = RunRequest(str(uuid4()), thread_id, "a", KWARGS)
    await storage.queue.accept(waiting)
    await storage.queue.cancel([waiting.run_id], CancelAction.INTERRUPT)
    assert await storage.webhooks.next_due() is None
    assert await storage.queue.finish(held, DONE)
    assert (await told(storage))["run_id"] == held.run_id


async def test_a_stale_worker_tells_nothing(storage: Storage, thread_id: str, clock: ManualClock):
    held = await begun(storage, thread_id)
    clock.advance(timedelta(seconds=31))
    await storage.queue.reap()
    assert not await storage.queue.finish(held, DONE)
    assert await storage.webhooks.next_due() is None


async def test_one_at_a_time_tells_and_another_when_its_hold_ends(
    storage: Storage, thread_id: str, clock: ManualClock
):
    await storage.queue.finish(await begun(storage, thread_id), DONE)
    assert await storage.webhooks.next_due() == timedelta(0)
    [first] = await storage.webhooks.claim(10, HOLD)
    assert await storage.webhooks.claim(10, HOLD) == []
    assert await storage.webhooks.next_due() == HOLD

    clock.advance(HOLD)
    [second] = await storage.webhooks.claim(10, HOLD)
    assert (first.tries, second.tries) == (1, 2)
    assert first.message_id == second.message_id
    assert not await storage.webhooks.remove(first)
    assert not await storage.webhooks.postpone(first, HOLD)
    assert await storage.webhooks.remove(second)
    assert await storage.webhooks.next_due() is None


async def test_what_was_postponed_is_due_at_its_time(
    storage: Storage, thread_id: str, clock: ManualClock
):
    await storage.queue.finish(await begun(storage, thread_id), DONE)
    [delivery] = await storage.webhooks.claim(10, HOLD)
    assert await storage.webhooks.postpone(delivery, timedelta(minutes=1))
    assert await storage.webhooks.next_due() == timedelta(minutes=1)
    clock.advance(timedelta(minutes=1))
    assert [one.tries for one in await storage.webhooks.claim(10, HOLD)] == [2]
