"""``/threads/{thread_id}/state`` and ``/history`` (protocol, section 3)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BeforeValidator, Field
from starlette.responses import Response

from moorage.engine.states import LATEST, HistoryQuery, Place, Update
from moorage.errors import Invalid
from moorage.protocols.agent_server.requests import (
    MOST,
    AgentRoute,
    Ask,
    Asking,
    Body,
    CheckpointId,
    Json,
    OfThread,
    several,
)
from moorage.protocols.agent_server.thread_streams import tell_state
from moorage.protocols.agent_server.wire import (
    Answer,
    checkpoint_of,
    selected,
    state_of,
    usage_of,
)

routes = APIRouter(prefix="/threads/{thread_id}", tags=["threads"], route_class=AgentRoute)

_PARTS = frozenset(
    {
        "values",
        "next",
        "tasks",
        "metadata",
        "created_at",
        "checkpoint",
        "parent_checkpoint",
        "interrupts",
        "checkpoint_id",
        "parent_checkpoint_id",
    }
)
_OF_VALUES = "values."


def _known(names: list[str]) -> list[str]:
    for name in names:
        if name not in _PARTS and not name.startswith(_OF_VALUES):
            raise Invalid(
                f"select: a state has no {name}; choose of {', '.join(sorted(_PARTS))} and"
                " values.<key>"
            )
    return names


def _checkpoint_id(before: Any) -> Any:
    """Return the id that is meant, which may be within an object, and within a config."""
    if isinstance(before, dict):
        inner = before.get("configurable")
        return (inner if isinstance(inner, dict) else before).get("checkpoint_id")
    return before


Parts = Annotated[list[str], AfterValidator(_known)]


class Checkpoint(Body):
    """Where on a thread; its ``thread_id`` is that of the path."""

    checkpoint_id: CheckpointId | None = None
    checkpoint_ns: str = ""
    checkpoint_map: dict[str, str] = Field(default_factory=dict)

    def place(self) -> Place:
        """Return it as the engine knows it."""
        return Place(self.checkpoint_id, self.checkpoint_ns, self.checkpoint_map)


class StateAt(Body):
    """Which state is wanted."""

    checkpoint: Checkpoint
    subgraphs: bool = False
    select: Parts | None = None


class StateUpdate(Body):
    """What becomes of a state."""

    values: Any = None
    as_node: str | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_id: CheckpointId | None = None

    def place(self) -> Place:
        """Return the state that it is an update of."""
        if self.checkpoint is not None:
            return self.checkpoint.place()
        return Place(self.checkpoint_id)


class HistorySearch(Body):
    """Which part of a history is wanted. Without a limit it is one state, as clients expect."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 1
    before: Annotated[CheckpointId | None, BeforeValidator(_checkpoint_id)] = None
    metadata: Json | None = None
    checkpoint: Checkpoint | None = None
    select: Parts | None = None

    def query(self) -> HistoryQuery:
        """Return the search's conditions."""
        place = self.checkpoint.place() if self.checkpoint else LATEST
        return HistoryQuery(self.limit, self.before, self.metadata, place)


@routes.get("/state")
async def get(
    thread_id: OfThread, ask: Asking, subgraphs: Annotated[bool, Query()] = False
) -> Response:
    """Get the latest state of a thread."""
    return await _state(ask, thread_id, LATEST, subgraphs=subgraphs, select=_selection(ask))


@routes.get("/state/{checkpoint_id}")
async def get_at(
    thread_id: OfThread,
    checkpoint_id: CheckpointId,
    ask: Asking,
    subgraphs: Annotated[bool, Query()] = False,
) -> Response:
    """Get the state of a thread at a checkpoint."""
    place = Place(checkpoint_id)
    return await _state(ask, thread_id, place, subgraphs=subgraphs, select=_selection(ask))


@routes.post("/state/checkpoint")
async def get_by_checkpoint(thread_id: OfThread, body: StateAt, ask: Asking) -> Response:
    """Get the state of a thread, or of a subgraph on it, at a checkpoint.

    One that is not there has the place that was asked for: ``RemoteGraph`` reads it in every state.
    """
    place = body.checkpoint.place()
    found = await ask.agents.states.get(ask.caller, thread_id, place, subgraphs=body.subgraphs)
    state = state_of(found)
    if state["metadata"] is None:
        at = {"checkpoint_id": None, **checkpoint_of(place.configurable(thread_id))}
        state |= {"checkpoint": at, "metadata": {}}
    return Answer(_part(state, body.select))


@routes.post("/state")
async def update(thread_id: OfThread, body: StateUpdate, ask: Asking) -> Response:
    """Write a state as if a node had returned it."""
    change = Update(body.values, body.as_node)
    found = await ask.agents.states.update(ask.caller, thread_id, change, body.place())
    await tell_state(ask, thread_id)
    place = checkpoint_of(found)
    answer = {"checkpoint": place, "configurable": place, "checkpoint_id": place["checkpoint_id"]}
    return Answer(answer)


@routes.get("/history")
async def get_history(
    thread_id: OfThread,
    ask: Asking,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 10,
    before: Annotated[CheckpointId | None, Query()] = None,
) -> Response:
    """List the states of a thread, newest first."""
    return await _history(ask, thread_id, HistoryQuery(limit, before), _selection(ask))


@routes.post("/history")
async def search_history(thread_id: OfThread, body: HistorySearch, ask: Asking) -> Response:
    """List states of a thread, newest first."""
    return await _history(ask, thread_id, body.query(), body.select)


@routes.get("/storage")
async def usage(thread_id: OfThread, ask: Asking) -> Response:
    """Say how much of the database the states of a thread take."""
    found = await ask.agents.states.usage(ask.caller, thread_id)
    return Answer(usage_of(thread_id, found))


async def _state(
    ask: Ask, thread_id: str, place: Place, *, subgraphs: bool, select: list[str] | None
) -> Response:
    found = await ask.agents.states.get(ask.caller, thread_id, place, subgraphs=subgraphs)
    return Answer(_part(state_of(found), select))


async def _history(
    ask: Ask, thread_id: str, query: HistoryQuery, select: list[str] | None
) -> Response:
    found = await ask.agents.states.history(ask.caller, thread_id, query)
    return Answer([_part(state_of(one), select) for one in found])


def _selection(ask: Ask) -> list[str] | None:
    return _known(several(ask.request, "select")) or None


def _part(state: Json, select: list[str] | None) -> Json:
    """Return the part of a state that was asked for; ``values.<key>`` is one of its values."""
    if not select:
        return state
    keys = {name.removeprefix(_OF_VALUES) for name in select if name.startswith(_OF_VALUES)}
    chosen = selected(state, {*select, "values"} if keys else select)
    if keys and "values" not in select and isinstance(state["values"], dict):
        chosen["values"] = selected(state["values"], keys)
    return chosen
