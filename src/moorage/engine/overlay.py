"""Storage as the engine sees it: what is kept, and the runs that pass without being kept.

Whoever looks for a run or its thread, or cancels it, finds it here, whichever kind it is of.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from moorage.domain.filters import allows
from moorage.domain.runs import Backlog, CancelAction, Cancellation, Run, RunStatus
from moorage.domain.search import Filters, Page
from moorage.domain.threads import Thread
from moorage.engine.stateless import Stateless
from moorage.storage.interface import (
    NOBODY,
    RunQueue,
    RunRepository,
    Storage,
    ThreadRepository,
)


class Overlay:
    """A storage with the runs of this process that leave nothing laid over it.

    Args:
        kept: What keeps all others; it is opened and closed on its own.
        passing: Those runs.
    """

    def __init__(self, kept: Storage, passing: Stateless) -> None:
        self.threads = _Threads(kept.threads, passing)
        self.runs = _Runs(kept.runs, passing)
        self.queue = _Queue(kept.queue, passing)
        self.assistants = kept.assistants
        self.crons = kept.crons
        self.events = kept.events
        self.items = kept.items
        self.webhooks = kept.webhooks
        self.saver = kept.saver
        self.draft = kept.draft
        self._kept = kept

    async def __aenter__(self) -> Self:
        """Open what is kept."""
        await self._kept.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close what is kept."""
        await self._kept.__aexit__(*exception)


class _Threads:
    def __init__(self, kept: ThreadRepository, passing: Stateless) -> None:
        self.create, self.patch, self.copy = kept.create, kept.patch, kept.copy
        self.search, self.count = kept.search, kept.count
        self.prune, self.expire = kept.prune, kept.expire
        self._kept = kept
        self._passing = passing

    async def get(self, thread_id: str, filters: Filters = NOBODY) -> Thread:
        thread = self._passing.thread(thread_id)
        if thread is None or not allows(thread.metadata, filters):
            return await self._kept.get(thread_id, filters)
        return thread

    async def delete(self, thread_id: str, filters: Filters = NOBODY) -> None:
        if self._passing.thread(thread_id) is None:  # or it goes as its run ends
            await self._kept.delete(thread_id, filters)


class _Runs:
    def __init__(self, kept: RunRepository, passing: Stateless) -> None:
        self.delete, self.expire = kept.delete, kept.expire
        self._kept = kept
        self._passing = passing

    async def get(self, run_id: str, thread_id: str | None = None) -> Run:
        return self._passing.run(run_id, thread_id) or await self._kept.get(run_id, thread_id)

    async def of_thread(
        self, thread_id: str, *, status: RunStatus | None = None, page: Page
    ) -> list[Run]:
        if found := self._passing.runs(thread_id):
            return [run for run in found if status in (None, run.status)]
        return await self._kept.of_thread(thread_id, status=status, page=page)

    async def with_status(
        self, statuses: frozenset[RunStatus], thread_id: str | None = None
    ) -> list[Run]:
        kept = await self._kept.with_status(statuses, thread_id)
        passing = self._passing.runs(thread_id)
        return [*kept, *(run for run in passing if run.status in statuses)]

    async def backlog(self) -> Backlog:
        kept = await self._kept.backlog()
        passing = [run.status for run in self._passing.runs()]
        return replace(
            kept,
            pending=kept.pending + passing.count(RunStatus.PENDING),
            running=kept.running + passing.count(RunStatus.RUNNING),
        )


class _Queue:
    def __init__(self, kept: RunQueue, passing: Stateless) -> None:
        self.accept, self.claim, self.renew = kept.accept, kept.claim, kept.renew
        self.finish, self.release = kept.finish, kept.release
        self.reap, self.next_due = kept.reap, kept.next_due
        self._kept = kept
        self._passing = passing

    async def cancel(self, run_ids: Iterable[str], action: CancelAction) -> Cancellation:
        wanted = list(run_ids)
        stopped = tuple(run_id for run_id in wanted if self._passing.stop(run_id, action))
        others = [run_id for run_id in wanted if run_id not in stopped]
        if not others:
            return Cancellation(stopping=stopped)
        kept = await self._kept.cancel(others, action)
        return Cancellation((*stopped, *kept.stopping), kept.ended)
