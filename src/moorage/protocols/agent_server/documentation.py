"""What the OpenAPI document says of the operations: their names, and what they answer.

It is documentation only. Endpoints return responses that are ready, and nothing here touches them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired

from starlette.responses import Response
from typing_extensions import TypedDict

from moorage.domain.crons import AfterRun
from moorage.domain.runs import Multitask, RunStatus
from moorage.domain.threads import ThreadStatus

Json = dict[str, Any]


class Assistant(TypedDict):
    """A graph with a config of its own."""

    assistant_id: str
    graph_id: str
    config: Json
    context: Json
    metadata: Json
    name: str
    description: str | None
    created_at: str
    updated_at: str
    version: int


class GraphSchemas(TypedDict):
    """The JSON schemas of a graph; null where it has none."""

    input_schema: Json | None
    output_schema: Json | None
    state_schema: Json | None
    config_schema: Json | None
    context_schema: Json | None


class AssistantSchemas(GraphSchemas):
    """The JSON schemas of an assistant's graph."""

    graph_id: str


class Drawing(TypedDict):
    """The nodes and edges of a graph."""

    nodes: list[Json]
    edges: list[Json]


class Thread(TypedDict):
    """A conversation. With ``select`` only the parts that were asked for are there."""

    thread_id: str
    created_at: NotRequired[str]
    updated_at: NotRequired[str]
    state_updated_at: NotRequired[str]
    metadata: NotRequired[Json]
    status: NotRequired[ThreadStatus]
    config: NotRequired[Json]
    values: NotRequired[Any]
    interrupts: NotRequired[Json]
    error: NotRequired[Any]
    ttl: NotRequired[Json | None]


class Pruned(TypedDict):
    """What became of threads that were to be pruned."""

    pruned_count: int


class CheckpointPlace(TypedDict):
    """Where on a thread a state is."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: NotRequired[str | None]
    checkpoint_map: NotRequired[Json | None]


class ThreadState(TypedDict, total=False):
    """The state of a thread at a checkpoint. With ``select`` only parts of it are there."""

    values: Any
    next: list[str]
    tasks: list[Json]
    metadata: Json | None
    created_at: str | None
    checkpoint: CheckpointPlace
    parent_checkpoint: CheckpointPlace | None
    interrupts: list[Json]
    checkpoint_id: str | None
    parent_checkpoint_id: str | None


class StateUpdated(TypedDict):
    """The checkpoint that an update has made."""

    checkpoint: CheckpointPlace
    configurable: CheckpointPlace
    checkpoint_id: str


class Run(TypedDict, total=False):
    """A run. With ``select`` only the parts that were asked for are there."""

    run_id: str
    thread_id: str
    assistant_id: str
    metadata: Json
    status: RunStatus
    kwargs: Json
    multitask_strategy: Multitask
    created_at: str
    updated_at: str
    langsmith_session_name: str | None


class Cron(TypedDict, total=False):
    """What begins runs on a schedule. With ``select`` only parts of it are there."""

    cron_id: str
    assistant_id: str
    thread_id: str | None
    user_id: str | None
    schedule: str
    timezone: str | None
    end_time: str | None
    next_run_date: str | None
    enabled: bool
    on_run_completed: AfterRun | None
    metadata: Json
    payload: Json
    created_at: str
    updated_at: str


class StoreItem(TypedDict):
    """An item of the store."""

    namespace: list[str]
    key: str
    value: Json
    created_at: str
    updated_at: str


class FoundItem(StoreItem):
    """An item that a search has found, with how near it is to the query."""

    score: float | None


class FoundItems(TypedDict):
    """What a search has found."""

    items: list[FoundItem]


class Namespaces(TypedDict):
    """The namespaces that hold items."""

    namespaces: list[list[str]]


class CommandAnswer(TypedDict, total=False):
    """What came of a command of the newer protocol: a ``result`` or an ``error``, by ``type``."""

    type: Literal["success", "error"]
    id: int | str | None
    result: Json
    error: str
    message: str
    meta: Json


class Problem(TypedDict):
    """What went wrong, in one sentence. ``message`` is the same again."""

    detail: str
    message: NotRequired[str]


class EventAnswer(Response):
    """Stands for the responses that are streams of events."""

    media_type = "text/event-stream"


Form = Literal["json", "events", "nothing"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is said of one operation.

    Attributes:
        name: Its id, which generated clients call their functions by.
        model: What it answers, as JSON; None where the form says all.
        form: In what form.
        status: With which status, where all goes well.
        body: The schema of the body that it takes, where the endpoint reads it by itself.
    """

    name: str
    model: Any = None
    form: Form = "json"
    status: int = 200
    body: Json | None = None

    @property
    def more(self) -> Json | None:
        """What else is said, as FastAPI wants it."""
        if self.body is None:
            return None
        content = {"application/json": {"schema": self.body}}
        return {"requestBody": {"required": True, "content": content}}

    @property
    def answers(self) -> dict[int | str, dict[str, Any]]:
        """What it answers, as FastAPI wants it."""
        problem = _PROBLEM_OF_STREAM if self.form == "events" else _PROBLEM
        return {self.status: self._answer, "default": {**problem}}

    @property
    def _answer(self) -> dict[str, Any]:
        if self.form == "events":
            return {
                "description": "Events, as they come: `event`, `data`, and `id` where the client"
                " may come back to them.",
            }
        if self.form == "nothing":
            return {"description": "It is done."}
        return {"description": "It is done.", "model": self.model}


