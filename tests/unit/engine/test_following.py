"""Whoever follows a run sees every event once, in order, from wherever and whenever."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.domain.events import event_id
from moorage.domain.runs import Claim, Outcome, RunRequest, RunStatus
from moorage.domain.threads import ThreadState, ThreadStatus
from moorage.engine.following import Following
from moorage.engine.recording import Recorder
from moorage.engine.run_events import RunEvent
from moorage.engine.run_stream import Gap, Streamed
from moorage.engine.streams import Streams
from moorage.errors import Unavailable
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms

pytestmark = pytest.mark.anyio

DONE = Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE))
KEPT = 5
"""Events that a stream keeps here: few, so that followers fall behind it."""

Follower = AsyncGenerator[Streamed | Gap, None]


@dataclass
class Process:
    """One process's part: it ends without a word when it is killed."""

    streams: Streams
    recorder: Recorder
    following: Following


@dataclass
class World:
    """A run, the processes that it has been through, and all that was published of it."""

    storage: Storage
    run_id: str
    claim: Claim
    stack: AsyncExitStack
    process: Process = field(init=False)
    published: list[int] = field(default_factory=list)
    attempt: int = 0

    async def start(self) -> None:
        """Begin in a new process."""
        streams, recorder = Streams(kept=KEPT), Recorder(self.storage.events)
        await self.stack.enter_async_context(recorder)
        self.process = Process(streams, recorder, Following(self.storage, streams, recorder))

    def begin(self) -> None:
        self.attempt += 1
        self.process.streams.of(self.run_id).begin(self.attempt)

    def publish(self, count: int) -> None:
        events = [RunEvent("a|b c", b'{"n":1}')] * count
        streamed = self.process.streams.of(self.run_id).publish(events)
        self.process.recorder.record(self.run_id, streamed)
        self.published += [one.id for one in streamed]

    async def end(self) -> None:
        await self.process.recorder.written()
        assert await self.storage.queue.finish(self.claim, DONE)
        self.process.streams.end(self.run_id, lasts=False)

    def follow(self, after: int | None) -> Follower:
        return self.process.following.follow(self.run_id, after)

    def after(self, event: int) -> list[int]:
        return [one for one in self.published if one > event]


async def new_world(stack: AsyncExitStack) -> World:
    storage = await stack.enter_async_context(open_storage("memory:", terms=Terms()))
    run_id = str(uuid4())
    asked = RunRequest(run_id, run_id, "a", {"resumable": True}, creates_thread=True)
    accepted = await storage.queue.accept(asked, owner="w")
    assert accepted.claim is not None
    world = World(storage, run_id, accepted.claim, stack)
    await world.start()
    return world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield await new_world(stack)


async def ids(following: Follower) -> list[int | str]:
    """All that is left to see."""
    async with asyncio.timeout(20), aclosing(following):
        return [one.id if isinstance(one, Streamed) else "gap" async for one in following]


@dataclass
class Seen:
    """A follower, and what it has seen since its first connection."""

    following: Follower
    begun_after: int
    ids: list[int] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.ids[-1] if self.ids else self.begun_after

    async def read(self, count: int) -> None:
        async with asyncio.timeout(20):
            for _ in range(count):
                one = await anext(self.following)
                assert isinstance(one, Streamed), "nothing was lost, so there is no gap"
                self.ids.append(one.id)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 12)),
        st.tuples(st.just("publish"), st.integers(60, 130)),
        st.tuples(st.just("attempt"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("follow"), st.integers(0, 300)),
        st.tuples(st.just("read"), st.integers(0, 60)),
        st.tuples(st.just("breathe"), st.just(0)),
    ),
    max_size=25,
)


