"""Coming to a run that is there: to follow it, or to wait for what comes of it."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, NamedTuple

from moorage.domain.caller import Caller
from moorage.domain.runs import Outcome, Run
from moorage.engine.access import Access
from moorage.engine.following import Following
from moorage.engine.run_stream import Gap, RunStream, Streamed
from moorage.engine.thread_streams import ThreadStreams
from moorage.errors import NotFound
from moorage.storage.interface import Storage

_GONE = {"error": "NotFound", "message": "The run was rolled back; nothing of it is left."}


class Joined(NamedTuple):
    """A run, and where its events are."""

    run: Run
    stream: RunStream


class Result(NamedTuple):
    """What comes of a run.

    Attributes:
        values: What the graph gave, or where it gave nothing, what the thread holds.
        error: How the run failed, as ``{"error", "message"}``.
    """

    values: Any = None
    error: Mapping[str, Any] | None = None


class Joins:
    """The ways to runs that were taken on before.

    Args:
        storage: Where they are kept.
        following: Shows their events.
        access: Says who may do what.
    """

    def __init__(self, storage: Storage, following: Following, access: Access) -> None:
        self._threads = storage.threads
        self._kept = storage.runs
        self._following = following
        self._access = access

    async def find(self, caller: Caller, run_id: str, thread_id: str | None = None) -> Run:
        """Return a run, of that thread if one is named.

        Raises:
            NotFound: There is none that the caller may see.
        """
        if thread_id is not None:
            await self._see(caller, thread_id)
            return await self._kept.get(run_id, thread_id)
        run = await self._kept.get(run_id)
        try:
            await self._see(caller, run.thread_id)
        except NotFound:
            raise NotFound("Run not found") from None
        return run

    async def join(self, caller: Caller, run_id: str, thread_id: str | None = None) -> Joined:
        """Return a run and its events, whether it has yet to begin, goes on, or has ended.

        Raises:
            NotFound: There is none that the caller may see.
        """
        run = await self.find(caller, run_id, thread_id)
        return Joined(run, await self._following.stream_of(run_id))

    def events(self, joined: Joined, after: int | None) -> AsyncGenerator[Streamed | Gap, None]:
        """Yield the events of a run after one of them; see ``Following.follow``."""
        return self._following.follow(joined.run.run_id, after, joined.stream)

    async def follow_thread(
        self, caller: Caller, thread_id: str, after: int | None
    ) -> AsyncGenerator[Streamed | Gap, None]:
        """Return what happens on a thread; see ``Following.follow_thread``.

        Raises:
            NotFound: There is no such thread that the caller may see.
        """
        await self._see(caller, thread_id)
        return await self._following.follow_thread(thread_id, after)

    @property
    def threads(self) -> ThreadStreams:
        """Where those hear of a thread who follow it."""
        return self._following.threads

    async def result(self, joined: Joined) -> Result:
        """Return what comes of a run, when it has ended."""
        await joined.stream.ended()
        outcome = joined.stream.outcome
        if outcome is None:
            return await self._left(joined.run)
        return _result(outcome)

    async def _left(self, run: Run) -> Result:
        """Return what is to be seen of a run that was not ended here, or never began."""
        try:
            kept = await self._kept.get(run.run_id, run.thread_id)
            if kept.error:
                return Result(error=kept.error)
            return Result((await self._threads.get(run.thread_id)).values)
        except NotFound:
            return Result(error=_GONE)

    async def _see(self, caller: Caller, thread_id: str) -> None:
        filters = await self._access.authorise(caller, "threads", "read", {"thread_id": thread_id})
        await self._threads.get(thread_id, filters)


def _result(outcome: Outcome) -> Result:
    if outcome.is_rolled_back:
        return Result(error=_GONE)
    if outcome.error:
        return Result(error=outcome.error)
    return Result(outcome.thread.values if outcome.output is None else outcome.output)
