import asyncio
from datetime import timedelta
from typing import Any

import pytest

from moorage.domain.events import event_id
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap, RunStream, Streamed
from moorage.engine.streams import Streams

pytestmark = pytest.mark.anyio


def events(*names: str) -> list[RunEvent]:
    return [RunEvent(name, b"{}") for name in names]


def begun(**options: Any) -> RunStream:
    stream = RunStream(**options)
    stream.begin(1)
    return stream


async def collect(stream: RunStream, after: int | None) -> list[str]:
    return [
        "gap" if isinstance(item, Gap) else item.event.name async for item in stream.follow(after)
    ]


async def test_followers_see_what_comes_and_late_ones_what_came():
    stream = begun()
    early = asyncio.create_task(collect(stream, 0))
    await asyncio.sleep(0)
    stream.publish(events("a", "b"))
    live = asyncio.create_task(collect(stream, None))
    await asyncio.sleep(0)
    stream.publish(events("c"))
    stream.close()

    assert await early == ["a", "b", "c"]
    assert await live == ["c"]
    assert await collect(stream, 0) == ["a", "b", "c"]
    assert await collect(stream, None) == []


async def test_a_follower_goes_on_after_the_event_it_names():
    stream = begun()
    published = stream.publish(events("a", "b", "c"))
    stream.close()

    assert [one.id for one in published] == sorted({one.id for one in published})
    assert await collect(stream, published[0].id) == ["b", "c"]
    assert await collect(stream, published[2].id) == []
    assert await collect(stream, published[2].id + 99) == []


async def test_a_later_attempt_is_seen_whole_by_who_followed_an_earlier_one():
    stream = begun()
    last = stream.publish(events("a", "b"))[-1].id
    following = asyncio.create_task(collect(stream, last))
    await asyncio.sleep(0)
    stream.begin(2)
    stream.publish(events("metadata", "a"))
    stream.close()

    assert await following == await collect(stream, last) == ["metadata", "a"]


async def test_who_fell_behind_is_told():
    stream = begun(kept=2)
    stream.publish(events("a", "b", "c", "d"))
    stream.close()

    [gap, *rest] = [item async for item in stream.follow(0)]

    assert gap == Gap(event_id(1, 3))
    assert [item.event.name for item in rest if isinstance(item, Streamed)] == ["c", "d"]


async def test_a_slow_follower_that_falls_behind_between_two_events_is_told():
    stream = begun(kept=2)
    stream.publish(events("a", "b"))
    following = stream.follow(0)
    first = await anext(following)
    stream.publish(events("c", "d", "e"))
    stream.close()

    rest = ["gap" if isinstance(item, Gap) else item.event.name async for item in following]
    assert isinstance(first, Streamed)
    assert (first.event.name, rest) == ("a", ["gap", "d", "e"])


async def test_a_thousand_followers_see_every_event():
    stream = begun()
    following = [asyncio.create_task(collect(stream, 0)) for _ in range(1000)]
    await asyncio.sleep(0)
    for number in range(50):
        stream.publish(events(str(number)))
        await asyncio.sleep(0)
    stream.close()

    expected = [str(number) for number in range(50)]
    assert all(seen == expected for seen in await asyncio.gather(*following))


async def test_a_follower_that_leaves_is_forgotten():
    stream = begun()
    leaving = asyncio.create_task(collect(stream, 0))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])

    stream.publish(events("a"))
    assert not stream._news


async def test_who_waits_for_the_end_is_told():
    stream = begun()
    waiting = asyncio.create_task(stream.ended())
    await asyncio.sleep(0)
    stream.publish(events("a"))
    await asyncio.sleep(0)
    assert not waiting.done()
    stream.close()
    await waiting
    await stream.ended()


async def test_a_stream_is_there_before_its_run_and_for_a_while_after():
    streams = Streams(lasting=timedelta(0))
    assert streams.known("r") is None
    stream = streams.of("r")
    assert streams.of("r") is streams.known("r") is stream
    streams.end("r", lasts=True)
    assert streams.known("r") is stream
    after = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.01, after.set_result, None)
    await after
    assert streams.known("r") is None


async def test_the_first_event_after_those_that_are_gone_is_no_gap():
    stream = begun(kept=2)
    published = stream.publish(events("a", "b", "c", "d"))
    stream.close()

    assert await collect(stream, published[1].id) == ["c", "d"]
    assert await collect(stream, published[0].id) == ["gap", "c", "d"]


async def test_a_stream_that_nobody_comes_back_to_goes_at_once():
    streams = Streams()
    stream = streams.of("r")
    streams.end("r", lasts=False)
    streams.end("r", lasts=False)
    assert len(streams) == 0
    assert await collect(stream, 0) == []


async def test_large_events_make_room_for_one_another_and_the_latest_stays():
    stream = begun(kept_bytes=10)
    stream.publish([RunEvent(name, b"12345") for name in "abc"])
    stream.publish([RunEvent("d", b"x" * 99)])
    stream.close()

    assert await collect(stream, 0) == ["gap", "d"]
