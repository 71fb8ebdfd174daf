"""A user's own way to authenticate."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, is_dataclass
from inspect import iscoroutinefunction
from typing import Any

from moorage.domain.caller import Caller
from moorage.errors import Misconfigured
from moorage.serialization import WellKnownLCSerializer

Answer = Caller | Mapping[str, Any] | str | None
Handler = Callable[[Any], Awaitable[Answer]]

_OWN = ("identity", "display_name", "permissions", "is_authenticated")
_PLAIN = WellKnownLCSerializer()


class Custom:
    """Calls a user's handler and makes a ``Caller`` of its answer.

    The handler gets the request and answers with

    - a ``Caller``;
    - a mapping with ``identity``, and perhaps ``display_name``, ``permissions`` (the scopes) and
      ``is_authenticated``; the rest become claims. This is what the Agent Server's handlers return;
    - an object with these as attributes;
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
        return caller_of(await self._handler(request))


def caller_of(answer: Any) -> Caller | None:
    """Return who a handler says it is, or None when it knows nobody.

    Raises:
        TypeError: The answer is of no documented kind.
    """
    if answer is None or isinstance(answer, Caller):
        return answer
    if isinstance(answer, str):
        return _described({"identity": answer})
    if isinstance(answer, Mapping):
        return _described(answer)
    if hasattr(answer, "identity"):
        return _described(_facts(answer))
    raise TypeError(
        "an authentication handler returns a Caller, a mapping, an object with an identity, a"
        f" string or None, not {type(answer).__name__}"
    )


def _facts(user: Any) -> Mapping[str, Any]:
    """Return what an object tells of itself; what it is asked for may be a property."""
    is_record = is_dataclass(user)
    names = [one.name for one in fields(user)] if is_record else getattr(user, "__dict__", ())
    asked = [*names, *(name for name in _OWN if hasattr(user, name))]
    return {name: getattr(user, name) for name in asked if not name.startswith("_")}


def _described(answer: Mapping[str, Any]) -> Caller | None:
    if not answer.get("is_authenticated", True):
        return None
    identity, permissions = answer.get("identity"), answer.get("permissions") or ()
    if not isinstance(identity, str) or not identity:
        raise TypeError("an authentication handler's identity must be a string that is not empty")
    if isinstance(permissions, str):
        raise TypeError("an authentication handler's permissions must be a list of strings")
    claims = {str(name): value for name, value in answer.items() if name not in _OWN}
    return Caller(
        identity=identity,
        method="custom",
        scopes=frozenset(permissions),
        display_name=str(answer.get("display_name") or ""),
        claims=_PLAIN.dumpd(claims) if claims else claims,
    )
