"""How runs are sent while they go on: as events, or as line breaks and at last one value.

Clients come back by themselves when a response is cut off, and take one that ends properly, or
with an ``error`` event, for the end of the run. So what ends before its run, because the service
does, is left without an end (protocol, section 5.6).
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from moorage.edge.middleware.exchange import CUT_KEY
from moorage.edge.sse import EventResponse, Heartbeat, Supervise, disconnected
from moorage.engine.joins import Joined
from moorage.engine.policy import POLICY_KEY, UNLIMITED, RunPolicy
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap, Streamed
from moorage.engine.supervision import Supervision
from moorage.errors import Abandoned, MoorageError, Unavailable
from moorage.protocols.agent_server.wire import dumps

HEARTBEAT = Heartbeat(5.0, b"heartbeat", is_regular=True)
"""Clients learn the interval, and reconnect after three times of it."""

_SOON = 0.005
"""Seconds for which headers are held back, to go out in one write with what comes of a run."""

Abandon = Callable[[], Awaitable[object]]
Events = AsyncGenerator[Streamed | Gap, None]

log = structlog.get_logger(__name__)


def run_events(
    joined: Joined,
    events: Events,
    scope: Scope,
    *,
    headers: Mapping[str, str],
    abandoned: Abandon | None = None,
) -> Response:
    """Return the response that sends the events of a run as they come.

    Args:
        joined: The run. Its events have ids if it is resumable.
        events: Those of its events that are sent.
        scope: The request's.
        headers: Where the run is to be found.
        abandoned: What is to be done when the client leaves.
    """
    run = joined.run
    frames = frames_of(
        events, of={"run_id": run.run_id}, with_ids=bool(run.kwargs.get("resumable"))
    )
    return event_response(frames, scope, headers=headers, abandoned=abandoned)


def event_response(
    frames: AsyncGenerator[bytes, None],
    scope: Scope,
    *,
    headers: Mapping[str, str],
    abandoned: Abandon | None = None,
) -> Response:
    """Return the response that sends frames for as long as there are any."""
    scope[CUT_KEY] = True
    return EventResponse(
        frames,
        _supervised(scope),
        _closing,
        heartbeat=HEARTBEAT,
        abandoned=abandoned,
        headers={"cache-control": "no-store", **headers},
    )


class Waiting(Response):
    """Sends the headers, with the value if that is there soon, or else when it is there.

    What fails meanwhile is told in the body, as the status is out by then.

    Args:
        value: What is waited for, in the form in which clients read it.
        scope: The request's.
        headers: Where the run is to be found.
        abandoned: What is to be done when the client leaves.
    """

    media_type = "application/json"

    def __init__(
        self,
        value: Awaitable[Any],
        scope: Scope,
        *,
        headers: Mapping[str, str],
        abandoned: Abandon | None = None,
    ) -> None:
        super().__init__(None, headers=headers)
        del self.headers["content-length"]
        self._value = value
        self._supervise = _supervised(scope)
        self._abandoned = abandoned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the response; return when it is complete, the client has left, or it is cut off."""
        waiting = asyncio.ensure_future(self._value)
        try:
            await asyncio.wait([waiting], timeout=_SOON)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with self._supervise(lambda: disconnected(receive)):
                while not (await _done(waiting)):
                    await send({"type": "http.response.body", "body": b"\n", "more_body": True})
                value = waiting.result()
        except Abandoned:
            if self._abandoned:
                await self._abandoned()
            return
        except Unavailable:
            return
        except MoorageError as error:
            value = {"__error__": _told(error)}
        finally:
            waiting.cancel()
        await send({"type": "http.response.body", "body": dumps(value), "more_body": False})


async def _done(waiting: asyncio.Future[Any]) -> bool:
    """Return whether a value is there, at once if it is, or else before clients become uneasy."""
    if not waiting.done():
        await asyncio.wait([waiting], timeout=HEARTBEAT.seconds)
    return waiting.done()


def framed(event: RunEvent, event_id: str | int | None = None) -> bytes:
    """Return an event as clients read it; its id comes last."""
    body = b"event: %b\r\ndata: %b\r\n" % (event.name.encode(), event.data)
    return body + (b"\r\n" if event_id is None else b"id: %b\r\n\r\n" % str(event_id).encode())


async def frames_of(
    events: Events, *, of: Mapping[str, str], with_ids: bool
) -> AsyncGenerator[bytes, None]:
    """Yield events as clients read them.

    Args:
        events: The events.
        of: What they are of; it is told with the event that says that some are missing.
        with_ids: Whether clients may come back to where they left.
    """
    async with aclosing(events) as following:
        async for one in following:
            if isinstance(one, Gap):
                # Every client knows events of this name, and may look at what it missed.
                missed = {**of, "missed_before": str(one.before)}
                yield framed(RunEvent("metadata", dumps(missed)))
            else:
                yield framed(one.event, one.id if with_ids else None)


def _supervised(scope: Scope) -> Supervise:
    """Return what ends a response with its client or its process, however long the run takes."""
    policy: RunPolicy = scope.get(POLICY_KEY, UNLIMITED)
    unhurried = RunPolicy(lifecycle=policy.lifecycle)
    return lambda left: Supervision(unhurried, left)


def _closing(error: Exception) -> bytes | None:
    if isinstance(error, Unavailable):
        return None
    return framed(RunEvent("error", dumps(_told(error))))


def _told(error: Exception) -> dict[str, str]:
    if isinstance(error, MoorageError):
        return {"error": type(error).__name__, "message": str(error)}
    log.error("a stream of events failed", exc_info=error)
    return {"error": "InternalServerError", "message": "Internal Server Error"}