async def go_through(steps: list[tuple[str, int]]) -> None:
    async with AsyncExitStack() as stack:
        world = await new_world(stack)
        world.begin()
        followers: list[Seen] = []
        for step, number in steps:
            if step == "publish":
                world.publish(number)
            elif step == "attempt":
                world.begin()
            elif step == "restart":
                await world.process.recorder.written()
                await world.start()
                world.begin()
                for one in followers:
                    one.following = world.follow(one.last)
            elif step == "follow":
                after = [0, *world.published][number % (len(world.published) + 1)]
                followers.append(Seen(world.follow(after), after))
            elif step == "read" and followers:
                one = followers[number % len(followers)]
                await one.read(min(number, len(world.after(one.last))))
            elif step == "breathe":
                await asyncio.sleep(0)
        await world.end()
        for one in followers:
            assert one.ids + await ids(one.following) == world.after(one.begun_after)
        await world.start()
        assert await ids(world.follow(0)) == world.published


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_interleaving_loses_or_repeats_an_event(steps: list[tuple[str, int]]):
    asyncio.run(go_through(steps))


async def test_live_followers_see_what_comes(world: World):
    world.begin()
    world.publish(3)
    following = world.follow(None)
    first = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    world.publish(20)
    seen = await asyncio.wait_for(first, 20)
    assert isinstance(seen, Streamed)
    assert seen.id == world.published[3]
    await world.end()
    assert await ids(following) == world.published[4:]


async def test_who_comes_before_the_run_begins_waits(world: World):
    following = asyncio.create_task(ids(world.follow(0)))
    await asyncio.sleep(0)
    world.begin()
    world.publish(2)
    await world.end()
    assert await following == world.published


async def test_who_comes_too_late_sees_what_is_left(world: World):
    world.begin()
    world.publish(3)
    await world.process.recorder.written()
    world.publish(2)
    await world.end()
    await world.start()
    assert await ids(world.follow(None)) == []
    assert await ids(world.follow(world.published[-1])) == []
    assert await ids(world.follow(event_id(9, 9))) == []
    assert await ids(world.process.following.follow("unknown", 0)) == []
    assert await world.storage.events.trim(timedelta(days=-1)) > 0
    assert await ids(world.follow(0)) == []


class Failing:
    """A log on a disk that is full for as long as a test wants."""

    def __init__(self, storage: Storage) -> None:
        self._kept = storage.events
        self.is_full = True
        self.tried = asyncio.Event()

    async def append(self, flushes: Any) -> None:
        self.tried.set()
        if self.is_full:
            raise Unavailable("full")
        await self._kept.append(flushes)

    async def after(self, run_id: str, event: int) -> Any:
        return await self._kept.after(run_id, event)

    async def oldest(self, run_id: str) -> int | None:
        return await self._kept.oldest(run_id)

    async def trim(self, age: timedelta, limit: int = 1) -> int:
        return await self._kept.trim(age, limit)


async def test_what_the_log_could_not_take_is_a_gap_and_the_rest_is_there(
    world: World, caplog: pytest.LogCaptureFixture
):
    log = Failing(world.storage)
    world.process.recorder = Recorder(log, most=10)
    world.begin()
    async with world.process.recorder:
        world.publish(4)
        await asyncio.wait_for(log.tried.wait(), 20)
        world.publish(8)
        log.is_full = False
    await world.storage.queue.finish(world.claim, DONE)
    await world.start()

    after_first = world.published[0]
    found = await ids(world.follow(after_first))
    assert found == ["gap", *world.published[2:]]
    assert "2 events are lost" in caplog.text


async def test_the_log_stands_in_no_ones_way(world: World):
    log = Failing(world.storage)
    world.process.recorder = Recorder(log)
    world.begin()
    loop = asyncio.get_running_loop()
    async with world.process.recorder:
        begun = loop.time()
        world.publish(1_000)
        assert loop.time() - begun < 0.5
        await world.process.recorder.written()
        assert loop.time() - begun < 5
        log.is_full = False
    assert len(await world.storage.events.after(world.run_id, 0)) >= 1
