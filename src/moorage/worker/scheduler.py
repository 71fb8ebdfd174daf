"""Begins the runs of crons when their time comes.

Any number of schedulers may work on one database: for each time, one of them makes the run, and a
scheduler that dies has either made it or left it to the others.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Self

from moorage.engine.firing import Firing
from moorage.errors import Unavailable
from moorage.worker.steps import again_and_again, cancelled

_AT_ONCE = 50
"""Crons that are read in one look."""

_log = logging.getLogger(__name__)


class Scheduler:
    """One process's part in this. Use it as an asynchronous context manager.

    Args:
        firing: Makes runs of crons.
        look: The longest time between two looks: how late a cron may be that was made meanwhile.
    """

    def __init__(self, firing: Firing, *, look: timedelta = timedelta(seconds=1)) -> None:
        self._firing = firing
        self._look = look
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin with what has become due while nobody looked."""
        self._loop = asyncio.create_task(again_and_again(self._step))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Make no more runs. What has been made is the queue's."""
        if self._loop is not None:
            await cancelled([self._loop])

    async def tick(self) -> int:
        """Make the runs of crons that are due, and return how many were made.

        They are made beside one another, so that the database commits them together.
        """
        due = await self._firing.due(_AT_ONCE)
        ends = await asyncio.gather(*map(self._firing.fire, due), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return sum(end is not None for end in ends)

    async def _step(self) -> None:
        try:
            await self.tick()
            patience = await self._patience()
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - the loop must go on, or no cron would ever fire again
            _log.exception("crons could not be looked through")
            patience = self._look
        await asyncio.sleep(patience.total_seconds())

    async def _patience(self) -> timedelta:
        due = await self._firing.next_due()
        return self._look if due is None else min(due, self._look)
