"""The promise of the event log: in order, from anywhere, until it is trimmed."""

from datetime import timedelta
from uuid import uuid4

import pytest

from moorage.domain.events import Flush, event_id
from moorage.storage.interface import Storage
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

LAST = event_id(2**31 - 1, 2**32 - 1)
"""The highest id that there is."""


def flush(run_id: str, first: int, last: int, attempt: int = 1) -> Flush:
    content = f"{attempt}:{first}-{last}\n\n".encode() + b"\x00\xff"
    return Flush(run_id, event_id(attempt, first), event_id(attempt, last), content)


@pytest.fixture
def run_id() -> str:
    return str(uuid4())


async def test_what_was_appended_is_kept_byte_by_byte(storage: Storage, run_id: str):
    flushes = [flush(run_id, 0, 2), flush(run_id, 3, 3)]
    await storage.events.append(flushes)
    assert await storage.events.after(run_id, -1) == flushes


async def test_reading_begins_with_the_flush_that_holds_the_next_event(
    storage: Storage, run_id: str
):
    flushes = [flush(run_id, 0, 2), flush(run_id, 3, 5), flush(run_id, 6, 6)]
    await storage.events.append(flushes)
    assert await storage.events.after(run_id, event_id(1, 1)) == flushes
    assert await storage.events.after(run_id, event_id(1, 2)) == flushes[1:]
    assert await storage.events.after(run_id, event_id(1, 5)) == flushes[2:]
    assert await storage.events.after(run_id, event_id(1, 6)) == []


async def test_later_attempts_come_last_whoever_writes_last(storage: Storage, run_id: str):
    first, second = flush(run_id, 0, 5), flush(run_id, 0, 1, attempt=2)
    late = flush(run_id, 6, 9)
    for one in (first, second, late):
        await storage.events.append([one])
    assert await storage.events.after(run_id, -1) == [first, late, second]
    assert await storage.events.after(run_id, second.last_id) == []


async def test_runs_are_kept_apart(storage: Storage, run_id: str):
    other = str(uuid4())
    await storage.events.append([flush(run_id, 0, 1), flush(other, 0, 7)])
    assert await storage.events.after(other, -1) == [flush(other, 0, 7)]
    assert await storage.events.oldest(run_id) == event_id(1, 0)
    assert await storage.events.after(str(uuid4()), -1) == []


async def test_the_highest_ids_are_kept(storage: Storage, run_id: str):
    last = Flush(run_id, LAST, LAST, b"the end")
    await storage.events.append([last])
    assert await storage.events.after(run_id, LAST - 1) == [last]
    assert await storage.events.oldest(run_id) == LAST


async def test_nothing_to_append_is_fine(storage: Storage, run_id: str):
    await storage.events.append([])
    assert await storage.events.oldest(run_id) is None


async def test_what_is_older_than_an_age_is_forgotten(
    storage: Storage, run_id: str, clock: ManualClock
):
    await storage.events.append([flush(run_id, 0, 0)])
    clock.advance(timedelta(seconds=5))
    await storage.events.append([flush(run_id, 1, 1)])

    await storage.events.trim(timedelta(seconds=5))
    assert await storage.events.oldest(run_id) == event_id(1, 0)
    clock.advance(timedelta(microseconds=1))
    await storage.events.trim(timedelta(seconds=5))
    assert await storage.events.oldest(run_id) == event_id(1, 1)
    assert await storage.events.after(run_id, -1) == [flush(run_id, 1, 1)]
    await storage.events.trim(timedelta(0))
    clock.advance(timedelta(microseconds=1))
    await storage.events.trim(timedelta(0))
    assert await storage.events.oldest(run_id) is None
