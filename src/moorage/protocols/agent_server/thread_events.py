"""What happens in a run, as the newer protocol tells it (section 7.3).

The same events of a run are always told in the same way and under the same ids, which clients
remember: after a restart, and on every connection.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from moorage.clock import SystemClock
from moorage.domain.events import ATTEMPT_BITS
from moorage.domain.runs import Run, RunStatus
from moorage.engine.run_events import (
    CHECKPOINTS,
    CUSTOM,
    LIFECYCLE,
    MESSAGES,
    TASKS,
    TOOLS,
    UPDATES,
    VALUES,
)
from moorage.engine.run_stream import Streamed
from moorage.engine.thread_events import Ending, ThreadEvent
from moorage.protocols.agent_server.message_blocks import MessageBlocks, whole
from moorage.protocols.agent_server.wire import dumps

ASKED = "input.requested"
INPUT = "input"

_QUESTIONS = "__interrupt__"
_ROOT: tuple[str, ...] = ()
_NUMBER = (1 << ATTEMPT_BITS) - 1
_TERMINAL = {RunStatus.SUCCESS: "completed", RunStatus.INTERRUPTED: "interrupted"}
_SUBGRAPH_STATES = frozenset({"started", "completed", "failed", "interrupted"})
_MESSAGES = frozenset({"human", "ai", "system", "tool", "function", "chat", "remove"})
_NEVER_LEFT_OUT = frozenset({"type", "content", "id"})
_SAID = {
    "langgraph_node": "langgraph_node",
    "langgraph_step": "langgraph_step",
    "ls_provider": "provider",
    "ls_model_name": "model",
}
"""What is said of a model, by its name in a run's metadata."""

_Place = tuple[tuple[str, ...], str | None]
"""A namespace, and a node in it: where a message is said."""

_clock = SystemClock()


class _Told(NamedTuple):
    """One event that is to be told.

    Attributes:
        synthetic: What its id is made of, where the run has no event of its own for it.
    """

    method: str
    namespace: tuple[str, ...]
    data: Any
    node: str | None = None
    synthetic: str = ""


