"""The streams of the runs of this process."""

import asyncio
from datetime import timedelta

from moorage.domain.runs import Outcome
from moorage.engine.run_stream import KEPT, RunStream
from moorage.engine.thread_streams import ThreadStreams


class Streams:
    """The streams of this process by the ids of their runs.

    Attributes:
        threads: The streams of their threads.

    Args:
        lasting: How long the stream of a run that has ended is kept for who comes back to it.
        kept: Events of each that are kept.
    """

    def __init__(self, *, lasting: timedelta = timedelta(minutes=2), kept: int = KEPT) -> None:
        self._streams: dict[str, RunStream] = {}
        self._lasting = lasting.total_seconds()
        self._kept = kept
        self.threads = ThreadStreams(lasting=lasting, kept=kept)

    def __len__(self) -> int:
        return len(self._streams)

    def of(self, run_id: str) -> RunStream:
        """Return a run's stream, which begins with the first call."""
        stream = self._streams.get(run_id)
        if stream is None:
            stream = self._streams[run_id] = RunStream(kept=self._kept)
        return stream

    def known(self, run_id: str) -> RunStream | None:
        """Return a run's stream if this process has one."""
        return self._streams.get(run_id)

    def end(self, run_id: str, outcome: Outcome | None = None, *, lasts: bool) -> None:
        """Close a run's stream, and keep it for a while if somebody may come back to it."""
        stream = self._streams.get(run_id)
        if stream is None:
            return
        stream.close(outcome)
        if lasts:
            loop = asyncio.get_running_loop()
            loop.call_later(self._lasting, self._streams.pop, run_id, None)
        else:
            del self._streams[run_id]
