"""Limits how often one address may fail to authenticate, so that credentials cannot be guessed."""

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.edge.addresses import address_key
from moorage.edge.middleware.rate_limit import STARTS, too_many, with_headers
from moorage.edge.paths import route_path
from moorage.edge.refusal import REFUSED_KEY, refuse
from moorage.errors import Unavailable
from moorage.limits import RateLimits, Verdict

MOST_BLOCKED = 10_000
"""Addresses that one process keeps blocked; the ones blocked first are let go first."""


class AttemptLimit:
    """Counts refused credentials against the limits of their address, like anonymous requests.

    It belongs outside authentication, which marks the requests that it refuses. Once the limit is
    used up the address gets 429 until the window ends, whatever credentials it sends: otherwise a
    right guess could still be told from a wrong one. Valid callers are never counted here, and are
    checked by one look-up in memory; the count itself is kept where the limits are, so it is shared
    by all processes, each of which learns of a used-up limit by the next failure that it sees.

    Args:
        app: What is guarded.
        limits: The policy; paths without a limit are not watched.
        on_refusal: Called for each request that is refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: RateLimits,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self._limits = limits
        self._on_refusal = on_refusal
        self._blocked: OrderedDict[tuple[str, str], Verdict] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        verdict = self._blocked_by(scope) if self._blocked else None
        if verdict is not None:
            self._on_refusal()
            await refuse(scope, with_headers(send, verdict), too_many(verdict))
            return

        async def send_watched(message: Message) -> None:
            if REFUSED_KEY in scope and message["type"] in STARTS:
                await self._count(scope)
            await send(message)

        await self.app(scope, receive, send_watched)

    def _blocked_by(self, scope: Scope) -> Verdict | None:
        bucket = self._limits.bucket(route_path(scope))
        if bucket is None:
            return None
        key = (bucket, address_key(scope))
        verdict = self._blocked.get(key)
        if verdict is not None and verdict.resets_at <= time.time():
            del self._blocked[key]
            return None
        return verdict

    async def _count(self, scope: Scope) -> None:
        path, address = route_path(scope), address_key(scope)
        bucket = self._limits.bucket(path)
        try:
            verdict = await self._limits.check(path, address)
        except Unavailable:
            return  # the limits fail closed, but the client is being refused anyway
        if bucket is None or verdict is None or verdict.remaining:
            return
        self._blocked[bucket, address] = verdict
        if len(self._blocked) > MOST_BLOCKED:
            self._blocked.popitem(last=False)
