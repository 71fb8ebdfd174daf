"""Lets pages of listed origins call the service: Starlette's middleware with our values."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSED = (
    "Content-Location",
    "Location",
    "X-Pagination-Next",
    "X-Pagination-Total",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
)


class CrossOrigin(CORSMiddleware):
    """Answers preflight requests and marks responses for the listed origins.

    It belongs outside authentication: a browser sends no credentials with a preflight, and a page
    can read a refusal only if it carries these headers. Any method and any request header is
    allowed, since the list of origins is the guard.

    Args:
        app: What is guarded.
        origins: Origins such as ``https://app.example.com``; ``*`` is all of them.
        credentials: Whether pages may send cookies and HTTP authentication.
        pattern: Origins too, as a regular expression.
        methods: The methods that pages may use.
        headers: The request headers that they may send.
        exposed: Response headers that they may read, beside those that clients need.
        max_age: Seconds that browsers remember the answer to a preflight.
    """

    def __init__(  # noqa: PLR0913 - what a policy consists of
        self,
        app: ASGIApp,
        *,
        origins: Collection[str],
        credentials: bool,
        pattern: str | None = None,
        methods: Collection[str] = ("*",),
        headers: Collection[str] = ("*",),
        exposed: Collection[str] = (),
        max_age: int = 600,
    ) -> None:
        super().__init__(
            app,
            allow_origins=frozenset(origins),
            allow_origin_regex=pattern,
            allow_methods=methods,
            allow_headers=headers,
            allow_credentials=credentials,
            allow_private_network=True,
            expose_headers=[*EXPOSED, *exposed],
            max_age=max_age,
        )
        self._varies = "*" not in origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one that no page sent, without ``Origin``, costs next to nothing."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif any(name == b"origin" for name, _ in scope["headers"]):
            await super().__call__(scope, receive, send)
        elif self._varies:
            await self.app(scope, receive, _varying(send))
        else:
            await self.app(scope, receive, send)


def _varying(send: Send) -> Send:
    """Return a ``send`` that keeps caches from giving a page what they got without an origin."""

    async def send_varying(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"vary", b"Origin")]}
        await send(message)

    return send_varying
