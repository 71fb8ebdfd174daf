"""Threads: the memory of a conversation, and what has become of its last run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from moorage.domain.search import Filters


class ThreadStatus(StrEnum):
    """What a thread waits for."""

    IDLE = "idle"
    """For anybody's next input."""
    BUSY = "busy"
    """For a run that is pending or running."""
    INTERRUPTED = "interrupted"
    """For an answer, or for somebody to go on where its last run stopped."""
    ERROR = "error"
    """Its last run failed."""


class Expiry(StrEnum):
    """What becomes of a thread whose time has come."""

    DELETE = "delete"
    """It goes, with everything on it."""
    KEEP_LATEST = "keep_latest"
    """Its newest checkpoints stay, its older ones go."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a thread lives after it was last used, and what becomes of it then."""

    length: timedelta
    expiry: Expiry = Expiry.DELETE


@dataclass(frozen=True, slots=True)
class Pruned:
    """What came of tidying threads up.

    Attributes:
        done: Ids of those that were.
        whole: Ids of those that stay whole, because their checkpoints need one another.
    """

    done: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """One line of history, on which one run at a time works.

    Attributes:
        state_updated_at: When a run or an update last changed its state.
        values: The state's values as the last run or update left them; None before the first.
        interrupts: What runs asked for and nobody has answered, by the id of the task.
        error: How the last run failed, as ``{"error", "message"}``.
        config: The ``configurable`` of the last run, without what the server put there.
        lifetime: How long it lives, where that was said of it; else what is said of all holds.
    """

    thread_id: str
    created_at: datetime
    updated_at: datetime
    state_updated_at: datetime
    status: ThreadStatus = ThreadStatus.IDLE
    metadata: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    values: Any = None
    interrupts: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    lifetime: Lifetime | None = None


@dataclass(frozen=True, slots=True)
class ThreadState:
    """What a run or an update leaves behind on its thread.

    Attributes:
        status: What the thread waits for now; it stays busy while further runs are queued.
    """

    status: ThreadStatus
    values: Any = None
    interrupts: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ThreadQuery:
    """Which threads a search is for; all conditions that are given must hold.

    Attributes:
        metadata: What their metadata must contain.
        values: What their state must contain.
        filters: What the caller may see.
    """

    ids: Sequence[str] | None = None
    status: ThreadStatus | None = None
    metadata: Mapping[str, Any] | None = None
    values: Mapping[str, Any] | None = None
    filters: Filters | None = None


class Stale(Exception):  # noqa: N818 - like the tree in moorage.errors
    """Others have written a thread's state since an update of it was begun; nothing was written."""
