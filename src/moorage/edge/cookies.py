"""The cookie of a signed-in browser: where it is found, when it counts, how it is set."""

from collections.abc import Iterable

from starlette.requests import cookie_parser
from starlette.types import Scope

from moorage.auth.sessions import Session, Sessions
from moorage.errors import Forbidden

NAME = "moorage-session"

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

BODIES = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose body a form of another site could send."""


def session_in(scope: Scope, sessions: Sessions) -> Session | None:
    """Return the session of a request; None without a cookie that counts.

    A browser sends its cookies with whatever any page makes it ask for. So one counts only in a
    request of a page of the service itself. A page of another origin is as if signed out when it
    reads, whatever CORS allows it; when it changes something, it is told why that is refused.

    Raises:
        Forbidden: The request changes something, and comes from another origin, or from who knows
            where, or its body is not JSON.
    """
    value = _value(scope)
    if value is None:
        return None
    is_safe = scope.get("method") in SAFE
    if is_safe and _is_foreign(scope):
        return None
    session = sessions.open(value)
    if session is not None and not is_safe:
        if not is_own_page(scope):
            raise Forbidden(
                "A session counts for requests of this service's own pages only; send the"
                " credential as Authorization: Bearer or X-Api-Key instead."
            )
        require_json(scope)
    return session


def is_own_page(scope: Scope) -> bool:
    """Whether a page of the service sent the request; False as well where nothing tells.

    Browsers say it in ``Sec-Fetch-Site``, which no page can forge, except over plain HTTP to
    another machine: then the ``Origin`` counts.
    """
    site = _header(scope, b"sec-fetch-site")
    return (
        _header(scope, b"origin") == _own_origin(scope) if site is None else site == "same-origin"
    )


def is_other_page(scope: Scope) -> bool:
    """Whether a browser sent the request, and not for a page of the service."""
    names = {name for name, _ in scope["headers"]}
    return not names.isdisjoint((b"origin", b"sec-fetch-site")) and not is_own_page(scope)


def require_json(scope: Scope) -> None:
    """Refuse a body that a form could have sent.

    Raises:
        Forbidden: It is not ``application/json``.
    """
    content_type = _header(scope, b"content-type") or ""
    kind = content_type.partition(";")[0].strip().lower()
    if scope.get("method") in BODIES and kind != "application/json":
        raise Forbidden("The Content-Type must be application/json where a session is used.")


def set_cookie(scope: Scope, value: str, *, is_over: bool = False) -> str:
    """Write the ``Set-Cookie`` of a session; ``is_over`` takes it back.

    No script can read it, and no other site's page can make the browser send it. It goes when the
    browser is closed.
    """
    parts = [f"{_name(scope)}={value}", f"Path={_path(scope)}", "HttpOnly", "SameSite=Strict"]
    if _scheme(scope) == "https":
        parts.append("Secure")
    if is_over:
        parts.append("Max-Age=0")
    return "; ".join(parts)


def _is_foreign(scope: Scope) -> bool:
    """Whether the request names an origin that is not the service's."""
    origin = _header(scope, b"origin")
    return origin is not None and origin != _own_origin(scope)


def _own_origin(scope: Scope) -> str:
    return f"{_scheme(scope)}://{_header(scope, b'host') or ''}"


def _name(scope: Scope) -> str:
    is_host_wide = _scheme(scope) == "https" and _path(scope) == "/"
    return f"__Host-{NAME}" if is_host_wide else NAME


def _path(scope: Scope) -> str:
    root: str = scope.get("root_path", "").rstrip("/")
    return root if root.startswith("/") and ";" not in root else "/"


def _scheme(scope: Scope) -> str:
    scheme: str = scope.get("scheme", "http")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


def _value(scope: Scope) -> str | None:
    wanted = _name(scope)
    for line in _headers(scope, b"cookie"):
        if wanted in line and (value := cookie_parser(line).get(wanted)):
            return value
    return None


def _header(scope: Scope, name: bytes) -> str | None:
    return next(iter(_headers(scope, name)), None)


def _headers(scope: Scope, name: bytes) -> Iterable[str]:
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name)
