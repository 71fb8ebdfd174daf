"""Server-sent events as bytes: frames, and the response that writes them as they come.

Lines end with CRLF and heartbeats are comments, because LangServe's clients take every event that
they do not know, and that has data, for a chunk of output.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Any, NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from moorage.errors import Abandoned


class Heartbeat(NamedTuple):
    """The sign of life that a stream gives: a comment, which clients pass over.

    Attributes:
        seconds: How far apart two of them are. Proxies are not known to end a connection that was
            silent for 15 seconds.
        comment: What it says.
        is_regular: Whether it comes between events too, for clients that learn the rhythm; else it
            comes after so much silence.
    """

    seconds: float = 15.0
    comment: bytes = b"ping"
    is_regular: bool = False


SILENT = Heartbeat()
"""Beats only where nothing else is sent."""

_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "x-accel-buffering": "no",
}
_MOST_PENDING = 64 * 1024
"""Bytes that may wait for a slow client before the source is held back."""
_LAST_WORDS = 1.0
"""Seconds that a client gets to take the closing event of a stream that failed."""
_CLEAN_UP = 1.0
"""Seconds that a cancelled source gets to end before it is cancelled again."""
_CANCELLATIONS = 5
"""How often a source is cancelled before it is left to itself."""

Frames = AsyncGenerator[bytes, None]
Supervise = Callable[[Callable[[], Awaitable[None]]], AbstractContextManager[Any]]


def frame(event: bytes, data: bytes) -> bytes:
    """Return one event; ``data`` is a single line, as JSON is."""
    return b"event: %b\r\ndata: %b\r\n\r\n" % (event, data)


async def disconnected(receive: Receive) -> None:
    """Return when the client has closed its connection; what it still sends is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


class EventResponse(Response):
    """Sends frames as they become ready, several in one write where several are.

    The source runs in a task of its own. It is held back while the client is slow, and closed when
    the response ends for whatever reason. A client that leaves ends it silently.

    Args:
        frames: The source of frames.
        supervise: Makes the context in which the source is waited for. It gets a coroutine function
            that returns when the client has left, and may raise to end the stream.
        closing: Returns the last frames after the source, or the supervision, has raised; None to
            leave the response without an end, so that the client sees that it was cut off.
        heartbeat: The sign of life.
        abandoned: What is to be done when the client has left.
        headers: Further headers, or others than there would be.
    """

    def __init__(  # noqa: PLR0913 - what differs from stream to stream
        self,
        frames: Frames,
        supervise: Supervise,
        closing: Callable[[Exception], bytes | None],
        *,
        heartbeat: Heartbeat = SILENT,
        abandoned: Callable[[], Awaitable[object]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = [
            (name.encode(), value.encode())
            for name, value in {**_HEADERS, **(headers or {})}.items()
        ]
        self._abandoned = abandoned
        self._frames = frames
        self._supervise = supervise
        self._closing = closing
        self._heartbeat = heartbeat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the whole stream; return when it has ended or the client has left."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        relay = _Relay(self._frames, send, self._heartbeat)
        try:
            with self._supervise(lambda: disconnected(receive)):
                await relay.run()
        except Abandoned:
            if self._abandoned:
                await self._abandoned()
        except Exception as error:  # noqa: BLE001 - a boundary: `closing` logs what it must
            last = self._closing(error)
            if last is not None:
                await _within(_LAST_WORDS, relay.finish(last))
        else:
            await relay.finish()


class _Relay:
    """Moves frames from the source to the client."""

    def __init__(self, frames: Frames, send: Send, heartbeat: Heartbeat) -> None:
        self._frames = frames
        self._heartbeat = heartbeat
        self._send = send
        self._pending: list[bytes] = []
        self._size = 0
        self._has_more: asyncio.Future[None] | None = None
        self._has_room: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._last_write = self._loop.time()
        self._timer = self._loop.call_later(heartbeat.seconds, self._beat)

    async def run(self) -> None:
        """Relay until the source ends; what is still pending then is left to ``finish``."""
        source = asyncio.create_task(self._take())
        source.add_done_callback(self._tell)
        try:
            # Whatever the source can give at once goes out in the first write.
            await asyncio.sleep(0)
            while not source.done():
                if self._pending:
                    await self._write()
                else:
                    self._has_more = self._loop.create_future()
                    await self._has_more
            if source.cancelled():
                raise RuntimeError("the source of the stream was cancelled from within")
            await source
        finally:
            self._timer.cancel()
            await _end(source)

    async def finish(self, last: bytes = b"") -> None:
        """Send what is pending, then ``last``, and end the body."""
        body = b"".join((*self._pending, last))
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _take(self) -> None:
        async with aclosing(self._frames) as frames:
            async for data in frames:
                self._pending.append(data)
                self._size += len(data)
                self._tell()
                if self._size > _MOST_PENDING:
                    self._has_room = self._loop.create_future()
                    await self._has_room

    async def _write(self) -> None:
        body = b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        self._last_write = self._loop.time()
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        if self._has_room is not None and not self._has_room.done():
            self._has_room.set_result(None)

    def _tell(self, _: object = None) -> None:
        if self._has_more is not None and not self._has_more.done():
            self._has_more.set_result(None)

    def _beat(self) -> None:
        seconds = self._heartbeat.seconds
        quiet = seconds if self._heartbeat.is_regular else self._loop.time() - self._last_write
        wait = seconds - quiet if quiet < seconds else seconds
        self._timer = self._loop.call_later(wait, self._beat)
        if quiet >= seconds and not self._pending:
            self._pending.append(b": %b\r\n\r\n" % self._heartbeat.comment)
            self._tell()


async def _end(source: asyncio.Task[None]) -> None:
    """Cancel a source and wait for it; more than once, because libraries lose a cancellation."""
    for _ in range(_CANCELLATIONS):
        if source.done():
            return
        source.cancel()
        await asyncio.wait([source], timeout=_CLEAN_UP)


async def _within(seconds: float, sending: Awaitable[None]) -> None:
    """Wait for a client that may not be reading; give up after ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            await sending
    except TimeoutError:
        return
