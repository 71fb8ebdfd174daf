"""The events of a thread, over all its runs, as one sequence that only ever rises."""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any, NamedTuple, Protocol

from moorage.domain.runs import Run, RunStatus
from moorage.engine.news import News
from moorage.engine.run_stream import KEPT_BYTES, Gap, Streamed

KEPT = 10_000
"""Events of one thread that are kept for followers, unless the settings say otherwise."""


class ThreadEvent(NamedTuple):
    """Something that happened on a thread, in the form in which clients are told.

    Attributes:
        event_id: The same whenever it is told.
        run_id: The run that did it.
        method: What the event is called.
        channel: What clients ask for to be told.
        namespace: The subgraph in which it happened; empty for the graph itself.
        params: What happened, as one line of JSON.
    """

    event_id: str
    run_id: str
    method: str
    channel: str
    namespace: tuple[str, ...]
    params: bytes


class Numbered(NamedTuple):
    """An event with its place in its thread."""

    seq: int
    event: ThreadEvent


class Ending(NamedTuple):
    """How a run has ended.

    Attributes:
        error: How it failed, as ``{"error", "message"}``.
        waits: Whether it has left its thread waiting, for an answer or behind a breakpoint.
    """

    status: RunStatus
    error: Any = None
    waits: bool = False


class Translation(Protocol):
    """Turns the events of one run into those of its thread; the same ones, however often."""

    def feed(self, one: Streamed) -> Iterable[ThreadEvent]:
        """Return what an event of the run is to the thread."""

    def end(self, ending: Ending) -> Iterable[ThreadEvent]:
        """Return what is still to be told when the run has ended."""


Translate = Callable[[Run], Translation]


class ThreadEvents:
    """The latest events of one thread.

    Args:
        base: The number before that of the first event.
        kept: Events that are kept.
        kept_bytes: How much they may take together; the latest event is kept in any case.
    """

    def __init__(self, base: int = 0, *, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self.last = base
        self._events: deque[Numbered] = deque()
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._news = News()

    @property
    def kept(self) -> Iterable[Numbered]:
        """The events that are kept, in order."""
        return self._events

    def publish(self, events: Iterable[ThreadEvent]) -> None:
        """Make events known."""
        for event in events:
            self.last += 1
            self._events.append(Numbered(self.last, event))
            self._bytes += len(event.params)
        self._forget()
        self._news.tell()

    def _forget(self) -> None:
        events = self._events
        while len(events) > self._kept or (self._bytes > self._kept_bytes and len(events) > 1):
            self._bytes -= len(events.popleft().event.params)

    def seq_of(self, event_id: str) -> int:
        """Return the number of an event, 0 if it is not kept."""
        return next((one.seq for one in self._events if one.event.event_id == event_id), 0)

    def between(self, after: int, upto: int) -> list[Numbered]:
        """Return the events that are kept behind one number and up to another."""
        return [one for one in self._events if after < one.seq <= upto]

    async def follow(self, after: int) -> AsyncGenerator[Numbered | Gap, None]:
        """Yield the events behind a number, then those to come, for ever.

        Those that are not kept any more are passed over, with a ``Gap`` where the follower had
        been given earlier ones.
        """
        position = after
        is_behind = False
        while True:
            oldest = self.last - len(self._events) + 1
            if position >= self.last:
                await self._news.wait()
                continue
            if position < oldest - 1:
                if is_behind:
                    yield Gap(oldest)
                position = oldest - 1
            position += 1
            is_behind = True
            yield self._events[position - oldest]
