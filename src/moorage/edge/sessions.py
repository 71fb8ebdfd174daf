"""The session of a browser: a credential is exchanged for a cookie, told about, and taken back."""

import re
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.edge.cookies import is_other_page, require_json, set_cookie
from moorage.edge.errors import status_of
from moorage.edge.identification import Identification, has_credentials
from moorage.edge.refusal import REFUSED_KEY, UNAUTHENTICATED
from moorage.errors import BadRequest, Forbidden, Invalid, MoorageError, Unauthenticated

PATH = "/session"

_CREDENTIAL = re.compile(r"[!-~]{1,16384}")
_NOT_KEPT = {"Cache-Control": "no-store"}


class SignIn(BaseModel):
    """What is exchanged for the cookie: an API key or a token."""

    credential: str


class SessionState(BaseModel):
    """Who is asking, and how the service knows.

    ``required`` says whether the service asks for a credential at all; ``expires_at`` when the
    cookie's session ends. What is not known is null.
    """

    required: bool
    authenticated: bool
    identity: str | None = None
    display_name: str | None = None
    method: str | None = None
    by_cookie: bool = False
    expires_at: datetime | None = None


def router(identification: Identification) -> APIRouter:
    """Return ``/session`` with its three methods; authentication must leave its path alone."""
    routes = APIRouter(tags=["service"])
    sessions = identification.sessions
    accepted: dict[str, Any] = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": SignIn.model_json_schema()}},
        }
    }

    @routes.get(PATH, response_model=SessionState)
    async def session(request: Request) -> Response:
        """Tell who is asking; signed out is an answer too."""
        state = await _state(identification, request)
        return JSONResponse(state.model_dump(mode="json"), headers=_NOT_KEPT)

    @routes.post(PATH, status_code=204, response_class=Response, openapi_extra=accepted)
    async def sign_in(request: Request) -> Response:
        """Exchange a credential for a cookie."""
        _require_no_other_page(request)
        require_json(request.scope)
        if sessions is None:
            raise BadRequest("There is nothing to sign in to: no credential is asked for here.")
        credential = await _credential_in(request)
        try:
            if not _CREDENTIAL.fullmatch(credential):
                raise Unauthenticated("The credentials are not valid.")
            await identification.check(credential, request.scope)
        except (MoorageError, HTTPException) as error:
            if status_of(error) == UNAUTHENTICATED:
                request.scope[REFUSED_KEY] = True
            raise
        try:
            value = sessions.seal(credential)
        except ValueError as error:
            raise BadRequest(f"The browser cannot keep a session: {error}.") from error
        return _with_cookie(set_cookie(request.scope, value))

    @routes.delete(PATH, status_code=204, response_class=Response)
    async def sign_out(request: Request) -> Response:
        """Take the cookie back."""
        _require_no_other_page(request)
        return _with_cookie(set_cookie(request.scope, "", is_over=True))

    return routes


async def _state(identification: Identification, request: Request) -> SessionState:
    scope = request.scope
    caller: Caller = ANONYMOUS
    try:
        caller = await identification.identify(scope)
    except (MoorageError, HTTPException) as error:
        if status_of(error) != UNAUTHENTICATED:
            raise
        # A handler may have looked at anything; a header is a guess. Neither may be had for free.
        if identification.is_own or has_credentials(scope):
            scope[REFUSED_KEY] = True
        if has_credentials(scope):
            raise
    required = not identification.is_off
    if not caller.is_authenticated:
        return SessionState(required=required, authenticated=False)
    session = None if has_credentials(scope) else identification.session(scope)
    return SessionState(
        required=required,
        authenticated=True,
        identity=caller.identity,
        display_name=caller.display_name or caller.identity,
        method=caller.method,
        by_cookie=session is not None,
        expires_at=session and session.expires_at,
    )


async def _credential_in(request: Request) -> str:
    try:
        return SignIn.model_validate_json(await request.body()).credential.strip()
    except ValidationError as error:
        raise Invalid(error.errors(include_input=False, include_url=False)) from None


def _require_no_other_page(request: Request) -> None:
    if is_other_page(request.scope):
        raise Forbidden("Only a page of this service may begin or end a session.")


def _with_cookie(cookie: str) -> Response:
    return Response(status_code=204, headers={"Set-Cookie": cookie, **_NOT_KEPT})
