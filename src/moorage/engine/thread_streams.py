"""The streams of threads: what the runs of a thread stream, one run after another, and its changes.

A thread's stream begins when somebody follows it, and stays for a while when nobody does any more,
for those who come back. It never ends by itself (protocol, section 5.7).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from datetime import timedelta

import orjson

from moorage.clock import Clock, SystemClock
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap, RunStream, Streamed

STATE_UPDATE = "state_update"
"""Name of the event that tells of a change of the state by hand."""


class ThreadStreams:
    """The streams of the threads that are followed in this process.

    Args:
        lasting: How long a stream is kept when nobody follows it.
        kept: Events of each that are kept.
        clock: Sees to it that the ids of a stream come after those that its thread had before.
    """

    def __init__(self, *, lasting: timedelta, kept: int, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._streams: dict[str, RunStream] = {}
        self._followers: dict[str, int] = {}
        self._lasting = lasting.total_seconds()
        self._kept = kept

    def __len__(self) -> int:
        return len(self._streams)

    def publish(self, thread_id: str, events: Sequence[RunEvent]) -> None:
        """Make what happens on a thread known to those who follow it."""
        if (stream := self._streams.get(thread_id)) is not None:
            stream.publish(events)

    def is_followed(self, thread_id: str) -> bool:
        """Tell whether anybody would hear of what happens on a thread."""
        return thread_id in self._streams

    def run_ended(self, thread_id: str, run_id: str) -> None:
        """Say that a run has ended, however it did."""
        told = orjson.dumps({"status": "run_done", "run_id": run_id})
        self.publish(thread_id, [RunEvent("metadata", told)])

    def follow(
        self, thread_id: str, after: int | None, before: Callable[[], Iterable[RunEvent]]
    ) -> AsyncGenerator[Streamed | Gap, None]:
        """Yield what happens on a thread after this call, for ever.

        Args:
            thread_id: The thread.
            after: The id of an event, to begin with what came after it; 0 begins with the first
                that is kept, None with what is to come.
            before: Returns what a new stream begins with.
        """
        stream = self._stream_of(thread_id, before)
        misses = bool(after) and not stream.holds_all_after(after or 0)
        gap = [Gap(stream.latest)] if misses else []
        return self._followed(thread_id, gap, stream.follow(after))

    async def _followed(
        self, thread_id: str, gap: list[Gap], events: AsyncIterator[Streamed | Gap]
    ) -> AsyncGenerator[Streamed | Gap, None]:
        self._followers[thread_id] = self._followers.get(thread_id, 0) + 1
        try:
            for one in gap:
                yield one
            async for event in events:
                yield event
        finally:
            self._followers[thread_id] -= 1
            self._forget_later(thread_id)

    def _stream_of(self, thread_id: str, before: Callable[[], Iterable[RunEvent]]) -> RunStream:
        stream = self._streams.get(thread_id)
        if stream is None:
            stream = self._streams[thread_id] = RunStream(kept=self._kept)
            stream.begin(int(self._clock.now().timestamp()))
            stream.publish(before())
            self._forget_later(thread_id)
        return stream

    def _forget_later(self, thread_id: str) -> None:
        asyncio.get_running_loop().call_later(self._lasting, self._forget, thread_id)

    def _forget(self, thread_id: str) -> None:
        if not self._followers.get(thread_id):
            self._streams.pop(thread_id, None)
            self._followers.pop(thread_id, None)
