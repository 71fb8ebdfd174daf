"""Calls a project's ``authenticate`` handler with what its parameters are named after."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson
from langgraph_sdk.auth.exceptions import HTTPException

from moorage.auth.custom import caller_of
from moorage.auth.langgraph.headers import Headers
from moorage.auth.langgraph.refusals import rejected
from moorage.domain.caller import Caller
from moorage.errors import Misconfigured, Unauthenticated

_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_IDS = {
    "assistants": "assistant_id",
    "crons": "cron_id",
    "runs": "run_id",
    "threads": "thread_id",
}


class Authentication:
    """Finds out who sends a request, with a handler of the project's.

    A handler that is not async runs in a thread. What its parameters may be called, and what they
    are given:

    - ``request``: Starlette's request, whose body may be read; for a WebSocket its connection;
    - ``body``: the body, where it is JSON; otherwise None;
    - ``path``: as it was sent; ``method``, which for a WebSocket is ``GET``;
    - ``path_params``: the ids in the path, as nothing has been routed yet: a UUID that follows
      ``threads``, ``runs``, ``assistants`` or ``crons``;
    - ``query_params``: text to text; ``headers``: see ``Headers``;
    - ``authorization``: the header of that name, or None;
    - ``scopes``: empty, as nobody knows the caller yet.

    Args:
        handler: The handler.

    Raises:
        Misconfigured: The handler wants something else.
    """

    def __init__(self, handler: Callable[..., Any]) -> None:
        self._handler = handler
        self._wanted = _wanted(handler)
        self._is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - an object whose __call__ is async will do
        )

    async def __call__(self, request: Any) -> Caller | None:
        """Return who sends ``request``, or None when the handler knows nobody.

        Raises:
            Rejected: The handler raised ``Auth.exceptions.HTTPException``.
            Unauthenticated: It raised ``AssertionError``.
            TypeError: Its answer is of no documented kind.
        """
        given = {name: _GIVEN[name](request) for name in self._wanted if name in _GIVEN}
        if "body" in self._wanted:
            given["body"] = await _body(request)
        try:
            answer = await self._answer(given)
        except HTTPException as refusal:
            raise rejected(refusal) from refusal
        except AssertionError as error:
            raise Unauthenticated("The credentials are not valid.") from error
        return caller_of(answer)

    async def _answer(self, given: Mapping[str, Any]) -> Any:
        if self._is_async:
            return await self._handler(**given)
        answer = await asyncio.to_thread(self._handler, **given)
        return await answer if inspect.isawaitable(answer) else answer


def _wanted(handler: Callable[..., Any]) -> tuple[str, ...]:
    parameters = [
        one for one in inspect.signature(handler).parameters.values() if one.kind not in _VARIADIC
    ]
    known = {*_GIVEN, "body"}
    unknown = [
        one.name
        for one in parameters
        if (one.name not in known or one.kind is Parameter.POSITIONAL_ONLY)
        and one.default is Parameter.empty
    ]
    if unknown:
        raise Misconfigured(
            f"auth.path: the authentication handler wants {', '.join(unknown)}; its parameters may"
            f" be named {', '.join(sorted(known))}"
        )
    return tuple(one.name for one in parameters if one.name in known)


async def _body(request: Any) -> Any:
    if request.scope["type"] != "http":
        return None
    raw = await request.body()
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _path(request: Any) -> str:
    path: str = request.scope["path"]
    return path


def _ids(request: Any) -> dict[str, str]:
    parts = _path(request).split("/")
    return {
        _IDS[collection]: part
        for collection, part in pairwise(parts)
        if collection in _IDS and _is_id(part)
    }


def _is_id(part: str) -> bool:
    try:
        return str(UUID(part)) == part.lower()
    except ValueError:
        return False


_GIVEN: Mapping[str, Callable[[Any], Any]] = {
    "request": lambda request: request,
    "path": _path,
    "method": lambda request: request.scope.get("method", "GET"),
    "path_params": _ids,
    "query_params": lambda request: dict(request.query_params),
    "headers": lambda request: Headers(request.scope["headers"]),
    "authorization": lambda request: Headers(request.scope["headers"]).get("authorization"),
    "scopes": lambda _: [],
}
