"""Imports the ``Auth`` object that a project names.

``langgraph_sdk.Auth`` is for users to fill and for servers to read: that is why what it has
gathered lies in private attributes, which its source says are not changed lightly.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from langgraph_sdk import Auth

from moorage import importing
from moorage.auth.langgraph.authentication import Authentication
from moorage.auth.langgraph.remembering import Remembering, Remembrance
from moorage.auth.langgraph.rules import Rules
from moorage.domain.caller import Caller
from moorage.errors import Misconfigured
from moorage.importing import ObjectReference


@dataclass(frozen=True, slots=True)
class ProjectAuth:
    """What a project decides about its callers.

    Attributes:
        authenticate: Returns who sends a request; None for nobody.
        rules: What ``engine.access`` asks.
    """

    authenticate: Callable[[Any], Awaitable[Caller | None]]
    rules: Rules


def load(reference: ObjectReference, remembrance: Remembrance | None = None) -> ProjectAuth:
    """Import the ``Auth`` object of a project.

    Args:
        reference: Where it is.
        remembrance: How long its answers about who is calling hold; None for one request.

    Raises:
        Misconfigured: It cannot be imported, it is something else, or it has no handler for
            authentication that can be called.
    """
    auth = _imported(reference)
    if not isinstance(auth, Auth):
        raise Misconfigured(
            f"auth.path: {reference.text} is of type {type(auth).__name__}; make it an instance of"
            " langgraph_sdk.Auth"
        )
    handler = auth._authenticate_handler  # noqa: SLF001 - see the module's docstring
    if handler is None:
        raise Misconfigured(
            f"auth.path: {reference.text} does not say who is calling; decorate a function with"
            " its `authenticate`"
        )
    authenticate = Authentication(handler)
    return ProjectAuth(
        Remembering(authenticate, remembrance) if remembrance else authenticate, Rules(auth)
    )


def _imported(reference: ObjectReference) -> Any:
    try:
        return importing.resolve(reference)
    except Misconfigured as error:
        raise Misconfigured(f"auth.path: {error}") from error
    except (Exception, SystemExit) as error:
        raise Misconfigured(
            f"auth.path: {reference.text} cannot be imported\n{importing.user_traceback(error)}"
        ) from error
