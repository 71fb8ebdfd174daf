"""``/runs`` and ``/threads/{thread_id}/runs`` (protocol, section 4)."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from moorage.domain.runs import Run, RunStatus
from moorage.domain.search import Page
from moorage.engine.runs import Started
from moorage.protocols.agent_server.requests import (
    MOST,
    AgentRoute,
    Ask,
    Asking,
    OfRun,
    OfThread,
)
from moorage.protocols.agent_server.run_bodies import RunCreate
from moorage.protocols.agent_server.streaming import Abandon, Waiting, run_events
from moorage.protocols.agent_server.wire import Answer, run_of

of_threads = APIRouter(prefix="/threads/{thread_id}/runs", tags=["runs"], route_class=AgentRoute)
stateless = APIRouter(prefix="/runs", tags=["stateless runs"], route_class=AgentRoute)

BEGINNING = -1
"""Before the first event of every run."""


@of_threads.post("")
async def create(thread_id: OfThread, body: RunCreate, ask: Asking) -> Response:
    """Begin a run in the background."""
    return await _created(ask, body, thread_id)


@of_threads.post("/stream")
async def stream(thread_id: OfThread, body: RunCreate, ask: Asking) -> Response:
    """Begin a run and send its events."""
    return await _streamed(ask, body, thread_id)


@of_threads.post("/wait")
async def wait(thread_id: OfThread, body: RunCreate, ask: Asking) -> Response:
    """Begin a run and send what comes of it."""
    return await _awaited(ask, body, thread_id)


@of_threads.get("")
async def of_thread(
    thread_id: OfThread,
    ask: Asking,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 10,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """List the runs of a thread, newest first."""
    runs = await ask.agents.runs.of_thread(ask.caller, thread_id, Page(limit, offset))
    return Answer([run_of(run) for run in runs])


@of_threads.get("/{run_id}")
async def get(thread_id: OfThread, run_id: OfRun, ask: Asking) -> Response:
    """Get a run."""
    return Answer(run_of(await ask.agents.runs.get(ask.caller, thread_id, run_id)))


@stateless.post("")
async def create_stateless(body: RunCreate, ask: Asking) -> Response:
    """Begin a run in the background, on a thread of its own."""
    return await _created(ask, body)


@stateless.post("/stream")
async def stream_stateless(body: RunCreate, ask: Asking) -> Response:
    """Begin a run on a thread of its own, and send its events."""
    return await _streamed(ask, body)


@stateless.post("/wait")
async def wait_stateless(body: RunCreate, ask: Asking) -> Response:
    """Begin a run on a thread of its own, and send what comes of it."""
    return await _awaited(ask, body)


async def _created(ask: Ask, body: RunCreate, thread_id: str | None = None) -> Response:
    started = await _start(ask, body, thread_id)
    run = replace(started.run, status=RunStatus.PENDING)  # as clients know it, begun or not
    return Answer(run_of(run), {"content-location": _place(run, thread_id)})


async def _streamed(ask: Ask, body: RunCreate, thread_id: str | None = None) -> Response:
    started = await _start(ask, body, thread_id)
    run = started.run
    headers = {
        "content-location": _place(run, thread_id),
        "location": f"{_place(run, run.thread_id)}/stream",
    }
    return run_events(
        started.stream.follow(BEGINNING),
        ask.request.scope,
        headers=headers,
        with_ids=body.stream_resumable,
        abandoned=_abandon(ask, body, run),
    )


async def _awaited(ask: Ask, body: RunCreate, thread_id: str | None = None) -> Response:
    started = await _start(ask, body, thread_id)
    place = _place(started.run, started.run.thread_id)
    return Waiting(
        ask.agents.runs.result(started),
        ask.request.scope,
        headers={"content-location": place, "location": f"{place}/join"},
        abandoned=_abandon(ask, body, started.run),
    )


async def _start(ask: Ask, body: RunCreate, thread_id: str | None) -> Started:
    return await ask.agents.runs.start(ask.caller, body.wanted(ask.request), thread_id)


def _abandon(ask: Ask, body: RunCreate, run: Run) -> Abandon | None:
    if body.on_disconnect == "continue":
        return None
    return lambda: ask.agents.runs.abandon(run)


def _place(run: Run, thread_id: str | None) -> str:
    """Return a run's path as clients parse it: without a prefix, and nothing behind the id."""
    return f"/threads/{thread_id}/runs/{run.run_id}" if thread_id else f"/runs/{run.run_id}"
