"""Rounds of a sweeper on real storage."""

import asyncio
from datetime import timedelta

import pytest

from moorage.domain.threads import Lifetime
from moorage.engine.retention import Keeping, Retention
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock
from moorage.worker.sweeps import Sweeper

pytestmark = pytest.mark.anyio

KEEPING = Keeping(threads=Lifetime(timedelta(hours=1)))


class Rounds(Retention):
    """Tells of each round that has ended; the first is not lucky."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage, KEEPING)
        self.ended: asyncio.Queue[int] = asyncio.Queue()
        self.fails = True

    async def sweep(self) -> int:
        if self.fails:
            self.fails = False
            raise ValueError("a bug")
        removed = await super().sweep()
        self.ended.put_nowait(removed)
        return removed


async def test_rounds_go_on_whatever_happens(caplog: pytest.LogCaptureFixture):
    clock = ManualClock()
    async with open_storage("memory:", terms=Terms(), clock=clock) as storage:
        await storage.threads.create("t", {})
        rounds = Rounds(storage)
        async with Sweeper(rounds.sweep, interval=timedelta(milliseconds=5)), asyncio.timeout(20):
            assert await rounds.ended.get() == 0
            clock.advance(timedelta(hours=2))
            while not await rounds.ended.get():
                pass

    assert "what is too old could not be removed" in caplog.text
