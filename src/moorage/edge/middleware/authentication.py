"""Turns a request's credentials into a ``Caller``, or refuses the request."""

from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from moorage.domain.caller import ANONYMOUS
from moorage.edge.errors import status_of
from moorage.edge.identification import Identification, has_credentials
from moorage.edge.paths import Paths, route_path
from moorage.edge.refusal import REFUSED_KEY, UNAUTHENTICATED, refuse
from moorage.errors import MoorageError

_READS = ("GET", "HEAD")


class OpenPages(Protocol):
    """What a service shows to people who have yet to sign in; nothing of it is anybody's data."""

    def file(self, scope: Scope) -> ASGIApp | None:
        """Return the answer to a GET or HEAD for what everybody may have, whoever asks."""

    def page(self, scope: Scope) -> ASGIApp | None:
        """Return the page that a GET or HEAD without a credential asks for."""


class Authentication:
    """Sets ``scope["user"]``, which is ``request.user``, for HTTP and WebSockets.

    Refused requests get 401 with ``WWW-Authenticate: Bearer``. An error of moorage, or an
    ``HTTPException``, that the user's handler raises keeps its status.

    Pages are answered here to who shows no credential. Letting those requests in, to be routed,
    would let anybody in whose path ends like that of a page.

    Args:
        app: What is guarded.
        identification: Finds the caller. Where it is off, everybody is anonymous.
        public: Paths that need no credential; their callers are anonymous. A CORS preflight never
            comes here, it is answered further out.
        pages: What is shown to people who have yet to sign in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        identification: Identification,
        public: Paths | None = None,
        pages: OpenPages | None = None,
    ) -> None:
        self.app = app
        self._identify = identification.identify
        self._has_own_ways = identification.is_own
        self._public = public or Paths()
        self._pages = pages
        self._is_off = identification.is_off

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        pages = self._pages if scope.get("method") in _READS else None
        if pages and (file := pages.file(scope)):
            await file(scope, receive, send)
            return
        if self._is_off or route_path(scope) in self._public:
            scope["user"] = ANONYMOUS
        else:
            try:
                scope["user"] = await self._identify(scope)
            except (MoorageError, HTTPException) as error:
                page = self._page_instead(scope, error, pages)
                await (page(scope, receive, send) if page else refuse(scope, send, error))
                return
        await self.app(scope, receive, send)

    def _page_instead(
        self, scope: Scope, error: Exception, pages: OpenPages | None
    ) -> ASGIApp | None:
        """Return what stands in for a refusal; mark the request if a credential may have failed."""
        if status_of(error) != UNAUTHENTICATED:
            return None
        page = pages.page(scope) if pages and not has_credentials(scope) else None
        # A handler may have looked at anything: a page in its place must not hide a bad guess.
        if page is None or self._has_own_ways:
            scope[REFUSED_KEY] = True
        return page
