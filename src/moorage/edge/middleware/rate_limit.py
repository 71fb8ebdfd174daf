"""Counts requests against their caller's limits and refuses those over one."""

import math
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.domain.caller import Caller
from moorage.edge.addresses import address_key
from moorage.edge.paths import Paths, route_path
from moorage.edge.refusal import refuse
from moorage.errors import TooMany, Unavailable
from moorage.limits import RateLimits, Verdict

STARTS = frozenset({"http.response.start", "websocket.http.response.start"})


class RateLimit:
    """Counts each request, and each WebSocket that is opened, once.

    It belongs inside authentication: an authenticated caller is counted by identity, whatever the
    address; all others by address. Responses of limited paths carry ``X-RateLimit-Limit``,
    ``-Remaining`` and ``-Reset`` (seconds since the epoch); a refusal is 429 with ``Retry-After``.

    Args:
        app: What is guarded.
        limits: The policy.
        exempt: Paths that are not counted, such as probes.
        on_refusal: Called for each request that is refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: RateLimits,
        exempt: Paths | None = None,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self._limits = limits
        self._on_refusal = on_refusal
        self._exempt = exempt or Paths()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan" or (path := route_path(scope)) in self._exempt:
            await self.app(scope, receive, send)
            return
        try:
            verdict = await self._limits.check(path, client_key(scope))
        except Unavailable as error:
            await refuse(scope, send, error)
            return
        if verdict is None:
            await self.app(scope, receive, send)
        elif verdict.is_allowed:
            await self.app(scope, receive, with_headers(send, verdict))
        else:
            self._on_refusal()
            await refuse(scope, with_headers(send, verdict), too_many(verdict))


def client_key(scope: Scope) -> str:
    """Return the name under which a request is counted: its caller's, or else its address's."""
    caller = scope.get("user")
    if isinstance(caller, Caller) and caller.is_authenticated:
        return f"{caller.method}:{caller.identity}"
    return address_key(scope)


def too_many(verdict: Verdict) -> TooMany:
    """Return the error that tells the client which limit it met."""
    return TooMany(f"Rate limit exceeded: {verdict.rule}.", retry_after=verdict.retry_after)


def with_headers(send: Send, verdict: Verdict) -> Send:
    """Return a ``send`` that adds the rate-limit headers to the response as it starts."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] in STARTS:
            headers = [
                *message.get("headers", ()),
                (b"x-ratelimit-limit", b"%d" % verdict.limit),
                (b"x-ratelimit-remaining", b"%d" % verdict.remaining),
                (b"x-ratelimit-reset", b"%d" % math.ceil(verdict.resets_at)),
            ]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_headers
