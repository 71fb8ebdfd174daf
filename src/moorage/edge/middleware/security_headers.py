"""Adds the headers that keep a browser from misreading, framing or caching what it should not."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]

ALWAYS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
PAGES: Headers = (
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"content-security-policy", b"frame-ancestors 'self'"),
)
ERRORS: Headers = ((b"cache-control", b"no-store"),)

FIRST_ERROR = 400


class SecurityHeaders:
    """Extends each response by headers that its route did not set itself.

    All responses: no content sniffing, no full referrer to other sites. Pages: framing by the same
    origin only. Errors: no caching, because the next try may succeed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; only HTTP responses are changed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_extended(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _extended(message)}
            await send(message)

        await self.app(scope, receive, send_extended)


def _extended(message: Message) -> list[Header]:
    headers: list[Header] = list(message.get("headers", ()))
    present = dict(headers)  # ASGI wants the names in lower case
    wanted = ALWAYS
    if present.get(b"content-type", b"").startswith(b"text/html"):
        wanted += PAGES
    if message["status"] >= FIRST_ERROR:
        wanted += ERRORS
    headers += [header for header in wanted if header[0] not in present]
    return headers
