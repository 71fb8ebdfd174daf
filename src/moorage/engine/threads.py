"""Threads: what clients may do with them, but for their state and their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from langchain_core.utils.uuid import uuid7

from moorage.domain.caller import Caller
from moorage.domain.runs import ACTIVE, CancelAction
from moorage.domain.search import Hits, Page
from moorage.domain.threads import Expiry, Lifetime, Pruned, Thread, ThreadQuery
from moorage.engine.access import Access
from moorage.engine.queue import Queue
from moorage.storage.interface import Storage


@dataclass(frozen=True, slots=True)
class NewThread:
    """A thread that somebody wants.

    Attributes:
        thread_id: The id that it is to have; None leaves it to the service.
        lifetime: How long it lives; None for as long as others do.
        returns_existing: Whether one that has its id is returned as it is.
    """

    thread_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    lifetime: Lifetime | None = None
    returns_existing: bool = False


class Threads:
    """The threads of a deployment.

    Args:
        storage: Where they are kept.
        queue: Moves their runs.
        access: Says who may do what.
        lifetime: How long those live of which nothing was said; None is for ever.
    """

    def __init__(
        self,
        storage: Storage,
        queue: Queue,
        access: Access,
        *,
        lifetime: Lifetime | None = None,
    ) -> None:
        self._lifetime = lifetime
        self._kept = storage.threads
        self._runs = storage.runs
        self._queue = queue
        self._access = access

    def lifetime_of(self, thread: Thread) -> Lifetime | None:
        """Return how long a thread lives after its last use; None is for ever."""
        return thread.lifetime or self._lifetime

    async def create(self, caller: Caller, wanted: NewThread) -> Thread:
        """Make an idle thread, or return the one that has its id as it is.

        Raises:
            AlreadyExists: There is one of that id, and it is not to be returned or to be seen.
        """
        value: dict[str, Any] = {
            "thread_id": wanted.thread_id or str(uuid7()),
            "metadata": dict(wanted.metadata),
            "if_exists": "do_nothing" if wanted.returns_existing else "raise",
        }
        filters = await self._access.authorise(caller, "threads", "create", value)
        return await self._kept.create(
            value["thread_id"],
            value["metadata"],
            lifetime=wanted.lifetime,
            returns_existing=wanted.returns_existing,
            filters=filters,
        )

    async def get(self, caller: Caller, thread_id: str) -> Thread:
        """Return a thread.

        Raises:
            NotFound: There is none that the caller may see.
        """
        filters = await self._access.authorise(caller, "threads", "read", {"thread_id": thread_id})
        return await self._kept.get(thread_id, filters)

    async def patch(
        self,
        caller: Caller,
        thread_id: str,
        metadata: Mapping[str, Any],
        *,
        lifetime: Lifetime | None = None,
    ) -> Thread:
        """Merge ``metadata`` into a thread's, key by key; raise as ``get``.

        A ``lifetime`` takes the place of the thread's own.
        """
        value: dict[str, Any] = {"thread_id": thread_id, "metadata": dict(metadata)}
        filters = await self._access.authorise(caller, "threads", "update", value)
        return await self._kept.patch(thread_id, value["metadata"], filters, lifetime=lifetime)

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

    async def copy(self, caller: Caller, thread_id: str) -> Thread:
        """Make a thread like another one, with its history and without its runs; raise as ``get``.

        What the deployment's rule has to say of a new thread's metadata holds for this one too.
        """
        filters = await self._access.authorise(caller, "threads", "read", {"thread_id": thread_id})
        await self._kept.get(thread_id, filters)
        value: dict[str, Any] = {"thread_id": str(uuid4()), "metadata": {}}
        await self._access.authorise(caller, "threads", "create", value)
        return await self._kept.copy(thread_id, value["thread_id"], value["metadata"], filters)

    async def prune(self, caller: Caller, thread_ids: Sequence[str], expiry: Expiry) -> Pruned:
        """Delete threads, or of their history all but the latest state.

        Those that have unfinished runs, or are not there for the caller to see, are passed over.
        """
        value: dict[str, Any] = {"thread_ids": list(thread_ids)}
        filters = await self._access.authorise(caller, "threads", "delete", value)
        return await self._kept.prune(value["thread_ids"], expiry, filters)

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
