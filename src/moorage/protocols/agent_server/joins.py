"""What is done with runs that are there: follow them, wait for them, stop them.

Protocol, sections 4.1, 5.5, 5.6 and 6.3.
"""

import re
from collections.abc import Collection
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, model_validator
from starlette.responses import Response

from moorage.domain.events import ATTEMPT_BITS
from moorage.domain.runs import CancelAction, Run
from moorage.engine.joins import Joined
from moorage.engine.run_stream import Gap
from moorage.errors import Invalid
from moorage.protocols.agent_server.requests import (
    MOST,
    AgentRoute,
    Ask,
    Asking,
    Body,
    Flag,
    OfRun,
    OfThread,
    RunId,
    ThreadId,
    several,
)
from moorage.protocols.agent_server.streaming import Abandon, Events, Waiting, run_events
from moorage.protocols.agent_server.wire import nothing, place_of, result_of

of_threads = APIRouter(prefix="/threads/{thread_id}/runs", tags=["runs"], route_class=AgentRoute)
stateless = APIRouter(prefix="/runs", tags=["stateless runs"], route_class=AgentRoute)

BEGINNING = 0
"""Before the first event of every run."""

_ACCEPTED = 202
_ID = re.compile("[0-9]{10,19}")
_FROM_THE_BEGINNING = frozenset({"-1", "0-0", "-"})


class CancelMany(Body):
    """Which runs are stopped: those of a thread that are named, or all with a status."""

    status: Literal["pending", "running", "all"] | None = None
    thread_id: ThreadId | None = None
    run_ids: Annotated[list[RunId], Field(max_length=MOST)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "CancelMany":
        is_named = bool(self.thread_id and self.run_ids)
        if is_named == bool(self.status) or (self.status and (self.thread_id or self.run_ids)):
            raise Invalid("Give either status, or both thread_id and run_ids.")
        return self


@of_threads.get("/{run_id}/join")
async def join(
    thread_id: OfThread, run_id: OfRun, ask: Asking, cancel_on_disconnect: Flag = False
) -> Response:
    """Send what comes of a run when it has ended."""
    joined = await ask.agents.joins.join(ask.caller, run_id, thread_id)
    return awaited(ask, joined, cancels=cancel_on_disconnect)


@of_threads.get("/{run_id}/stream")
async def stream(
    thread_id: OfThread, run_id: OfRun, ask: Asking, cancel_on_disconnect: Flag = False
) -> Response:
    """Send the events of a run, from now on or from where the client left."""
    joined = await ask.agents.joins.join(ask.caller, run_id, thread_id)
    return _followed(ask, joined, thread_id, cancels=cancel_on_disconnect)


@of_threads.post("/{run_id}/cancel")
async def cancel(
    thread_id: OfThread,
    run_id: OfRun,
    ask: Asking,
    wait: Flag = False,
    action: Annotated[str, Query()] = "interrupt",
) -> Response:
    """Stop a run."""
    streams = await ask.agents.cancels.cancel(ask.caller, thread_id, [run_id], _action(action))
    if not wait:
        return Response(status_code=_ACCEPTED)

    async def stopped() -> dict[str, str]:
        for one in streams:
            await one.ended()
        return {}

    place = place_of(run_id, thread_id)
    headers = {"content-location": place, "location": f"{place}/join"}
    return Waiting(stopped(), ask.request.scope, headers=headers)


@stateless.post("/cancel")
async def cancel_many(
    body: CancelMany, ask: Asking, action: Annotated[str, Query()] = "interrupt"
) -> Response:
    """Stop runs: some of a thread, or all that wait or work."""
    told = _action(action)
    if body.status:
        await ask.agents.cancels.cancel_all(ask.caller, body.status, told)
    else:
        thread_id, run_ids = body.thread_id or "", body.run_ids or []
        await ask.agents.cancels.cancel(ask.caller, thread_id, run_ids, told)
    return nothing()


@stateless.get("/{run_id}/join")
async def join_stateless(
    run_id: OfRun, ask: Asking, cancel_on_disconnect: Flag = False
) -> Response:
    """Send what comes of a run, whatever thread it is on."""
    joined = await ask.agents.joins.join(ask.caller, run_id)
    return awaited(ask, joined, cancels=cancel_on_disconnect)


@stateless.get("/{run_id}/stream")
async def stream_stateless(
    run_id: OfRun, ask: Asking, cancel_on_disconnect: Flag = False
) -> Response:
    """Send the events of a run, whatever thread it is on."""
    joined = await ask.agents.joins.join(ask.caller, run_id)
    return _followed(ask, joined, None, cancels=cancel_on_disconnect)


def awaited(ask: Ask, joined: Joined, *, cancels: bool) -> Response:
    """Return the response to a client that waits for a run, and may take it along when it goes."""
    place = place_of(joined.run.run_id, joined.run.thread_id)

    async def ended() -> object:
        return result_of(await ask.agents.joins.result(joined))

    return Waiting(
        ended(),
        ask.request.scope,
        headers={"content-location": place, "location": f"{place}/join"},
        abandoned=abandon(ask, joined.run, cancels=cancels),
    )


def abandon(ask: Ask, run: Run, *, cancels: bool) -> Abandon | None:
    """Return what is to be done when the client of a run leaves."""
    return (lambda: ask.agents.cancels.abandon(run)) if cancels else None


def _followed(ask: Ask, joined: Joined, thread_id: str | None, *, cancels: bool) -> Response:
    position = named_event(ask) if joined.run.kwargs.get("resumable") else None
    events = ask.agents.joins.events(joined, position)
    if modes := several(ask.request, "stream_mode"):
        events = _chosen(events, modes)
    return run_events(
        joined,
        events,
        ask.request.scope,
        headers=stream_headers(joined.run, thread_id),
        abandoned=abandon(ask, joined.run, cancels=cancels),
    )


def stream_headers(run: Run, thread_id: str | None) -> dict[str, str]:
    """Return where a run is, and where clients go that were cut off.

    A run without a thread that clients know is not given one, which they would remember.
    """
    return {
        "content-location": place_of(run.run_id, thread_id),
        "location": f"{place_of(run.run_id, run.thread_id)}/stream",
    }


def named_event(ask: Ask) -> int | None:
    """Return the id after which events are wanted; None is for those from now on.

    What is no id, or none that this server gives, is the same as none.
    """
    named = ask.request.headers.get("last-event-id", "")
    if named in _FROM_THE_BEGINNING:
        return BEGINNING
    is_one = _ID.fullmatch(named) and int(named) >> ATTEMPT_BITS
    return int(named) if is_one else None


async def _chosen(events: Events, modes: Collection[str]) -> Events:
    """Yield the events of some modes, and how the run failed."""
    async with aclosing(events) as following:
        async for one in following:
            if isinstance(one, Gap) or _mode(one.event.name) in {*modes, "error"}:
                yield one


def _mode(name: str) -> str:
    """Return the mode that an event belongs to, by its name (protocol, section 5.3)."""
    kind, is_part, _ = name.partition("|")[0].partition("/")
    return "messages-tuple" if kind == "messages" and not is_part else kind


def _action(name: str) -> CancelAction:
    """Return what a cancelled run leaves; whatever is not a rollback is an interrupt."""
    return CancelAction.ROLLBACK if name == "rollback" else CancelAction.INTERRUPT
