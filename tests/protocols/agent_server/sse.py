"""Events as the official client reads them, off any response."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
from langgraph_sdk.sse import SSEDecoder, aiter_lines_raw


async def events(reply: httpx.Response) -> AsyncIterator[Any]:
    """Yield the parts of a stream of events: each has ``event``, ``data`` and ``id``."""
    decoder = SSEDecoder()
    async for line in aiter_lines_raw(reply):
        part = decoder.decode(line=bytes(line).rstrip(b"\n"))
        if part is not None and part.event:
            yield part


async def names(reply: httpx.Response) -> list[str]:
    """Return the names of all events that come."""
    return [part.event async for part in events(reply)]


async def until_cut(reply: httpx.Response) -> list[Any]:
    """Return the parts that come before the connection breaks, as it must."""
    seen = []
    try:
        async for part in events(reply):
            seen.append(part)  # noqa: PERF401 - what came before counts
    except httpx.RemoteProtocolError:
        return seen
    raise AssertionError("the response was ended properly")
