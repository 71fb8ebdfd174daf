"""What a database promises the engine: one promise per noun, and one for the queue.

Whatever a method returns is kept: it survives the death of the process and, where the database has
a disk, of the machine. Methods that take ``filters`` show a caller only what they allow; to it, all
else does not exist. Errors are those of ``moorage.errors``; beyond the ones named here every method
may raise ``Unavailable`` when the database cannot be reached or written.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, Self

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from moorage.domain.assistants import Assistant, AssistantChange, AssistantQuery
from moorage.domain.caller import Caller
from moorage.domain.crons import Cron, CronChange, CronQuery, CronRequest
from moorage.domain.events import Flush
from moorage.domain.runs import (
    Accepted,
    Backlog,
    CancelAction,
    Cancellation,
    Claim,
    Outcome,
    Renewal,
    Run,
    RunRequest,
    RunStatus,
)
from moorage.domain.search import Filters, Hits, Page
from moorage.domain.threads import Expiry, Lifetime, Pruned, Thread, ThreadQuery, ThreadState
from moorage.domain.webhooks import Delivery

NOBODY: Filters = {}
"""The filters of a caller who may see everything."""


class AssistantRepository(Protocol):
    """Assistants, in their latest version, with all earlier ones."""

    async def create(
        self, assistant: Assistant, *, returns_existing: bool = False, filters: Filters = NOBODY
    ) -> Assistant:
        """Keep a new assistant as version 1, or return the one that has its id.

        Raises:
            AlreadyExists: There is one, and it is not to be returned or not to be seen.
        """

    async def get(self, assistant_id: str, filters: Filters = NOBODY) -> Assistant:
        """Return an assistant, or raise ``NotFound``."""

    async def change(
        self, assistant_id: str, wanted: AssistantChange, filters: Filters = NOBODY
    ) -> Assistant:
        """Make a new version and the latest one of it, or raise ``NotFound``."""

    async def set_latest(
        self, assistant_id: str, version: int, filters: Filters = NOBODY
    ) -> Assistant:
        """Make an earlier version the latest one, or raise ``NotFound``."""

    async def versions(
        self,
        assistant_id: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        page: Page,
        filters: Filters = NOBODY,
    ) -> list[Assistant]:
        """Return versions, newest first, or raise ``NotFound``."""

    async def delete(self, assistant_id: str, filters: Filters = NOBODY) -> None:
        """Delete an assistant with its versions and crons, or raise ``NotFound``."""

    async def search(self, query: AssistantQuery, page: Page) -> Hits[Assistant]:
        """Return a page of what ``query`` is for."""

    async def count(self, query: AssistantQuery) -> int:
        """Return how many ``query`` is for."""


class ThreadRepository(Protocol):
    """Threads. Runs move them too, through the queue."""

    async def create(
        self,
        thread_id: str,
        metadata: Mapping[str, Any],
        *,
        lifetime: Lifetime | None = None,
        returns_existing: bool = False,
        filters: Filters = NOBODY,
    ) -> Thread:
        """Make an idle thread, or return the one that has its id as it is.

        Raises:
            AlreadyExists: There is one, and it is not to be returned or not to be seen.
        """

    async def get(self, thread_id: str, filters: Filters = NOBODY) -> Thread:
        """Return a thread, or raise ``NotFound``."""

    async def patch(
        self,
        thread_id: str,
        metadata: Mapping[str, Any],
        filters: Filters = NOBODY,
        *,
        lifetime: Lifetime | None = None,
    ) -> Thread:
        """Merge ``metadata`` into a thread's, key by key, or raise ``NotFound``.

        A ``lifetime`` takes the place of the thread's own.
        """

    async def prune(
        self, thread_ids: Sequence[str], expiry: Expiry, filters: Filters = NOBODY
    ) -> Pruned:
        """Do with threads at once what else is done when their time has come.

        Those with unfinished runs, and those that the caller may not see, are passed over. Threads
        stay whole whose graphs use ``DeltaChannel``: their checkpoints need the earlier ones.
        """

    async def expire(self, default: Lifetime | None, limit: int) -> int:
        """Do with threads whose time has come what is to be done; busy ones are in use.

        Args:
            default: How long those live of which nothing was said; None is for ever.
            limit: How many at most.

        Returns:
            How many it were.
        """

    async def copy(
        self,
        source_id: str,
        target_id: str,
        metadata: Mapping[str, Any],
        filters: Filters = NOBODY,
    ) -> Thread:
        """Make a thread like another one, with its checkpoints, and without its runs.

        Args:
            source_id: The one that there is.
            target_id: The id of the new one.
            metadata: Merged into the metadata of the new one.
            filters: What the caller may see.

        Raises:
            NotFound: There is no such thread.
            AlreadyExists: There is one of the new id.
        """

    async def delete(self, thread_id: str, filters: Filters = NOBODY) -> None:
        """Delete a thread with its runs, checkpoints and crons, or raise ``NotFound``."""

    async def search(self, query: ThreadQuery, page: Page) -> Hits[Thread]:
        """Return a page of what ``query`` is for."""

    async def count(self, query: ThreadQuery) -> int:
        """Return how many ``query`` is for."""


class Checkpoints(BaseCheckpointSaver[str]):
    """What keeps the checkpoints of graphs."""

    @abstractmethod
    async def written(self) -> None:
        """Return when all that was given is kept.

        Raises:
            Fenced: The run that wrote is no longer its worker's; not all of it is kept.
        """


class Draft(BaseCheckpointSaver[str]):
    """A saver for one update of a thread's state: what it is given is not kept, but for ``keep``.

    A graph finds the thread in it as it was, and what it has written itself.
    """

    @abstractmethod
    async def keep(self, state: ThreadState) -> Thread:
        """Keep all checkpoints that were written, and ``state`` on the thread, or nothing.

        Raises:
            NotFound: There is no such thread.
            Conflict: It has unfinished runs; the message names them.
            Stale: Others have written to it since the draft was begun.
        """


class RunRepository(Protocol):
    """Runs, to look at. The queue moves them."""

    async def get(self, run_id: str, thread_id: str | None = None) -> Run:
        """Return a run, of that thread if one is named, or raise ``NotFound``."""

    async def of_thread(
        self, thread_id: str, *, status: RunStatus | None = None, page: Page
    ) -> list[Run]:
        """Return a page of a thread's runs, newest first."""

    async def with_status(
        self, statuses: frozenset[RunStatus], thread_id: str | None = None
    ) -> list[Run]:
        """Return all runs with one of ``statuses``, of one thread or of all, oldest first."""

    async def backlog(self) -> Backlog:
        """Return how many runs have not ended, and how long the oldest that waits does so."""

    async def delete(self, run_id: str, thread_id: str) -> None:
        """Delete a run that has ended; raise ``NotFound``, or ``Conflict`` if it has not."""

    async def expire(self, age: timedelta, limit: int) -> int:
        """Delete up to ``limit`` runs that ended so long ago, and return how many it were."""


