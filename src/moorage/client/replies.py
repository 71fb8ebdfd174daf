"""Reading the JSON replies to an invoke and a batch."""

from typing import Any

import httpx
import orjson

from moorage.client.failures import check_status, from_failure

_LONGEST_QUOTE = 200


def parse(response: httpx.Response) -> dict[str, Any]:
    """Check a reply and parse it.

    Raises:
        httpx.HTTPStatusError: The status is not 2xx.
        ValueError: The body is no JSON object with an ``output``, so this is not the protocol.
    """
    check_status(response)
    try:
        reply = orjson.loads(response.content)
    except ValueError as error:
        raise ValueError(f"The reply is not JSON: {response.text[:_LONGEST_QUOTE]!r}") from error
    if not isinstance(reply, dict) or "output" not in reply:
        raise ValueError(f"The reply has no 'output': {response.text[:_LONGEST_QUOTE]!r}")
    return reply


def outputs(reply: dict[str, Any], count: int) -> list[Any]:
    """Take the outputs of a batch, one for each of its inputs.

    Raises:
        ValueError: There is another number of them.
    """
    found = reply["output"]
    if not isinstance(found, list) or len(found) != count:
        raise ValueError(f"The reply to a batch of {count} inputs does not have {count} outputs")
    return found


def failures(reply: dict[str, Any], request: httpx.Request) -> dict[int, httpx.HTTPStatusError]:
    """Find the items of a batch that failed at the server, by their position."""
    metadata = reply.get("metadata")
    responses = metadata.get("responses") if isinstance(metadata, dict) else None
    return {
        position: from_failure(response["error"], request)
        for position, response in enumerate(responses if isinstance(responses, list) else ())
        if isinstance(response, dict) and response.get("error")
    }


def callback_events(reply: dict[str, Any], count: int) -> list[Any]:
    """Take the callback events of a batch: a list for each item, or nothing at all."""
    events = reply.get("callback_events")
    return events if isinstance(events, list) and len(events) == count else [None] * count
