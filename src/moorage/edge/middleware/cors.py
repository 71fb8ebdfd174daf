"""Lets pages of listed origins call the service: Starlette's middleware with our values."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

EXPOSED = (
    "Content-Location",
    "Location",
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
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str], credentials: bool) -> None:
        super().__init__(
            app,
            allow_origins=frozenset(origins),
            allow_methods=("*",),
            allow_headers=("*",),
            allow_credentials=credentials,
            expose_headers=EXPOSED,
        )
