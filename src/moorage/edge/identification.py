"""Who sends a request: by the credential in its headers, or in a signed-in browser's cookie."""

from collections.abc import Awaitable, Callable

from starlette.requests import HTTPConnection, Request
from starlette.types import Message, Receive, Scope

from moorage.auth.interface import Authenticator, Credentials
from moorage.auth.sessions import Session, Sessions
from moorage.domain.caller import ANONYMOUS, Caller
from moorage.edge.cookies import session_in
from moorage.errors import Unauthenticated

LONGEST_CREDENTIAL = 16_384
"""Bytes; longer ones are refused unread, so that nobody makes the service hash megabytes."""

Handler = Callable[[HTTPConnection], Awaitable[Caller | None]]
"""A user's own authentication. It gets the ``Request``, or for a WebSocket the ``HTTPConnection``,
and returns the caller, or nothing for a credential that it does not know."""


async def _no_body() -> Message:
    return {"type": "http.request"}


class Identification:
    """Finds the caller of a request.

    The cookie of a session is looked at only in a request that shows neither ``X-Api-Key`` nor
    ``Authorization: Bearer``. The credential in it then counts as if it had been sent; a handler
    finds it as ``Authorization: Bearer``.

    Args:
        authenticator: Checks ``Authorization: Bearer`` and ``X-Api-Key``. With neither this nor a
            handler, everybody is anonymous.
        handler: The user's own authentication, used instead of the authenticator.
        sessions: Opens cookies; None where there are none.
    """

    def __init__(
        self,
        authenticator: Authenticator | None = None,
        handler: Handler | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._handler = handler
        self.sessions = sessions

    @property
    def is_off(self) -> bool:
        """Whether everybody is anonymous."""
        return self._authenticator is None and self._handler is None

    @property
    def is_own(self) -> bool:
        """Whether a handler of the user's decides, who may look at anything in a request."""
        return self._handler is not None

    async def identify(self, scope: Scope, receive: Receive = _no_body) -> Caller:
        """Return who sends a request, or opens a WebSocket.

        Args:
            scope: The request.
            receive: Its body, for a handler that looks at it; empty by default.

        Raises:
            Unauthenticated: It shows no credential, or none that is valid.
            Forbidden: It shows a session that does not count for it.
            Unavailable: The credential cannot be checked at the moment.
        """
        if self.is_off:
            return ANONYMOUS
        if self._handler is None:
            shown = read_credentials(scope)
            if shown is None:
                shown = _as_credentials(self.session(scope))
            return await self._known(shown)
        if self.sessions and not has_credentials(scope) and (session := self.session(scope)):
            scope = _showing(scope, session.credential)
        return await self._handled(scope, receive)

    async def check(self, credential: str, scope: Scope) -> Caller:
        """Return whose credential it is; a handler finds it in a request like that of ``scope``.

        Raises:
            Unauthenticated: It is not valid.
            Unavailable: It cannot be checked at the moment.
        """
        if self._handler is not None:
            return await self._handled(_showing(scope, credential), _no_body)
        return await self._known(_as_credentials(credential))

    def session(self, scope: Scope) -> Session | None:
        """Return the session of a request; None without one that counts.

        Raises:
            Forbidden: It is one that does not count for this request.
        """
        return session_in(scope, self.sessions) if self.sessions else None

    async def _known(self, credentials: Credentials | None) -> Caller:
        if credentials is None:
            raise Unauthenticated(
                "Credentials are missing; send them as Authorization: Bearer or X-Api-Key."
            )
        assert self._authenticator is not None  # noqa: S101 - a handler would have been asked
        caller = await self._authenticator.authenticate(credentials)
        if caller is None:
            raise Unauthenticated("The credentials are not valid.")
        return caller

    async def _handled(self, scope: Scope, receive: Receive) -> Caller:
        assert self._handler is not None  # noqa: S101 - the callers have looked
        is_http = scope["type"] == "http"
        caller = await self._handler(Request(scope, receive) if is_http else HTTPConnection(scope))
        if caller is None:
            raise Unauthenticated("The credentials are not valid.")
        return caller


def has_credentials(scope: Scope) -> bool:
    """Whether a request has a header for a credential of ours, be it valid or not."""
    return any(
        name == b"x-api-key" or (name == b"authorization" and value[:7].lower() == b"bearer ")
        for name, value in scope["headers"]
    )


def read_credentials(scope: Scope) -> Credentials | None:
    """Return the credentials in a request's headers; None where there are none.

    A credential may be sent several times, and under both names, as long as it is the same one.
    ``Authorization`` with another scheme than ``Bearer`` is not ours and is not looked at.

    Raises:
        Unauthenticated: There are different ones, or one is too long.
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
        return None
    if bearer and api_key and bearer != api_key:
        raise Unauthenticated("The request carries different credentials; send one.")
    return Credentials(bearer=_text(bearer), api_key=_text(api_key))


def _as_credentials(shown: Session | str | None) -> Credentials | None:
    """Take what was typed into a page for a key or a token: nobody says which it is."""
    if shown is None:
        return None
    credential = shown.credential if isinstance(shown, Session) else shown
    return Credentials(bearer=credential, api_key=credential)


def _showing(scope: Scope, credential: str) -> Scope:
    """Return a request like this one, with the credential in its header."""
    others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    bearer = b"Bearer " + credential.encode("latin-1")
    return {**scope, "headers": [*others, (b"authorization", bearer)]}


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
