"""Spares a project's handler the callers that it has just seen."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from moorage.domain.caller import Caller

Handler = Callable[[Any], Awaitable[Caller | None]]


@dataclass(frozen=True, slots=True)
class Remembrance:
    """How long a handler's answers hold (``auth.cache``).

    Attributes:
        headers: The request headers that tell callers apart; without any, nothing is remembered.
        length: How long an answer holds.
        size: How many are kept; the oldest go first.
    """

    headers: Sequence[str]
    length: timedelta
    size: int


class Remembering:
    """Asks a handler who is calling, once for each set of header values while the answer holds.

    Only callers are remembered: a refusal is decided anew each time, and so is a request that has
    none of the headers. Of the values only a digest is kept.

    Args:
        handler: Who is asked.
        remembrance: How long its answers hold.
        now: A clock in seconds that never goes back.
    """

    def __init__(
        self,
        handler: Handler,
        remembrance: Remembrance,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._handler = handler
        self._headers = tuple(remembrance.headers)
        self._length = remembrance.length.total_seconds()
        self._size = remembrance.size
        self._now = now
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def __call__(self, request: Any) -> Caller | None:
        """Return who sends ``request``, or None when the handler knows nobody."""
        key = self._key(request)
        if key is None:
            return await self._handler(request)
        until, caller = self._known.get(key, (0.0, None))
        if caller is None or until <= self._now():
            caller = await self._handler(request)
            self._keep(key, caller)
        return caller

    def _key(self, request: Any) -> bytes | None:
        values = [request.headers.getlist(name) for name in self._headers]
        return sha256(repr(values).encode()).digest() if any(values) else None

    def _keep(self, key: bytes, caller: Caller | None) -> None:
        self._known.pop(key, None)
        if caller is None:
            return
        self._known[key] = (self._now() + self._length, caller)
        if len(self._known) > self._size:
            del self._known[next(iter(self._known))]
