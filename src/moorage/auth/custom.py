"""A user's own way to authenticate."""

from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from moorage.domain.caller import Caller
from moorage.errors import Misconfigured

Answer = Caller | Mapping[str, Any] | str | None
Handler = Callable[[Any], Awaitable[Answer]]


class Custom:
    """Calls a user's handler and makes a ``Caller`` of its answer.

    The handler gets the request and answers with

    - a ``Caller``;
    - a mapping with ``identity``, and perhaps ``display_name``, ``permissions`` (the scopes) and
      ``is_authenticated``; the rest become claims. This is what the Agent Server's handlers return;
    - a string, the identity;
    - None, when nobody is known by these credentials.

    What it raises passes through unchanged.

    Args:
        handler: An ``async def`` with one parameter, the request.

    Raises:
        Misconfigured: The handler is not async.
    """

    def __init__(self, handler: Handler) -> None:
        if not iscoroutinefunction(handler) and not iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - an object whose __call__ is async will do
        ):
            raise Misconfigured("the authentication handler must be an async function")
        self._handler = handler

    async def __call__(self, request: Any) -> Caller | None:
        """Return who sends ``request``, or None when the handler knows nobody.

        Raises:
            TypeError: The handler's answer is of no documented kind.
        """
        answer = await self._handler(request)
        if answer is None or isinstance(answer, Caller):
            return answer
        if isinstance(answer, str):
            return _named(answer)
        if isinstance(answer, Mapping):
            return _described(answer)
        raise TypeError(
            "an authentication handler returns a Caller, a mapping, a string or None, not "
            f"{type(answer).__name__}"
        )


def _named(identity: Any, **facts: Any) -> Caller:
    if not isinstance(identity, str) or not identity:
        raise TypeError("an authentication handler's identity must be a string that is not empty")
    return Caller(identity=identity, method="custom", **facts)


def _described(answer: Mapping[str, Any]) -> Caller | None:
    if not answer.get("is_authenticated", True):
        return None
    own = {"identity", "display_name", "permissions", "is_authenticated"}
    return _named(
        answer.get("identity"),
        display_name=str(answer.get("display_name") or ""),
        scopes=frozenset(answer.get("permissions") or ()),
        claims={name: value for name, value in answer.items() if name not in own},
    )
