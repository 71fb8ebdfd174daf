"""The promises of ``storage.interface``, kept with transactions on a SQL database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

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
from moorage.domain.threads import Expiry, Lifetime, Pruned, Thread, ThreadQuery
from moorage.domain.webhooks import Delivery
from moorage.storage.sql import (
    assistants,
    checkpoints,
    crons,
    events,
    lifetimes,
    queue,
    runs,
    threads,
    webhooks,
)
from moorage.storage.sql.rows import microseconds, time_of
from moorage.storage.sql.statement import Database

Result = TypeVar("Result")
_ALL: Filters = {}


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms runs are given out.

    Attributes:
        lease: How long a claim holds without being renewed.
        most_attempts: How often a run is begun before it fails.
        sole_owner: Where the database belongs to one process, that process as an owner of runs:
            whatever others hold is lost.
    """

    lease: timedelta = timedelta(seconds=30)
    most_attempts: int = 3
    sole_owner: str | None = None


class SqlAssistants:
    """``AssistantRepository`` on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, assistant: Assistant, *, returns_existing: bool = False, filters: Filters = _ALL
    ) -> Assistant:
        """See ``AssistantRepository``."""
        return await self._database.write(
            assistants.create(assistant, returns_existing=returns_existing, filters=filters)
        )

    async def get(self, assistant_id: str, filters: Filters = _ALL) -> Assistant:
        """See ``AssistantRepository``."""
        return await self._database.read(assistants.get(assistant_id, filters))

    async def change(
        self, assistant_id: str, wanted: AssistantChange, filters: Filters = _ALL
    ) -> Assistant:
        """See ``AssistantRepository``."""
        return await self._database.write(assistants.change(assistant_id, wanted, filters))

    async def set_latest(
        self, assistant_id: str, version: int, filters: Filters = _ALL
    ) -> Assistant:
        """See ``AssistantRepository``."""
        return await self._database.write(assistants.set_latest(assistant_id, version, filters))

    async def versions(
        self,
        assistant_id: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        page: Page,
        filters: Filters = _ALL,
    ) -> list[Assistant]:
        """See ``AssistantRepository``."""
        return await self._database.read(
            assistants.versions(assistant_id, metadata or {}, page, filters)
        )

    async def delete(self, assistant_id: str, filters: Filters = _ALL) -> None:
        """See ``AssistantRepository``."""
        await self._database.write(assistants.remove(assistant_id, filters))

    async def search(self, query: AssistantQuery, page: Page) -> Hits[Assistant]:
        """See ``AssistantRepository``."""
        return await self._database.read(assistants.search(query, page))

    async def count(self, query: AssistantQuery) -> int:
        """See ``AssistantRepository``."""
        return await self._database.read(assistants.count(query))


class SqlThreads:
    """``ThreadRepository`` on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        thread_id: str,
        metadata: Mapping[str, Any],
        *,
        lifetime: Lifetime | None = None,
        returns_existing: bool = False,
        filters: Filters = _ALL,
    ) -> Thread:
        """See ``ThreadRepository``."""
        return await self._database.write(
            threads.create(
                thread_id, metadata, lifetime, returns_existing=returns_existing, filters=filters
            )
        )

    async def get(self, thread_id: str, filters: Filters = _ALL) -> Thread:
        """See ``ThreadRepository``."""
        return await self._database.read(threads.get(thread_id, filters))

    async def patch(
        self,
        thread_id: str,
        metadata: Mapping[str, Any],
        filters: Filters = _ALL,
        *,
        lifetime: Lifetime | None = None,
    ) -> Thread:
        """See ``ThreadRepository``."""
        return await self._database.write(threads.patch(thread_id, metadata, lifetime, filters))

    async def prune(
        self, thread_ids: Sequence[str], expiry: Expiry, filters: Filters = _ALL
    ) -> Pruned:
        """See ``ThreadRepository``."""
        pruned = Pruned()
        for thread_id in dict.fromkeys(thread_ids):
            one = await self._database.write(lifetimes.prune(thread_id, expiry, filters))
            pruned = Pruned(pruned.done + one.done, pruned.whole + one.whole)
        return pruned

    async def expire(self, default: Lifetime | None, limit: int) -> int:
        """See ``ThreadRepository``."""
        expired = await self._database.read(lifetimes.expired(default, limit))
        for thread_id in expired:
            await self._database.write(lifetimes.expire(thread_id, default))
        return len(expired)

    async def copy(
        self,
        source_id: str,
        target_id: str,
        metadata: Mapping[str, Any],
        filters: Filters = _ALL,
    ) -> Thread:
        """See ``ThreadRepository``."""
        copied = checkpoints.copy(source_id, target_id)
        return await self._database.write(
            threads.copy(source_id, target_id, metadata, filters, copied)
        )

    async def delete(self, thread_id: str, filters: Filters = _ALL) -> None:
        """See ``ThreadRepository``."""
        await self._database.write(threads.remove(thread_id, filters, checkpoints.forget))

    async def search(self, query: ThreadQuery, page: Page) -> Hits[Thread]:
        """See ``ThreadRepository``."""
        return await self._database.read(threads.search(query, page))

    async def count(self, query: ThreadQuery) -> int:
        """See ``ThreadRepository``."""
        return await self._database.read(threads.count(query))


