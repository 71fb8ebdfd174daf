"""Whole pages: the built HTML, told where it is, with the headers that keep it harmless."""

import html
import secrets
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from moorage.ui.files import BuiltPages, whole

PAGES_KEY = "moorage.pages"
"""Key of a request's scope: the ``WebPages`` of the service."""

SESSION_PATH = "/session"
"""Where a service exchanges a credential for a cookie, below its own path."""

CONSOLE = "/console/"
"""Where the console is, below the service's own path."""

_BASE = "<!--moorage:base-->"
_NONCE = "<!--moorage:nonce-->"
_SAFE = "/:@!$&'()*+,;=~"
_NOT_BUILT = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The pages are not built</title></head>
<body>
<h1>The pages are not built</h1>
<p>This installation of moorage has no web pages. Its API works without them.</p>
<p>In a checkout <code>make serve</code> builds them, and says why if it cannot. Elsewhere install
moorage again, without <code>MOORAGE_UI=skip</code>.</p>
</body>
</html>
"""


class Place(NamedTuple):
    """Where a page is.

    Attributes:
        folder: Path of its folder within the service, ending with ``/``; not escaped.
        config_hash: The hash of a share link, if it is one.
    """

    folder: str
    config_hash: str = ""


class WebPages:
    """The pages of one service.

    Args:
        built: What the build left.
        framed_by: The origins whose pages may frame these, as ``frame-ancestors`` wants them; none
            may by default.
        signs_in: Whether the service asks for a credential and has sessions.
    """

    def __init__(
        self,
        built: BuiltPages,
        *,
        framed_by: Sequence[str] = (),
        signs_in: bool = False,
    ) -> None:
        self.built = built
        self.signs_in = signs_in
        self._framed_by = " ".join(framed_by) or "'none'"

    def page(self, name: str, request: Request, place: Place) -> Response:
        """Answer with a page; with a plain one that says what to do where it was not built.

        It is a fresh one for each request, with a nonce of its own, so browsers ask every time.
        """
        nonce = secrets.token_urlsafe(18)
        text = self.built.page(name)
        if text is None:
            text = _NOT_BUILT
        head = self._head(request.scope, place)
        text = text.replace(_BASE, head).replace(
            _NONCE, f'<meta property="csp-nonce" nonce="{nonce}">'
        )
        return whole(request, text.encode(), self._headers(nonce), "text/html; charset=utf-8")

    def file(self, name: str, request: Request) -> Response | None:
        """Answer with a file of the pages; None where there is none of that name."""
        found = self.built.file(name)
        return found.response(request) if found else None

    def _head(self, scope: Scope, place: Place) -> str:
        session = path_for_browser(scope, SESSION_PATH) if self.signs_in else ""
        return (
            f'<base href="{html.escape(path_for_browser(scope, place.folder))}">'
            f'<meta name="moorage-sign-in" content="{html.escape(session)}">'
            f'<meta name="moorage-config" content="{html.escape(place.config_hash)}">'
        )

    def _headers(self, nonce: str) -> dict[str, str]:
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
            "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
            "form-action 'self'; base-uri 'self'; object-src 'none'; "
            f"frame-ancestors {self._framed_by}; require-trusted-types-for 'script'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }


def pages_of(scope: Scope) -> WebPages:
    """Return the pages of the service that serves a request; of the package without a service."""
    found: Any = scope.get(PAGES_KEY)
    return found if isinstance(found, WebPages) else _own()


def path_for_browser(scope: Scope, path: str) -> str:
    """Write a path within the application as the browser must ask for it, percent-encoded.

    It begins with one slash only: with two it would name another host.
    """
    root = scope.get("root_path", "").rstrip("/")
    return "/" + quote(f"{root}{path}".lstrip("/"), safe=_SAFE)


@cache
def _own() -> WebPages:
    return WebPages(BuiltPages())
