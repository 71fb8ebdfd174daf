"""Rate-limit policy: how often one client may call which paths, and where that is counted.

Limits are written ``10/minute;500/day``. A client's requests are counted in fixed windows that
begin with its first request, as ``limits`` and slowapi do by default: one number per client and
limit, and one round trip to Redis. ``docs/decisions/rate-limits.md`` has the reasons and figures.
"""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from limits import RateLimitItem, parse_many
from limits.aio.storage import RedisStorage

from moorage.errors import Misconfigured, Unavailable

REDIS_DEADLINE = 0.5
"""Seconds that one answer of Redis may take before it counts as lost. Much less would mistake a
busy event loop for a lost Redis, and switch the limits off when they are needed most."""

REDIS_CONNECTIONS = 8
"""Per process. A check costs more of the process's time than of Redis's: more would not help."""

RETRY_LOST = 1.0
"""Seconds between two attempts to reach a lost Redis; requests in between do not wait for it."""

KEPT_WINDOWS = 100_000
"""Windows that one process remembers per window length; the oldest go first."""

_log = logging.getLogger(__name__)


class CounterLost(Exception):  # noqa: N818 - like the tree in moorage.errors
    """The count cannot be reached; the message says what happened."""


class Counter(Protocol):
    """Counts requests in windows of time."""

    async def hit(self, key: str, window: int) -> tuple[int, float]:
        """Count one request.

        Args:
            key: What is counted.
            window: Length of the window in seconds, the same in each call with this key.

        Returns:
            The requests in the current window, this one included, and the window's end in seconds
            since the epoch.

        Raises:
            CounterLost: The count is kept elsewhere and cannot be reached now.
        """

    async def close(self) -> None:
        """Give back what the counter holds open."""


class MemoryCounter:
    """Counts in this process.

    ``limits.aio.storage.MemoryStorage`` walks over all its keys on each hit (1.7 ms with 10,000
    clients, see the decision page), so this one replaces it. Windows of one length end in the order
    in which they began: what has expired is at the front, and is dropped as new ones come in.

    Args:
        kept: Windows remembered per window length; beyond it the one that ends first is forgotten.
        now: Tells the time in seconds since the epoch.
    """

    def __init__(self, *, kept: int = KEPT_WINDOWS, now: Callable[[], float] = time.time) -> None:
        self._kept = kept
        self._now = now
        self._windows: dict[int, OrderedDict[str, tuple[int, float]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._windows.values()))

    async def hit(self, key: str, window: int) -> tuple[int, float]:
        """Count one request; see ``Counter``."""
        now = self._now()
        windows = self._windows.get(window)
        if windows is None:
            windows = self._windows[window] = OrderedDict()
        count, ends = windows.get(key, (0, 0.0))
        if ends > now:
            windows[key] = usage = (count + 1, ends)
            return usage
        windows.pop(key, None)
        self._drop_expired(windows, now)
        windows[key] = usage = (1, now + window)
        return usage

    def _drop_expired(self, windows: OrderedDict[str, tuple[int, float]], now: float) -> None:
        while windows:
            _, ends = windows[next(iter(windows))]
            if ends > now and len(windows) < self._kept:
                return
            windows.popitem(last=False)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


class RedisCounter:
    """Counts in Redis, for all processes together, through the asynchronous storage of ``limits``.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``; an ``async+`` before it is allowed.
    """

    def __init__(self, url: str) -> None:
        self._pool = _connection_pool(url.removeprefix("async+"))
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="moorage",
            connection_pool=self._pool,
        )
        failures = self._storage.base_exceptions
        self._failures: tuple[type[Exception], ...] = (
            OSError,
            *(failures if isinstance(failures, tuple) else (failures,)),
        )
        self._ends: OrderedDict[str, float] = OrderedDict()

    async def hit(self, key: str, window: int) -> tuple[int, float]:
        """Count one request; see ``Counter``. Takes half a second at most."""
        try:
            async with asyncio.timeout(REDIS_DEADLINE):
                count = await self._storage.incr(key, window)
                return count, await self._end_of(key, count, window)
        except TimeoutError as error:
            raise CounterLost(f"no answer within {REDIS_DEADLINE:.2f} s") from error
        except self._failures as error:
            raise CounterLost(f"{type(error).__name__}: {error}") from error

    async def _end_of(self, key: str, count: int, window: int) -> float:
        """Return when the window ends, asking Redis only when this process cannot know it."""
        now = time.time()
        ends = now + window if count == 1 else self._ends.get(key, 0.0)
        if ends <= now:
            ends = await self._storage.get_expiry(key)
        self._ends[key] = ends
        self._ends.move_to_end(key)
        if len(self._ends) > KEPT_WINDOWS:
            self._ends.popitem(last=False)
        return ends

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()


def _connection_pool(url: str) -> Any:
    try:
        from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415 - redis is an extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured(
            "rate limits in Redis need its client; install moorage[redis] or unset the storage"
        ) from error
    return BlockingConnectionPool.from_url(
        url,
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_DEADLINE,
        socket_timeout=REDIS_DEADLINE,
        socket_connect_timeout=REDIS_DEADLINE,
        # Once: a connection that a restart of Redis cut is found dead by the first command on it.
        retry=Retry(NoBackoff(), 1),
    )


