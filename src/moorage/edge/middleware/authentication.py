"""Turns a request's credentials into a ``Caller``, or refuses the request."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from moorage.auth.interface import Authenticator, Credentials
from moorage.domain.caller import ANONYMOUS, Caller
from moorage.edge.paths import Paths, route_path
from moorage.edge.refusal import refuse
from moorage.errors import MoorageError, Unauthenticated

LONGEST_CREDENTIAL = 16_384
"""Bytes; longer ones are refused unread, so that nobody makes the service hash megabytes."""

Handler = Callable[[HTTPConnection], Awaitable[Caller | None]]
"""A user's own authentication. It gets the ``Request``, or for a WebSocket the ``HTTPConnection``,
and returns the caller, or nothing for a credential that it does not know."""


class Authentication:
    """Sets ``scope["user"]``, which is ``request.user``, for HTTP and WebSockets.

    Refused requests get 401 with ``WWW-Authenticate: Bearer``. An error of moorage, or an
    ``HTTPException``, that the user's handler raises keeps its status.

    Args:
        app: What is guarded.
        authenticator: Checks ``Authorization: Bearer`` and ``X-Api-Key``. With neither this nor a
            handler, authentication is off and every caller is anonymous.
        handler: The user's own authentication, used instead of the authenticator.
        public: Paths that need no credential; their callers are anonymous. A CORS preflight never
            comes here, it is answered further out.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator | None = None,
        handler: Handler | None = None,
        public: Paths | None = None,
    ) -> None:
        self.app = app
        self._authenticator = authenticator
        self._handler = handler
        self._public = public or Paths()
        self._is_off = authenticator is None and handler is None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if self._is_off or route_path(scope) in self._public:
            scope["user"] = ANONYMOUS
        else:
            try:
                scope["user"] = await self._identify(scope)
            except (MoorageError, HTTPException) as error:
                await refuse(scope, send, error)
                return
        await self.app(scope, receive, send)

    async def _identify(self, scope: Scope) -> Caller:
        if self._handler is not None:
            # A Request without its receive channel: the body is the route's to read.
            is_http = scope["type"] == "http"
            caller = await self._handler(Request(scope) if is_http else HTTPConnection(scope))
        elif self._authenticator is not None:
            caller = await self._authenticator.authenticate(read_credentials(scope))
        else:
            caller = ANONYMOUS
        if caller is None:
            raise Unauthenticated("The credentials are not valid.")
        return caller


def read_credentials(scope: Scope) -> Credentials:
    """Return the credentials that a request carries.

    A credential may be sent several times, and under both names, as long as it is the same one.
    ``Authorization`` with another scheme than ``Bearer`` is not ours and is not looked at.

    Raises:
        Unauthenticated: There is none, or there are different ones, or one is too long.
    """
    bearer: bytes | None = None
    api_key: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if value[:7].lower() == b"bearer ":
                bearer = _same(bearer, value[7:].strip())
        elif name == b"x-api-key":
            api_key = _same(api_key, value.strip())
    if not bearer and not api_key:
        raise Unauthenticated(
            "Credentials are missing; send them as Authorization: Bearer or X-Api-Key."
        )
    if bearer and api_key and bearer != api_key:
        raise Unauthenticated("The request carries different credentials; send one.")
    return Credentials(bearer=_text(bearer), api_key=_text(api_key))


def _same(before: bytes | None, value: bytes) -> bytes:
    if before is not None and before != value:
        raise Unauthenticated("The request carries different credentials; send one.")
    return value


def _text(value: bytes | None) -> str | None:
    if not value:
        return None
    if len(value) > LONGEST_CREDENTIAL:
        raise Unauthenticated("The credentials are not valid.")
    return value.decode("latin-1")
