"""``POST /threads/{thread_id}/stream/events``: all that happens on a thread (section 7.2)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap
from moorage.engine.sessions import Attendance, Since
from moorage.errors import BadRequest, Invalid
from moorage.protocols.agent_server.requests import AgentRoute, Asking, OfThread
from moorage.protocols.agent_server.streaming import event_response, framed
from moorage.protocols.agent_server.subscriptions import Subscription, event_json, said

routes = APIRouter(prefix="/threads/{thread_id}", tags=["threads"], route_class=AgentRoute)


@routes.post("/stream/events")
async def events(thread_id: OfThread, ask: Asking) -> Response:
    """Send the events of a thread: those that are kept, then those to come, for ever."""
    wanted = _wanted(await ask.request.body())
    attendance = await ask.agents.sessions.attend(ask.caller, thread_id)
    since = wanted.position(ask.request.headers.get("last-event-id", ""))
    return event_response(_frames(attendance, wanted, since), ask.request.scope, headers={})


def _wanted(body: bytes) -> Subscription:
    try:
        return Subscription.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise Invalid("Invalid JSON in request body") from None
    except ValidationError as error:
        raise BadRequest(said(error)) from None


async def _frames(
    attendance: Attendance, wanted: Subscription, since: Since
) -> AsyncGenerator[bytes, None]:
    async with aclosing(attendance.follow(since)) as following:
        async for one in following:
            if isinstance(one, Gap):
                yield b": events before %d are not kept any more\r\n\r\n" % one.before
            elif wanted.wants(one.event):
                yield framed(RunEvent(one.event.method, event_json(one)), one.seq)