def open_counter(storage: str) -> Counter:
    """Return the counter that a storage URL names; an empty one, or ``memory://``, is this process.

    Raises:
        Misconfigured: There is no such storage, or its client is not installed.
    """
    scheme, _, _ = storage.removeprefix("async+").partition("://")
    if scheme in {"", "memory"}:
        return MemoryCounter()
    if scheme in {"redis", "rediss", "unix"}:
        return RedisCounter(storage)
    raise Misconfigured(
        f"rate limits cannot be kept in {scheme}://; use redis://, rediss://, unix:// or memory://"
    )


def parse(notation: str) -> tuple[RateLimitItem, ...]:
    """Read ``10/minute;500/day``: the limits, shortest window first; none for an empty string.

    Raises:
        Misconfigured: It is written in another way.
    """
    if not notation.strip():
        return ()
    try:
        items = parse_many(notation)
    except ValueError as error:
        raise Misconfigured(
            f"{notation!r} is not a rate limit; write it like 10/minute or 10/minute;500/day"
        ) from error
    # A request that a short window refuses must not use up a long one.
    return tuple(sorted(items, key=lambda item: item.get_expiry()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limits say about one request.

    Attributes:
        is_allowed: Whether the request may pass.
        limit: Requests allowed in the window of the limit that is closest to its end.
        remaining: Further requests that it allows.
        resets_at: When its window ends, in seconds since the epoch.
        rule: The limit in words, such as ``10 per 1 minute``.
    """

    is_allowed: bool
    limit: int
    remaining: int
    resets_at: float
    rule: str

    @property
    def retry_after(self) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, math.ceil(self.resets_at - time.time()))


@dataclass(frozen=True, slots=True)
class _Limit:
    amount: int
    window: int
    key: str
    rule: str


def _limits(bucket: str, notation: str) -> tuple[_Limit, ...]:
    return tuple(
        _Limit(
            amount=item.amount,
            window=item.get_expiry(),
            key=f"{bucket}|{item.amount}/{item.get_expiry()}s|",
            rule=repr(item),
        )
        for item in parse(notation)
    )


class RateLimits:
    """How often one client may call.

    Args:
        default: Limits for every path without its own, counted over all these paths together.
        by_prefix: Limits per path prefix; the longest prefix that fits replaces all others.
        counter: Where requests are counted.
        fails_open: Whether requests pass while the counter is lost; otherwise they are refused.
        on_failure: Called for each request that could not be counted.

    Raises:
        Misconfigured: A limit is not written as limits are.
    """

    def __init__(
        self,
        default: str,
        by_prefix: Mapping[str, str] | None = None,
        *,
        counter: Counter,
        fails_open: bool = True,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        rules = {prefix.rstrip("/"): text for prefix, text in (by_prefix or {}).items()}
        self._default = _limits("*", default)
        self._by_prefix = [
            (prefix, f"{prefix}/", _limits(prefix, rules[prefix]))
            for prefix in sorted(rules, key=len, reverse=True)
        ]
        self._counter = counter
        self._fails_open = fails_open
        self._on_failure = on_failure
        self._lost_until: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no path has a limit."""
        return not self._default and not any(limits for _, _, limits in self._by_prefix)

    def bucket(self, path: str) -> str | None:
        """Name what requests for ``path`` are counted with, or nothing where there is no limit."""
        limits = self._limits_of(path)
        return limits[0].key if limits else None

    async def check(self, path: str, client: str) -> Verdict | None:
        """Count a request of ``client`` for ``path`` and say whether it may pass.

        With several limits a request is counted against each until one refuses it, the shortest
        window first. The verdict describes the one that refuses, or the one with the fewest
        requests left.

        Returns:
            The verdict; nothing where no limit applies, or where the counter is lost and the
            limits fail open.

        Raises:
            Unavailable: The counter is lost and the limits fail closed.
        """
        limits = self._limits_of(path)
        if not limits:
            return None
        if self._lost_until is not None and time.monotonic() < self._lost_until:
            self._pass_uncounted()
            return None
        try:
            verdict = await self._decide(limits, client)
        except CounterLost as lost:
            self._begin_outage(lost)
            self._pass_uncounted()
            return None
        if self._lost_until is not None:
            self._lost_until = None
            _log.warning("rate limits are counted again")
        return verdict

    async def close(self) -> None:
        """Close the counter."""
        await self._counter.close()

    def _limits_of(self, path: str) -> tuple[_Limit, ...]:
        for prefix, below, limits in self._by_prefix:
            if path == prefix or path.startswith(below):
                return limits
        return self._default

    async def _decide(self, limits: tuple[_Limit, ...], client: str) -> Verdict:
        tightest: tuple[int, float, _Limit] | None = None
        for limit in limits:
            count, ends = await self._counter.hit(limit.key + client, limit.window)
            remaining = limit.amount - count
            if tightest is None or remaining < tightest[0]:
                tightest = (remaining, ends, limit)
            if remaining < 0:
                break
        assert tightest is not None  # noqa: S101 - there is one limit at least
        remaining, ends, limit = tightest
        return Verdict(remaining >= 0, limit.amount, max(remaining, 0), ends, limit.rule)

    def _begin_outage(self, lost: CounterLost) -> None:
        if self._lost_until is None:
            consequence = "requests pass uncounted" if self._fails_open else "requests are refused"
            _log.warning("rate limits cannot be counted (%s); %s", lost, consequence)
        self._lost_until = time.monotonic() + RETRY_LOST

    def _pass_uncounted(self) -> None:
        self._on_failure()
        if not self._fails_open:
            raise Unavailable("Rate limits cannot be checked at the moment.", retry_after=1)
