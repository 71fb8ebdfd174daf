"""From the URL of a database to what keeps things in it."""

from pathlib import Path
from typing import Self

from langgraph.checkpoint.base import BaseCheckpointSaver

from moorage.clock import Clock
from moorage.domain.runs import Claim
from moorage.errors import Misconfigured
from moorage.storage import migrations
from moorage.storage.checkpoints import Saver
from moorage.storage.interface import Storage
from moorage.storage.sql.conditions import allows_text, contains_text
from moorage.storage.sql.storage import (
    SqlAssistants,
    SqlEvents,
    SqlQueue,
    SqlRuns,
    SqlThreads,
    Terms,
)
from moorage.storage.sqlite import SqliteDatabase

_NOT_A_FILE = frozenset({"///", "///:memory:"})
_FUNCTIONS = {"json_contains": (2, contains_text), "json_allows": (2, allows_text)}


def open_storage(url: str, *, terms: Terms, clock: Clock | None = None) -> Storage:
    """Return the storage that a URL names; it is opened by entering it.

    Args:
        url: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or ``memory:``, which
            forgets everything in the end.
        terms: On which terms runs are given out.
        clock: Tells the time, where the database does not.

    Raises:
        Misconfigured: There is no such database.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "memory" and not rest.strip("/"):
        return EmbeddedStorage(None, terms, clock)
    if scheme == "sqlite" and len(rest.removeprefix("///")) < len(rest) and rest not in _NOT_A_FILE:
        return EmbeddedStorage(Path(rest.removeprefix("///")), terms, clock)
    raise Misconfigured(
        f"no database can be opened with {scheme}:...; write sqlite:///path or memory:"
    )


class EmbeddedStorage:
    """``Storage`` in a SQLite file that belongs to this process, or in its memory.

    Args:
        path: The file; None for memory.
        terms: On which terms runs are given out.
        clock: Tells the time.
    """

    def __init__(self, path: Path | None, terms: Terms, clock: Clock | None = None) -> None:
        self._database = SqliteDatabase(
            path, clock=clock, functions=_FUNCTIONS, prepare=migrations.migrate
        )
        self.assistants = SqlAssistants(self._database)
        self.threads = SqlThreads(self._database)
        self.runs = SqlRuns(self._database)
        self.queue = SqlQueue(self._database, terms)
        self.events = SqlEvents(self._database)

    def saver(self, claim: Claim | None = None) -> BaseCheckpointSaver[str]:
        """See ``Storage``."""
        return Saver(self._database, claim=claim)

    async def __aenter__(self) -> Self:
        """Open the file for this process alone, and bring its tables up to date.

        Raises:
            Misconfigured: It is in use, cannot be opened, or was written by a newer moorage.
        """
        await self._database.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Finish what has been asked for, and close the file."""
        await self._database.__aexit__(*exception)
