"""Stopping runs, for those who may change their threads."""

from collections.abc import Iterable, Sequence
from typing import Any

from moorage.domain.caller import Caller
from moorage.domain.runs import ACTIVE, CancelAction, Run, RunStatus
from moorage.domain.search import Filters
from moorage.engine.access import Access
from moorage.engine.queue import Queue
from moorage.engine.run_stream import RunStream
from moorage.engine.streams import Streams
from moorage.errors import NotFound
from moorage.storage.interface import Storage

_BY_NAME = {
    "pending": frozenset({RunStatus.PENDING}),
    "running": frozenset({RunStatus.RUNNING}),
    "all": ACTIVE,
}
_NOTHING = "No runs found to cancel."


class Cancels:
    """The ways to end runs before their time.

    Args:
        storage: Where they are kept.
        queue: Moves them.
        streams: Tells when they have ended.
        access: Says who may do what.
    """

    def __init__(self, storage: Storage, queue: Queue, streams: Streams, access: Access) -> None:
        self._threads = storage.threads
        self._kept = storage.runs
        self._queue = queue
        self._streams = streams
        self._access = access

    async def cancel(
        self, caller: Caller, thread_id: str, run_ids: Sequence[str], action: CancelAction
    ) -> list[RunStream]:
        """Stop unfinished runs of a thread; unknown and finished ones are passed over.

        Returns:
            The streams of those that are stopping: they end when the runs have stopped.

        Raises:
            NotFound: There is no such thread that the caller may change, or nothing to stop on it.
        """
        value = _shown(action, thread_id=thread_id, run_ids=list(run_ids))
        filters = await self._access.authorise(caller, "threads", "update", value)
        if filters:
            await self._threads.get(thread_id, filters)
        wanted = set(run_ids)
        active = await self._kept.with_status(ACTIVE, thread_id)
        return await self._stop([run for run in active if run.run_id in wanted], action)

    async def cancel_all(self, caller: Caller, status: str, action: CancelAction) -> None:
        """Stop the runs of all threads that the caller may change.

        Args:
            caller: Who asks.
            status: ``pending``, ``running``, or ``all`` for both.
            action: What they leave behind.

        Raises:
            NotFound: There is nothing to stop.
        """
        value = _shown(action, status=status)
        filters = await self._access.authorise(caller, "threads", "update", value)
        active = await self._kept.with_status(_BY_NAME[status])
        await self._stop(await self._changeable(active, filters), action)

    async def abandon(self, run: Run) -> None:
        """Stop a run that nobody waits for any more."""
        await self._queue.cancel([run.run_id], CancelAction.INTERRUPT)

    async def _stop(self, runs: Iterable[Run], action: CancelAction) -> list[RunStream]:
        # Their streams first: those that end in between are then known to have ended.
        streams = {run.run_id: self._streams.known(run.run_id) for run in runs}
        cancellation = await self._queue.cancel(streams, action)
        if not (cancellation.stopping or cancellation.ended):
            raise NotFound(_NOTHING)
        return [stream for run_id in cancellation.stopping if (stream := streams[run_id])]

    async def _changeable(self, runs: Sequence[Run], filters: Filters) -> list[Run]:
        if not filters:
            return list(runs)
        allowed = {run.thread_id for run in runs}
        for thread_id in list(allowed):
            try:
                await self._threads.get(thread_id, filters)
            except NotFound:
                allowed.discard(thread_id)
        return [run for run in runs if run.thread_id in allowed]


def _shown(action: CancelAction, *, thread_id: str | None = None, **of_runs: Any) -> dict[str, Any]:
    """Return what the deployment's rule is shown (protocol, section 12)."""
    return {"thread_id": thread_id, "action": action.value, "metadata": of_runs}
