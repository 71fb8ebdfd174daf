"""How runs are sent while they go on: as events, or as line breaks and at last one value."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from moorage.edge.sse import EventResponse, Supervise, disconnected
from moorage.engine.policy import POLICY_KEY, UNLIMITED, RunPolicy
from moorage.engine.run_events import RunEvent
from moorage.engine.runs import Result
from moorage.engine.streams import Gap, Streamed
from moorage.engine.supervision import Supervision
from moorage.errors import Abandoned, MoorageError
from moorage.protocols.agent_server.wire import dumps, result_of

HEARTBEAT = 5.0
"""Seconds of silence after which a sign of life is sent; clients learn the interval."""

Abandon = Callable[[], Awaitable[object]]
Events = AsyncIterator[Streamed | Gap]

log = structlog.get_logger(__name__)


def run_events(
    events: Events,
    scope: Scope,
    *,
    headers: Mapping[str, str],
    with_ids: bool,
    abandoned: Abandon | None = None,
) -> Response:
    """Return the response that sends the events of a run as they come.

    Args:
        events: The events.
        scope: The request's.
        headers: Where the run is to be found.
        with_ids: Whether clients may come back to where they left.
        abandoned: What is to be done when the client leaves.
    """
    return EventResponse(
        _frames(events, with_ids=with_ids),
        _supervised(scope),
        _closing,
        heartbeat=HEARTBEAT,
        abandoned=abandoned,
        headers=headers,
    )


class Waiting(Response):
    """Sends the headers at once, and what comes of a run when it has ended.

    What fails meanwhile is told in the body, as the status is out by then.

    Args:
        result: What comes of the run.
        scope: The request's.
        headers: Where the run is to be found.
        abandoned: What is to be done when the client leaves.
    """

    media_type = "application/json"

    def __init__(
        self,
        result: Awaitable[Result],
        scope: Scope,
        *,
        headers: Mapping[str, str],
        abandoned: Abandon | None = None,
    ) -> None:
        super().__init__(None, headers=headers)
        del self.headers["content-length"]
        self._result = result
        self._supervise = _supervised(scope)
        self._abandoned = abandoned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the response; return when it is complete or the client has left."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        result = asyncio.ensure_future(self._result)
        try:
            with self._supervise(lambda: disconnected(receive)):
                while not (await asyncio.wait([result], timeout=HEARTBEAT))[0]:
                    await send({"type": "http.response.body", "body": b"\n", "more_body": True})
        except Abandoned:
            if self._abandoned:
                await self._abandoned()
            return
        except MoorageError as error:
            body = dumps({"__error__": {"error": type(error).__name__, "message": str(error)}})
        else:
            body = dumps(result_of(result.result()))
        finally:
            result.cancel()
        await send({"type": "http.response.body", "body": body, "more_body": False})


def framed(event: RunEvent, event_id: int | None) -> bytes:
    """Return an event as clients read it; its id comes last."""
    body = b"event: %b\r\ndata: %b\r\n" % (event.name.encode(), event.data)
    return body + (b"\r\n" if event_id is None else b"id: %d\r\n\r\n" % event_id)


async def _frames(events: Events, *, with_ids: bool) -> AsyncGenerator[bytes, None]:
    async with aclosing(events) as following:  # type: ignore[type-var]
        async for one in following:
            if isinstance(one, Gap):
                yield b": events before %d are not kept any more\r\n\r\n" % one.before
            else:
                yield framed(one.event, one.id if with_ids else None)


def _supervised(scope: Scope) -> Supervise:
    """Return what ends a response with its client or its process, however long the run takes."""
    policy: RunPolicy = scope.get(POLICY_KEY, UNLIMITED)
    unhurried = RunPolicy(lifecycle=policy.lifecycle)
    return lambda left: Supervision(unhurried, left)


def _closing(error: Exception) -> bytes:
    if isinstance(error, MoorageError):
        told = {"error": type(error).__name__, "message": str(error)}
    else:
        log.error("a stream of events failed", exc_info=error)
        told = {"error": "InternalServerError", "message": "Internal Server Error"}
    return framed(RunEvent("error", dumps(told)), None)
