import time

import pytest

from moorage.errors import Misconfigured, Unavailable
from moorage.limits import CounterLost, MemoryCounter, RateLimits, open_counter, parse

pytestmark = pytest.mark.anyio


class Hands:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


class Losable:
    """A counter that can be lost and found."""

    def __init__(self) -> None:
        self.memory = MemoryCounter()
        self.is_lost = False
        self.calls = 0

    async def hit(self, key: str, window: int) -> tuple[int, float]:
        self.calls += 1
        if self.is_lost:
            raise CounterLost("ConnectionError: refused")
        return await self.memory.hit(key, window)

    async def close(self) -> None:
        await self.memory.close()


async def allowed(limits: RateLimits, path: str, client: str = "a") -> bool:
    verdict = await limits.check(path, client)
    assert verdict is not None
    return verdict.is_allowed


def test_limits_are_read_shortest_window_first():
    assert [repr(item) for item in parse("500/day; 10 per minute")] == [
        "10 per 1 minute",
        "500 per 1 day",
    ]
    assert parse(" ") == ()


@pytest.mark.parametrize("notation", ["ten/minute", "10", "10/fortnight", "/", "10/minute;x"])
def test_a_limit_that_cannot_be_read_stops_the_start(notation: str):
    with pytest.raises(Misconfigured, match="10/minute;500/day"):
        RateLimits(notation, counter=MemoryCounter())


@pytest.mark.parametrize("url", ["memcached://x", "mongodb://x", "http://x", "async+nothing://x"])
def test_a_storage_that_nobody_knows_stops_the_start(url: str):
    with pytest.raises(Misconfigured, match="redis://"):
        open_counter(url)


async def test_exactly_as_many_requests_pass_as_the_limit_says():
    limits = RateLimits("10/minute", counter=MemoryCounter())
    assert [await allowed(limits, "/x") for _ in range(15)] == [True] * 10 + [False] * 5
    assert await allowed(limits, "/x", client="b")


async def test_a_verdict_says_what_is_left_and_when_the_window_ends():
    limits = RateLimits("3/hour", counter=MemoryCounter())
    verdicts = [await limits.check("/x", "a") for _ in range(5)]
    assert [v.remaining for v in verdicts if v] == [2, 1, 0, 0, 0]
    assert {v.limit for v in verdicts if v} == {3}
    last = verdicts[-1]
    assert last is not None
    assert last.rule == "3 per 1 hour"
    assert 3599 <= last.resets_at - time.time() <= 3600
    assert last.retry_after == 3600


async def test_a_window_begins_anew_when_it_has_ended():
    clock = Hands()
    limits = RateLimits("1/minute", counter=MemoryCounter(now=clock))
    assert await allowed(limits, "/x")
    clock.time += 59.9
    assert not await allowed(limits, "/x")
    clock.time += 0.2
    assert await allowed(limits, "/x")


async def test_of_several_limits_the_tightest_is_reported_and_each_refuses():
    clock = Hands()
    limits = RateLimits("5/hour;2/minute", counter=MemoryCounter(now=clock))
    seen = []
    for _ in range(3):
        for _ in range(3):
            verdict = await limits.check("/x", "a")
            assert verdict is not None
            seen.append((verdict.is_allowed, verdict.limit, verdict.remaining))
        clock.time += 61
    # What the minute refuses is not counted against the hour.
    assert seen == [
        (True, 2, 1),
        (True, 2, 0),
        (False, 2, 0),
        (True, 2, 1),
        (True, 2, 0),
        (False, 2, 0),
        (True, 5, 0),
        (False, 5, 0),
        (False, 2, 0),
    ]


async def test_the_longest_prefix_decides_and_has_a_count_of_its_own():
    rules = {"/agent": "2/minute", "/agent/batch": "1/minute", "/": "3/minute"}
    limits = RateLimits("9/minute", rules, counter=MemoryCounter())
    for path, amount in {
        "/agent/batch": 1,
        "/agent/batch/x": 1,
        "/agent": 2,
        "/agent/": 2,
        "/agent/invoke": 2,
        "/agents": 3,
        "/": 3,
    }.items():
        verdict = await limits.check(path, f"only {path}")
        assert verdict is not None
        assert verdict.limit == amount, path
    assert [await allowed(limits, "/agent/invoke") for _ in range(3)] == [True, True, False]
    assert await allowed(limits, "/agent/batch")


async def test_paths_without_a_limit_are_not_counted():
    counter = MemoryCounter()
    limits = RateLimits("", {"/agent": "1/minute"}, counter=counter)
    assert await limits.check("/other", "a") is None
    assert len(counter) == 0
    assert not limits.is_empty
    assert RateLimits("", counter=counter).is_empty


async def test_expired_windows_are_forgotten():
    clock = Hands()
    counter = MemoryCounter(now=clock)
    for second in range(200):
        clock.time += 1
        for number in range(100):
            await counter.hit(f"{second}/{number}", 10)
    assert len(counter) <= 1100


async def test_a_hundred_thousand_clients_are_all_that_is_remembered():
    counter = MemoryCounter(kept=1000)
    for number in range(5000):
        await counter.hit(str(number), 3600)
    assert len(counter) == 1000
    assert (await counter.hit("4999", 3600))[0] == 2
    assert (await counter.hit("0", 3600))[0] == 1


@pytest.mark.alone
async def test_the_price_of_a_check_does_not_grow_with_the_number_of_clients():
    async def cost(clients: int) -> float:
        limits = RateLimits("1000000/minute;9000000/day", counter=MemoryCounter())
        names = [f"address:10.0.{number >> 8}.{number & 255}" for number in range(clients)]
        for name in names:
            await limits.check("/x", name)
        fastest = float("inf")
        for _ in range(5):
            began = time.perf_counter()
            for name in names[:200]:
                await limits.check("/x", name)
            fastest = min(fastest, (time.perf_counter() - began) / min(200, clients))
        return fastest

    assert await cost(50_000) < 10 * await cost(200)


async def test_a_lost_counter_lets_requests_pass_with_one_warning(
    caplog: pytest.LogCaptureFixture,
):
    uncounted: list[None] = []
    counter = Losable()
    limits = RateLimits("1/minute", counter=counter, on_failure=lambda: uncounted.append(None))
    counter.is_lost = True
    assert [await limits.check("/x", "a") for _ in range(20)] == [None] * 20
    assert len(uncounted) == 20
    assert counter.calls == 1, "nobody waits for a counter that is known to be lost"
    assert [record.message for record in caplog.records] == [
        "rate limits cannot be counted (ConnectionError: refused); requests pass uncounted"
    ]


async def test_a_lost_counter_refuses_requests_where_the_operator_says_so():
    counter = Losable()
    limits = RateLimits("1/minute", counter=counter, fails_open=False)
    counter.is_lost = True
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await limits.check("/x", "a")
        assert caught.value.retry_after == 1
