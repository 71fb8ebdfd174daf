"""Crons: what clients may do with them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from moorage.domain.caller import Caller
from moorage.domain.crons import AfterRun, Cron, CronChange, CronQuery, CronRequest
from moorage.domain.runs import RunRequest
from moorage.domain.search import Hits, Page
from moorage.engine.access import EVERYTHING, Access
from moorage.engine.assistants import Assistants
from moorage.engine.runs import NewRun, Runs
from moorage.storage.interface import Storage

Read = Callable[[str, Mapping[str, Any]], NewRun]
"""Returns the run of an assistant that a payload asks for, in the words of its protocol."""


class Crons:
    """The crons of a deployment. ``engine.firing`` makes runs of them.

    Args:
        storage: Where they are kept.
        assistants: What their runs are runs of.
        runs: Prepares their runs.
        access: Says who may do what.
        read: Reads payloads.
    """

    def __init__(
        self, storage: Storage, assistants: Assistants, runs: Runs, access: Access, read: Read
    ) -> None:
        self._kept = storage.crons
        self._assistants = assistants
        self._runs = runs
        self._access = access
        self._read = read

    async def create(self, caller: Caller, wanted: CronRequest) -> Cron:
        """Keep a new cron, whose runs will be the caller's.

        Raises:
            Forbidden: The caller may not.
            NotFound: There is no such assistant, or no such thread that the caller may see.
            Invalid: The schedule or the time zone is none, or its runs' ends may not be told there.
            BadRequest: Both ``configurable`` and ``context`` are given.
        """
        assistant = await self._assistants.resolve(wanted.assistant_id)
        self._check(assistant.assistant_id, wanted.payload)
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
        allowed = replace(
            wanted,
            assistant_id=assistant.assistant_id,
            payload=value["payload"],
            metadata=value["metadata"],
        )
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
            Invalid: The schedule or the time zone is none, or its runs' ends may not be told there.
            BadRequest: Both ``configurable`` and ``context`` would be given.
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
        known = await self._kept.get(cron_id, filters)
        self._check(known.assistant_id, {**known.payload, **value["payload"]})
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

    async def request(self, cron: Cron) -> RunRequest:
        """Write the request for a cron's next run, as its owner would.

        Raises:
            Forbidden: The owner may not have it.
            NotFound: There is no such assistant or thread, or none that the owner may see.
        """
        wanted = self._read(cron.assistant_id, cron.payload)
        wanted = replace(
            wanted,
            asked=replace(wanted.asked, metadata=cron.metadata),
            keeps_thread=cron.on_run_completed is AfterRun.KEEP,
        )
        return await self._runs.prepare(cron.owner, wanted, cron.thread_id)

    def _check(self, assistant_id: str, payload: Mapping[str, Any]) -> None:
        """Refuse what would fail at each of its times."""
        self._runs.check(self._read(assistant_id, payload))

    async def _seen(self, caller: Caller, query: CronQuery, window: dict[str, Any]) -> CronQuery:
        assistant_id = query.assistant_id and self._assistants.id_of(query.assistant_id)
        value = {
            "assistant_id": assistant_id,
            "thread_id": query.thread_id,
            "metadata": dict(query.metadata or {}),
            **window,
        }
        filters = await self._access.authorise(caller, "crons", "search", value)
        return replace(
            query, assistant_id=assistant_id, metadata=value["metadata"], filters=filters
        )