class RunTranslation:
    """Tells one run.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run_id = run.run_id
        self._graph = run.metadata.get("graph_id")
        self._pairs_values = bool(run.kwargs.get("content_blocks"))
        self._is_begun = False
        self._questions: dict[str, _Told] = {}
        self._waiting: list[tuple[str, _Told]] = []  # values whose checkpoint comes next
        self._blocks: dict[_Place, MessageBlocks] = {}
        self._ids: dict[str, str] = {}  # of messages, by the runs of their models
        self._readers: Mapping[str, Callable[[tuple[str, ...], Any], Iterable[_Told]]] = {
            VALUES: self._values,
            UPDATES: self._updates,
            CHECKPOINTS: self._checkpoint,
            MESSAGES: self._message,
            "messages/partial": self._partial,
            "messages/complete": self._complete,
            LIFECYCLE: self._subgraph,
            TASKS: self._task,
            CUSTOM: lambda namespace, data: (_Told(CUSTOM, namespace, data),),
            TOOLS: lambda namespace, data: (_Told(TOOLS, namespace, data),),
        }

    def feed(self, one: Streamed) -> Iterator[ThreadEvent]:
        """Yield what an event of the run is to the thread."""
        yield from self._begin()
        mode, *namespace = one.event.name.split("|")
        read = self._readers.get(mode)
        if read is None:
            return
        own_id = f"{self._run_id}:{one.id >> ATTEMPT_BITS}-{one.id & _NUMBER}"
        told = list(read(tuple(namespace), orjson.loads(one.event.data)))
        if self._pairs_values and mode == VALUES:
            yield from self._flush()
            self._waiting.extend((own_id, one) for one in told)
            return
        if mode == CHECKPOINTS:
            yield from self._events(own_id, told)
            told = []
        yield from self._flush()
        yield from self._events(own_id, told)

    def end(self, ending: Ending) -> Iterator[ThreadEvent]:
        """Yield what is still to be told when the run has ended: how, at last."""
        yield from self._begin()
        yield from self._flush()
        yield from self._events(f"{self._run_id}:end", self._closed(_ROOT))
        event = _TERMINAL.get(ending.status, "failed")
        if event == "completed":
            yield from self._events("", self._questions.values())
            if ending.waits or self._questions:
                event = "interrupted"
        data: dict[str, Any] = {"event": event, "graph_name": self._graph}
        if event == "failed":
            data["error"] = (ending.error or {}).get("message") or ending.status.value
        yield self._event("", _Told(LIFECYCLE, _ROOT, data, synthetic=f"lc||{event}"))

    def _begin(self) -> Iterator[ThreadEvent]:
        if not self._is_begun:
            self._is_begun = True
            data = {"event": "running", "graph_name": self._graph}
            yield self._event("", _Told(LIFECYCLE, _ROOT, data, synthetic="lc||running"))

    def _flush(self) -> Iterator[ThreadEvent]:
        waiting, self._waiting = self._waiting, []
        for own_id, told in waiting:
            yield self._event(own_id, told)

    def _events(self, own_id: str, told: Iterable[_Told]) -> Iterator[ThreadEvent]:
        for number, one in enumerate(told):
            yield self._event(f"{own_id}.{number}" if number else own_id, one)

    def _event(self, own_id: str, told: _Told) -> ThreadEvent:
        params = {
            "namespace": told.namespace,
            "timestamp": int(_clock.now().timestamp() * 1000),
            "data": told.data,
        }
        if told.node is not None:
            params["node"] = told.node
        event_id = f"synth:{self._run_id}:{told.synthetic}" if told.synthetic else own_id
        return ThreadEvent(
            event_id, self._run_id, told.method, _channel(told), told.namespace, dumps(params)
        )

    def _values(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        questions = data.pop(_QUESTIONS, None) if isinstance(data, dict) else None
        self._ask(namespace, questions)
        yield from self._closed(namespace)
        if data or questions is None:
            yield _Told(VALUES, namespace, _without_nothing(data))

    def _updates(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        node = next(iter(data)) if isinstance(data, dict) and len(data) == 1 else None
        if node == _QUESTIONS:
            self._ask(namespace, data[node])
            node = None
        yield _Told(UPDATES, namespace, data, node)

    def _task(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        self._ask(namespace, data.get("interrupts"))
        yield _Told(TASKS, namespace, data, data.get("name"))

    def _ask(self, namespace: tuple[str, ...], questions: Any) -> None:
        """Note what is asked, where it was first: a question rises from graph to graph.

        It is told when the run has ended, as an answer would find nothing to go on from before.
        """
        for one in questions or ():
            data = {"interrupt_id": one["id"], "payload": one["value"], "value": one["value"]}
            synthetic = f"input|{'/'.join(namespace)}|{one['id']}"
            self._questions.setdefault(one["id"], _Told(ASKED, namespace, data, None, synthetic))

    def _checkpoint(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        metadata = data.get("metadata") or {}
        told = {
            "id": _checkpoint_id(data.get("config")),
            "step": metadata.get("step"),
            "source": metadata.get("source"),
        }
        if parent := _checkpoint_id(data.get("parent_config")):
            told["parent_id"] = parent
        yield _Told(CHECKPOINTS, namespace, told)

    def _subgraph(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        event = data["event"]
        if event in _SUBGRAPH_STATES:
            synthetic = f"lc|{'/'.join(namespace)}|{event}"
            yield _Told(LIFECYCLE, namespace, data, synthetic=synthetic)

    def _message(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        said, metadata = data
        node = metadata.get("langgraph_node")
        if "event" in said:
            yield _Told(MESSAGES, namespace, self._named(said, metadata), node)
        elif self._pairs_values:
            yield from _in_place((namespace, node), whole(said))
        else:
            yield from self._added((namespace, node), [said])

    def _partial(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        yield from self._added((namespace, None), data, is_so_far=True)

    def _complete(self, namespace: tuple[str, ...], data: Any) -> Iterator[_Told]:
        yield from self._added((namespace, None), data)

    def _added(
        self, place: _Place, messages: Iterable[dict[str, Any]], *, is_so_far: bool = False
    ) -> Iterator[_Told]:
        blocks = self._blocks.setdefault(place, MessageBlocks())
        for message in messages:
            yield from _in_place(place, blocks.add(message, is_so_far=is_so_far))

    def _closed(self, namespace: tuple[str, ...]) -> Iterator[_Told]:
        """Yield the ends of messages of which no more comes, as the step of their graph is over."""
        for place, blocks in self._blocks.items():
            if place[0][: len(namespace)] == namespace:
                yield from _in_place(place, blocks.close())

    def _named(self, said: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return an event of a message with the message's id, by which parallel ones are told."""
        model_run = str(metadata.get("run_id"))
        if said["event"] == "message-start":
            self._ids[model_run] = str(said.get("id") or said.get("message_id"))
            known = {name: metadata[key] for key, name in _SAID.items() if metadata.get(key)}
            said = {**said, "metadata": {**known, **(said.get("metadata") or {})}}
        known_id = self._ids.get(model_run)
        if said["event"] in {"message-finish", "error"}:
            self._ids.pop(model_run, None)
        return said if known_id is None else {**said, "id": known_id}


def _in_place(place: _Place, events: Iterable[dict[str, Any]]) -> Iterator[_Told]:
    namespace, node = place
    for event in events:
        yield _Told(MESSAGES, namespace, event, node)


def _channel(told: _Told) -> str:
    """Return what clients ask for to be told of an event."""
    if told.method == ASKED:
        return INPUT
    if told.method == CUSTOM and isinstance(told.data, dict) and told.data.get("name"):
        return f"{CUSTOM}:{told.data['name']}"
    return told.method


def _checkpoint_id(config: Any) -> str | None:
    found: str | None = ((config or {}).get("configurable") or {}).get("checkpoint_id")
    return found


def _without_nothing(values: Any) -> Any:
    """Leave out of messages what they do not have; what else there is stays as it is."""
    if isinstance(values, list):
        return [_without_nothing(one) for one in values]
    if not isinstance(values, dict):
        return values
    if values.get("type") in _MESSAGES and "content" in values:
        return {
            name: one
            for name, one in values.items()
            if name in _NEVER_LEFT_OUT or one not in (None, "", [], {})
        }
    return {name: _without_nothing(one) for name, one in values.items()}
