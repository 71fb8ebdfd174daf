"""The graphs that are served, each built for every use of it."""

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.pregel import Pregel
from langgraph.store.base import BaseStore

from moorage.domain.graphs import GraphReference
from moorage.engine.graphs import description, loading
from moorage.engine.graphs.calls import MadeForEachCall
from moorage.engine.graphs.description import Schemas
from moorage.engine.graphs.factories import Factory, Purpose, Use
from moorage.engine.graphs.kinds import AnyGraph, as_graph
from moorage.engine.graphs.loading import GraphSource, LoadFailure
from moorage.errors import NotFound

_log = logging.getLogger(__name__)


class Graphs:
    """The graphs of a project by their ids."""

    def __init__(self, loaded: Iterable[GraphSource | LoadFailure]) -> None:
        found = list(loaded)
        self._sources = {one.id: one for one in found if isinstance(one, GraphSource)}
        self._failures = {one.id: one for one in found if isinstance(one, LoadFailure)}
        self._schemas: dict[str, Schemas] = {}
        self._warned: set[str] = set()
        for source in self._sources.values():
            if not isinstance(source.made, Factory):
                self._warn_of_own(source.id, source.made)

    @classmethod
    def load(cls, references: Iterable[GraphReference]) -> "Graphs":
        """Import graphs, one after the other; those that fail are in ``failures``."""
        return cls(loading.load(reference) for reference in references)

    @property
    def ids(self) -> tuple[str, ...]:
        """The graphs that can be used, in the project's order."""
        return tuple(self._sources)

    @property
    def failures(self) -> Mapping[str, LoadFailure]:
        """Those that could not be imported."""
        return self._failures

    def get(self, graph_id: str) -> GraphSource:
        """Return where a graph comes from.

        Raises:
            NotFound: There is none of that id, or it could not be imported.
        """
        if source := self._sources.get(graph_id):
            return source
        says = "could not be loaded" if graph_id in self._failures else "not found"
        raise NotFound(f"Graph '{graph_id}' {says}. Expected one of: {sorted(self._sources)}")

    @asynccontextmanager
    async def build(  # noqa: PLR0913 - none of them goes with another
        self,
        graph_id: str,
        config: RunnableConfig | None = None,
        *,
        purpose: Purpose = "run",
        checkpointer: BaseCheckpointSaver[Any] | None = None,
        store: BaseStore | None = None,
        context: Any = None,
    ) -> AsyncIterator[AnyGraph]:
        """Give a graph with the server's checkpointer and store; the user's object stays as it is.

        What a factory opens stays open until the end, and is entered and left in the calling task.

        Args:
            graph_id: Which graph.
            config: The config of the run or request, which a factory may read.
            purpose: Why, which a factory may ask.
            checkpointer: Takes the place of one that the graph was compiled with; with None the
                graph keeps nothing.
            store: Takes the place of the graph's own, where it is not None.
            context: The run's context as the client sent it, which a factory may read.

        Raises:
            NotFound: There is no such graph.
            Invalid: The context does not have the type that the factory asks for.
            TypeError: The factory made something that is no graph. Whatever else it raises passes
                through.
        """
        made = self.get(graph_id).made
        if not isinstance(made, Factory):
            yield _served(made, checkpointer, store)
            return
        async with made.open(Use(purpose, config or {}, store, context)) as found:
            graph = (
                found
                if isinstance(found, Pregel)
                else await asyncio.to_thread(as_graph, found, graph_id)
            )
            self._warn_of_own(graph_id, graph)
            yield _served(graph, checkpointer, store)

    def runnable(self, graph_id: str, store: BaseStore | None = None) -> Runnable[Any, Any]:
        """Return what a graph id names as a runnable that is called without a thread.

        Raises:
            NotFound: There is no such graph.
        """
        source = self.get(graph_id)
        if isinstance(source.made, Factory):
            return MadeForEachCall(
                graph_id, lambda config: self.build(graph_id, config, store=store)
            )
        if isinstance(source.target, Runnable) and not isinstance(source.target, Pregel):
            return source.target
        return _served(source.made, None, store)

    async def schemas(
        self,
        graph_id: str,
        config: RunnableConfig | None = None,
        *,
        store: BaseStore | None = None,
    ) -> Schemas:
        """Return a graph's schemas. They are kept, unless a factory makes them of a config.

        Raises:
            NotFound: There is no such graph. A factory's errors pass through.
        """
        kept = not config or not isinstance(self.get(graph_id).made, Factory)
        if kept and (known := self._schemas.get(graph_id)):
            return known
        async with self.build(graph_id, config, purpose="describe", store=store) as graph:
            found = await asyncio.to_thread(description.schemas, graph, graph_id)
        if kept:
            self._schemas[graph_id] = found
        return found

    async def drawing(
        self,
        graph_id: str,
        config: RunnableConfig | None = None,
        *,
        xray: bool | int = False,
        store: BaseStore | None = None,
    ) -> dict[str, list[dict[str, Any]]]:
        """Return a graph's nodes and edges; with ``xray`` also those within subgraphs.

        Raises:
            NotFound: There is no such graph. A factory's errors pass through.
        """
        async with self.build(graph_id, config, purpose="describe", store=store) as graph:
            return await asyncio.to_thread(description.drawing, graph, xray=xray)

    async def subgraphs(
        self,
        graph_id: str,
        config: RunnableConfig | None = None,
        *,
        namespace: str | None = None,
        recurse: bool = False,
        store: BaseStore | None = None,
    ) -> dict[str, Schemas]:
        """Return the schemas of a graph's subgraphs by name; ``parent|child`` for those within.

        Args:
            graph_id: Which graph.
            config: The config of the request.
            namespace: Only the one of this name.
            recurse: Also those within subgraphs.
            store: The long-term memory, which a factory may ask for.

        Raises:
            NotFound: There is no such graph. A factory's errors pass through.
        """
        async with self.build(graph_id, config, purpose="describe", store=store) as graph:
            return await asyncio.to_thread(
                description.subgraphs, graph, namespace=namespace, recurse=recurse
            )

    def _warn_of_own(self, graph_id: str, graph: AnyGraph) -> None:
        own = [
            name
            for name, part in (("checkpointer", graph.checkpointer), ("store", graph.store))
            if isinstance(part, BaseCheckpointSaver | BaseStore)
        ]
        if own and graph_id not in self._warned:
            self._warned.add(graph_id)
            _log.warning(
                "graph %s was compiled with a %s of its own: the server's takes its place, and"
                " nothing is kept in the graph's; compile it without",
                graph_id,
                " and a ".join(own),
            )


def _served(
    graph: AnyGraph, checkpointer: BaseCheckpointSaver[Any] | None, store: BaseStore | None
) -> AnyGraph:
    # Not graph.copy(): that loses how the state is made of what streams give, and is slower.
    served = copy.copy(graph)
    served.checkpointer = checkpointer
    if store is not None:
        served.store = store
    return served
