"""What went wrong at the server, as httpx's errors and without the caller's credentials."""

from copy import copy
from typing import Any

import httpx
import orjson

_SHOWN_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)
_KINDS = {1: "Informational", 3: "Redirect", 4: "Client error", 5: "Server error"}


def check_status(response: httpx.Response) -> None:
    """Raise unless the status is 2xx. The body must have been read.

    Raises:
        httpx.HTTPStatusError: Its message ends with the body. The request that it and its response
            carry has neither credentials in the URL nor the values of headers that may hold some.
    """
    if response.is_success:
        return
    response.request = redacted(response.request)
    kind = _KINDS[response.status_code // 100]
    status = f"{response.status_code} {response.reason_phrase}"
    message = f"{kind} '{status}' for url '{response.request.url}'"
    if response.text:
        message += f" for {response.text}"
    raise httpx.HTTPStatusError(message, request=response.request, response=response)


def redacted(request: httpx.Request) -> httpx.Request:
    """Copy a request without the values of headers that may be secret."""
    shown = copy(request)
    shown.url = request.url.copy_with(userinfo=b"")
    shown.headers = type(request.headers)(
        [
            (name, value if name.lower() in _SHOWN_HEADERS else "<redacted>")
            for name, value in request.headers.multi_items()
        ]
    )
    return shown


def from_event(data: bytes, request: httpx.Request) -> httpx.HTTPStatusError:
    """Make the error that an ``error`` event tells of; 500 if its data tells nothing."""
    try:
        failure = orjson.loads(data)
    except ValueError:
        return from_failure(data.decode(errors="replace"), request)
    return from_failure(failure, request)


def from_failure(failure: Any, request: httpx.Request) -> httpx.HTTPStatusError:
    """Make an error from ``{"status_code", "message"}``, wherever in a reply that was found."""
    told = failure if isinstance(failure, dict) else {"message": failure}
    status, message = told.get("status_code"), str(told.get("message"))
    shown = redacted(request)
    response = httpx.Response(_error_status(status), text=message, request=shown)
    return httpx.HTTPStatusError(message, request=shown, response=response)


def _error_status(told: Any) -> int:
    return told if isinstance(told, int) and httpx.codes.is_error(told) else 500
