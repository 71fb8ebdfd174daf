"""Every error that moorage raises on purpose.

MoorageError
├── Invalid              the request is wrong, and says where
├── BadRequest           the request is not possible here, whatever its fields say
├── Unauthenticated      nobody knows who is calling
├── Forbidden            the caller is known and may not
├── NotFound
├── Conflict
│   └── AlreadyExists
├── TooLarge             a body over the limit
├── TooMany              a rate limit is used up; try again after ``retry_after``
├── Unavailable          not now; try again after ``retry_after``
├── TimedOut             the run took longer than it may
├── Abandoned            the client left; nobody reads the answer
├── Rejected             what a deployment's own code chose to tell the client, with its own status
└── Misconfigured        found at start-up, never while serving

None of them knows HTTP: ``moorage.edge.errors`` maps each class to a status, once. ``str(error)``
is meant for the client, so it names the field and the remedy and carries nothing internal.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class MoorageError(Exception):
    """The root of the tree. ``code`` is a stable name for programs."""

    code: ClassVar[str] = "error"


class Invalid(MoorageError):
    """The request cannot be accepted as it is.

    Args:
        detail: A sentence, or pydantic's list of errors.
    """

    code = "invalid"

    def __init__(self, detail: str | Sequence[Any]) -> None:
        super().__init__(detail if isinstance(detail, str) else _sentence(detail))
        self.detail = detail


class BadRequest(MoorageError):
    """The request is not possible here: a feature that is switched off, a hash that is none."""

    code = "bad_request"


class Unauthenticated(MoorageError):
    """No credentials, or credentials that nobody issued."""

    code = "unauthenticated"


class Forbidden(MoorageError):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFound(MoorageError):
    """There is no such thing, or none that the caller may see."""

    code = "not_found"


class Conflict(MoorageError):
    """The request contradicts the present state."""

    code = "conflict"


class AlreadyExists(Conflict):
    """Something of that name is there already."""

    code = "already_exists"


class TooLarge(MoorageError):
    """The request's body is over the limit."""

    code = "too_large"


class TooMany(MoorageError):
    """A rate limit is used up.

    Args:
        message: What limit it was.
        retry_after: Whole seconds until the next request can succeed.
    """

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(MoorageError):
    """The service cannot take this now.

    Args:
        message: Why.
        retry_after: Whole seconds after which trying again makes sense.
    """

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TimedOut(MoorageError):
    """The run took longer than the service allows."""

    code = "timeout"


class Abandoned(MoorageError):
    """The client closed its connection before the answer was ready."""

    code = "abandoned"


class Rejected(MoorageError):
    """A deployment's own code says what the client is told, and with which status.

    It is an error mapper, when a runnable has failed, or a handler of an ``Auth`` object.

    Args:
        status_code: From 400 to 599.
        message: What the client is told.
        headers: Response headers, such as ``Retry-After``. Not sent once a stream has begun.
    """

    code = "rejected"

    def __init__(
        self, status_code: int, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers = headers or {}


class Misconfigured(MoorageError):
    """The service cannot start like this; the message names the setting and the remedy."""

    code = "misconfigured"


def _sentence(errors: Sequence[Any]) -> str:
    """Say the first of pydantic's errors in one line: where it is and what it wants."""
    first = errors[0] if errors else None
    if not isinstance(first, dict):
        return str(first or "The request is not valid.")
    place = ".".join(str(part) for part in first.get("loc", ()))
    return f"{place}: {first.get('msg')}" if place else str(first.get("msg"))
