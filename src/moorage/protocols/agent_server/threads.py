"""``/threads`` (protocol, section 2)."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from moorage.domain.threads import ThreadQuery, ThreadStatus
from moorage.protocols.agent_server.requests import (
    AgentRoute,
    Asking,
    Body,
    Fields,
    Json,
    OfThread,
    Paged,
    ThreadId,
)
from moorage.protocols.agent_server.wire import Answer, nothing, paged, selected, thread_of

routes = APIRouter(prefix="/threads", tags=["threads"], route_class=AgentRoute)

Column = Literal[
    "thread_id",
    "created_at",
    "updated_at",
    "state_updated_at",
    "metadata",
    "config",
    "context",
    "status",
    "values",
    "interrupts",
    "error",
]


class ThreadCreate(Body):
    """A thread that is to be."""

    thread_id: ThreadId | None = None
    metadata: Fields
    if_exists: Literal["raise", "do_nothing"] = "raise"


class ThreadPatch(Body):
    """What is merged into a thread."""

    metadata: Fields


class ThreadCount(Body):
    """Which threads are counted."""

    metadata: Json | None = None
    values: Json | None = None
    status: ThreadStatus | None = None

    def query(self) -> ThreadQuery:
        """Return the search's conditions."""
        return ThreadQuery(status=self.status, metadata=self.metadata, values=self.values)


class ThreadSearch(ThreadCount, Paged):
    """Which threads are wanted, and which part of them."""

    ids: list[ThreadId] | None = None
    sort_by: (
        Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] | None
    ) = None
    select: list[Column] | None = None

    def query(self) -> ThreadQuery:
        """Return the search's conditions."""
        return ThreadQuery(self.ids, self.status, self.metadata, self.values)


@routes.post("")
async def create(body: ThreadCreate, ask: Asking) -> Response:
    """Create a thread."""
    thread = await ask.agents.threads.create(
        ask.caller,
        body.thread_id,
        body.metadata,
        returns_existing=body.if_exists == "do_nothing",
    )
    return Answer(thread_of(thread))


@routes.post("/search")
async def search(body: ThreadSearch, ask: Asking) -> Response:
    """Find threads."""
    page = body.page(body.sort_by)
    hits = await ask.agents.threads.search(ask.caller, body.query(), page)
    return paged((selected(thread_of(one), body.select) for one in hits.items), hits, page)


@routes.post("/count")
async def count(body: ThreadCount, ask: Asking) -> Response:
    """Count threads."""
    return Answer(await ask.agents.threads.count(ask.caller, body.query()))


@routes.get("/{thread_id}")
async def get(thread_id: OfThread, ask: Asking) -> Response:
    """Get a thread."""
    return Answer(thread_of(await ask.agents.threads.get(ask.caller, thread_id)))


@routes.patch("/{thread_id}")
async def patch(thread_id: OfThread, body: ThreadPatch, ask: Asking) -> Response:
    """Merge metadata into a thread's."""
    thread = await ask.agents.threads.patch(ask.caller, thread_id, body.metadata)
    if ask.request.headers.get("prefer") == "return=minimal":
        return nothing()
    return Answer(thread_of(thread))


@routes.delete("/{thread_id}")
async def delete(thread_id: OfThread, ask: Asking) -> Response:
    """Delete a thread, with its runs and checkpoints."""
    await ask.agents.threads.delete(ask.caller, thread_id)
    return nothing()
