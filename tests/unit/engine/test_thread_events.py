"""The events of a thread as one sequence."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from moorage.engine.run_stream import Gap
from moorage.engine.thread_events import Numbered, ThreadEvent, ThreadEvents

pytestmark = pytest.mark.anyio


def event(name: str, size: int = 1) -> ThreadEvent:
    return ThreadEvent(name, "run", "values", "values", (), b"x" * size)


async def first(events: AsyncIterator[Any], count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [await anext(events) for _ in range(count)]


async def test_numbers_rise_from_the_base():
    events = ThreadEvents(7)
    events.publish([event("a"), event("b")])

    assert [one.seq for one in events.kept] == [8, 9]
    assert events.seq_of("b") == 9
    assert events.seq_of("c") == 0
    assert [one.event.event_id for one in events.between(8, 9)] == ["b"]


async def test_a_follower_gets_what_was_and_what_comes():
    events = ThreadEvents()
    events.publish([event("a"), event("b")])
    following = events.follow(1)

    assert await first(following, 1) == [Numbered(2, event("b"))]
    events.publish([event("c")])
    assert await first(following, 1) == [Numbered(3, event("c"))]


@pytest.mark.parametrize("bounds", [{"kept": 2}, {"kept_bytes": 20}])
async def test_who_falls_behind_is_told(bounds: dict[str, int]):
    events = ThreadEvents(**bounds)
    events.publish([event("a", 10)])
    following = events.follow(0)
    await first(following, 1)
    events.publish([event(name, 10) for name in "bcd"])

    assert [one.seq for one in events.kept] == [3, 4]
    assert await first(following, 2) == [Gap(3), Numbered(3, event("c", 10))]


async def test_the_latest_event_is_kept_however_big():
    events = ThreadEvents(kept_bytes=1)
    events.publish([event("a", 10)])

    assert [one.seq for one in events.kept] == [1]
