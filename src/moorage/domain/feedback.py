"""What somebody thinks of a run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

Score = float | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Feedback as it is given.

    Attributes:
        runnable: Path of the runnable.
        run_id: The run.
        key: What is judged, such as ``correctness``.
        identity: Who judges.
        score: How good it is.
        value: What was found; any JSON.
        comment: In words.
    """

    runnable: str
    run_id: UUID
    key: str
    identity: str
    score: Score = None
    value: Any = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(Opinion):
    """Feedback as it is kept.

    Attributes:
        id: Stays the same when the opinion changes.
        created_at: When it was first given.
        modified_at: When it was last given.
    """

    id: UUID
    created_at: datetime
    modified_at: datetime
