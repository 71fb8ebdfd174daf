"""The states of threads: what clients may read of them, and how they write them.

Whoever writes a state drafts it first: nobody is kept out meanwhile, and if a run or another update
was faster, the draft is begun anew on what that one has left. So a thread has one line of history,
but for those who ask for a fork.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast
from weakref import WeakValueDictionary

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import InvalidUpdateError
from langgraph.types import StateSnapshot, StateUpdate

from moorage.domain.caller import Caller
from moorage.domain.threads import Stale, Thread
from moorage.engine.access import Access
from moorage.engine.execution import command_of
from moorage.engine.graphs import Graphs
from moorage.engine.graphs.factories import Purpose
from moorage.engine.graphs.kinds import AnyGraph
from moorage.engine.outcomes import described, state_of
from moorage.engine.run_config import of_state
from moorage.engine.threads import NewThread, Threads
from moorage.engine.usage import Usage, measure
from moorage.errors import AlreadyExists, BadRequest, MoorageError
from moorage.storage.interface import Draft, Storage

_log = logging.getLogger(__name__)

_Configurable = Mapping[str, Any]
_AT_ONCE = 20
"""States that are read in one step."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where on a thread: a checkpoint of the graph, or of one of its subgraphs.

    Attributes:
        checkpoint_id: The checkpoint; None for the latest one.
        namespace: The subgraph, as ``name:task``; empty for the graph itself.
        checkpoints: The checkpoint in each namespace above it.
    """

    checkpoint_id: str | None = None
    namespace: str = ""
    checkpoints: Mapping[str, str] = field(default_factory=dict)

    def configurable(self, thread_id: str) -> dict[str, Any]:
        """Return the place under LangGraph's names."""
        named = {"checkpoint_id": self.checkpoint_id, "checkpoint_map": dict(self.checkpoints)}
        return {
            "thread_id": thread_id,
            "checkpoint_ns": self.namespace,
            **{name: value for name, value in named.items() if value},
        }


LATEST = Place()


