"""``/threads/{thread_id}/stream`` (protocol, section 5.7)."""

from collections.abc import Collection
from contextlib import aclosing, suppress

from fastapi import APIRouter
from starlette.responses import Response

from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap
from moorage.engine.thread_streams import STATE_UPDATE
from moorage.errors import Forbidden, Invalid, NotFound
from moorage.protocols.agent_server.joins import named_event
from moorage.protocols.agent_server.requests import AgentRoute, Ask, Asking, OfThread, several
from moorage.protocols.agent_server.streaming import Events, event_response, frames_of
from moorage.protocols.agent_server.wire import dumps, state_of

routes = APIRouter(prefix="/threads", tags=["threads"], route_class=AgentRoute)

RUN_MODES, LIFECYCLE = "run_modes", "lifecycle"
_MODES = frozenset({RUN_MODES, LIFECYCLE, STATE_UPDATE})


@routes.get("/{thread_id}/stream")
async def stream(thread_id: OfThread, ask: Asking) -> Response:
    """Send what happens on a thread, whoever begins its runs, until the client leaves."""
    modes = several(ask.request, "stream_mode", "stream_modes") or [RUN_MODES]
    if unknown := sorted(set(modes) - _MODES):
        raise Invalid(f"Invalid stream mode: {unknown[0]}")
    events = await ask.agents.joins.follow_thread(ask.caller, thread_id, named_event(ask))
    return event_response(
        frames_of(_chosen(events, modes), of={"thread_id": thread_id}, with_ids=True),
        ask.request.scope,
        headers={"location": f"/threads/{thread_id}/stream"},
    )


async def tell_state(ask: Ask, thread_id: str) -> None:
    """Tell those who follow a thread that its state was changed, if the caller may know it."""
    followers = ask.agents.joins.threads
    if followers.is_followed(thread_id):
        with suppress(NotFound, Forbidden):
            state = state_of(await ask.agents.states.get(ask.caller, thread_id))
            followers.publish(thread_id, [RunEvent(STATE_UPDATE, dumps({"state": state}))])


async def _chosen(events: Events, modes: Collection[str]) -> Events:
    async with aclosing(events) as following:
        async for one in following:
            if isinstance(one, Gap) or not _kinds(one.event.name).isdisjoint(modes):
                yield one


def _kinds(name: str) -> frozenset[str]:
    """Return the modes that an event belongs to."""
    if name == STATE_UPDATE:
        return frozenset({STATE_UPDATE})
    return frozenset({RUN_MODES, LIFECYCLE} if name == "metadata" else {RUN_MODES})
