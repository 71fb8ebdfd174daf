"""Updates of threads' states, which are kept as a whole or not at all.

An update reads the thread, works out what becomes of it, and writes several checkpoints. Nobody is
kept out meanwhile: whoever is first wins, and the others are told so and begin anew.
"""

from typing import Self

from moorage.domain.threads import Thread, ThreadState
from moorage.storage.checkpoints import Saver
from moorage.storage.interface import Draft
from moorage.storage.sql import checkpoints, threads
from moorage.storage.sql.statement import Database, Row, Rows


class SqlDraft(Saver, Draft):
    """``Draft`` on a SQL database.

    Args:
        database: Where it is kept in the end.
        thread_id: Whose state is updated.
        mark: In which state the thread was.
    """

    def __init__(self, database: Database, thread_id: str, mark: threads.Mark) -> None:
        super().__init__(database)
        self._thread_id = thread_id
        self._mark = mark
        self._checkpoints: dict[tuple[str, str], Row] = {}
        self._writes: list[tuple[Rows, bool]] = []

    @classmethod
    async def begin(cls, database: Database, thread_id: str) -> Self:
        """Begin an update; raise as ``Storage.draft``."""
        return cls(database, thread_id, await database.read(threads.begin_draft(thread_id)))

    async def keep(self, state: ThreadState) -> Thread:
        """See ``Draft``."""
        drafted = checkpoints.put_all(list(self._checkpoints.values()), self._writes)
        return await self._database.write(
            threads.keep_draft(self._thread_id, self._mark, drafted, state)
        )

    async def _keep(self, row: Row) -> None:
        self._checkpoints[row["checkpoint_ns"], row["checkpoint_id"]] = row

    async def _keep_writes(self, rows: Rows, *, replaces: bool) -> None:
        self._writes.append((rows, replaces))

    async def _found(
        self, thread_id: str, namespace: str, checkpoint_id: str | None
    ) -> tuple[Row, Rows] | None:
        row = self._drafted(namespace, checkpoint_id)
        kept = None if row else await super()._found(thread_id, namespace, checkpoint_id)
        found = (row, ()) if row else kept
        return found and (found[0], self._with_drafted(found[1], found[0]))

    def _drafted(self, namespace: str, checkpoint_id: str | None) -> Row | None:
        if checkpoint_id is not None:
            return self._checkpoints.get((namespace, checkpoint_id))
        newest = max((at for at in self._checkpoints if at[0] == namespace), default=None)
        return newest and self._checkpoints[newest]

    def _with_drafted(self, kept: Rows, checkpoint: Row) -> Rows:
        """Return what was written after a checkpoint, here and before."""
        found = {_slot(row): row for row in kept}
        for rows, replaces in self._writes:
            for row in rows:
                is_new = replaces or _slot(row) not in found
                if is_new and all(row[name] == checkpoint[name] for name in _PLACE):
                    found[_slot(row)] = row
        return list(found.values())


_PLACE = ("checkpoint_ns", "checkpoint_id")


def _slot(row: Row) -> tuple[str, int]:
    return row["task_id"], row["idx"]
