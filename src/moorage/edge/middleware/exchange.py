"""One request and its response, from first byte to last: id, log line, numbers, last words.

These live in one layer because each needs the same three facts (when it began, what was sent, how
it ended), and because every layer costs each request.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.edge.errors import INTERNAL, message_of, send_error, status_of
from moorage.edge.metrics import Metrics
from moorage.edge.paths import Paths, route_path
from moorage.edge.routes import template_of
from moorage.errors import MoorageError, Unavailable
from moorage.lifecycle import FAREWELL, FAREWELL_MESSAGE, Lifecycle
from moorage.observability.logs import RequestLines, redact, redact_text, request_id

HEADER = b"x-request-id"
# What endpoints announce in the scope: the id of the run, and the code of the error that ended it.
RUN_ERROR_KEY = "moorage.run_error"
CUT_KEY = "moorage.cut"
"""What endpoints set in the scope whose clients come back when they are cut off: their responses
are left without an end then, and nothing is said that could be taken for one."""
ANNOUNCED = (("run_id", "moorage.run_id"), ("run_error", RUN_ERROR_KEY))
SAFE_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
# What is written for a client that left before the response began; nginx's number.
CLIENT_LEFT = 499


class ExchangeMiddleware:
    """The outermost layer.

    Args:
        app: The layers within.
        lifecycle: Knows the open requests and ends them.
        metrics: Where requests are counted; None counts nothing.
        log: Where each request leaves one line.
        quiet: Paths whose requests are written at debug level: the probes.
        facts: What every request's scope is to say, such as the policy for runs.
        shows_header: Says which request headers the line in the log shows; None for none.
    """

    def __init__(  # noqa: PLR0913 - one layer on purpose, see the module's docstring
        self,
        app: ASGIApp,
        *,
        lifecycle: Lifecycle,
        metrics: Metrics | None,
        log: RequestLines,
        quiet: Paths,
        facts: Mapping[str, Any],
        shows_header: Callable[[str], bool] | None = None,
    ) -> None:
        self.app = app
        self.lifecycle = lifecycle
        self.metrics = metrics
        self.log = log
        self.quiet = quiet
        self.facts = facts
        self.shows_header = shows_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and see it to its end."""
        scope.update(self.facts)
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, send, self)
        self.lifecycle.open.add(task)
        try:
            await self.app(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except asyncio.CancelledError as error:
            await exchange.interrupted(error, task)
        except Exception as error:  # noqa: BLE001 - the last handler
            await exchange.failed(error)
        finally:
            self.lifecycle.open.discard(task)
            exchange.closed()


class Exchange:
    """What is known of one request and its response."""

    __slots__ = (
        "_began",
        "_id",
        "_is_stream",
        "_layer",
        "_scope",
        "_send",
        "_sent",
        "complete",
        "status",
    )

    def __init__(self, scope: Scope, send: Send, layer: ExchangeMiddleware) -> None:
        self._began = perf_counter()
        self._scope = scope
        self._send = send
        self._layer = layer
        self._id = _id_of(scope)
        self._is_stream = False
        self._sent = 0
        self.status = 0
        self.complete = False
        request_id.set(self._id.decode())
        if layer.metrics:
            layer.metrics.in_flight.inc()

    def send(self, message: Message) -> Awaitable[None]:
        """Take note of ``message`` and pass it on."""
        if message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        elif message["type"] == "http.response.start":
            message = self._start(message)
        return self._send(message)

    async def failed(self, error: BaseException) -> None:
        """Answer an error that nobody answered: exactly one line in the log, nothing disclosed."""
        if not isinstance(error, MoorageError) or status_of(error) == INTERNAL:
            structlog.get_logger("moorage.edge").error(
                "unhandled error",
                exc_info=error,
                method=self._scope["method"],
                path=template_of(self._scope) or redact_text(self._scope["path"]),
            )
        await self._say_last(error)

    async def interrupted(self, error: asyncio.CancelledError, task: asyncio.Task[Any]) -> None:
        """End a response whose task was cancelled, because the process is about to end."""
        if not task.cancelling():  # not this task: the endpoint awaited one that was cancelled
            await self.failed(error)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL.total_seconds()):
                await self._say_last(Unavailable(FAREWELL_MESSAGE))

    def closed(self) -> None:
        """Write the log line and the numbers."""
        scope, layer = self._scope, self._layer
        seconds = perf_counter() - self._began
        route = template_of(scope)
        status = self.status or CLIENT_LEFT
        if layer.metrics:
            self._count(layer.metrics, route, status, seconds)
        client, user = scope.get("client"), scope.get("user")
        fields = {
            "request_id": self._id.decode(),
            "method": scope["method"],
            "path": route or redact_text(scope["path"]),
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "bytes": self._sent,
            "client": client[0] if client else None,
            "caller": getattr(user, "identity", None),
        }
        if layer.shows_header:
            fields["headers"] = _shown(scope, layer.shows_header)
        if not self.complete:
            fields["complete"] = False
        for name, key in ANNOUNCED:
            if key in scope:
                fields[name] = scope[key]
        layer.log.write(fields, is_probe=route_path(scope) in layer.quiet)

    def _start(self, message: Message) -> Message:
        self.status = message["status"]
        headers = [*message.get("headers", ()), (HEADER, self._id)]
        for name, value in headers:
            if name == b"content-type":
                self._is_stream = value.startswith(b"text/event-stream")
                break
        if self._is_stream and self._layer.metrics:
            self._layer.metrics.streams.inc()
        if self._layer.lifecycle.is_draining:
            headers = [header for header in headers if header[0] != b"connection"]
            headers.append((b"connection", b"close"))
        return {**message, "headers": headers}

    async def _say_last(self, error: BaseException) -> None:
        if not self.status:
            await send_error(self.send, error)
        elif self._is_stream and not self.complete and CUT_KEY not in self._scope:
            await self.send({"type": "http.response.body", "body": _last_event(error)})
        # Any other response stays unfinished: the server closes the connection, the client notices.

    def _count(self, metrics: Metrics, route: str | None, status: int, seconds: float) -> None:
        metrics.observe(self._scope["method"], route, status, seconds)
        metrics.in_flight.dec()
        if RUN_ERROR_KEY in self._scope:
            metrics.run_errors.labels(route, self._scope[RUN_ERROR_KEY]).inc()
        if self._is_stream:
            metrics.streams.dec()


def _id_of(scope: Scope) -> bytes:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == HEADER and SAFE_ID.fullmatch(value):
            return value
    return os.urandom(16).hex().encode()


def _shown(scope: Scope, shows: Callable[[str], bool]) -> dict[str, str]:
    """Return the request headers that are chosen; what they have of credentials is hidden."""
    headers = ((name.decode("latin-1"), value) for name, value in scope["headers"])
    return {name: redact(value.decode("latin-1"), name) for name, value in headers if shows(name)}


def _last_event(error: BaseException) -> bytes:
    told = orjson.dumps({"status_code": status_of(error), "message": message_of(error)})
    return b"event: error\r\ndata: %b\r\n\r\n" % told
