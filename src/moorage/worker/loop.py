"""Claims runs that are due, executes them beside one another, and settles each.

What if this process dies? Its leases end, or, where it alone has the database, its successor finds
its runs at the start: ``reap`` puts them back, and ``Execution`` goes on from the last checkpoint.
What if it only seems dead? Then its claims are stale, and storage refuses what it writes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Self, TypeVar

from moorage.domain.runs import CancelAction, Claim
from moorage.engine.execution import Execution, Means, Publish
from moorage.engine.queue import Queue
from moorage.engine.recording import Recorder
from moorage.engine.run_events import RunEvent
from moorage.engine.streams import Streams
from moorage.errors import Unavailable
from moorage.worker.steps import RETRY_SECONDS, again_and_again, cancelled

_RENEWALS = 3
"""How often a lease is renewed within its length."""

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a worker does, and how often it looks.

    Attributes:
        slots: Runs that are executed beside one another.
        lease: How long a claim holds; storage was told the same.
        look: The longest time between two looks for work.
        grace: How long runs may take to the end of their step when the worker is to stop.
    """

    slots: int = 10
    lease: timedelta = timedelta(seconds=30)
    look: timedelta = timedelta(seconds=1)
    grace: timedelta = timedelta(seconds=10)


@dataclass(slots=True)
class _Held:
    claim: Claim
    execution: Execution
    task: asyncio.Task[None] | None = None
    is_lost: bool = False


class Worker:
    """One process's share of the work. Use it as an asynchronous context manager.

    Leaving it stops every run at the end of its step, for another worker to go on from there; one
    whose step does not end in time is cut off, and repeats that step.

    Args:
        name: What it is called as an owner of runs. Each start of a process needs a new one.
        queue: Where runs come from.
        means: What they are executed with.
        streams: Where their events are published.
        recorder: Keeps the events of those who may be come back to; None keeps them not.
        pace: How much it does.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        name: str,
        queue: Queue,
        means: Means,
        streams: Streams,
        *,
        recorder: Recorder | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.name = name
        self._queue = queue
        self._means = means
        self._streams = streams
        self._recorder = recorder
        self._pace = pace or Pace()
        self._held: dict[str, _Held] = {}
        self._promised = 0
        self._renewed_at = 0.0
        self._loops: list[asyncio.Task[None]] = []

    @property
    def free(self) -> int:
        """Runs that could be begun now."""
        return self._pace.slots - len(self._held) - self._promised

    async def __aenter__(self) -> Self:
        """Begin with what an earlier process has left."""
        self._queue.on_stop(self._stop)
        self._renewed_at = asyncio.get_running_loop().time()
        await self._queue.reap()
        self._loops = [
            asyncio.create_task(again_and_again(self._look)),
            asyncio.create_task(again_and_again(self._renew)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take nothing more on, and stop what is under way."""
        await cancelled(self._loops[:1])
        for held in self._held.values():
            held.execution.drain()
        await self._wait(self._pace.grace)
        await cancelled([held.task for held in self._held.values() if held.task])
        await cancelled(self._loops[1:])

    @contextmanager
    def place(self) -> Iterator[Callable[[Claim], None] | None]:
        """Keep a place for a run that is about to be accepted, and give what begins it there.

        It gives None where there is no place.
        """
        if self.free <= 0:
            yield None
            return
        self._promised += 1
        try:
            yield self.begin
        finally:
            self._promised -= 1

    def begin(self, claim: Claim) -> None:
        """Execute a run that this worker was given as it was accepted."""
        publish = self._publisher(claim)
        saver = self._queue.saver(claim)
        execution = Execution(claim, self._means, saver, publish, saver.written)
        if claim.signal is not None:
            execution.cancel(claim.signal)
        held = self._held[claim.run_id] = _Held(claim, execution)
        held.task = asyncio.create_task(self._carry_out(held))

    def _publisher(self, claim: Claim) -> Publish:
        """Begin a run's stream, and return what makes its events known."""
        stream = self._streams.of(claim.run_id)
        stream.begin(claim.attempt)
        threads, thread_id = self._streams.threads, claim.run.thread_id
        recorder = self._recorder if claim.run.kwargs.get("resumable") else None

        def publish(events: Sequence[RunEvent]) -> None:
            published = stream.publish(events)
            if recorder is not None:
                recorder.record(claim.run_id, published)
            threads.publish(thread_id, events)

        return publish

    async def _carry_out(self, held: _Held) -> None:
        """Execute a run and settle it; whatever happens, it is not held any more."""
        try:
            outcome = await held.execution.run()
            if outcome is not None:
                await self._kept(held.claim)
                await self._insistently(lambda: self._queue.settle(held.claim, outcome))
            elif not held.is_lost:
                await self._insistently(lambda: self._queue.release(held.claim, counts=False))
        except asyncio.CancelledError:
            if not held.is_lost:
                # The worker is leaving, or has been cut off by its host: hand the run over.
                with suppress(Unavailable):
                    await self._queue.release(held.claim, counts=False)
            raise
        finally:
            del self._held[held.claim.run_id]

    async def _kept(self, claim: Claim) -> None:
        """Have a run's events kept before its end is, so that whoever sees it ended finds them."""
        if self._recorder is not None and claim.run.kwargs.get("resumable"):
            await self._recorder.written()

    async def _look(self) -> None:
        """Take on what is due, or wait for news if nothing is."""
        if patience := await self._patience():
            await self._queue.news(patience)
            return
        for claim in await self._queue.claim(self.name, self.free):
            self.begin(claim)

    async def _patience(self) -> float:
        """Return for how many seconds there is nothing to do, unless something happens."""
        look = self._pace.look.total_seconds()
        if self.free <= 0 or (due := await self._queue.next_due()) is None:
            return look
        return min(due.total_seconds(), look)

    async def _renew(self) -> None:
        """Extend the leases of what is held, let go of what is not; find what others have lost."""
        lease = self._pace.lease.total_seconds()
        await asyncio.sleep(lease / _RENEWALS)
        await self._queue.reap()
        held = list(self._held.values())
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            renewal = await self._queue.extend(self.name, [one.claim for one in held])
        except Unavailable:
            if loop.time() - self._renewed_at > lease:
                self._lose(held)
            raise
        self._renewed_at = begun
        for run_id, action in renewal.signals.items():
            self._stop(run_id, action)
        self._lose([one for one in held if one.claim.run_id not in renewal.kept])

    def _stop(self, run_id: str, action: CancelAction) -> None:
        if held := self._held.get(run_id):
            held.execution.cancel(action)

    def _lose(self, lost: list[_Held]) -> None:
        """Stop runs that are somebody else's by now; nothing of theirs may be written any more."""
        for held in lost:
            if held.task and self._held.get(held.claim.run_id) is held:
                _log.warning(
                    "a run was lost to another worker", extra={"run_id": held.claim.run_id}
                )
                held.is_lost = True
                held.task.cancel()

    async def _insistently(self, write: Callable[[], Awaitable[Result]]) -> Result:
        """Write what must not be lost, until the database takes it."""
        while True:
            try:
                return await write()
            except Unavailable as error:
                _log.warning("the end of a run cannot be written yet: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _wait(self, grace: timedelta) -> None:
        tasks = [held.task for held in self._held.values() if held.task]
        if tasks:
            await asyncio.wait(tasks, timeout=grace.total_seconds())
