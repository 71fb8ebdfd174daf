"""From the URL of a database to what keeps things in it."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from langgraph.checkpoint.serde.base import SerializerProtocol

from moorage.clock import Clock, SteadyClock
from moorage.domain.runs import Claim
from moorage.errors import Misconfigured
from moorage.storage import migrations
from moorage.storage.behind import SaverBehind
from moorage.storage.checkpoints import Saver
from moorage.storage.drafts import SqlDraft
from moorage.storage.interface import Checkpoints, Draft, Storage
from moorage.storage.items import Items, ItemTerms
from moorage.storage.sql.conditions import allows_text, contains_text
from moorage.storage.sql.items import matches_text
from moorage.storage.sql.storage import (
    SqlAssistants,
    SqlCrons,
    SqlEvents,
    SqlQueue,
    SqlRuns,
    SqlThreads,
    SqlWebhooks,
    Terms,
)
from moorage.storage.sqlite import SqliteDatabase
from moorage.storage.vectors import similarity

_log = logging.getLogger(__name__)

_NOT_A_FILE = frozenset({"///", "///:memory:"})
_TOLERATED = timedelta(seconds=1)
_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "json_contains": (2, contains_text),
    "json_allows": (2, allows_text),
    "item_matches": (2, matches_text),
    "similarity": (2, similarity),
}
_PLAIN = ItemTerms()


def open_storage(
    url: str,
    *,
    terms: Terms,
    clock: Clock | None = None,
    item_terms: ItemTerms = _PLAIN,
    serde: SerializerProtocol | None = None,
) -> Storage:
    """Return the storage that a URL names; it is opened by entering it.

    Args:
        url: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or ``memory:``, which
            forgets everything in the end.
        terms: On which terms runs are given out.
        clock: Tells the time, where the database does not.
        item_terms: On which terms items are kept.
        serde: Turns the state of threads into bytes, where LangGraph's own way is not to.

    Raises:
        Misconfigured: There is no such database.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "memory" and not rest.strip("/"):
        return EmbeddedStorage(None, terms, clock, item_terms, serde)
    if scheme == "sqlite" and len(rest.removeprefix("///")) < len(rest) and rest not in _NOT_A_FILE:
        return EmbeddedStorage(Path(rest.removeprefix("///")), terms, clock, item_terms, serde)
    raise Misconfigured(
        f"no database can be opened with {scheme}:...; write sqlite:///path or memory:"
    )


class EmbeddedStorage:
    """``Storage`` in a SQLite file that belongs to this process, or in its memory.

    Args:
        path: The file; None for memory.
        terms: On which terms runs are given out.
        clock: Tells the time.
        item_terms: On which terms items are kept.
        serde: Turns the state of threads into bytes, where LangGraph's own way is not to.
    """

    def __init__(
        self,
        path: Path | None,
        terms: Terms,
        clock: Clock | None = None,
        item_terms: ItemTerms = _PLAIN,
        serde: SerializerProtocol | None = None,
    ) -> None:
        self._path = path
        self._serde = serde
        # A clock that was given is not helped to go on: it may be one that stands still.
        self._clock = SteadyClock(clock, lambda: 0.0) if clock else SteadyClock()
        self._database = SqliteDatabase(
            path, clock=self._clock, functions=_FUNCTIONS, prepare=migrations.migrate
        )
        self.assistants = SqlAssistants(self._database)
        self.threads = SqlThreads(self._database)
        self.runs = SqlRuns(self._database)
        self.queue = SqlQueue(self._database, terms)
        self.crons = SqlCrons(self._database, terms)
        self.events = SqlEvents(self._database)
        self.items = Items(self._database, item_terms)
        self.webhooks = SqlWebhooks(self._database)

    def saver(self, claim: Claim | None = None, *, behind: bool = False) -> Checkpoints:
        """See ``Storage``."""
        if behind and claim:
            return SaverBehind(self._database, claim, self._serde)
        return Saver(self._database, claim=claim, serde=self._serde)

    async def draft(self, thread_id: str) -> Draft:
        """See ``Storage``."""
        return await SqlDraft.begin(self._database, thread_id)

    async def __aenter__(self) -> Self:
        """Open the file for this process alone, and bring its tables up to date.

        Raises:
            Misconfigured: It is in use, cannot be opened, or was written by a newer moorage.
        """
        await self._database.__aenter__()
        try:
            await self._go_on_in_time()
        except BaseException:
            await self._database.__aexit__()
            raise
        self.items.open()
        return self

    async def _go_on_in_time(self) -> None:
        """Begin no earlier than an earlier process has ended, whatever the computer's clock says.

        Runs that wait would otherwise do so until the clock has caught up with them.
        """
        latest = await self.queue.latest_time()
        if latest is None:
            return
        behind = latest - self._clock.now()
        if behind > _TOLERATED:
            _log.warning(
                "the clock is %s behind what was written to %s; time goes on from there",
                behind,
                self._path,
            )
        self._clock.advance_to(latest)

    async def __aexit__(self, *exception: object) -> None:
        """Finish what has been asked for, and close the file."""
        await self._database.__aexit__(*exception)
