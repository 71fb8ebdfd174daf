"""``/runs`` and ``/threads/{thread_id}/runs`` (protocol, section 4)."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from moorage.domain.runs import Run, RunStatus
from moorage.domain.search import Page
from moorage.engine.joins import Joined
from moorage.errors import Invalid
from moorage.protocols.agent_server.joins import BEGINNING, abandon, awaited, stream_headers
from moorage.protocols.agent_server.requests import (
    FURTHEST,
    MOST,
    AgentRoute,
    Ask,
    Asking,
    Json,
    OfRun,
    OfThread,
    several,
)
from moorage.protocols.agent_server.run_bodies import RunCreate
from moorage.protocols.agent_server.streaming import run_events
from moorage.protocols.agent_server.wire import Answer, nothing, place_of, run_of, selected

of_threads = APIRouter(prefix="/threads/{thread_id}/runs", tags=["runs"], route_class=AgentRoute)
stateless = APIRouter(prefix="/runs", tags=["stateless runs"], route_class=AgentRoute)

Bodies = Annotated[list[RunCreate], Field(min_length=1, max_length=MOST)]

COLUMNS = frozenset(
    {
        "run_id",
        "thread_id",
        "assistant_id",
        "metadata",
        "status",
        "kwargs",
        "multitask_strategy",
        "created_at",
        "updated_at",
        "langsmith_session_name",
    }
)


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
    offset: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
    status: Annotated[str, Query()] = "",
) -> Response:
    """List the runs of a thread, newest first."""
    names = several(ask.request, "select")
    if unknown := sorted(set(names) - COLUMNS):
        raise Invalid(f"select: a run has no {unknown[0]}")
    if status and status not in set(RunStatus):
        return Answer([])
    runs = await ask.agents.runs.of_thread(
        ask.caller, thread_id, Page(limit, offset), RunStatus(status) if status else None
    )
    return Answer([selected(run_of(run), names) for run in runs])


@of_threads.get("/{run_id}")
async def get(thread_id: OfThread, run_id: OfRun, ask: Asking) -> Response:
    """Get a run."""
    return Answer(run_of(await ask.agents.joins.find(ask.caller, run_id, thread_id)))


@of_threads.delete("/{run_id}")
async def delete(thread_id: OfThread, run_id: OfRun, ask: Asking) -> Response:
    """Delete a run that has ended."""
    await ask.agents.runs.delete(ask.caller, thread_id, run_id)
    return nothing()


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


@stateless.post("/batch")
async def batch(bodies: Bodies, ask: Asking) -> Response:
    """Begin runs in the background, each on a thread of its own; all of them or none."""
    wanted = [body.wanted(ask.request) for body in bodies]
    return Answer([_pending(run) for run in await ask.agents.runs.start_all(ask.caller, wanted)])


async def _created(ask: Ask, body: RunCreate, thread_id: str | None = None) -> Response:
    wanted = body.wanted(ask.request)
    run = (await ask.agents.runs.start(ask.caller, wanted, thread_id)).run
    return Answer(_pending(run), {"content-location": place_of(run.run_id, thread_id)})


async def _streamed(ask: Ask, body: RunCreate, thread_id: str | None = None) -> Response:
    joined = await _serve(ask, body, thread_id)
    return run_events(
        joined,
        ask.agents.joins.events(joined, BEGINNING),
        ask.request.scope,
        headers=stream_headers(joined.run, thread_id),
        abandoned=abandon(ask, joined.run, cancels=_cancels(body)),
    )


async def _awaited(ask: Ask, body: RunCreate, thread_id: str | None = None) -> Response:
    return awaited(ask, await _serve(ask, body, thread_id), cancels=_cancels(body))


async def _serve(ask: Ask, body: RunCreate, thread_id: str | None) -> Joined:
    return await ask.agents.runs.serve(ask.caller, body.wanted(ask.request), thread_id)


def _cancels(body: RunCreate) -> bool:
    return body.on_disconnect == "cancel"


def _pending(run: Run) -> Json:
    """Return a new run as clients know it, begun or not."""
    return run_of(replace(run, status=RunStatus.PENDING))
