"""One run's events, for as long as they are in memory: who follows sees every one once, in order.

A stream keeps its latest events for followers who come late or fall behind. One that fell behind
further than that is told so by ``Gap``, never silently.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from moorage.domain.events import event_id
from moorage.domain.runs import Outcome
from moorage.engine.news import News
from moorage.engine.run_events import RunEvent

KEPT = 10_000
"""Events of one run that are kept for followers."""

KEPT_BYTES = 32 * 1024 * 1024
"""How much they may take together."""


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
    """One run's events: published by its worker, followed by anybody, from before it begins.

    Attributes:
        outcome: How the run has ended, once it has; None also where it never began, or where
            another process has ended it.

    Args:
        kept: Events that are kept.
        kept_bytes: How much they may take together; the latest event is kept in any case.
    """

    def __init__(self, *, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._attempt = 0
        self._number = 0
        self._events: deque[Streamed] = deque()
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._published = 0
        self._forgotten = -1  # id of the latest event that is not kept any more
        self._known_after: int | None = None  # all that comes after it has been here
        self._news = News()
        self._is_over = False
        self.outcome: Outcome | None = None

    def begin(self, attempt: int) -> None:
        """Begin another attempt: the ids of what is published come after all earlier ones."""
        self._attempt, self._number = attempt, 0
        if self._known_after is None:
            self._known_after = event_id(attempt, 0) if attempt > 1 else 0

    @property
    def latest(self) -> int:
        """The id of the latest event; 0 before there is one."""
        return self._events[-1].id if self._events else 0

    @property
    def held(self) -> list[RunEvent]:
        """The events that are kept."""
        return [one.event for one in self._events]

    def holds_all_after(self, event: int) -> bool:
        """Tell whether every event after one is here, or will be."""
        return self._known_after is not None and event >= max(self._known_after, self._forgotten)

    def publish(self, events: Iterable[RunEvent]) -> list[Streamed]:
        """Make events known, and return them with their ids."""
        published = []
        for event in events:
            self._number += 1
            published.append(Streamed(event_id(self._attempt, self._number), event))
            self._bytes += len(event.data)
        self._events.extend(published)
        self._published += len(published)
        self._forget()
        self._news.tell()
        return published

    def _forget(self) -> None:
        events = self._events
        while len(events) > self._kept or (self._bytes > self._kept_bytes and len(events) > 1):
            oldest = events.popleft()
            self._bytes -= len(oldest.event.data)
            self._forgotten = oldest.id

    def close(self, outcome: Outcome | None = None) -> None:
        """Let followers go once they have had everything."""
        self.outcome = outcome
        self._is_over = True
        self._news.tell()

    async def ended(self) -> None:
        """Return when the run has ended."""
        while not self._is_over:
            await self._news.wait()

    def follow(self, after: int | None = None) -> AsyncIterator[Streamed | Gap]:
        """Yield the events after an id, then those to come, until the stream is closed.

        Args:
            after: An event's id; None begins with what is published after this call.
        """
        return self._from(self._published if after is None else self._position_after(after))

    async def _from(self, position: int) -> AsyncIterator[Streamed | Gap]:
        while position < self._published or not self._is_over:
            if position == self._published:
                await self._news.wait()
                continue
            oldest = self._published - len(self._events)
            if position < oldest:
                yield Gap(self._events[0].id)
                position = oldest
                continue
            position += 1
            yield self._events[position - 1 - oldest]

    def _position_after(self, event: int) -> int:
        """Return how many events come before the first one after ``event``."""
        if event < self._forgotten:
            return 0  # ``follow`` tells of the gap
        return self._published - sum(1 for streamed in self._events if streamed.id > event)
