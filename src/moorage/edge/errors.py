"""How an error becomes a response: class to status once, and the body LangServe's clients read.

A body is ``{"detail": …, "message": "…"}``: ``detail`` is what FastAPI sends, ``message`` is an
addition for clients that read only that, such as the JavaScript one.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from fastapi import FastAPI
from fastapi import HTTPException as FastAPIHTTPException
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from moorage.errors import (
    Abandoned,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    MoorageError,
    NotFound,
    Rejected,
    TimedOut,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from moorage.serialization import WellKnownLCSerializer

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

# The one place where an error of the tree gets a status. Subclasses have their parent's; `Rejected`
# carries its own; everything else is a closed 500.
STATUSES: dict[type[MoorageError], int] = {
    Invalid: 422,
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    TooMany: 429,
    Unavailable: 503,
    TimedOut: 504,
    Abandoned: 499,
}

INTERNAL = 500


class Refusal(FastAPIHTTPException):
    """An error of the tree for an application that may not know the tree.

    FastAPI answers it with the error's status, detail and headers; so do handlers that the
    application has for ``HTTPException``.

    Attributes:
        error: The error.
    """

    def __init__(self, error: MoorageError) -> None:
        detail = error.detail if isinstance(error, Invalid) else message_of(error)
        super().__init__(status_of(error), detail, dict(_headers_of(error)))
        self.error = error


class Reply(NamedTuple):
    """A whole response, ready to be sent."""

    status: int
    headers: list[Header]
    body: bytes


def status_of(error: BaseException) -> int:
    """Return the status of ``error``; 500 for all that nobody meant for the client."""
    if isinstance(error, Rejected | HTTPException):
        return error.status_code
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def message_of(error: BaseException) -> str:
    """Return what the client may be told; nothing of an error that nobody meant for it."""
    if isinstance(error, HTTPException):
        return error.detail if isinstance(error.detail, str) else _phrase(error.status_code)
    is_meant = isinstance(error, Rejected) or status_of(error) != INTERNAL
    return str(error) if is_meant else _phrase(INTERNAL)


def respond(error: BaseException) -> Reply:
    """Describe ``error`` as a response, with the headers that its class calls for."""
    if isinstance(error, Refusal):
        error = error.error
    message = message_of(error)
    detail = error.detail if isinstance(error, Invalid | HTTPException) else message
    return reply(status_of(error), detail, _headers_of(error), message=message)


def reply(
    status: int, detail: Any, headers: Mapping[str, str] | None = None, *, message: str = ""
) -> Reply:
    """Build the response of an error.

    Args:
        status: Its status code.
        detail: A sentence, or a list such as pydantic's errors.
        headers: Response headers beside those of the body.
        message: The sentence for ``message`` where ``detail`` is none.
    """
    text = detail if isinstance(detail, str) else message or _phrase(status)
    body = _rendered({"detail": detail, "message": text})
    raw = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in (headers or {}).items()
    ]
    return Reply(
        status,
        [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *raw,
        ],
        body,
    )


async def send_error(send: Send, error: BaseException) -> None:
    """Send the whole response to ``error``; only where none was started."""
    await send_reply(send, respond(error))


async def send_reply(send: Send, answer: Reply) -> None:
    """Send ``answer`` as it is."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def install(app: FastAPI) -> None:
    """Answer the errors that handlers of ``app`` raise on purpose.

    All others travel on to the last handler, in ``edge.middleware.exchange``.
    """
    app.add_exception_handler(MoorageError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(RequestValidationError, _answer_invalid)


def _headers_of(error: BaseException) -> Mapping[str, str]:
    match error:
        case Rejected():
            return error.headers
        case HTTPException():
            return error.headers or {}
        case Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case TooMany() | Unavailable():
            return {"Retry-After": str(error.retry_after)}
        case _:
            return {}


async def _answer(_: Request, error: Exception) -> Response:
    return Prepared(respond(error))


async def _answer_invalid(_: Request, error: Exception) -> Response:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    return Prepared(respond(Invalid(jsonable_encoder(errors))))


def _rendered(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, default=str)
    except TypeError:
        # The input that pydantic quotes may be anything JSON can say, lone surrogates included.
        return WellKnownLCSerializer().dumps(body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


class Prepared(Response):
    """A reply, for code that must return a response of Starlette's."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(status_code=answer.status)
        self.body, self.raw_headers = answer.body, answer.headers
