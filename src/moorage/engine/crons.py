"""Crons: what clients may do with them."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from moorage.domain.caller import Caller
from moorage.domain.crons import Cron, CronChange, CronQuery, CronRequest
from moorage.domain.search import Hits, Page
from moorage.engine.access import EVERYTHING, Access
from moorage.storage.interface import Storage


class Crons:
    """The crons of a deployment. ``engine.firing`` makes runs of them.

    Args:
        storage: Where they are kept.
        access: Says who may do what.
    """

    def __init__(self, storage: Storage, access: Access) -> None:
        self._kept = storage.crons
        self._access = access

    async def create(self, caller: Caller, wanted: CronRequest) -> Cron:
        """Keep a new cron, whose runs will be the caller's.

        Raises:
            Forbidden: The caller may not.
            NotFound: There is no such assistant, or no such thread that the caller may see.
            Invalid: The schedule or the time zone is none.
        """
        thread_filters = EVERYTHING
        if wanted.thread_id is not None:
            thread_filters = await self._access.authorise(
                caller, "threads", "read", {"thread_id": wanted.thread_id}
            )
        cron_id = str(uuid4())
        value: dict[str, Any] = {
            "cron_id": cron_id,
            "thread_id": wanted.thread_id,
            "user_id": caller.identity if caller.is_authenticated else None,
            "schedule": wanted.schedule,
            "end_time": wanted.end_time,
            "payload": dict(wanted.payload),
            "metadata": dict(wanted.metadata),
        }
        await self._access.authorise(caller, "crons", "create", value)
        allowed = replace(wanted, payload=value["payload"], metadata=value["metadata"])
        return await self._kept.create(allowed, cron_id, caller, thread_filters)

    async def get(self, caller: Caller, cron_id: str) -> Cron:
        """Return a cron.

        Raises:
            Forbidden: The caller may not.
            NotFound: There is none that the caller may see.
        """
        filters = await self._access.authorise(caller, "crons", "read", {"cron_id": cron_id})
        return await self._kept.get(cron_id, filters)

    async def patch(self, caller: Caller, cron_id: str, wanted: CronChange) -> Cron:
        """Change a cron. It stays its owner's, whoever changes it.

        Raises:
            Forbidden: The caller may not.
            NotFound: There is none that the caller may see.
            Invalid: The schedule or the time zone is none.
        """
        value: dict[str, Any] = {
            "cron_id": cron_id,
            "schedule": wanted.schedule,
            "end_time": wanted.end_time,
            "payload": dict(wanted.payload or {}),
            "metadata": dict(wanted.metadata or {}),
        }
        filters = await self._access.authorise(caller, "crons", "update", value)
        allowed = replace(wanted, payload=value["payload"], metadata=value["metadata"])
        return await self._kept.change(cron_id, allowed, filters)

    async def delete(self, caller: Caller, cron_id: str) -> None:
        """Delete a cron. Runs that it has begun go on.

        Raises:
            Forbidden: The caller may not.
            NotFound: There is none that the caller may see.
        """
        filters = await self._access.authorise(caller, "crons", "delete", {"cron_id": cron_id})
        await self._kept.delete(cron_id, filters)

    async def search(self, caller: Caller, query: CronQuery, page: Page) -> Hits[Cron]:
        """Return a page of the crons that ``query`` is for and the caller may see.

        Raises:
            Forbidden: The caller may not search.
        """
        window = {"limit": page.limit, "offset": page.offset}
        return await self._kept.search(await self._seen(caller, query, window), page)

    async def count(self, caller: Caller, query: CronQuery) -> int:
        """Return how many crons ``query`` is for and the caller may see.

        Raises:
            Forbidden: The caller may not search.
        """
        return await self._kept.count(await self._seen(caller, query, {}))

    async def _seen(self, caller: Caller, query: CronQuery, window: dict[str, Any]) -> CronQuery:
        value = {
            "assistant_id": query.assistant_id,
            "thread_id": query.thread_id,
            "metadata": dict(query.metadata or {}),
            **window,
        }
        filters = await self._access.authorise(caller, "crons", "search", value)
        return replace(query, metadata=value["metadata"], filters=filters)
