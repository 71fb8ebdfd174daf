"""What every endpoint reads of a request: who asks, ids, and bodies, as clients send them."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, ClassVar, Literal, cast
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response
from starlette.types import Receive, Scope

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.search import Page
from moorage.edge.errors import Refusal
from moorage.engine.agents import Agents
from moorage.errors import Invalid
from moorage.protocols.agent_server.documentation import EventAnswer, said_of

AGENTS_KEY = "moorage.agents"
"""Where a request's scope has the ``Agents`` of the deployment."""

_OWN = "moorage"
_JSON_TYPE = (b"content-type", b"application/json")

MOST = 1000
"""Rows of one page at most (protocol, section 6.8)."""

FURTHEST = 2**63 - 1
"""The largest number of rows that databases pass over."""

LONGEST_LIFE = 100 * 365 * 24 * 60.0
"""Minutes that something may be kept at most."""

DEEPEST = 230
"""Objects and lists within one another in a body. JSON with more of them cannot be written."""


class Ask:
    """Who asks, of which deployment."""

    __slots__ = ("agents", "caller", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.agents: Agents = request.scope[AGENTS_KEY]
        self.caller: Caller = request.scope.get("user", ANONYMOUS)


async def _ask(request: Request) -> Ask:
    return Ask(request)


Asking = Annotated[Ask, Depends(_ask)]


class Body(BaseModel):
    """A request's body. Unknown keys are ignored, and null is the same as absent.

    Attributes:
        NULLABLE: The keys for which it is not.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    NULLABLE: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, body: Any) -> Any:
        if not isinstance(body, dict) or None not in body.values():
            return body
        return {
            key: value for key, value in body.items() if value is not None or key in cls.NULLABLE
        }


def _uuid(noun: str) -> Callable[[Any], str]:
    def checked(value: Any) -> str:
        try:
            return str(UUID(value))
        except (AttributeError, TypeError, ValueError):
            raise PydanticCustomError(_OWN, f"Invalid {noun} ID: must be a UUID") from None

    return checked


ThreadId = Annotated[str, BeforeValidator(_uuid("thread"))]
RunId = Annotated[str, BeforeValidator(_uuid("run"))]
AssistantId = Annotated[str, BeforeValidator(_uuid("assistant"))]
CheckpointId = Annotated[str, BeforeValidator(_uuid("checkpoint"))]
CronId = Annotated[str, BeforeValidator(_uuid("cron"))]
OfThread = Annotated[ThreadId, Path()]
OfRun = Annotated[RunId, Path()]
OfCron = Annotated[CronId, Path()]


def _flag(value: Any) -> Any:
    return value or False  # an empty one is none


Flag = Annotated[bool, BeforeValidator(_flag), Query()]
"""Yes or no as clients write it: ``true``, ``1``, or nothing."""

Json = dict[str, Any]
Fields = Annotated[Json, Field(default_factory=dict)]
"""An object; an empty one where nothing is said."""


Offset = Annotated[int, Field(ge=0, le=FURTHEST)]


class Paged(Body):
    """The part of a search's body that says which page is wanted."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 10
    offset: Offset = 0
    sort_order: Literal["asc", "desc"] | None = None

    def page(self, sort_by: str | None) -> Page:
        """Return the page, newest first unless the client says otherwise."""
        return Page(self.limit, self.offset, sort_by or "created_at", self.sort_order != "asc")


def several(request: Request, *names: str) -> list[str]:
    """Return the values of a query parameter, in each of the forms that clients write lists in.

    Python's repeats the name, JavaScript's writes JSON, and curl's users write commas.
    """
    found: list[str] = []
    for text in (text for name in names for text in request.query_params.getlist(name)):
        found.extend(_listed(text))
    return found


def _listed(text: str) -> list[str]:
    if text.startswith(("[", '"')):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = text
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]
    return [one for one in text.split(",") if one]


class AgentRoute(APIRoute):
    """A route that reads bodies as the Agent Server does, and refuses them in its form.

    The content type does not matter, an empty body is an empty object, and the error of a body
    that does not fit is one sentence (protocol, section 1). What it answers is described in
    ``documentation``.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if said := said_of(endpoint):
            options["operation_id"] = said.name
            options["status_code"] = said.status
            options["responses"] = {**(options.get("responses") or {}), **said.answers}
            options["openapi_extra"] = options.get("openapi_extra") or said.more
            if said.form == "events":
                options["response_class"] = EventAnswer
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return what serves a request."""
        handle = super().get_route_handler()

        async def served(request: Request) -> Response:
            try:
                return await handle(_AnyRequest(request.scope, request.receive))
            except RequestValidationError as error:
                raise Invalid(_sentence(error.errors())) from None

        return served


class _AnyRequest(Request):
    """A request whose body is read as JSON whatever it is said to be."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        if _JSON_TYPE not in scope["headers"]:
            others = [pair for pair in scope["headers"] if pair[0] != _JSON_TYPE[0]]
            scope["headers"] = [*others, _JSON_TYPE]
        super().__init__(scope, receive)

    async def body(self) -> bytes:
        """Return the body as it came, or what stands for none."""
        return await super().body() or b"{}"

    async def json(self) -> Any:
        """Return the body.

        Raises:
            Refusal: It is nested too deeply.
        """
        body = await self.body()
        value = orjson.loads(body)
        if body.count(b"{") + body.count(b"[") > DEEPEST and _is_too_deep(value):
            raise Refusal(Invalid(f"The body is nested more than {DEEPEST} levels deep."))
        return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _parts(outer)]
    return any(isinstance(one, dict | list) for one in level)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _sentence(errors: Any) -> str:
    first = cast("dict[str, Any]", errors[0])
    if first["type"] == _OWN:
        return str(first["msg"])
    if first["type"] == "json_invalid":
        return "Invalid JSON in request body"
    return str(Invalid(errors))