class Update(NamedTuple):
    """What one node is to have returned.

    Attributes:
        values: The values; None for nothing.
        as_node: The node; None for the one that wrote last.
        command: What it returned in the place of values, as clients write commands.
    """

    values: Any = None
    as_node: str | None = None
    command: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which part of a history is wanted, newest first.

    Attributes:
        before: Only what came before this checkpoint.
        metadata: What the checkpoints' metadata must contain.
        place: The checkpoint that the list begins with, and whose history it is.
    """

    limit: int = 10
    before: str | None = None
    metadata: Mapping[str, Any] | None = None
    place: Place = LATEST


class States:
    """The states of a deployment's threads.

    Args:
        storage: Where they are kept.
        graphs: What they are states of.
        threads: The threads themselves.
        access: Says who may do what.
    """

    def __init__(self, storage: Storage, graphs: Graphs, threads: Threads, access: Access) -> None:
        self._storage = storage
        self._graphs = graphs
        self._threads = threads
        self._access = access
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(
        self, caller: Caller, thread_id: str, place: Place = LATEST, *, subgraphs: bool = False
    ) -> StateSnapshot:
        """Return the state of a thread; an empty one where there is no such checkpoint.

        Args:
            caller: Who asks.
            thread_id: Whose state.
            place: Which state.
            subgraphs: Whether the states of subgraphs that wait are in their tasks.

        Raises:
            NotFound: There is no such thread that the caller may see, or its graph is gone.
        """
        thread = await self._threads.get(caller, thread_id)
        config = _config(thread, caller, place)
        if _graph_id(thread.metadata) is None:
            return _nothing(config)
        async with self._graph(thread, config, "read", self._storage.saver()) as graph:
            return await graph.aget_state(config, subgraphs=subgraphs)

    async def history(
        self, caller: Caller, thread_id: str, query: HistoryQuery
    ) -> list[StateSnapshot]:
        """Return the states of a thread, newest first, those of all its branches.

        Raises:
            NotFound: There is no such thread that the caller may see, or its graph is gone.
        """
        thread = await self._threads.get(caller, thread_id)
        if _graph_id(thread.metadata) is None:
            return []
        found: list[StateSnapshot] = []
        config = _config(thread, caller, Place(namespace=query.place.namespace))
        async with self._graph(thread, config, "read", self._storage.saver()) as graph:
            for part, before in _parts(query):
                rest = replace(query, before=before, limit=query.limit - len(found))
                found += await _listed(graph, _config(thread, caller, part), rest)
        return found

    async def usage(self, caller: Caller, thread_id: str) -> Usage:
        """Return how much of the database the states of a thread take.

        Raises:
            NotFound: There is no such thread that the caller may see.
        """
        await self._threads.get(caller, thread_id)
        return await measure(self._storage.saver(), thread_id)

    async def update(
        self, caller: Caller, thread_id: str, update: Update, place: Place = LATEST
    ) -> _Configurable:
        """Write a state as if a node had returned it, after the latest state or an earlier one.

        Returns:
            Where the new state is, under LangGraph's names.

        Raises:
            NotFound: There is no such thread that the caller may change, or its graph is gone.
            BadRequest: The thread has no graph yet, or the graph cannot take this.
            Conflict: The thread has unfinished runs; the message names them.
        """
        value: dict[str, Any] = {"thread_id": thread_id, "metadata": {}}
        filters = await self._access.authorise(caller, "threads", "update", value)
        await self._storage.threads.get(thread_id, filters)
        thread = await self._threads.get(caller, thread_id)
        return await self._write(thread, caller, [[update]], place)

    async def begin(
        self,
        caller: Caller,
        wanted: NewThread,
        supersteps: Sequence[Sequence[Update]],
    ) -> Thread:
        """Make a thread with a history, or neither; one that is there is returned as it is.

        Raises:
            NotFound: There is no such graph.
            BadRequest: The metadata name no graph, or the graph cannot take this.
            AlreadyExists: There is one of that id, and it is not to be returned or to be seen.
        """
        graph_id = _graph_id(wanted.metadata)
        if graph_id is None:
            raise BadRequest("supersteps: name the graph that they are of as metadata.graph_id")
        self._graphs.get(graph_id)
        try:
            thread = await self._threads.create(caller, replace(wanted, returns_existing=False))
        except AlreadyExists:
            if not wanted.returns_existing:
                raise
            return await self._threads.create(caller, wanted)
        try:
            await self._write(thread, caller, supersteps, LATEST)
        except BaseException:
            await self._storage.threads.delete(thread.thread_id)
            raise
        return await self._storage.threads.get(thread.thread_id)

    async def _write(
        self,
        thread: Thread,
        caller: Caller,
        supersteps: Sequence[Sequence[Update]],
        place: Place,
    ) -> _Configurable:
        _named_graph(thread.metadata, thread.thread_id)
        # Drafts need no turns. They only save this process the drafts that would come too late.
        async with self._turns.setdefault(thread.thread_id, asyncio.Lock()):
            while True:
                draft = await self._storage.draft(thread.thread_id)
                with suppress(Stale):
                    return await self._written(draft, thread, caller, supersteps, place)

    async def _written(
        self,
        draft: Draft,
        thread: Thread,
        caller: Caller,
        supersteps: Sequence[Sequence[Update]],
        place: Place,
    ) -> _Configurable:
        config = _config(thread, caller, place)
        async with self._graph(thread, config, "update", draft) as graph:
            updates = [[_as_returned(one) for one in step] for step in supersteps]
            try:
                written = await graph.abulk_update_state(config, updates)
            except MoorageError:
                raise
            except Exception as error:  # the graph's reducers are the user's
                raise BadRequest(_refusal(error)) from error
            left = await graph.aget_state(_config(thread, caller, LATEST))
        await draft.keep(state_of(left))
        return cast(_Configurable, written["configurable"])

    @asynccontextmanager
    async def _graph(
        self,
        thread: Thread,
        config: RunnableConfig,
        purpose: Purpose,
        saver: BaseCheckpointSaver[Any],
    ) -> AsyncIterator[AnyGraph]:
        async with self._graphs.build(
            _named_graph(thread.metadata, thread.thread_id),
            config,
            purpose=purpose,
            checkpointer=saver,
            store=self._storage.items,
        ) as graph:
            yield graph


def _graph_id(metadata: Mapping[str, Any]) -> str | None:
    found = metadata.get("graph_id")
    return found if isinstance(found, str) else None


def _named_graph(metadata: Mapping[str, Any], thread_id: str) -> str:
    if graph_id := _graph_id(metadata):
        return graph_id
    raise BadRequest(
        f"Thread '{thread_id}' has no assigned graph ID. Run an assistant on it first, or create it"
        " with the graph's name as graph_id in its metadata."
    )


def _config(thread: Thread, caller: Caller, place: Place) -> RunnableConfig:
    config = of_state(thread.config, thread.metadata, caller)
    config["configurable"] |= place.configurable(thread.thread_id)
    return cast(RunnableConfig, config)


def _nothing(config: RunnableConfig) -> StateSnapshot:
    return StateSnapshot({}, (), config, None, None, None, (), ())


def _parts(query: HistoryQuery) -> list[tuple[Place, str | None]]:
    """Return where to look, and before which checkpoint: LangGraph has no "from here on"."""
    start, before = query.place.checkpoint_id, query.before
    everywhere = Place(namespace=query.place.namespace)
    if start is None or (before is not None and before <= start):
        return [(everywhere, before)]
    return [(query.place, None), (everywhere, start)]


async def _listed(
    graph: AnyGraph, config: RunnableConfig, query: HistoryQuery
) -> list[StateSnapshot]:
    """Return a part of a history, read in steps: others have their turn in between."""
    found: list[StateSnapshot] = []
    before, is_more = query.before, True
    while is_more and len(found) < query.limit:
        most = min(_AT_ONCE, query.limit - len(found))
        states = graph.aget_state_history(
            config,
            filter=dict(query.metadata) if query.metadata else None,
            before={"configurable": {"checkpoint_id": before}} if before else None,
            limit=most,
        )
        step = [one async for one in states]
        found += step
        is_more = len(step) == most
        before = step[-1].config["configurable"]["checkpoint_id"] if step else None
    return found


def _as_returned(update: Update) -> StateUpdate:
    values: Any = update.values
    if update.command is not None:
        values = command_of(update.command)
    return StateUpdate(values, update.as_node)


def _refusal(error: Exception) -> str:
    """Say why a graph cannot take an update: the first line is LangGraph's, or the reducer's."""
    first = str(error).partition("\n")[0]
    if isinstance(error, InvalidUpdateError):
        return first
    _log.info("a graph did not take an update", exc_info=error)
    return f"The graph cannot take this update: {described(error)['error']}: {first}"
