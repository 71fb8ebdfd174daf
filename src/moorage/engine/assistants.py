"""Assistants: what clients may do with them."""

from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.store.base import BaseStore

from moorage.clock import Clock, SystemClock
from moorage.domain.assistants import (
    SYSTEM,
    Assistant,
    AssistantChange,
    AssistantQuery,
    default_assistant_id,
)
from moorage.domain.caller import Caller
from moorage.domain.search import Hits, Page
from moorage.engine.access import Access
from moorage.engine.graphs import Graphs, Schemas
from moorage.errors import BadRequest, Invalid, NotFound
from moorage.storage.interface import Storage

_BOTH = (
    "Cannot specify both configurable and context. They are two names of one thing: give"
    " config.configurable or context."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssistant:
    """An assistant that somebody wants; None leaves a thing to the service."""

    graph_id: str
    assistant_id: str | None = None
    name: str | None = None
    description: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Assistants:
    """The assistants of a deployment. Each graph has one from the start.

    Args:
        storage: Where they are kept.
        graphs: What they are assistants of.
        access: Says who may do what.
        store: The long-term memory, for graphs that are made with it.
        clock: Tells the time.
    """

    def __init__(
        self,
        storage: Storage,
        graphs: Graphs,
        access: Access,
        *,
        store: BaseStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._kept = storage.assistants
        self._graphs = graphs
        self._access = access
        self._store = store
        self._clock = clock or SystemClock()
        self._known: dict[str, Assistant] = {}
        self._changes = 0

    async def prepare(self) -> None:
        """Make the assistant that each graph has from the start, where it is not there yet."""
        for graph_id in self._graphs.ids:
            await self._default(graph_id)

    async def create(
        self, caller: Caller, wanted: NewAssistant, *, returns_existing: bool = False
    ) -> Assistant:
        """Keep a new assistant, or return the one that has its id as it is.

        Raises:
            NotFound: There is no such graph.
            AlreadyExists: There is one of that id, and it is not to be returned or to be seen.
            BadRequest: Both ``configurable`` and ``context`` are given.
        """
        self._graphs.get(wanted.graph_id)
        assistant_id = wanted.assistant_id or str(uuid4())
        value: dict[str, Any] = {
            **asdict(wanted),
            "assistant_id": assistant_id,
            "if_exists": "do_nothing" if returns_existing else "raise",
        }
        filters = await self._access.authorise(caller, "assistants", "create", value)
        config, context = mirrored(value["config"], value["context"])
        time = self._clock.now()
        assistant = Assistant(
            assistant_id=assistant_id,
            graph_id=wanted.graph_id,
            name=wanted.name or "Untitled",
            description=wanted.description,
            config=config,
            context=context,
            metadata=value["metadata"],
            created_at=time,
            updated_at=time,
        )
        return await self._kept.create(
            assistant, returns_existing=returns_existing, filters=filters
        )

    async def get(self, caller: Caller, asked: str) -> Assistant:
        """Return an assistant by its id, or the first one of a graph by the graph's.

        Raises:
            NotFound: There is none that the caller may see.
            Invalid: It is neither an id nor a graph's name.
        """
        assistant_id = self.id_of(asked)
        value = {"assistant_id": assistant_id}
        filters = await self._access.authorise(caller, "assistants", "read", value)
        return await self._kept.get(assistant_id, filters)

    async def resolve(self, asked: str) -> Assistant:
        """Return the assistant that a run is to have; whoever may run may name any.

        Raises:
            NotFound: There is none.
            Invalid: It is neither an id nor a graph's name.
        """
        if asked in self._graphs.ids:
            return await self._default(asked)
        assistant_id = self.id_of(asked)
        return self._known.get(assistant_id) or await self._learn(self._kept.get(assistant_id))

    def id_of(self, asked: str) -> str:
        """Return the id that a client means, who may name a graph instead.

        Raises:
            Invalid: It is neither.
        """
        if asked in self._graphs.ids:
            return default_assistant_id(asked)
        try:
            return str(UUID(asked))
        except ValueError:
            raise Invalid(
                f"Invalid assistant: '{asked}'. Must be either: the UUID of an assistant, or the"
                f" name of a graph: {', '.join(sorted(self._graphs.ids))}"
            ) from None

    async def change(self, caller: Caller, asked: str, wanted: AssistantChange) -> Assistant:
        """Make a new version of an assistant.

        Raises:
            NotFound: There is none that the caller may see, or no such graph.
            BadRequest: Both ``configurable`` and ``context`` are given.
        """
        if wanted.graph_id is not None:
            self._graphs.get(wanted.graph_id)
        assistant_id = self.id_of(asked)
        value = {"assistant_id": assistant_id, **_given(wanted)}
        filters = await self._access.authorise(caller, "assistants", "update", value)
        config, context = wanted.config, wanted.context
        if config is not None or context is not None:
            config, context = mirrored(config or {}, context or {})
        change = replace(wanted, config=config, context=context, metadata=value.get("metadata"))
        changed = await self._kept.change(assistant_id, change, filters)
        self._forget(assistant_id)
        return changed

    async def set_latest(self, caller: Caller, asked: str, version: int) -> Assistant:
        """Make an earlier version the latest one.

        Raises:
            NotFound: There is no such assistant that the caller may see, or no such version.
        """
        assistant_id = self.id_of(asked)
        value = {"assistant_id": assistant_id, "version": version}
        filters = await self._access.authorise(caller, "assistants", "update", value)
        latest = await self._kept.set_latest(assistant_id, version, filters)
        self._forget(assistant_id)
        return latest

    async def versions(
        self, caller: Caller, asked: str, metadata: Mapping[str, Any], page: Page
    ) -> list[Assistant]:
        """Return versions, newest first.

        Raises:
            NotFound: There is no such assistant that the caller may see.
        """
        assistant_id = self.id_of(asked)
        value = {"assistant_id": assistant_id, "metadata": dict(metadata)}
        filters = await self._access.authorise(caller, "assistants", "read", value)
        return await self._kept.versions(
            assistant_id, metadata=metadata, page=page, filters=filters
        )

    async def delete(self, caller: Caller, asked: str) -> None:
        """Delete an assistant. That of a graph comes back when the graph is next asked for.

        Raises:
            NotFound: There is none that the caller may see.
        """
        assistant_id = self.id_of(asked)
        value = {"assistant_id": assistant_id}
        filters = await self._access.authorise(caller, "assistants", "delete", value)
        await self._kept.delete(assistant_id, filters)
        self._forget(assistant_id)

    async def search(self, caller: Caller, query: AssistantQuery, page: Page) -> Hits[Assistant]:
        """Return a page of the assistants that a query is for and the caller may see.

        Raises:
            NotFound: The query is for a graph that is not there.
        """
        return await self._kept.search(await self._seen(caller, query, page), page)

    async def count(self, caller: Caller, query: AssistantQuery) -> int:
        """Return how many of them there are; raise as ``search``."""
        return await self._kept.count(await self._seen(caller, query, Page()))

    async def drawing(
        self, caller: Caller, asked: str, *, xray: bool | int
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the nodes and edges of an assistant's graph; raise as ``get``."""
        assistant = await self.get(caller, asked)
        return await self._graphs.drawing(
            assistant.graph_id, _config(assistant), xray=xray, store=self._store
        )

    async def schemas(self, caller: Caller, asked: str) -> tuple[str, Schemas]:
        """Return the id and the schemas of an assistant's graph; raise as ``get``."""
        assistant = await self.get(caller, asked)
        found = await self._graphs.schemas(
            assistant.graph_id, _config(assistant), store=self._store
        )
        return assistant.graph_id, found

    async def subgraphs(
        self, caller: Caller, asked: str, *, namespace: str | None, recurse: bool
    ) -> dict[str, Schemas]:
        """Return the schemas of the subgraphs of an assistant's graph; raise as ``get``."""
        assistant = await self.get(caller, asked)
        return await self._graphs.subgraphs(
            assistant.graph_id,
            _config(assistant),
            namespace=namespace,
            recurse=recurse,
            store=self._store,
        )

    async def _default(self, graph_id: str) -> Assistant:
        """Return the assistant that a graph has from the start; make it if it is not there."""
        assistant_id = default_assistant_id(graph_id)
        if known := self._known.get(assistant_id):
            return known
        try:
            return await self._learn(self._kept.get(assistant_id))
        except NotFound:
            first = self._first(graph_id)
            return await self._learn(self._kept.create(first, returns_existing=True))

    async def _learn(self, reading: Awaitable[Assistant]) -> Assistant:
        """Remember an assistant for the runs to come, unless one was changed meanwhile."""
        changes = self._changes
        found = await reading
        if changes == self._changes:
            self._known[found.assistant_id] = found
        return found

    def _forget(self, assistant_id: str) -> None:
        self._changes += 1
        self._known.pop(assistant_id, None)

    def _first(self, graph_id: str) -> Assistant:
        time = self._clock.now()
        return Assistant(
            assistant_id=default_assistant_id(graph_id),
            graph_id=graph_id,
            name=graph_id,
            description=self._graphs.get(graph_id).description,
            metadata={"created_by": SYSTEM},
            created_at=time,
            updated_at=time,
        )

    async def _seen(self, caller: Caller, query: AssistantQuery, page: Page) -> AssistantQuery:
        if query.graph_id is not None:
            self._graphs.get(query.graph_id)
        value: dict[str, Any] = {
            "graph_id": query.graph_id,
            "metadata": query.metadata,
            "limit": page.limit,
            "offset": page.offset,
        }
        filters = await self._access.authorise(caller, "assistants", "search", value)
        return replace(query, metadata=value["metadata"], filters=filters)


def mirrored(
    config: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return config and context with what one of them says in the other too.

    Raises:
        BadRequest: Both say something.
    """
    chosen = config.get("configurable") or {}
    if chosen and context:
        raise BadRequest(_BOTH)
    both = dict(chosen or context)
    return ({**config, "configurable": both} if both else dict(config)), both


def _given(change: AssistantChange) -> dict[str, Any]:
    return {name: value for name, value in asdict(change).items() if value is not None}


def _config(assistant: Assistant) -> RunnableConfig | None:
    return (
        {"configurable": dict(chosen)} if (chosen := assistant.config.get("configurable")) else None
    )
