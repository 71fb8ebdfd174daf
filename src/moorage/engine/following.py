"""Follows runs from any event on: what is kept of them first, then what happens.

No event comes twice or out of order, and none is passed over in silence: where some are not kept
any more, a ``Gap`` stands for them. That holds over restarts of the process as well.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from moorage.domain.events import follows
from moorage.domain.runs import ACTIVE
from moorage.engine.recording import Recorder, unpacked
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap, RunStream, Streamed
from moorage.engine.streams import Streams
from moorage.engine.thread_streams import ThreadStreams
from moorage.errors import NotFound
from moorage.storage.interface import Storage


class Following:
    """The runs of a deployment, as those see them who follow.

    Args:
        storage: Keeps the events of resumable runs for a while.
        streams: Where the runs of this process publish.
        recorder: Brings their events to where they are kept.
    """

    def __init__(self, storage: Storage, streams: Streams, recorder: Recorder) -> None:
        self._log = storage.events
        self._runs = storage.runs
        self._streams = streams
        self._recorder = recorder

    async def stream_of(self, run_id: str) -> RunStream:
        """Return a run's stream, closed if nothing will be published on it any more."""
        if (known := self._streams.known(run_id)) is not None:
            return known
        stream = self._streams.of(run_id)
        if await self._is_over(run_id):
            self._streams.end(run_id, lasts=False)
        return stream

    async def follow(
        self, run_id: str, after: int | None = None, stream: RunStream | None = None
    ) -> AsyncGenerator[Streamed | Gap, None]:
        """Yield a run's events after one of them, until the run has ended.

        Args:
            run_id: The run. It may not have begun yet, or have ended; of one that has ended there
                is only what is kept, which is nothing for runs that are not resumable.
            after: The event's id; 0 begins with the first that is kept, None with what is published
                from now on.
            stream: Its stream, where that is known: it may be the last to hold it.
        """
        # First the stream, then what is kept, so that what happens in between is on the stream.
        stream = stream or await self.stream_of(run_id)
        last = stream.latest if after is None else after
        async for one in self._parts(run_id, stream, last, is_live=after is None):
            if one.id <= last:
                continue
            if last and not follows(one.id, last):
                yield Gap(one.id)
            last = one.id
            yield one

    @property
    def threads(self) -> ThreadStreams:
        """The streams of threads."""
        return self._streams.threads

    async def follow_thread(
        self, thread_id: str, after: int | None = None
    ) -> AsyncGenerator[Streamed | Gap, None]:
        """Return what happens on a thread from now on; see ``ThreadStreams.follow``.

        A stream that nobody followed begins with what the thread's unfinished runs have streamed.
        """
        active = await self._runs.with_status(ACTIVE, thread_id)

        def streamed() -> Iterator[RunEvent]:
            for run in active:
                if (stream := self._streams.known(run.run_id)) is not None:
                    yield from stream.held

        return self._streams.threads.follow(thread_id, after, streamed)

    async def _parts(
        self, run_id: str, stream: RunStream, last: int, *, is_live: bool
    ) -> AsyncIterator[Streamed]:
        """Yield what is kept and what happens; the same event may be in both."""
        if not is_live and not stream.holds_all_after(last):
            async for kept in self._kept(run_id, last):
                yield kept
                last = kept.id
        async for one in stream.follow(last):
            if isinstance(one, Streamed):
                yield one
                last = one.id
                continue
            async for kept in self._kept(run_id, last):  # the stream holds no more than its latest
                yield kept
                last = kept.id

    async def _kept(self, run_id: str, after: int) -> AsyncIterator[Streamed]:
        await self._recorder.written()
        for flush in await self._log.after(run_id, after):
            for one in unpacked(flush.events):
                if one.id > after:
                    yield one

    async def _is_over(self, run_id: str) -> bool:
        try:
            return (await self._runs.get(run_id)).status.is_final
        except NotFound:
            return True
