"""From a cron whose time has come to a run."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from moorage.domain.crons import Cron
from moorage.domain.runs import Run, RunRequest
from moorage.engine.queue import Queue
from moorage.errors import MoorageError, Unavailable
from moorage.storage.interface import Storage

Prepare = Callable[[Cron], Awaitable[RunRequest]]
"""Makes of a cron the request for its next run, as its owner would have written it."""

_log = logging.getLogger(__name__)


class Firing:
    """Makes runs of crons that are due.

    Args:
        storage: Where crons are kept.
        queue: Where their runs go.
        prepare: Writes the request for a run.
    """

    def __init__(self, storage: Storage, queue: Queue, prepare: Prepare) -> None:
        self._kept = storage.crons
        self._queue = queue
        self._prepare = prepare

    async def due(self, limit: int) -> list[Cron]:
        """Return up to ``limit`` crons whose time has come, longest due first."""
        return await self._kept.due(limit)

    async def next_due(self) -> timedelta | None:
        """Return how long until the next cron is due; None if none will be."""
        return await self._kept.next_due()

    async def fire(self, cron: Cron) -> Run | None:
        """Make the run of the time that ``cron`` waited for, and have it wait for the next.

        A run that cannot be begun, whatever the reason, is given up and logged; the cron goes on.

        Args:
            cron: As ``due`` returned it.

        Returns:
            None if no run was made.

        Raises:
            Unavailable: The database is away; the cron is still due.
        """
        try:
            request = _marked(await self._prepare(cron), cron)
            accepted = await self._queue.fire(cron, request)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - graphs and rules are other people's code
            _log.warning(
                "the run of a cron cannot be begun: %s",
                error,
                exc_info=not isinstance(error, MoorageError),
                extra={"cron_id": cron.cron_id},
            )
            await self._queue.fire(cron, None)
            return None
        return None if accepted is None else accepted.run


def _marked(request: RunRequest, cron: Cron) -> RunRequest:
    """Let nodes see which cron it was (protocol, section 9)."""
    config: dict[str, Any] = dict(request.kwargs.get("config") or {})
    config["configurable"] = {**(config.get("configurable") or {}), "cron_id": cron.cron_id}
    return replace(request, kwargs={**request.kwargs, "config": config})
