"""The webhooks that are to go out: when each is tried, and when it is given up."""

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass
from datetime import timedelta

from moorage.domain.webhooks import Delivery
from moorage.engine.watching import UNWATCHED, Watch
from moorage.storage.interface import Storage

_SUCCESS = range(200, 300)
_FAILURE_OF_SERVER = range(500, 600)
_TRY_AGAIN = frozenset({408, 425, 429})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a webhook is tried.

    Attributes:
        most: Times in all.
        first: The wait after the first of them; each later one is three times as long.
        longest: The longest wait.
    """

    most: int = 8
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(hours=1)

    def wait(self, tries: int) -> timedelta:
        """Return how long to wait after that many tries, within a quarter more or less."""
        growth: int = 3 ** min(tries - 1, 20)
        regular = min(self.first * growth, self.longest)
        return regular * random.uniform(0.75, 1.25)  # noqa: S311 - only to spread the load


class Outbox:
    """Gives out what is due, and decides what its fate means.

    Args:
        storage: Where it is kept.
        retries: How often each is tried.
        watch: Is told what becomes of each.
    """

    def __init__(
        self, storage: Storage, retries: Retries | None = None, *, watch: Watch = UNWATCHED
    ) -> None:
        self._watch = watch
        self._kept = storage.webhooks
        self._retries = retries or Retries()
        self._news = asyncio.Event()

    async def due(self, limit: int, hold: timedelta) -> list[Delivery]:
        """Give the caller up to ``limit`` webhooks; it has ``hold`` to tell what became of each."""
        return await self._kept.claim(limit, hold)

    async def next_due(self) -> timedelta | None:
        """Return how long until the next one is due; None if there is none."""
        return await self._kept.next_due()

    async def answered(
        self, delivery: Delivery, status: int, retry_after: timedelta | None = None
    ) -> None:
        """Have a receiver's answer heard: it has it, wants it later, or does not want it.

        A redirect is an answer like any other: nobody checks where it leads.
        """
        if status in _SUCCESS:
            await self._kept.remove(delivery)
            self._watch.webhook_tried("delivered")
        elif status in _TRY_AGAIN or status in _FAILURE_OF_SERVER:
            await self.failed(delivery, f"it answered {status}", retry_after)
        else:
            await self.give_up(delivery, f"it answered {status}")

    async def failed(
        self, delivery: Delivery, problem: str, retry_after: timedelta | None = None
    ) -> None:
        """Have one tried again later, if it has not been tried too often."""
        if delivery.tries >= self._retries.most:
            await self.give_up(delivery, f"{problem}, the last of {delivery.tries} times")
            return
        wait = max(self._retries.wait(delivery.tries), retry_after or timedelta(0))
        await self._kept.postpone(delivery, min(wait, self._retries.longest))
        self._watch.webhook_tried("postponed")
        _log.info("a webhook will be tried again: %s", problem, extra={"run_id": delivery.run_id})

    async def give_up(self, delivery: Delivery, problem: str) -> None:
        """Forget one that cannot be told."""
        if await self._kept.remove(delivery):
            self._watch.webhook_tried("given up")
            _log.error("a webhook was given up: %s", problem, extra={"run_id": delivery.run_id})

    def tell(self) -> None:
        """Have whoever waits for news look again."""
        self._news.set()

    async def news(self, wait: timedelta) -> None:
        """Return when there may be something due, after ``wait`` at the latest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                await self._news.wait()
        self._news.clear()