class SqlRuns:
    """``RunRepository`` on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, run_id: str, thread_id: str | None = None) -> Run:
        """See ``RunRepository``."""
        return await self._database.read(runs.get(run_id, thread_id))

    async def of_thread(
        self, thread_id: str, *, status: RunStatus | None = None, page: Page
    ) -> list[Run]:
        """See ``RunRepository``."""
        return await self._database.read(runs.of_thread(thread_id, status, page))

    async def with_status(
        self, statuses: frozenset[RunStatus], thread_id: str | None = None
    ) -> list[Run]:
        """See ``RunRepository``."""
        return await self._database.read(runs.with_status(statuses, thread_id))

    async def backlog(self) -> Backlog:
        """See ``RunRepository``."""
        return await self._database.read(runs.backlog())

    async def delete(self, run_id: str, thread_id: str) -> None:
        """See ``RunRepository``."""
        await self._database.write(runs.remove(run_id, thread_id))

    async def expire(self, age: timedelta, limit: int) -> int:
        """See ``RunRepository``."""
        found = await self._database.read(runs.finished(microseconds(age), limit))
        await self._database.write(runs.remove_finished(found))
        return len(found)


class SqlQueue:
    """``RunQueue`` on a SQL database."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self._terms = terms

    async def accept(self, request: RunRequest, *, owner: str | None = None) -> Accepted:
        """See ``RunQueue``."""
        return await self._database.write(
            queue.accept(request, checkpoints.forget, owner=owner, lease=self._terms.lease)
        )

    async def claim(self, owner: str, limit: int) -> list[Claim]:
        """See ``RunQueue``."""
        return await self._database.write(queue.claim(owner, limit, self._terms.lease))

    async def renew(self, owner: str, held: Iterable[Claim]) -> Renewal:
        """See ``RunQueue``."""
        return await self._database.write(queue.renew(owner, list(held), self._terms.lease))

    async def finish(self, held: Claim, outcome: Outcome) -> bool:
        """See ``RunQueue``."""
        return await self._database.write(queue.finish(held, outcome, checkpoints.forget))

    async def release(self, held: Claim, *, counts: bool) -> bool:
        """See ``RunQueue``."""
        return await self._database.write(queue.release(held, counts=counts))

    async def cancel(self, run_ids: Iterable[str], action: CancelAction) -> Cancellation:
        """See ``RunQueue``."""
        return await self._database.write(queue.cancel(list(run_ids), action, checkpoints.forget))

    async def reap(self, limit: int = 50) -> list[str]:
        """See ``RunQueue``."""
        return await self._database.write(
            queue.reap(limit, self._terms.most_attempts, self._terms.sole_owner, checkpoints.forget)
        )

    async def next_due(self) -> timedelta | None:
        """See ``RunQueue``."""
        return _length(await self._database.read(queue.next_due()))

    async def latest_time(self) -> datetime | None:
        """Return the latest time that runs have left behind."""
        time = await self._database.read(queue.latest_time())
        return None if time is None else time_of(time)


class SqlCrons:
    """``CronRepository`` on a SQL database."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self._terms = terms

    async def create(
        self, wanted: CronRequest, cron_id: str, owner: Caller, thread_filters: Filters = _ALL
    ) -> Cron:
        """See ``CronRepository``."""
        return await self._database.write(crons.create(wanted, cron_id, owner, thread_filters))

    async def get(self, cron_id: str, filters: Filters = _ALL) -> Cron:
        """See ``CronRepository``."""
        return await self._database.read(crons.get(cron_id, filters))

    async def change(self, cron_id: str, wanted: CronChange, filters: Filters = _ALL) -> Cron:
        """See ``CronRepository``."""
        return await self._database.write(crons.change(cron_id, wanted, filters))

    async def delete(self, cron_id: str, filters: Filters = _ALL) -> None:
        """See ``CronRepository``."""
        await self._database.write(crons.remove(cron_id, filters))

    async def search(self, query: CronQuery, page: Page) -> Hits[Cron]:
        """See ``CronRepository``."""
        return await self._database.read(crons.search(query, page))

    async def count(self, query: CronQuery) -> int:
        """See ``CronRepository``."""
        return await self._database.read(crons.count(query))

    async def due(self, limit: int) -> list[Cron]:
        """See ``CronRepository``."""
        return await self._database.read(crons.due(limit))

    async def next_due(self) -> timedelta | None:
        """See ``CronRepository``."""
        return _length(await self._database.read(crons.next_due()))

    async def fire(self, cron: Cron, request: RunRequest | None) -> Accepted | None:
        """See ``CronRepository``."""
        return await self._database.write(
            crons.fire(cron, request, checkpoints.forget, self._terms.lease)
        )


class SqlEvents:
    """``EventLog`` on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, flushes: Sequence[Flush]) -> None:
        """See ``EventLog``."""
        await self._database.write(events.append(flushes))

    async def after(self, run_id: str, event_id: int) -> list[Flush]:
        """See ``EventLog``."""
        return await self._database.read(events.after(run_id, event_id))

    async def oldest(self, run_id: str) -> int | None:
        """See ``EventLog``."""
        return await self._database.read(events.oldest(run_id))

    async def trim(self, age: timedelta, limit: int = 1_000) -> int:
        """See ``EventLog``."""
        return await self._database.write(events.trim(microseconds(age), limit))


class SqlWebhooks:
    """``WebhookOutbox`` on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, limit: int, hold: timedelta) -> list[Delivery]:
        """See ``WebhookOutbox``."""
        return await self._database.write(webhooks.claim(limit, microseconds(hold)))

    async def remove(self, delivery: Delivery) -> bool:
        """See ``WebhookOutbox``."""
        return await self._database.write(webhooks.remove(delivery))

    async def postpone(self, delivery: Delivery, wait: timedelta) -> bool:
        """See ``WebhookOutbox``."""
        return await self._database.write(webhooks.postpone(delivery, microseconds(wait)))

    async def next_due(self) -> timedelta | None:
        """See ``WebhookOutbox``."""
        return _length(await self._database.read(webhooks.next_due()))


def _length(left: int | None) -> timedelta | None:
    return None if left is None else timedelta(microseconds=max(left, 0))
