"""Assistants: a graph with a configuration, under an id that clients may keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from moorage.domain.search import Filters

_NAMESPACE = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
"""Not one of RFC 9562's: the Agent Server's own, so that clients find the ids that they know."""

SYSTEM = "system"
"""``created_by`` in the metadata of the assistant that every graph has from the start."""


def default_assistant_id(graph_id: str) -> str:
    """Return the id of the assistant that a graph has from the start (protocol, section 8)."""
    return str(uuid5(_NAMESPACE, graph_id))


@dataclass(frozen=True, slots=True)
class Assistant:
    """A graph and how it is configured.

    Attributes:
        version: Counts the changes from 1; each version stays readable.
        config: A ``RunnableConfig``'s ``tags``, ``recursion_limit`` and ``configurable``.
        context: The runtime context of its runs.
    """

    assistant_id: str
    graph_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    description: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssistantChange:
    """What becomes different in the next version; None leaves a thing as it is.

    Attributes:
        metadata: Merged into the metadata, key by key. All else is replaced.
    """

    graph_id: str | None = None
    name: str | None = None
    description: str | None = None
    config: Mapping[str, Any] | None = None
    context: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AssistantQuery:
    """Which assistants a search is for; all conditions that are given must hold.

    Attributes:
        name: A part of their names, in capitals or not.
        metadata: What their metadata must contain.
        filters: What the caller may see.
    """

    graph_id: str | None = None
    name: str | None = None
    metadata: Mapping[str, Any] | None = None
    filters: Filters | None = None
