"""Ends a run whose client has left, whose time is up, or whose process is stopping."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from moorage.engine.activity import Activity
from moorage.engine.policy import RunPolicy
from moorage.errors import Abandoned, MoorageError, TimedOut, Unavailable
from moorage.lifecycle import FAREWELL_MESSAGE

_WATCH_AFTER = 0.25
"""Seconds before the client is watched. Most calls end sooner and are spared the extra task."""


_CANCEL_AGAIN = 1.0
"""Seconds after which a run that goes on although it was cancelled is cancelled again."""


class Supervision:
    """Cancels the task that entered it when the run must end, and says why on the way out.

    Use it around everything that waits for the runnable::

        with Supervision(policy, left):
            answer = await runnable.ainvoke(...)

    On the way out the cancellation becomes ``Abandoned``, ``TimedOut``, or, when the life cycle of
    the process has expired, ``Unavailable``. A cancellation from elsewhere stays what it is. A run
    in a thread cannot be interrupted: the answer is given up, the thread ends when the function
    returns.

    Args:
        policy: Time limit and life cycle of the process.
        left: Returns when the client has closed its connection.
        activity: Where the runs are counted.
        runs: How many runs are waited for.
    """

    __slots__ = (
        "_activity",
        "_cancellations",
        "_left",
        "_policy",
        "_reason",
        "_runs",
        "_task",
        "_timers",
        "_watcher",
    )

    def __init__(
        self,
        policy: RunPolicy,
        left: Callable[[], Awaitable[None]],
        activity: Activity | None = None,
        runs: int = 1,
    ) -> None:
        self._policy = policy
        self._left = left
        self._activity = activity or Activity()
        self._runs = runs
        self._reason: MoorageError | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._cancellations = 0

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._task = _running_task()
        self._timers = [loop.call_later(_WATCH_AFTER, self._watch)]
        if limit := self._policy.run_timeout:
            self._timers.append(loop.call_later(limit, self._end, _too_slow(limit)))
        self._activity.begin(self._runs)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._activity.end(self._runs, succeeded=error is None)
        for timer in self._timers:
            timer.cancel()
        if self._watcher:
            self._watcher.cancel()
        reason = self._reason or self._stopping(error)
        if reason is None:
            return
        for _ in range(self._cancellations or 1):
            self._task.uncancel()
        if isinstance(error, asyncio.CancelledError):
            raise reason from None

    def _stopping(self, error: BaseException | None) -> MoorageError | None:
        lifecycle = self._policy.lifecycle
        cancelled = isinstance(error, asyncio.CancelledError)
        if cancelled and lifecycle is not None and lifecycle.is_expired:
            return Unavailable(FAREWELL_MESSAGE)
        return None

    def _watch(self) -> None:
        self._watcher = asyncio.create_task(self._until_left())

    async def _until_left(self) -> None:
        await self._left()
        self._end(Abandoned("The client closed its connection."))

    def _end(self, reason: MoorageError) -> None:
        if self._reason is None:
            self._reason = reason
            self._cancel()

    def _cancel(self) -> None:
        """Cancel the task, again and again until it has left: libraries lose a cancellation."""
        self._cancellations += 1
        self._task.cancel()
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(_CANCEL_AGAIN, self._cancel))


def _running_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a run is supervised inside a task")
    return task


def _too_slow(limit: float) -> TimedOut:
    return TimedOut(f"The run took longer than the {limit:g} seconds that this service allows.")
