"""What a graph streams, as the events that followers of its run are sent.

An event's name is the stream mode, with the namespace of a subgraph behind bars. What the modes
carry, and where the names differ from LangGraph's own, is section 5.3 of the Agent Server's
protocol: chunks of messages come as ``messages`` to who asked for ``messages-tuple``, and to who
asked for ``messages`` as the message so far.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage, BaseMessageChunk, message_chunk_to_message

from moorage.domain.caller import without_identity

TUPLES = "messages-tuple"
MESSAGES = "messages"
EVENTS = "events"
VALUES = "values"
UPDATES = "updates"
CUSTOM = "custom"
TASKS = "tasks"
CHECKPOINTS = "checkpoints"
TOOLS = "tools"
LIFECYCLE = "lifecycle"
BLOCKS = (VALUES, UPDATES, TUPLES, CUSTOM, TASKS, CHECKPOINTS, TOOLS, LIFECYCLE)
"""The modes of runs whose messages are streamed as content blocks (``engine.content_blocks``)."""

_OWN = {TUPLES: MESSAGES}
_NOT_OF_GRAPHS = frozenset({EVENTS})
_PLACE = ("checkpoint_id", "thread_id", "checkpoint_ns", "checkpoint_map")

Dump = Callable[[Any], bytes]


class RunEvent(NamedTuple):
    """One event: its name, and its data as one line of JSON."""

    name: str
    data: bytes


class EventWriter:
    """Turns what one run's graph streams into events.

    Attributes:
        modes: What the run was asked for.

    Args:
        modes: The same.
        dump: Renders a value as one line of JSON; it must not raise.
    """

    def __init__(self, modes: Collection[str], dump: Dump) -> None:
        self.modes = frozenset(modes)
        self._dump = dump
        self._so_far: dict[str, BaseMessageChunk] = {}

    @property
    def graph_modes(self) -> list[str]:
        """The modes that LangGraph is to be asked for."""
        return sorted({_OWN.get(mode, mode) for mode in self.modes - _NOT_OF_GRAPHS})

    def write(self, namespace: Sequence[str], mode: str, payload: Any) -> Iterator[RunEvent]:
        """Yield the events for one item of a graph's stream."""
        suffix = "".join(f"|{part}" for part in namespace)
        if mode != MESSAGES:
            yield self._event(mode + suffix, _PAYLOADS.get(mode, _as_it_is)(payload))
        elif TUPLES in self.modes:
            yield self._event(MESSAGES + suffix, payload)
        else:
            yield from self._accumulated(suffix, *payload)

    def error(self, error: Mapping[str, Any]) -> RunEvent:
        """Return the last event of a run that failed."""
        return self._event("error", error)

    def metadata(self, run_id: str, attempt: int) -> RunEvent:
        """Return the first event of an attempt."""
        return self._event("metadata", {"run_id": run_id, "attempt": attempt})

    def raw(self, event: Any) -> RunEvent:
        """Return an event of ``astream_events``, for who asked for those."""
        match event["data"].get("chunk"):
            # A graph's own stream comes by here too, within its events.
            case (*namespace, "checkpoints" as mode, {"config": _} as payload) | (
                *namespace,
                "debug" as mode,
                {"payload": {"config": _}} as payload,
            ):
                chunk = (*namespace, mode, _PAYLOADS[mode](payload))
                event = {**event, "data": {**event["data"], "chunk": chunk}}
        return self._event(EVENTS, event)

    def _event(self, name: str, data: Any) -> RunEvent:
        return RunEvent(name, self._dump(data))

    def _accumulated(
        self, suffix: str, message: BaseMessage, metadata: Mapping[str, Any]
    ) -> Iterator[RunEvent]:
        known = self._so_far.get(message.id or "")
        if known is None:
            yield self._event(f"{MESSAGES}/metadata{suffix}", {message.id: {"metadata": metadata}})
        if not isinstance(message, BaseMessageChunk):
            yield self._event(f"{MESSAGES}/complete{suffix}", [message])
            return
        whole = message if known is None else known + message
        assert isinstance(whole, BaseMessageChunk)  # noqa: S101 - chunks of one message add up
        self._so_far[message.id or ""] = whole
        yield self._event(f"{MESSAGES}/partial{suffix}", [message_chunk_to_message(whole)])


def _as_it_is(payload: Any) -> Any:
    return payload


def _debugged(payload: Any) -> Any:
    if payload["type"] != "checkpoint":
        return payload
    return {**payload, "payload": _with_places(_checkpoint(payload["payload"]))}


def _with_places(checkpoint: Any) -> Any:
    """Name a checkpoint's place as the state endpoints do; clients of the debug stream read it."""
    return {
        **checkpoint,
        "checkpoint": _place(checkpoint["config"]),
        "parent_checkpoint": _place(checkpoint["parent_config"]),
    }


def _checkpoint(payload: Any) -> Any:
    """Leave out who is calling, which the configs of checkpoints hold."""
    shown = {
        name: without_identity(payload[name])
        for name in ("config", "parent_config")
        if payload.get(name)
    }
    return {**payload, **shown}


def _place(config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    configurable = (config or {}).get("configurable")
    if not configurable:
        return None
    return {name: configurable[name] for name in _PLACE if name in configurable}


_PAYLOADS: Mapping[str, Callable[[Any], Any]] = {
    CHECKPOINTS: _checkpoint,
    "debug": _debugged,
}
