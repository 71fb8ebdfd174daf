"""The run queue as the engine sees it: what storage keeps, and who must hear of it at once.

Storage alone would do: workers look for what is due, and renewing a lease tells them what is to be
cancelled. What happens in this process is heard of without waiting for either.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import timedelta

from moorage.domain.crons import Cron
from moorage.domain.runs import (
    Accepted,
    CancelAction,
    Cancellation,
    Claim,
    Multitask,
    Outcome,
    Renewal,
    Run,
    RunRequest,
)
from moorage.engine.streams import Streams
from moorage.errors import NotFound
from moorage.storage.interface import Checkpoints, Storage

Stop = Callable[[str, CancelAction], None]

_ACTIONS = {
    Multitask.INTERRUPT: CancelAction.INTERRUPT,
    Multitask.ROLLBACK: CancelAction.ROLLBACK,
}


class Queue:
    """Moves runs from their acceptance to their end.

    Args:
        storage: Where they are kept.
        streams: Where their followers wait.
    """

    def __init__(self, storage: Storage, streams: Streams) -> None:
        self._storage = storage
        self._queue = storage.queue
        self._streams = streams
        self._news = asyncio.Event()
        self._stops: list[Stop] = []
        self._ends: list[Callable[[], None]] = []
        self._starts: list[Callable[[Run], None]] = []

    async def enqueue(self, request: RunRequest, *, owner: str | None = None) -> Accepted:
        """Take a run on. When this returns, it will end, and its stream is there.

        Args:
            request: The run.
            owner: A worker of this process that begins it at once, if it may begin.

        Raises:
            NotFound: There is no such thread, and none is to be made.
            AlreadyExists: There is a run with that id.
            Conflict: The thread has unfinished runs and the strategy is to reject.
        """
        accepted = await self._queue.accept(request, owner=owner)
        self._announce(accepted)
        return accepted

    async def fire(self, cron: Cron, request: RunRequest | None) -> Accepted | None:
        """Take on the run of a cron whose time has come; None lets that time pass.

        Returns:
            None if no run was made: the time was another's, or the cron is not what it was.

        Raises:
            NotFound: The thread is not there.
            Conflict: The thread has unfinished runs and the strategy is to reject.
        """
        accepted = await self._storage.crons.fire(cron, request)
        if accepted is not None:
            self._announce(accepted)
        return accepted

    async def claim(self, owner: str, limit: int) -> list[Claim]:
        """Give ``owner`` up to ``limit`` runs that are due."""
        return await self._queue.claim(owner, limit)

    async def extend(self, owner: str, held: Iterable[Claim]) -> Renewal:
        """Extend the leases of what ``owner`` holds, and tell what it is to cancel."""
        return await self._queue.renew(owner, held)

    async def settle(self, held: Claim, outcome: Outcome) -> bool:
        """End a run; say whether it was still ``held``. Its followers go, the next one begins."""
        is_settled = await self._queue.finish(held, outcome)
        if is_settled:
            lasts = bool(held.run.kwargs.get("resumable"))
            self._streams.end(held.run_id, outcome, lasts=lasts)
            self._streams.threads.run_ended(held.run.thread_id, held.run_id)
            self._news.set()
            for tell in self._ends:
                tell()
        else:
            await self._let_go(held.run_id)
        return is_settled

    async def release(self, held: Claim, *, counts: bool) -> bool:
        """Hand a run back unfinished; say whether it was still ``held``. Its followers stay."""
        is_released = await self._queue.release(held, counts=counts)
        if not is_released:
            await self._let_go(held.run_id)
        self._news.set()
        return is_released

    async def cancel(self, run_ids: Iterable[str], action: CancelAction) -> Cancellation:
        """Stop runs; those that work here are told at once."""
        cancellation = await self._queue.cancel(run_ids, action)
        self._tell(cancellation, action)
        self._news.set()
        return cancellation

    async def reap(self) -> list[str]:
        """Return runs whose worker is gone to the queue, and name them."""
        reaped = await self._queue.reap()
        if reaped:
            self._news.set()
        return reaped

    async def next_due(self) -> timedelta | None:
        """Return how long until the next run may begin; None if none waits."""
        return await self._queue.next_due()

    def saver(self, held: Claim) -> Checkpoints:
        """Return what keeps the checkpoints of a claimed run, as durably as it asked for."""
        return self._storage.saver(held, behind=held.run.kwargs.get("durability") != "sync")

    async def news(self, seconds: float) -> None:
        """Return when there may be something to claim, after ``seconds`` at the latest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    def on_stop(self, stop: Stop) -> None:
        """Have ``stop`` called with each run that is to be cancelled while it works."""
        self._stops.append(stop)

    def on_accept(self, tell: Callable[[Run], None]) -> None:
        """Have ``tell`` called with each run that is taken on here."""
        self._starts.append(tell)

    def on_end(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called when runs have ended, of which storage knows which."""
        self._ends.append(tell)

    async def _let_go(self, run_id: str) -> None:
        """Let the followers go of a run that went with its thread while it worked."""
        try:
            await self._storage.runs.get(run_id)
        except NotFound:
            self._streams.end(run_id, lasts=False)

    def _announce(self, accepted: Accepted) -> None:
        if accepted.is_new:
            self._streams.of(accepted.run.run_id)
            for tell in self._starts:
                tell(accepted.run)
            self._tell(accepted.cancelled, _ACTIONS.get(accepted.run.multitask_strategy))
            if accepted.claim is None:
                self._news.set()

    def _tell(self, cancellation: Cancellation, action: CancelAction | None) -> None:
        if action is not None:
            for run_id in cancellation.stopping:
                for stop in self._stops:
                    stop(run_id, action)
        for run_id in cancellation.ended:
            self._streams.end(run_id, lasts=False)
