"""Writes the events of runs to the log, for those who come back when this process has forgotten.

Runs do not wait for it. Events are gathered for a few milliseconds and written together; while the
log cannot be written they wait, and when too many do, the oldest are lost, of which readers are
told.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Self

import orjson

from moorage.domain.events import Flush
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Streamed
from moorage.errors import Unavailable
from moorage.storage.interface import EventLog

WINDOW = 0.005
"""Seconds for which events are gathered."""

ENOUGH = 64
"""Events that are written without waiting for more."""

AT_ONCE = 1_000
"""Events that are written together at most."""

_PATIENCE = 1.0
"""Seconds that the end of a run waits for the log."""

_RETRY_SECONDS = 0.2
_log = logging.getLogger(__name__)


class Recorder:
    """The way of this process's events to the log. Use it as an asynchronous context manager.

    Args:
        log: Where they are kept.
        most: Events that wait for it at most.
    """

    def __init__(self, log: EventLog, *, most: int = 50_000) -> None:
        self._log = log
        self._most = most
        self._waiting: deque[tuple[str, Streamed]] = deque()
        self._recorded = 0
        self._done = 0  # written or lost
        self._news = asyncio.Event()
        self._enough = asyncio.Event()
        self._progress = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write."""
        self._loop = asyncio.create_task(self._write_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what waits, if it can be written at all."""
        await self.written()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])

    def record(self, run_id: str, events: Sequence[Streamed]) -> None:
        """Have events of a run written soon."""
        self._waiting.extend((run_id, event) for event in events)
        self._recorded += len(events)
        self._lose_what_is_too_much()
        self._news.set()
        if len(self._waiting) >= ENOUGH:
            self._enough.set()

    async def written(self) -> None:
        """Return when all that was recorded before is in the log, or will not be soon."""
        target = self._recorded
        self._enough.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while self._done < target:
                    self._progress.clear()
                    await self._progress.wait()

    async def _write_for_ever(self) -> None:
        while True:
            await self._gather()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
            try:
                await self._log.append(list(_flushes(batch)))
            except Unavailable:
                self._waiting.extendleft(reversed(batch))
                self._lose_what_is_too_much()
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - neither runs nor what comes later may fail for it
                _log.exception("events cannot be kept")
                self._advance(len(batch))
            else:
                self._advance(len(batch))

    async def _gather(self) -> None:
        """Return when there is something to write and it is time to."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        if len(self._waiting) < ENOUGH:
            self._enough.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WINDOW):
                    await self._enough.wait()

    def _lose_what_is_too_much(self) -> None:
        lost = len(self._waiting) - self._most
        if lost > 0:
            for _ in range(lost):
                self._waiting.popleft()
            _log.error("%s events are lost, because the log cannot be written", lost)
            self._advance(lost)

    def _advance(self, count: int) -> None:
        self._done += count
        self._progress.set()


def _flushes(batch: Iterable[tuple[str, Streamed]]) -> Iterator[Flush]:
    """Yield what is written of each run, in order."""
    for run_id, group in groupby(sorted(batch, key=itemgetter(0)), key=itemgetter(0)):
        events = [event for _, event in group]
        yield Flush(run_id, events[0].id, events[-1].id, packed(events))


def packed(events: Iterable[Streamed]) -> bytes:
    """Return events as they are kept: a line each, of the id, the name and the data.

    The name is JSON, so that it has no tab; the data are, as ever, one line of it.
    """
    return b"".join(
        b"%d\t%b\t%b\n" % (one.id, orjson.dumps(one.event.name), one.event.data) for one in events
    )


def unpacked(lines: bytes) -> Iterator[Streamed]:
    """Yield the events that ``packed`` has written."""
    for line in lines.split(b"\n")[:-1]:
        number, name, data = line.split(b"\t", 2)
        yield Streamed(int(number), RunEvent(orjson.loads(name), data))
