"""Runs that are executed for the request that waits for them, and leave nothing behind.

No row, checkpoint or event of theirs is kept, so that they take no longer than their graph does.
``Execution`` executes them as it does all others, and while one goes on it is found as they are
(``engine.overlay``). With the process it is lost, and its client sees the connection break.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from langgraph.checkpoint.memory import InMemorySaver

from moorage.clock import Clock, SystemClock
from moorage.domain.runs import CancelAction, Claim, Outcome, Run, RunRequest, RunStatus
from moorage.domain.threads import Thread, ThreadStatus
from moorage.engine import outcomes
from moorage.engine.execution import Execution, Means, Publish
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import RunStream
from moorage.engine.streams import Streams
from moorage.errors import Unavailable
from moorage.lifecycle import FAREWELL_MESSAGE

_OWNER = "its request"


def leaves_nothing(request: RunRequest) -> bool:
    """Say whether nobody can tell afterwards that there was such a run."""
    kwargs = request.kwargs
    is_to_be_kept = request.delay or request.idempotency_key
    return request.is_temporary and not (
        is_to_be_kept or kwargs.get("resumable") or kwargs.get("webhook")
    )


@dataclass(slots=True)
class _Passing:
    run: Run
    thread: Thread
    execution: Execution
    publish: Publish
    context: Context
    task: asyncio.Task[None] | None = None


class Stateless:
    """The runs of this process that leave nothing. Use it as an asynchronous context manager.

    Leaving it waits for them; those that do not end in time are cut off, and their clients told.

    Args:
        means: What they are executed with.
        streams: Where their events are published.
        places: How many work at once. The others wait, in the order in which they came.
        grace: How long they may take to end when the process is to stop.
        clock: Tells when they began.
    """

    def __init__(
        self,
        means: Means,
        streams: Streams,
        *,
        places: int = 10,
        grace: timedelta = timedelta(seconds=10),
        clock: Clock | None = None,
    ) -> None:
        self._means = means
        self._streams = streams
        self._free = places
        self._grace = grace.total_seconds()
        self._clock = clock or SystemClock()
        self._passing: dict[str, _Passing] = {}
        self._of_thread: dict[str, _Passing] = {}
        self._waiting: deque[_Passing] = deque()

    async def __aenter__(self) -> Self:
        """Do nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait for what is under way, then cut it off."""
        while self._waiting:
            one = self._waiting.popleft()
            self._end(one, self._cut_off(one))
        if tasks := [one.task for one in self._passing.values() if one.task]:
            late = (await asyncio.wait(tasks, timeout=self._grace))[1]
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    def begin(self, request: RunRequest) -> tuple[Run, RunStream]:
        """Begin a run, or have it wait for a place; return it, and where its events are."""
        run, thread = _described(request, self._clock.now())
        stream = self._streams.of(run.run_id)
        stream.begin(run.attempt)
        publish = self._publisher(run, stream)
        one = _Passing(run, thread, self._execution(run, publish), publish, copy_context())
        self._passing[run.run_id] = self._of_thread[run.thread_id] = one
        if self._free:
            self._work(one)
        else:
            self._waiting.append(one)
        return run, stream

    def stop(self, run_id: str, action: CancelAction) -> bool:
        """Stop a run; say whether there is one."""
        one = self._passing.get(run_id)
        if one is None:
            return False
        if one.task is None:
            self._waiting.remove(one)
            self._end(one, outcomes.cancelled(action, outcomes.NOTHING))
        else:
            one.execution.cancel(action)
        return True

    def runs(self, thread_id: str | None = None) -> list[Run]:
        """Return the runs that have not ended, of one thread or all, oldest first."""
        found = self._passing.values()
        return [one.run for one in found if thread_id in (None, one.run.thread_id)]

    def run(self, run_id: str, thread_id: str | None = None) -> Run | None:
        """Return a run that has not ended, of that thread if one is named."""
        one = self._passing.get(run_id)
        return one.run if one and thread_id in (None, one.run.thread_id) else None

    def thread(self, thread_id: str) -> Thread | None:
        """Return the thread of a run that has not ended."""
        one = self._of_thread.get(thread_id)
        return one.thread if one else None

    def _publisher(self, run: Run, stream: RunStream) -> Publish:
        threads = self._streams.threads

        def publish(events: Sequence[RunEvent]) -> None:
            stream.publish(events)
            threads.publish(run.thread_id, events)

        return publish

    def _execution(self, run: Run, publish: Publish) -> Execution:
        # Nobody will ask for the checkpoints of single steps. Without a saver graphs cannot stop.
        kwargs = {**run.kwargs, "durability": run.kwargs.get("durability") or "exit"}
        claim = Claim(replace(run, kwargs=kwargs), _OWNER, run.attempt, is_temporary=True)
        return Execution(claim, self._means, InMemorySaver(), publish)

    def _work(self, one: _Passing) -> None:
        self._free -= 1
        one.run = replace(one.run, status=RunStatus.RUNNING, started_at=self._clock.now())
        one.task = asyncio.create_task(self._carry_out(one), context=one.context)

    async def _carry_out(self, one: _Passing) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await one.execution.run()
        finally:
            self._end(one, outcome or self._cut_off(one))
            self._free += 1
            if self._waiting:
                self._work(self._waiting.popleft())

    def _cut_off(self, one: _Passing) -> Outcome:
        told = outcomes.described(Unavailable(FAREWELL_MESSAGE))
        one.publish([RunEvent("error", self._means.dump(told))])
        return outcomes.failed(told, outcomes.NOTHING)

    def _end(self, one: _Passing, outcome: Outcome) -> None:
        del self._passing[one.run.run_id], self._of_thread[one.run.thread_id]
        self._streams.end(one.run.run_id, outcome, lasts=False)
        self._streams.threads.run_ended(one.run.thread_id, one.run.run_id)


def _described(request: RunRequest, time: datetime) -> tuple[Run, Thread]:
    """Return a run as it is before it begins, and its thread."""
    run = Run(
        run_id=request.run_id,
        thread_id=request.thread_id,
        assistant_id=request.assistant_id,
        status=RunStatus.PENDING,
        created_at=time,
        updated_at=time,
        metadata=request.metadata,
        kwargs=request.kwargs,
        multitask_strategy=request.multitask_strategy,
        attempt=1,
    )
    thread = Thread(
        thread_id=request.thread_id,
        created_at=time,
        updated_at=time,
        state_updated_at=time,
        status=ThreadStatus.BUSY,
        metadata={**request.new_thread_metadata, **request.thread_metadata},
        config=request.thread_config or {},
    )
    return run, thread
