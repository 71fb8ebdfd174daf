"""Refuses request bodies that are too long, or that take too long to arrive."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.edge.errors import send_error
from moorage.errors import TooLarge

STALLED_AFTER = timedelta(seconds=30)
"""How long a client may send nothing in the middle of a body."""

LINGER = 1.0
"""Seconds for which the rest of a refused body is read and dropped, so that the client gets to see
the answer: closing at once would reset the connection under it."""

MOST_DIGITS = 18


class BodyLimit:
    """Answers 413 at once to a ``Content-Length`` over the limit, and counts all other bodies.

    A declared length within the limit is not trusted either: what arrives is counted. A body that
    stops arriving gets 408. After both the connection is closed. When the route has already begun
    its response, the body just ends there, as if the client had gone.

    Args:
        app: What is guarded.
        max_bytes: The longest body that is accepted.
        stalled_after: The longest pause within a body.
    """

    def __init__(
        self, app: ASGIApp, *, max_bytes: int, stalled_after: timedelta = STALLED_AFTER
    ) -> None:
        self.app = app
        self._max_bytes = max_bytes
        self._stalled_after = stalled_after.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; WebSockets have their server's limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length, has_body = _announced(scope)
        if length > self._max_bytes:
            await _answer(too_large(self._max_bytes), send)
            await _close(receive, send)
        elif has_body:
            body = _Body(receive, send, self._max_bytes, self._stalled_after)
            await body.serve(self.app, scope)
        else:
            await self.app(scope, receive, send)


def too_large(max_bytes: int) -> TooLarge:
    """Return the error that names the limit."""
    return TooLarge(f"The request body is larger than {max_bytes} bytes.")


def _announced(scope: Scope) -> tuple[int, bool]:
    """Return the length that the headers declare, and whether they announce a body at all.

    A body over HTTP/2 needs neither header, so only HTTP/1 can announce none.
    """
    length, has_body = 0, not scope.get("http_version", "1.1").startswith("1")
    for name, value in scope["headers"]:
        if name == b"content-length":
            has_body = has_body or value != b"0"
            length = max(length, _number(value))
        elif name == b"transfer-encoding":
            has_body = True
    return length, has_body


def _number(value: bytes) -> int:
    if not value.isdigit():
        return 0  # the body is counted instead
    return int(value) if len(value) <= MOST_DIGITS else 10**MOST_DIGITS


class _Body:
    """One request whose body is counted as it is read."""

    __slots__ = (
        "_has_rung",
        "_is_refused",
        "_is_started",
        "_left",
        "_max",
        "_receive",
        "_send",
        "_stalled",
    )

    def __init__(self, receive: Receive, send: Send, max_bytes: int, stalled: float) -> None:
        self._receive = receive
        self._send = send
        self._max = self._left = max_bytes
        self._stalled: float | None = stalled  # nothing once the body has ended
        self._is_started = False
        self._is_refused = False
        self._has_rung = False

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self.receive, self.send)
        except ClientDisconnect:
            if not self._is_refused:
                raise
        finally:
            if self._is_refused and not self._is_started:
                await _close(self._receive, self._send)

    async def receive(self) -> Message:
        if self._is_refused:
            return {"type": "http.disconnect"}
        if self._stalled is None:
            return await self._receive()
        try:
            message = await self._next(self._stalled)
        except TimeoutError:
            stalled = HTTPException(408, f"No more of the body came within {self._stalled:g} s.")
            return await self._end(stalled)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            return await self._end(too_large(self._max))
        if not message.get("more_body", False):
            self._stalled = None
        return message

    async def _next(self, seconds: float) -> Message:
        """Receive the next message or raise ``TimeoutError``: ``asyncio.timeout`` at a third of it.

        This is on the way of every request with a body.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - servers run applications in tasks
        alarm = asyncio.get_running_loop().call_later(seconds, self._ring, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if self._has_rung and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            alarm.cancel()

    def _ring(self, task: asyncio.Task[None]) -> None:
        self._has_rung = True
        task.cancel()

    async def _end(self, error: Exception) -> Message:
        """Answer in the route's place, and tell the route that the client has gone."""
        self._is_refused = True
        if not self._is_started:
            await _answer(error, self._send)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._is_refused and not self._is_started:
            return  # the answer has been given
        self._is_started = True
        await self._send(message)


async def _answer(error: Exception, send: Send) -> None:
    """Send the whole response without ending it: the connection stays open for the client."""

    async def send_open(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"connection", b"close")]
            await send({**message, "headers": headers})
        else:
            await send({**message, "more_body": True})

    await send_error(send_open, error)


async def _close(receive: Receive, send: Send) -> None:
    """Drop what the client is still sending, for a moment, then let the connection be closed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b""})
