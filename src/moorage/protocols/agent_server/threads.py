"""``/threads`` (protocol, section 2)."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from moorage.domain.threads import Expiry, Lifetime, Thread, ThreadQuery, ThreadStatus
from moorage.engine.states import Update
from moorage.engine.threads import NewThread
from moorage.errors import BadRequest
from moorage.protocols.agent_server.extracts import Extracts, extracted
from moorage.protocols.agent_server.requests import (
    LONGEST_LIFE,
    AgentRoute,
    Asking,
    Body,
    Fields,
    Json,
    OfThread,
    Paged,
    ThreadId,
    several,
)
from moorage.protocols.agent_server.run_bodies import CommandBody
from moorage.protocols.agent_server.wire import (
    Answer,
    nothing,
    paged,
    selected,
    thread_of,
    ttl_of,
)

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


def _sought(value: Any) -> Any:
    """Return the id of a thread that is searched for; a wrong one is answered as it always was."""
    try:
        return str(UUID(value))
    except (AttributeError, TypeError, ValueError):
        raise BadRequest(f"Invalid thread ID {value}") from None


class UpdateBody(Body):
    """What a node has returned, in a thread's history."""

    values: Any = None
    command: CommandBody | None = None
    as_node: str | None = None

    def update(self) -> Update:
        """Return it as the engine knows it."""
        command = self.command.model_dump(exclude_unset=True) if self.command else None
        return Update(self.values, self.as_node, command)


class Superstep(Body):
    """What the nodes of one step have returned."""

    updates: Annotated[list[UpdateBody], Field(min_length=1)]


class Ttl(Body):
    """How many minutes a thread lives after its last use, and what becomes of it then."""

    ttl: Annotated[float, Field(gt=0, le=LONGEST_LIFE)]
    strategy: Expiry = Expiry.DELETE

    def lifetime(self) -> Lifetime:
        """Return it as the engine knows it."""
        return Lifetime(timedelta(minutes=self.ttl), self.strategy)


class ThreadCreate(Body):
    """A thread that is to be."""

    thread_id: ThreadId | None = None
    metadata: Fields
    if_exists: Literal["raise", "do_nothing"] = "raise"
    ttl: Ttl | None = None
    supersteps: list[Superstep] = Field(default_factory=list)


class ThreadPrune(Body):
    """Threads of which nothing is to be left, or the latest state."""

    thread_ids: list[ThreadId]
    strategy: Expiry = Expiry.DELETE


class ThreadPatch(Body):
    """What is merged into a thread."""

    metadata: Fields
    ttl: Ttl | None = None


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

    ids: list[Annotated[str, BeforeValidator(_sought)]] | None = None
    sort_by: (
        Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] | None
    ) = None
    select: list[Column] | None = None
    extract: Extracts | None = None

    def query(self) -> ThreadQuery:
        """Return the search's conditions."""
        return ThreadQuery(self.ids, self.status, self.metadata, self.values)

    def row(self, thread: Thread) -> Json:
        """Return the part of a thread that was asked for."""
        row = thread_of(thread)
        found = selected(row, self.select)
        return {**found, "extracted": extracted(row, self.extract)} if self.extract else found


@routes.post("")
async def create(body: ThreadCreate, ask: Asking) -> Response:
    """Create a thread, with a history where one is given."""
    lifetime = body.ttl.lifetime() if body.ttl else None
    wanted = NewThread(body.thread_id, body.metadata, lifetime, body.if_exists == "do_nothing")
    if body.supersteps:
        steps = [[one.update() for one in step.updates] for step in body.supersteps]
        thread = await ask.agents.states.begin(ask.caller, wanted, steps)
    else:
        thread = await ask.agents.threads.create(ask.caller, wanted)
    return Answer(thread_of(thread))


@routes.post("/search")
async def search(body: ThreadSearch, ask: Asking) -> Response:
    """Find threads."""
    page = body.page(body.sort_by)
    hits = await ask.agents.threads.search(ask.caller, body.query(), page)
    return paged(map(body.row, hits.items), hits, page)


@routes.post("/count")
async def count(body: ThreadCount, ask: Asking) -> Response:
    """Count threads."""
    return Answer(await ask.agents.threads.count(ask.caller, body.query()))


@routes.post("/prune")
async def prune(body: ThreadPrune, ask: Asking) -> Response:
    """Delete threads, or all of their history but the latest state."""
    pruned = await ask.agents.threads.prune(ask.caller, body.thread_ids, body.strategy)
    return Answer({"pruned_count": len(pruned.done)})


@routes.post("/{thread_id}/copy")
async def copy(thread_id: OfThread, ask: Asking) -> Response:
    """Make a thread like another one, with its history and without its runs."""
    return Answer(thread_of(await ask.agents.threads.copy(ask.caller, thread_id)))


@routes.get("/{thread_id}")
async def get(thread_id: OfThread, ask: Asking) -> Response:
    """Get a thread; with ``include=ttl`` also how long it lives."""
    thread = await ask.agents.threads.get(ask.caller, thread_id)
    row = thread_of(thread)
    if "ttl" in several(ask.request, "include"):
        row["ttl"] = ttl_of(thread, ask.agents.threads.lifetime_of(thread))
    return Answer(row)


@routes.patch("/{thread_id}")
async def patch(thread_id: OfThread, body: ThreadPatch, ask: Asking) -> Response:
    """Merge metadata into a thread's."""
    lifetime = body.ttl.lifetime() if body.ttl else None
    thread = await ask.agents.threads.patch(ask.caller, thread_id, body.metadata, lifetime=lifetime)
    if "return=minimal" in ask.request.headers.get("prefer", ""):
        return nothing()
    return Answer(thread_of(thread))


@routes.delete("/{thread_id}")
async def delete(thread_id: OfThread, ask: Asking) -> Response:
    """Delete a thread, with its runs and checkpoints."""
    await ask.agents.threads.delete(ask.caller, thread_id)
    return nothing()
