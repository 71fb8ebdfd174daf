"""Turns a request's credentials into a ``Caller``, or refuses the request."""

from collections import deque
from collections.abc import Collection, Sequence
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        public_methods: Methods that need none, whatever the path.
        public_routes: Routes that need none. They must be those that answer what they match.
        pages: What is shown to people who have yet to sign in.
    """

    def __init__(  # noqa: PLR0913 - what it lets pass, each by its name
        self,
        app: ASGIApp,
        *,
        identification: Identification,
        public: Paths | None = None,
        public_methods: Collection[str] = (),
        public_routes: Sequence[BaseRoute] = (),
        pages: OpenPages | None = None,
    ) -> None:
        self.app = app
        self._identification = identification
        self._public = public or Paths()
        self._public_methods = frozenset(public_methods)
        self._public_routes = public_routes
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
        if self._is_off or self._is_public(scope):
            scope["user"] = ANONYMOUS
        else:
            try:
                receive = await self._identify(scope, receive)
            except (MoorageError, HTTPException) as error:
                page = self._page_instead(scope, error, pages)
                await (page(scope, receive, send) if page else refuse(scope, send, error))
                return
        await self.app(scope, receive, send)

    def _is_public(self, scope: Scope) -> bool:
        return (
            route_path(scope) in self._public
            or scope.get("method") in self._public_methods
            or any(route.matches(scope)[0] is Match.FULL for route in self._public_routes)
        )

    async def _identify(self, scope: Scope, receive: Receive) -> Receive:
        """Note who sends a request; return what the route is to read its body from."""
        ahead = _Ahead(receive)
        scope["user"] = await self._identification.identify(scope, ahead.look)
        return ahead.receive if ahead.seen else receive

    def _page_instead(
        self, scope: Scope, error: Exception, pages: OpenPages | None
    ) -> ASGIApp | None:
        """Return what stands in for a refusal; mark the request if a credential may have failed."""
        if status_of(error) != UNAUTHENTICATED:
            return None
        page = pages.page(scope) if pages and not has_credentials(scope) else None
        # A handler may have looked at anything: a page in its place must not hide a bad guess.
        if page is None or self._identification.is_own:
            scope[REFUSED_KEY] = True
        return page


class _Ahead:
    """A request's messages, for one reader who only looks at them and the one they are for."""

    __slots__ = ("_receive", "seen")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.seen: deque[Message] = deque()

    async def look(self) -> Message:
        message = await self._receive()
        self.seen.append(message)
        return message

    async def receive(self) -> Message:
        return self.seen.popleft() if self.seen else await self._receive()
