"""The one reader of the wall clock, so that tests can hold the time still."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


class SteadyClock:
    """A clock that never goes back. It may be read from any thread.

    While the one that it reads is behind where it was, it counts on by itself: what waits goes on
    waiting no longer than it should, and what comes later is later.

    Args:
        clock: The clock that it reads.
        ticks: Counts seconds, whatever is done to that clock.
    """

    def __init__(
        self, clock: Clock | None = None, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock or SystemClock()
        self._ticks = ticks
        self._lock = Lock()
        self._latest = self._clock.now()
        self._read_at = ticks()

    def now(self) -> datetime:
        """Return the current time, aware, in UTC; never less than before."""
        with self._lock:
            # In this order: a pause between the two must not count as time that has passed.
            shown, ticks = self._clock.now(), self._ticks()
            passed = timedelta(seconds=ticks - self._read_at)
            self._latest = max(shown, self._latest + passed)
            self._read_at = ticks
            return self._latest

    def advance_to(self, latest: datetime) -> None:
        """Go on from ``latest`` if the time has not come there yet."""
        with self._lock:
            self._latest = max(self._latest, latest)
