"""Feedback in a file of SQLite, one opinion a row."""

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from moorage.clock import Clock, SystemClock
from moorage.domain.feedback import Feedback, Opinion
from moorage.errors import Unavailable

FEEDBACK_KEY = "moorage.feedback"
"""Key of a request's scope: the ``FeedbackFile`` of the service, where it keeps feedback."""

PATIENCE = 2.0
"""Seconds that are waited for another process that is writing."""

MOST_WAITING = 50
"""Requests that may wait for the file at once in one process; further ones are turned away."""

_LARGEST = 2**63 - 1
_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY,
    runnable TEXT NOT NULL,
    run_id TEXT NOT NULL,
    key TEXT NOT NULL,
    identity TEXT NOT NULL,
    score NUMERIC,
    value TEXT,
    comment TEXT,
    created_at TEXT NOT NULL,
    modified_at TEXT NOT NULL,
    UNIQUE (runnable, run_id, key, identity)
)
"""
_KEEP = """
INSERT INTO feedback
    (id, runnable, run_id, key, identity, score, value, comment, created_at, modified_at)
VALUES
    (:id, :runnable, :run_id, :key, :identity, :score, :value, :comment, :now, :now)
ON CONFLICT (runnable, run_id, key, identity) DO UPDATE SET
    score = excluded.score,
    value = excluded.value,
    comment = excluded.comment,
    modified_at = excluded.modified_at
"""
_FIND = """
SELECT * FROM feedback
WHERE runnable = :runnable AND run_id = :run_id AND identity = :identity
ORDER BY created_at, key
"""

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class FeedbackFile:
    """Keeps feedback where the next start of the service finds it.

    Several processes may have the same file. It is made, with its folder, when the first opinion is
    kept. All work is done in one thread of its own, so the event loop never waits for the disk.

    Args:
        path: The file, on a local disk.
        clock: Tells when an opinion is given.
        patience: How long to wait for another process that is writing, in seconds.
    """

    def __init__(
        self, path: Path, *, clock: Clock | None = None, patience: float = PATIENCE
    ) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._patience = patience
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._waiting = 0

    def is_writable(self) -> bool:
        """Whether the file, or the nearest folder above it, may be written."""
        there = self._path
        while not there.exists() and there != there.parent:
            there = there.parent
        is_place = there.is_file() if there == self._path else there.is_dir()
        return is_place and os.access(there, os.W_OK)

    async def keep(self, opinion: Opinion) -> Feedback:
        """Keep an opinion; it replaces one of the same person on the same run under the same key.

        Raises:
            Unavailable: The disk is full, or another process has had the file for too long.
        """
        return await self._ask(lambda connection: self._keep(connection, opinion))

    async def of_run(self, runnable: str, run_id: UUID, identity: str) -> list[Feedback]:
        """Return what one person thinks of a run, the oldest first.

        Raises:
            Unavailable: The file cannot be read now.
        """
        wanted = {"runnable": runnable, "run_id": str(run_id), "identity": identity}
        return await self._ask(
            lambda connection: [_feedback(row) for row in connection.execute(_FIND, wanted)]
        )

    async def close(self) -> None:
        """Finish what is being kept, and close the file; the next question opens it again."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            await asyncio.get_running_loop().run_in_executor(thread, self._disconnect)
            thread.shutdown()

    async def _ask(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Too much feedback is being kept; try again later.")
        self._waiting += 1
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "moorage-feedback")
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._do, work)
        except (sqlite3.Error, OSError) as error:
            _log.warning("feedback in %s: %s", self._path, error)
            raise Unavailable("Feedback cannot be kept or read now; try again later.") from error
        finally:
            self._waiting -= 1

    def _do(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            return work(self._connected())
        except BaseException:
            self._disconnect()  # the file may have been replaced; look again next time
            raise

    def _keep(self, connection: sqlite3.Connection, opinion: Opinion) -> Feedback:
        row = {
            "id": str(uuid4()),
            "runnable": opinion.runnable,
            "run_id": str(opinion.run_id),
            "key": opinion.key,
            "identity": opinion.identity,
            "score": _number(opinion.score),
            "value": None if opinion.value is None else json.dumps(opinion.value),
            "comment": opinion.comment,
            "now": self._clock.now().isoformat(),
        }
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_KEEP, row)
            kept = connection.execute(_FIND, row).fetchall()
        return next(one for one in map(_feedback, kept) if one.key == opinion.key)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
            connection.row_factory = sqlite3.Row
            self._connection = connection
            connection.execute(_TABLE)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _feedback(row: sqlite3.Row) -> Feedback:
    return Feedback(
        id=UUID(row["id"]),
        runnable=row["runnable"],
        run_id=UUID(row["run_id"]),
        key=row["key"],
        identity=row["identity"],
        score=row["score"],
        value=None if row["value"] is None else json.loads(row["value"]),
        comment=row["comment"],
        created_at=datetime.fromisoformat(row["created_at"]),
        modified_at=datetime.fromisoformat(row["modified_at"]),
    )


def _number(score: Any) -> Any:
    """Return the score as SQLite keeps it: an integer has 64 bits there."""
    return float(score) if isinstance(score, int) and abs(score) > _LARGEST else score
