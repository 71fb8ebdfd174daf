"""``/assistants`` (protocol, section 8)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field, ValidationError
from starlette.responses import Response

from moorage.domain.assistants import AssistantChange, AssistantQuery
from moorage.domain.search import Page
from moorage.engine.assistants import NewAssistant
from moorage.errors import Invalid
from moorage.protocols.agent_server.requests import (
    MOST,
    AgentRoute,
    Asking,
    AssistantId,
    Body,
    Fields,
    Json,
    Offset,
    Paged,
)
from moorage.protocols.agent_server.run_bodies import RunConfig
from moorage.protocols.agent_server.wire import (
    Answer,
    assistant_of,
    nothing,
    paged,
    schemas_of,
    selected,
)

routes = APIRouter(prefix="/assistants", tags=["assistants"], route_class=AgentRoute)

Column = Literal[
    "assistant_id",
    "graph_id",
    "config",
    "context",
    "metadata",
    "name",
    "description",
    "created_at",
    "updated_at",
    "version",
]


_LONGEST_NAME = 1000
"""Characters that names are searched for."""


def _of_runs(config: Json) -> Json:
    """Refuse what no run could be called with."""
    try:
        RunConfig.model_validate(config)
    except ValidationError as error:
        raise ValueError(str(Invalid(error.errors()))) from None
    return config


Config = Annotated[Json, AfterValidator(_of_runs)]


class AssistantCreate(Body):
    """An assistant that is to be."""

    graph_id: str
    assistant_id: AssistantId | None = None
    config: Config = Field(default_factory=dict)
    context: Fields
    metadata: Fields
    name: str | None = None
    description: str | None = None
    if_exists: Literal["raise", "do_nothing"] = "raise"


class AssistantPatch(Body):
    """What becomes different; what is absent stays."""

    graph_id: str | None = None
    config: Config | None = None
    context: Json | None = None
    metadata: Json | None = None
    name: str | None = None
    description: str | None = None


class AssistantCount(Body):
    """Which assistants are counted."""

    metadata: Json | None = None
    graph_id: str | None = None
    name: Annotated[str, Field(max_length=_LONGEST_NAME)] | None = None

    def query(self) -> AssistantQuery:
        """Return the search's conditions."""
        return AssistantQuery(self.graph_id, self.name, self.metadata)


class AssistantSearch(AssistantCount, Paged):
    """Which assistants are wanted, and which part of them."""

    sort_by: Literal["assistant_id", "graph_id", "name", "created_at", "updated_at"] | None = None
    select: list[Column] | None = None


class VersionsSearch(Body):
    """Which versions are wanted."""

    metadata: Fields
    limit: Annotated[int, Field(ge=1, le=MOST)] = 10
    offset: Offset = 0


class Latest(Body):
    """The version that is to be the latest."""

    version: Annotated[int, Field(ge=1)]


@routes.post("")
async def create(body: AssistantCreate, ask: Asking) -> Response:
    """Create an assistant."""
    wanted = NewAssistant(**body.model_dump(exclude={"if_exists"}))
    made = await ask.agents.assistants.create(
        ask.caller, wanted, returns_existing=body.if_exists == "do_nothing"
    )
    return Answer(assistant_of(made))


@routes.post("/search")
async def search(body: AssistantSearch, ask: Asking) -> Response:
    """Find assistants."""
    page = body.page(body.sort_by)
    hits = await ask.agents.assistants.search(ask.caller, body.query(), page)
    return paged((selected(assistant_of(one), body.select) for one in hits.items), hits, page)


@routes.post("/count")
async def count(body: AssistantCount, ask: Asking) -> Response:
    """Count assistants."""
    return Answer(await ask.agents.assistants.count(ask.caller, body.query()))


@routes.get("/{assistant_id}")
async def get(assistant_id: str, ask: Asking) -> Response:
    """Get an assistant by its id, or the first one of a graph by the graph's name."""
    return Answer(assistant_of(await ask.agents.assistants.get(ask.caller, assistant_id)))


@routes.patch("/{assistant_id}")
async def patch(assistant_id: str, body: AssistantPatch, ask: Asking) -> Response:
    """Make a new version of an assistant."""
    change = AssistantChange(**body.model_dump())
    return Answer(
        assistant_of(await ask.agents.assistants.change(ask.caller, assistant_id, change))
    )


@routes.delete("/{assistant_id}")
async def delete(assistant_id: str, ask: Asking) -> Response:
    """Delete an assistant."""
    await ask.agents.assistants.delete(ask.caller, assistant_id)
    return nothing()


@routes.post("/{assistant_id}/versions")
async def versions(assistant_id: str, body: VersionsSearch, ask: Asking) -> Response:
    """List the versions of an assistant, newest first."""
    page = Page(body.limit, body.offset)
    found = await ask.agents.assistants.versions(ask.caller, assistant_id, body.metadata, page)
    return Answer([assistant_of(one) for one in found])


@routes.post("/{assistant_id}/latest")
async def set_latest(assistant_id: str, body: Latest, ask: Asking) -> Response:
    """Make an earlier version the latest one."""
    latest = await ask.agents.assistants.set_latest(ask.caller, assistant_id, body.version)
    return Answer(assistant_of(latest))


@routes.get("/{assistant_id}/graph")
async def graph(assistant_id: str, ask: Asking, xray: str = "false") -> Response:
    """Get the nodes and edges of an assistant's graph."""
    return Answer(await ask.agents.assistants.drawing(ask.caller, assistant_id, xray=_depth(xray)))


@routes.get("/{assistant_id}/schemas")
async def schemas(assistant_id: str, ask: Asking) -> Response:
    """Get the schemas of an assistant's graph."""
    graph_id, found = await ask.agents.assistants.schemas(ask.caller, assistant_id)
    return Answer(schemas_of(found, graph_id=graph_id))


@routes.get("/{assistant_id}/subgraphs")
async def subgraphs(
    assistant_id: str, ask: Asking, recurse: Annotated[bool, Query()] = False
) -> Response:
    """Get the schemas of the subgraphs of an assistant's graph."""
    return Answer(await _subgraphs(ask, assistant_id, None, recurse=recurse))


@routes.get("/{assistant_id}/subgraphs/{namespace:path}")
async def subgraph(
    assistant_id: str, namespace: str, ask: Asking, recurse: Annotated[bool, Query()] = False
) -> Response:
    """Get the schemas of one subgraph."""
    return Answer(await _subgraphs(ask, assistant_id, namespace, recurse=recurse))


async def _subgraphs(
    ask: Asking, assistant_id: str, namespace: str | None, *, recurse: bool
) -> dict[str, Any]:
    found = await ask.agents.assistants.subgraphs(
        ask.caller, assistant_id, namespace=namespace, recurse=recurse
    )
    return {name: schemas_of(one) for name, one in found.items()}


def _depth(xray: str) -> bool | int:
    known = {"true": True, "false": False, "": False}
    if xray.lower() in known:
        return known[xray.lower()]
    if xray.isdecimal() and int(xray) > 0:
        return int(xray)
    raise Invalid("Invalid xray value: it must be true, false, or a depth of 1 or more")