_PROBLEM: Mapping[str, Any] = {"description": "It cannot be done.", "model": Problem}
# FastAPI would say of a model that it is sent as the events are.
_PROBLEM_OF_STREAM: Mapping[str, Any] = {
    "description": "It cannot be done.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _nothing(name: str, status: int = 204) -> Operation:
    return Operation(name, form="nothing", status=status)


def _events(name: str) -> Operation:
    return Operation(name, form="events")


_COMMAND: Json = {
    "type": "object",
    "description": "A command of the newer protocol.",
    "required": ["id", "method"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "method": {"type": "string", "examples": ["run.start"]},
        "params": {"type": "object"},
    },
}
_SUBSCRIPTION: Json = {
    "type": "object",
    "description": "Which events of a thread are wanted.",
    "required": ["channels"],
    "properties": {
        "channels": {"type": "array", "items": {"type": "string"}},
        "namespaces": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        "depth": {"type": "integer", "minimum": 0},
        "since": {"type": "integer", "minimum": 0},
    },
}

OPERATIONS: Mapping[str, Operation] = {
    "assistants.create": Operation("create_assistant", Assistant),
    "assistants.search": Operation("search_assistants", list[Assistant]),
    "assistants.count": Operation("count_assistants", int),
    "assistants.get": Operation("get_assistant", Assistant),
    "assistants.patch": Operation("patch_assistant", Assistant),
    "assistants.delete": _nothing("delete_assistant"),
    "assistants.versions": Operation("search_assistant_versions", list[Assistant]),
    "assistants.set_latest": Operation("set_latest_assistant_version", Assistant),
    "assistants.graph": Operation("get_assistant_graph", Drawing),
    "assistants.schemas": Operation("get_assistant_schemas", AssistantSchemas),
    "assistants.subgraphs": Operation("get_assistant_subgraphs", dict[str, GraphSchemas]),
    "assistants.subgraph": Operation("get_assistant_subgraph", dict[str, GraphSchemas]),
    "threads.create": Operation("create_thread", Thread),
    "threads.search": Operation("search_threads", list[Thread]),
    "threads.count": Operation("count_threads", int),
    "threads.prune": Operation("prune_threads", Pruned),
    "threads.copy": Operation("copy_thread", Thread),
    "threads.get": Operation("get_thread", Thread),
    "threads.patch": Operation("patch_thread", Thread),
    "threads.delete": _nothing("delete_thread"),
    "states.get": Operation("get_thread_state", ThreadState),
    "states.get_at": Operation("get_thread_state_at_checkpoint", ThreadState),
    "states.get_by_checkpoint": Operation("search_thread_state", ThreadState),
    "states.update": Operation("update_thread_state", StateUpdated),
    "states.get_history": Operation("get_thread_history", list[ThreadState]),
    "states.search_history": Operation("search_thread_history", list[ThreadState]),
    "states.usage": Operation("get_thread_storage", Json),
    "thread_streams.stream": _events("stream_thread"),
    "commands.commands": Operation("command_thread", CommandAnswer, body=_COMMAND),
    "event_streams.events": Operation("stream_thread_events", form="events", body=_SUBSCRIPTION),
    "runs.create": Operation("create_run", Run),
    "runs.stream": _events("stream_run"),
    "runs.wait": Operation("wait_run", Any),
    "runs.of_thread": Operation("list_runs", list[Run]),
    "runs.get": Operation("get_run", Run),
    "runs.delete": _nothing("delete_run"),
    "runs.create_stateless": Operation("create_stateless_run", Run),
    "runs.stream_stateless": _events("stream_stateless_run"),
    "runs.wait_stateless": Operation("wait_stateless_run", Any),
    "runs.batch": Operation("create_stateless_runs", list[Run]),
    "joins.join": Operation("join_run", Any),
    "joins.stream": _events("join_run_stream"),
    "joins.cancel": _nothing("cancel_run", 202),
    "joins.cancel_many": _nothing("cancel_runs"),
    "joins.join_stateless": Operation("join_stateless_run", Any),
    "joins.stream_stateless": _events("join_stateless_run_stream"),
    "crons.create": Operation("create_cron", Cron),
    "crons.create_for_thread": Operation("create_thread_cron", Cron),
    "crons.search": Operation("search_crons", list[Cron]),
    "crons.count": Operation("count_crons", int),
    "crons.get": Operation("get_cron", Cron),
    "crons.patch": Operation("patch_cron", Cron),
    "crons.delete": _nothing("delete_cron"),
    "store.put": _nothing("put_item"),
    "store.get": Operation("get_item", StoreItem | None),
    "store.delete": _nothing("delete_item"),
    "store.search": Operation("search_items", FoundItems),
    "store.namespaces": Operation("list_namespaces", Namespaces),
}
"""By the endpoint's module and name."""


def said_of(endpoint: Callable[..., Any]) -> Operation | None:
    """Return what is said of an endpoint; None where nothing is."""
    module = endpoint.__module__.rpartition(".")[2]
    return OPERATIONS.get(f"{module}.{endpoint.__name__}")
