"""Removes what is too old, in rounds, for as long as the process works."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Self

from moorage.errors import Unavailable
from moorage.worker.steps import again_and_again, cancelled

_log = logging.getLogger(__name__)


class Sweeper:
    """One process's rounds. Use it as an asynchronous context manager.

    Any number of them may work on one database; what one has removed, the others do not find.

    Args:
        sweep: Removes what is too old, and returns how much it was.
        interval: The time between two rounds.
    """

    def __init__(
        self, sweep: Callable[[], Awaitable[int]], *, interval: timedelta = timedelta(minutes=1)
    ) -> None:
        self._sweep = sweep
        self._interval = interval
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin with a round."""
        self._loop = asyncio.create_task(again_and_again(self._round))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Begin no more rounds."""
        if self._loop is not None:
            await cancelled([self._loop])

    async def _round(self) -> None:
        try:
            removed = await self._sweep()
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - the next round must come
            _log.exception("what is too old could not be removed")
        else:
            if removed:
                _log.info("%s things were too old, and are gone", removed)
        await asyncio.sleep(self._interval.total_seconds())
