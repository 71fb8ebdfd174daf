"""Checkpoints that are written while their run goes on."""

import asyncio

from langgraph.checkpoint.serde.base import SerializerProtocol

from moorage.domain.runs import Claim
from moorage.storage.checkpoints import Saver
from moorage.storage.sql import checkpoints
from moorage.storage.sql.statement import Database, Row, Rows, Transaction


class SaverBehind(Saver):
    """A saver that a run does not wait for, but at its end: what comes in the meantime goes along.

    Whoever reads through it finds all that was written through it. A write that failed is told to
    the next one that comes, and by ``written``; nothing that came after it is kept.

    Args:
        database: Where they are kept.
        claim: The run that writes.
        serde: LangGraph's serializer.
    """

    def __init__(
        self, database: Database, claim: Claim, serde: SerializerProtocol | None = None
    ) -> None:
        super().__init__(database, claim=claim, serde=serde)
        self._waiting: list[Transaction[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._error: Exception | None = None

    async def written(self) -> None:
        """Return when all that was given is kept.

        Raises:
            Fenced: The run is no longer its worker's.
            Unavailable: The database cannot be written.
        """
        await self._caught_up()
        if self._error is not None:
            raise self._error

    async def _caught_up(self) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _keep(self, row: Row) -> None:
        self._add(checkpoints.put(row, None))

    async def _keep_writes(self, rows: Rows, *, replaces: bool) -> None:
        self._add(checkpoints.put_writes(rows, None, replaces=replaces))

    def _add(self, transaction: Transaction[None]) -> None:
        if self._error is not None:
            raise self._error
        self._waiting.append(transaction)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._database.write(checkpoints.together(batch, self._claim))
        except Exception as error:  # noqa: BLE001 - whoever comes next is told
            self._error = error
        finally:
            self._writing = None