class RunQueue(Protocol):
    """Runs from their acceptance to their end: one at a time on each thread, in order."""

    async def accept(self, request: RunRequest, *, owner: str | None = None) -> Accepted:
        """Take a run on. When this returns, it will end, whatever happens.

        Args:
            request: The run; its strategy decides about the thread's unfinished ones.
            owner: Who would begin at once: the run is claimed in the same step if it may begin.

        Raises:
            NotFound: There is no such thread, and none is to be made.
            AlreadyExists: There is a run with that id.
            Conflict: The thread has unfinished runs and the strategy is to reject.
        """

    async def claim(self, owner: str, limit: int) -> list[Claim]:
        """Give ``owner`` up to ``limit`` runs that are due, each for the time of a lease."""

    async def renew(self, owner: str, held: Iterable[Claim]) -> Renewal:
        """Extend the leases of runs that ``owner`` holds, and tell which are to be cancelled."""

    async def finish(self, held: Claim, outcome: Outcome) -> bool:
        """End a run and let the next of its thread begin.

        Returns:
            Whether the claim was still good. If not, nothing was changed.
        """

    async def release(self, held: Claim, *, counts: bool) -> bool:
        """Hand a run back unfinished; ``counts`` says whether the attempt does.

        Returns:
            Whether the claim was still good. If not, nothing was changed.
        """

    async def cancel(self, run_ids: Iterable[str], action: CancelAction) -> Cancellation:
        """Stop runs: those that work are told to, those that wait end. Others are passed over."""

    async def reap(self, limit: int = 50) -> list[str]:
        """Return runs whose worker is gone to the queue, or fail those tried too often.

        Returns:
            Their ids.
        """

    async def next_due(self) -> timedelta | None:
        """Return how long until the next run may begin, zero if it may; None if none waits."""


