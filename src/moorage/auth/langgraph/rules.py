"""A project's ``on`` handlers, as the rule that the engine asks before everything it does."""

import logging
from collections.abc import Mapping
from typing import Any

from langgraph_sdk import Auth
from langgraph_sdk.auth.exceptions import HTTPException
from langgraph_sdk.auth.types import AuthContext, Handler

from moorage.auth.langgraph.refusals import rejected
from moorage.domain.caller import Caller
from moorage.domain.search import Filters
from moorage.errors import Forbidden

_log = logging.getLogger(__name__)

_OPERATORS = frozenset({"$eq", "$contains"})


class Rules:
    """Asks the handler that is registered for an action, and at most one.

    The most specific one decides: for the resource and the action, for the resource, for the
    action, for everything. Where there is none, everything is allowed.

    Filters are about metadata, which items of the store have none of: there a handler keeps callers
    apart by changing ``value["namespace"]``. One that returns filters all the same is warned about.

    Args:
        auth: Where they are registered.
    """

    def __init__(self, auth: Auth) -> None:
        # The attributes that the SDK keeps for servers to read.
        self._handlers = {place: found[-1] for place, found in auth._handlers.items() if found}  # noqa: SLF001
        self._warned: set[str] = set()
        self._otherwise = auth._global_handlers[-1] if auth._global_handlers else None  # noqa: SLF001

    async def __call__(
        self, caller: Caller, resource: Any, action: Any, value: dict[str, Any]
    ) -> Filters | bool | None:
        """Return what the caller may see; the handler may change ``value``.

        Raises:
            Rejected: The handler raised ``Auth.exceptions.HTTPException``.
            Forbidden: It raised ``AssertionError``.
            TypeError: Its answer is none that can be followed: nothing is allowed then.
        """
        handler = self._handler(resource, action)
        if handler is None:
            return None
        user = caller.as_user()
        context = AuthContext(
            user=user, permissions=user.permissions, resource=resource, action=action
        )
        try:
            verdict = await handler(ctx=context, value=value)
        except HTTPException as refusal:
            raise rejected(refusal) from refusal
        except AssertionError as error:
            raise Forbidden("Forbidden") from error
        checked = _checked(verdict, f"the authorization handler for {resource}.{action}")
        if resource == "store" and isinstance(checked, Mapping) and checked:
            self._warn(action)
        return checked

    def _warn(self, action: str) -> None:
        if action not in self._warned:
            self._warned.add(action)
            _log.warning(
                "the authorization handler for store.%s returns filters, which keep no items"
                " apart; have one change value['namespace']",
                action,
            )

    def _handler(self, resource: str, action: str) -> Handler | None:
        places = ((resource, action), (resource, "*"), ("*", action))
        found = (self._handlers[place] for place in places if place in self._handlers)
        return next(found, self._otherwise)


def _checked(verdict: Any, who: str) -> Filters | bool | None:
    if verdict is None or isinstance(verdict, bool):
        return verdict
    if not isinstance(verdict, Mapping):
        raise TypeError(f"{who} returns None, a bool or filters, not {type(verdict).__name__}")
    for key, wanted in verdict.items():
        if not isinstance(key, str) or key.startswith("$") or not _is_condition(wanted):
            raise TypeError(
                f"{who}: its filter on {key!r} cannot be followed; give a text, a number, true,"
                ' false or null, {"$eq": …} with one, or {"$contains": …} with one or several'
            )
    return verdict


def _is_condition(wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return _is_plain(wanted)
    if len(wanted) != 1 or not wanted.keys() <= _OPERATORS:
        return False
    [(operator, value)] = wanted.items()
    if operator == "$contains" and isinstance(value, list):
        return all(map(_is_plain, value))
    return _is_plain(value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
