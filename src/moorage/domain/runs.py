"""Runs: what is asked for, what may become of it, and who may say so.

    pending ── claim ── running ── finish ── success | error | timeout | interrupted
       │                   │
       │                   ├── release, or a lost lease ── pending
       └── cancel ─────────┴──── interrupted, or gone (rollback)

A run that stops at an interrupt of its graph is a success: it did what it was asked to. The status
``interrupted`` is for runs that were cancelled, superseded, or whose client left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from moorage.domain.search import Filters
from moorage.domain.threads import ThreadState


class RunStatus(StrEnum):
    """Where a run is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change it any more."""
        return self not in ACTIVE


ACTIVE = frozenset({RunStatus.PENDING, RunStatus.RUNNING})
"""Runs that hold their thread."""


class Multitask(StrEnum):
    """What becomes of a thread's unfinished runs when another one arrives."""

    ENQUEUE = "enqueue"
    """They come first."""
    REJECT = "reject"
    """The new one is refused."""
    INTERRUPT = "interrupt"
    """They are cancelled, and what they have done stays."""
    ROLLBACK = "rollback"
    """They are cancelled and forgotten, with what they have done."""


class CancelAction(StrEnum):
    """What a cancelled run leaves behind."""

    INTERRUPT = "interrupt"
    """Its row, and the checkpoints of the steps that it finished."""
    ROLLBACK = "rollback"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of an assistant on a thread.

    Attributes:
        kwargs: What it was asked for, as JSON: input, command, config, stream modes and the rest.
        attempt: How often a worker has begun it. It only ever rises.
        error: How it failed, as ``{"error", "message"}``.
    """

    run_id: str
    thread_id: str
    assistant_id: str
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict)
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    multitask_strategy: Multitask = Multitask.ENQUEUE
    attempt: int = 0
    error: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that somebody wants.

    Attributes:
        run_id: The id that it is to have.
        creates_thread: Whether the thread is made when there is none.
        thread_metadata: Merged into the thread's metadata.
        new_thread_metadata: What a thread that is made has besides.
        filters: What the metadata of a thread that is there must pass; to the caller, none is there
            otherwise.
        thread_config: What becomes the thread's ``config``; None leaves it as it is.
        delay: How long it waits at least. Meanwhile it does not hold up later runs.
        idempotency_key: A second request with the same key is the first one's run.
        is_temporary: Whether the thread goes with the run, when it has ended.
    """

    run_id: str
    thread_id: str
    assistant_id: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    multitask_strategy: Multitask = Multitask.ENQUEUE
    creates_thread: bool = False
    thread_metadata: Mapping[str, Any] = field(default_factory=dict)
    new_thread_metadata: Mapping[str, Any] = field(default_factory=dict)
    filters: Filters = field(default_factory=dict)
    thread_config: Mapping[str, Any] | None = None
    delay: timedelta = timedelta(0)
    idempotency_key: str | None = None
    is_temporary: bool = False


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What came of an attempt to cancel runs.

    Attributes:
        stopping: Runs that are running and have been told to stop.
        ended: Runs that had not begun, and never will.
    """

    stopping: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that will end, whatever happens.

    Attributes:
        run: The run.
        claim: Set when it was claimed in the same step.
        is_new: False where an idempotency key named a run that was there already.
        cancelled: The thread's unfinished runs that were cancelled for it.
    """

    run: Run
    claim: "Claim | None" = None
    is_new: bool = True
    cancelled: Cancellation = Cancellation()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to execute a run until its lease ends, unless it is renewed.

    ``(run_id, owner, attempt)`` is the fencing token: an older one changes nothing any more.

    Attributes:
        signal: How the run is to be cancelled, if it was told so under an earlier worker.
    """

    run: Run
    owner: str
    attempt: int
    is_temporary: bool = False
    signal: CancelAction | None = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.run_id

    @property
    def is_recovered(self) -> bool:
        """Whether another attempt came before this one, and may have left checkpoints."""
        return self.attempt > 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run has ended.

    Attributes:
        status: A final status.
        error: How it failed, as ``{"error", "message"}``.
        thread: What it leaves on its thread.
        is_rolled_back: Whether the run is forgotten, row and checkpoints.
        output: What the graph gave, in the form of its output, as it was last streamed; it is for
            those who wait for the run, and not kept. None where it gave nothing.
    """

    status: RunStatus
    thread: ThreadState
    error: Mapping[str, Any] | None = None
    is_rolled_back: bool = False
    output: Any = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """The runs that have not ended.

    Attributes:
        pending: How many wait.
        running: How many work.
        longest_wait: Since when the oldest of those that wait does so.
    """

    pending: int
    running: int
    longest_wait: timedelta


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a worker learns when it renews its leases.

    Attributes:
        kept: Ids of the runs that it still holds.
        signals: The runs among them that are to be cancelled, and how.
    """

    kept: frozenset[str]
    signals: Mapping[str, CancelAction]


class Fenced(Exception):  # noqa: N818 - like the tree in moorage.errors
    """A worker wrote for a run that is no longer its own; nothing was written."""
