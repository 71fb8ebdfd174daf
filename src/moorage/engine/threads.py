"""Threads: what clients may do with them, but for their state and their runs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langchain_core.utils.uuid import uuid7

from moorage.domain.caller import Caller
from moorage.domain.runs import ACTIVE, CancelAction
from moorage.domain.search import Hits, Page
from moorage.domain.threads import Thread, ThreadQuery
from moorage.engine.access import Access
from moorage.engine.queue import Queue
from moorage.storage.interface import Storage


class Threads:
    """The threads of a deployment.

    Args:
        storage: Where they are kept.
        queue: Moves their runs.
        access: Says who may do what.
    """

    def __init__(self, storage: Storage, queue: Queue, access: Access) -> None:
        self._kept = storage.threads
        self._runs = storage.runs
        self._queue = queue
        self._access = access

    async def create(
        self,
        caller: Caller,
        thread_id: str | None,
        metadata: Mapping[str, Any],
        *,
        returns_existing: bool = False,
    ) -> Thread:
        """Make an idle thread, or return the one that has its id as it is.

        Raises:
            AlreadyExists: There is one of that id, and it is not to be returned or to be seen.
        """
        value: dict[str, Any] = {
            "thread_id": thread_id or str(uuid7()),
            "metadata": dict(metadata),
            "if_exists": "do_nothing" if returns_existing else "raise",
        }
        filters = await self._access.authorise(caller, "threads", "create", value)
        return await self._kept.create(
            value["thread_id"],
            value["metadata"],
            returns_existing=returns_existing,
            filters=filters,
        )

    async def get(self, caller: Caller, thread_id: str) -> Thread:
        """Return a thread.

        Raises:
            NotFound: There is none that the caller may see.
        """
        filters = await self._access.authorise(caller, "threads", "read", {"thread_id": thread_id})
        return await self._kept.get(thread_id, filters)

    async def patch(self, caller: Caller, thread_id: str, metadata: Mapping[str, Any]) -> Thread:
        """Merge ``metadata`` into a thread's, key by key; raise as ``get``."""
        value: dict[str, Any] = {"thread_id": thread_id, "metadata": dict(metadata)}
        filters = await self._access.authorise(caller, "threads", "update", value)
        return await self._kept.patch(thread_id, value["metadata"], filters)

    async def delete(self, caller: Caller, thread_id: str) -> None:
        """Delete a thread with its runs, which are stopped, and its checkpoints.

        Raises:
            NotFound: There is none that the caller may see.
        """
        filters = await self._access.authorise(
            caller, "threads", "delete", {"thread_id": thread_id}
        )
        await self._kept.get(thread_id, filters)
        active = await self._runs.with_status(ACTIVE, thread_id)
        await self._queue.cancel([run.run_id for run in active], CancelAction.ROLLBACK)
        await self._kept.delete(thread_id, filters)

    async def search(self, caller: Caller, query: ThreadQuery, page: Page) -> Hits[Thread]:
        """Return a page of the threads that a query is for and the caller may see."""
        return await self._kept.search(await self._seen(caller, query, page), page)

    async def count(self, caller: Caller, query: ThreadQuery) -> int:
        """Return how many of them there are."""
        return await self._kept.count(await self._seen(caller, query, Page()))

    async def _seen(self, caller: Caller, query: ThreadQuery, page: Page) -> ThreadQuery:
        value: dict[str, Any] = {
            "metadata": query.metadata,
            "values": query.values,
            "status": query.status,
            "limit": page.limit,
            "offset": page.offset,
        }
        filters = await self._access.authorise(caller, "threads", "search", value)
        return replace(query, metadata=value["metadata"], filters=filters)
