"""The streams of the runs of this process: who follows sees every event once, in order.

A stream keeps its latest events for followers who come late or fall behind. One that fell behind
further than that is told so by ``Gap``, never silently.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from moorage.domain.events import event_id
from moorage.engine.run_events import RunEvent

KEPT = 10_000
"""Events of one run that are kept for followers."""


class Streamed(NamedTuple):
    """An event with its place in its run."""

    id: int
    event: RunEvent


class Gap(NamedTuple):
    """Stands for events that are no longer kept.

    Attributes:
        before: Id of the first event that comes next.
    """

    before: int


class RunStream:
    """One attempt's events: published by its worker, followed by anybody.

    Args:
        attempt: Which attempt it is; its events' ids come after those of the ones before it.
        kept: Events that are kept.
    """

    def __init__(self, attempt: int, *, kept: int = KEPT) -> None:
        self._attempt = attempt
        self._events: deque[Streamed] = deque(maxlen=kept)
        self._published = 0
        self._changed: set[asyncio.Future[None]] = set()
        self._is_over = False

    @property
    def last_id(self) -> int:
        """Id of the latest event."""
        return event_id(self._attempt, self._published)

    def publish(self, events: Iterable[RunEvent]) -> list[Streamed]:
        """Make events known, and return them with their ids."""
        published = []
        for event in events:
            self._published += 1
            published.append(Streamed(event_id(self._attempt, self._published), event))
        self._events.extend(published)
        self._wake()
        return published

    def close(self) -> None:
        """Let followers go once they have had everything."""
        self._is_over = True
        self._wake()

    async def follow(self, after: int | None = None) -> AsyncIterator[Streamed | Gap]:
        """Yield the events after an id, then those to come, until the stream is closed.

        Args:
            after: An event's id; None begins with what is published from now on.
        """
        position = self._published if after is None else self._position_after(after)
        while True:
            oldest = self._published - len(self._events)
            if position < oldest:
                yield Gap(event_id(self._attempt, oldest + 1))
                position = oldest
            while position < self._published:
                index = position - (self._published - len(self._events))
                if index < 0:
                    break  # fell behind while the last one was being sent
                position += 1
                yield self._events[index]
            else:
                if self._is_over:
                    return
                await self._change()

    def _position_after(self, event: int) -> int:
        """How many of this attempt's events come before those after ``event``."""
        first = event_id(self._attempt, 0)
        return min(max(event - first, 0), self._published)

    async def _change(self) -> None:
        change = asyncio.get_running_loop().create_future()
        self._changed.add(change)
        try:
            await change
        finally:
            self._changed.discard(change)

    def _wake(self) -> None:
        for change in self._changed:
            if not change.done():
                change.set_result(None)
        self._changed.clear()