class CronRepository(Protocol):
    """Crons, and the runs that are made of them when their time comes."""

    async def create(
        self, wanted: CronRequest, cron_id: str, owner: Caller, thread_filters: Filters = NOBODY
    ) -> Cron:
        """Keep a new cron.

        Args:
            wanted: The cron; its assistant is named by its id.
            cron_id: A new id.
            owner: Whose it is, and its runs are.
            thread_filters: What the thread must pass, if it is to run on one.

        Raises:
            NotFound: There is no such assistant, or no such thread that passes.
            Invalid: Its schedule or time zone is none.
        """

    async def get(self, cron_id: str, filters: Filters = NOBODY) -> Cron:
        """Return a cron, or raise ``NotFound``."""

    async def change(self, cron_id: str, wanted: CronChange, filters: Filters = NOBODY) -> Cron:
        """Change a cron, or raise ``NotFound``, or ``Invalid`` for its schedule or time zone."""

    async def delete(self, cron_id: str, filters: Filters = NOBODY) -> None:
        """Delete a cron, or raise ``NotFound``. Runs that it has begun go on."""

    async def search(self, query: CronQuery, page: Page) -> Hits[Cron]:
        """Return a page of what ``query`` is for; a time that is absent comes last."""

    async def count(self, query: CronQuery) -> int:
        """Return how many ``query`` is for."""

    async def due(self, limit: int) -> list[Cron]:
        """Return up to ``limit`` crons whose time has come, longest due first."""

    async def next_due(self) -> timedelta | None:
        """Return how long until the next cron is due, zero if one is; None if none will be."""

    async def fire(self, cron: Cron, request: RunRequest | None) -> Accepted | None:
        """Take on the run of the time that ``cron`` waited for, and have it wait for the next.

        Both happen, or neither does. However many try, each time makes one run; times that were
        missed make none.

        Args:
            cron: As ``due`` returned it.
            request: The run; None lets the time pass.

        Returns:
            None if no run was made: the time was another's, or the cron has been changed or
            deleted since.

        Raises:
            NotFound: The thread is not there.
            Conflict: The thread has unfinished runs and the strategy is to reject.
        """


class EventLog(Protocol):
    """The events of runs, for those who come late or come back."""

    async def append(self, flushes: Sequence[Flush]) -> None:
        """Keep events."""

    async def after(self, run_id: str, event_id: int) -> list[Flush]:
        """Return what is kept after an event, in order; the first flush may begin before it."""

    async def oldest(self, run_id: str) -> int | None:
        """Return the id of the oldest event that is kept of a run, None if there is none."""

    async def trim(self, age: timedelta, limit: int = 1_000) -> int:
        """Forget up to ``limit`` flushes of runs that ended so long ago, or are gone.

        Returns:
            How many it were.
        """


class ItemStore(BaseStore):
    """The long-term memory, as nodes of graphs know it: LangGraph's promises and some more.

    Overwriting an item keeps its ``created_at``. What has expired is not found any more, and items
    that lack a key which a filter names are not either. A search by meaning ends with the items
    that have no vector; their ``score`` is None.
    """

    @abstractmethod
    async def sweep_ttl(self) -> int:
        """Delete what has expired, and return how many items it were."""


class WebhookOutbox(Protocol):
    """The ends of runs that others are to be told of. The queue puts them here."""

    async def claim(self, limit: int, hold: timedelta) -> list[Delivery]:
        """Give the caller up to ``limit`` that are due; others do not get them for ``hold``."""

    async def remove(self, delivery: Delivery) -> bool:
        """Forget one; say whether it was still the caller's."""

    async def postpone(self, delivery: Delivery, wait: timedelta) -> bool:
        """Have one tried again after ``wait``; say whether it was still the caller's."""

    async def next_due(self) -> timedelta | None:
        """Return how long until the next one is due, zero if one is; None if there is none."""


class Storage(Protocol):
    """Everything that is kept. Use it as an asynchronous context manager."""

    @property
    def assistants(self) -> AssistantRepository:
        """Assistants."""

    @property
    def threads(self) -> ThreadRepository:
        """Threads."""

    @property
    def runs(self) -> RunRepository:
        """Runs, to look at."""

    @property
    def queue(self) -> RunQueue:
        """Runs, to move."""

    @property
    def crons(self) -> CronRepository:
        """Crons."""

    @property
    def events(self) -> EventLog:
        """The events of runs."""

    @property
    def items(self) -> ItemStore:
        """The long-term memory."""

    @property
    def webhooks(self) -> WebhookOutbox:
        """The ends of runs that others are to be told of."""

    def saver(self, claim: Claim | None = None, *, behind: bool = False) -> Checkpoints:
        """Return what keeps the checkpoints of graphs.

        Args:
            claim: The run that writes them. Once it is no longer its worker's, writing fails, so
                that two workers never write one history.
            behind: Whether the run goes on while they are written. They are kept in the order in
                which they came, and all of them once ``written`` returns.
        """

    async def draft(self, thread_id: str) -> Draft:
        """Begin an update of a thread's state.

        Raises:
            NotFound: There is no such thread.
            Conflict: It has unfinished runs; the message names them.
        """

    async def __aenter__(self) -> Self:
        """Open it."""

    async def __aexit__(self, *exception: object) -> None:
        """Finish what has been asked for, and close it."""
