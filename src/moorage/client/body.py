"""Request bodies: what of a call goes over the wire, and what stays here."""

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig

from moorage.serialization import WellKnownLCSerializer

_LEAVES = (str, int, float, bool, type(None), UUID, datetime, date, time, Enum)
_GRAPH_PREFIX = "__pregel"
_GRAPH_CHECKPOINTS = frozenset({"checkpoint_id", "checkpoint_map", "checkpoint_ns"})
_MISSING = object()


def dump(value: Any) -> bytes:
    """Render a part of the body that the user's own serializer is not asked about."""
    return WellKnownLCSerializer().dumps(value)


def join(parts: Mapping[str, bytes]) -> bytes:
    """Put JSON texts together into one JSON object."""
    return b"{" + b",".join(b'"%b":%b' % (key.encode(), part) for key, part in parts.items()) + b"}"


def sendable(config: RunnableConfig) -> dict[str, Any]:
    """Select what of a config the server can use.

    Callbacks stay here. Of the rest, values without a JSON form are dropped at any depth, such as
    the chat history that RunnableWithMessageHistory keeps in ``configurable``. When the call is
    made from inside a LangGraph graph, what that graph keeps there for itself and its position
    among its own checkpoints are dropped as well: they mean nothing to the remote runnable.
    """
    kept: dict[str, Any] = _json_only({k: v for k, v in config.items() if k != "callbacks"})
    configurable = kept.get("configurable") or {}
    if any(key.startswith(_GRAPH_PREFIX) for key in config.get("configurable") or {}):
        kept["configurable"] = {k: v for k, v in configurable.items() if not _of_graph(k)}
    return kept


def _of_graph(key: str) -> bool:
    return key.startswith(_GRAPH_PREFIX) or key in _GRAPH_CHECKPOINTS


def _json_only(value: Any) -> Any:
    """Drop what is not JSON from a value; ``_MISSING`` if nothing is left of it."""
    if isinstance(value, dict):
        items = ((key, _json_only(item)) for key, item in value.items() if isinstance(key, str))
        return {key: item for key, item in items if item is not _MISSING}
    if isinstance(value, (list, tuple)):
        return [item for item in map(_json_only, value) if item is not _MISSING]
    return value if isinstance(value, _LEAVES) else _MISSING
