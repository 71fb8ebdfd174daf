"""``/store`` (protocol, section 10)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from moorage.domain.items import ItemQuery, NamespaceQuery, NewItem
from moorage.errors import BadRequest, Invalid
from moorage.protocols.agent_server.requests import (
    LONGEST_LIFE,
    MOST,
    AgentRoute,
    Asking,
    Body,
    Json,
    Offset,
)
from moorage.protocols.agent_server.wire import Answer, found_item_of, item_of, nothing

routes = APIRouter(prefix="/store", tags=["store"], route_class=AgentRoute)

Labels = tuple[str, ...]
Limit = Annotated[int, Field(ge=1, le=MOST)]


class ItemPut(Body):
    """An item that is to be kept."""

    namespace: Labels
    key: str
    value: Json
    index: Literal[False] | list[str] | None = None
    ttl: Annotated[float, Field(le=LONGEST_LIFE)] | None = None


class ItemDelete(Body):
    """The item that is to go."""

    namespace: Labels
    key: str


class ItemSearch(Body):
    """Which items are wanted, and which part of them."""

    namespace_prefix: Labels = ()
    filter: Json | None = None
    query: str | None = None
    limit: Limit = 10
    offset: Offset = 0
    refresh_ttl: bool | None = None


class NamespaceSearch(Body):
    """Which namespaces are wanted, and which part of them."""

    prefix: Labels | None = None
    suffix: Labels | None = None
    max_depth: Annotated[int, Field(ge=1)] | None = None
    limit: Limit = 100
    offset: Offset = 0


@routes.put("/items")
async def put(body: ItemPut, ask: Asking) -> Response:
    """Keep an item, in place of the one that is there."""
    item = NewItem(body.namespace, body.key, body.value, body.index, body.ttl)
    await ask.agents.items.put(ask.caller, item)
    return nothing()


@routes.get("/items")
async def get(
    ask: Asking,
    namespace: Annotated[str, Query()] = "",
    key: Annotated[str | None, Query()] = None,
    refresh_ttl: Annotated[bool | None, Query()] = None,
) -> Response:
    """Get an item; null if there is none. The namespace's labels have dots between them."""
    if key is None:
        raise BadRequest("Key is required")
    if not namespace:
        raise Invalid("namespace: give its labels with dots between them")
    item = await ask.agents.items.get(
        ask.caller, tuple(namespace.split(".")), key, refresh_ttl=refresh_ttl
    )
    return Answer(item and item_of(item))


@routes.delete("/items")
async def delete(body: ItemDelete, ask: Asking) -> Response:
    """Delete an item, if there is one."""
    await ask.agents.items.delete(ask.caller, body.namespace, body.key)
    return nothing()


@routes.post("/items/search")
async def search(body: ItemSearch, ask: Asking) -> Response:
    """Find items: by their namespace and their values, and where there is an index, by meaning."""
    query = ItemQuery(
        body.namespace_prefix,
        body.filter,
        body.query,
        body.limit,
        body.offset,
        body.refresh_ttl,
    )
    found = await ask.agents.items.search(ask.caller, query)
    return Answer({"items": [found_item_of(item) for item in found]})


@routes.post("/namespaces")
async def namespaces(body: NamespaceSearch, ask: Asking) -> Response:
    """List the namespaces that hold items."""
    query = NamespaceQuery(**body.model_dump())
    return Answer({"namespaces": await ask.agents.items.namespaces(ask.caller, query)})
