"""Reading the body of a streamed reply, whichever of the two HTTP clients delivers it."""

import logging
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx
import orjson

from moorage.client import metadata
from moorage.client.failures import check_status, from_event
from moorage.client.sse import EventDecoder
from moorage.serialization import Serializer

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/event-stream"


HEADERS = {
    "accept": CONTENT_TYPE,
    "cache-control": "no-store",
    "content-type": "application/json",
}


def receive(
    client: httpx.Client, url: str, content: bytes, serializer: Serializer
) -> Iterator[Any]:
    """Post a request and yield the values of the reply's data events; raises as its reader does."""
    with client.stream("POST", url, content=content, headers=HEADERS) as response:
        if not response.is_success:
            response.read()
        reader = StreamReader(response, serializer)
        for piece in response.iter_bytes():
            yield from reader.feed(piece)
            if reader.ended:
                return
        reader.finish()


async def areceive(
    client: httpx.AsyncClient, url: str, content: bytes, serializer: Serializer
) -> AsyncGenerator[Any]:
    """Post a request and yield the values of the reply's data events; raises as its reader does."""
    async with client.stream("POST", url, content=content, headers=HEADERS) as response:
        if not response.is_success:
            await response.aread()
        reader = StreamReader(response, serializer)
        async for piece in response.aiter_bytes():
            for value in reader.feed(piece):
                yield value
            if reader.ended:
                return
        reader.finish()


class StreamReader:
    """Turns the pieces of one streamed reply into the values that its data events carry.

    Args:
        response: Its body, read whole if the status is not 2xx, comes through ``feed``.
        serializer: Brings back the objects in the values.

    Attributes:
        ended: Whether the ``end`` event has come. Nothing after it counts.

    Raises:
        httpx.HTTPStatusError: The status is not 2xx.
        httpx.RemoteProtocolError: The reply is no event stream.
    """

    def __init__(self, response: httpx.Response, serializer: Serializer) -> None:
        check_status(response)
        received = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if received != CONTENT_TYPE:
            raise httpx.RemoteProtocolError(f"Expected {CONTENT_TYPE}, got {received!r}")
        self.ended = False
        self._request = response.request
        self._serializer = serializer
        self._unknown: set[str] = set()
        self._decoder = EventDecoder()

    def feed(self, piece: bytes) -> Iterator[Any]:
        """Yield the values of the data events that this piece of the body completes.

        Raises:
            httpx.HTTPStatusError: The run failed at the server; status and message are its own.
        """
        for event in self._decoder.feed(piece):
            match event.name:
                case "data":
                    yield self._serializer.loads(event.data)
                case "metadata":
                    metadata.report(_parsed(event.data))
                case "error":
                    raise from_event(event.data, self._request)
                case "end":
                    self.ended = True
                    return
                case unknown:
                    self._log_once(unknown)

    def finish(self) -> None:
        """Make sure that the body was complete.

        Raises:
            httpx.RemoteProtocolError: It broke off without an ``end`` event.
        """
        if not self.ended:
            raise httpx.RemoteProtocolError("The server broke off the stream before its end")

    def _log_once(self, name: str) -> None:
        if name not in self._unknown:
            self._unknown.add(name)
            logger.warning("Events of the unknown type %r are ignored", name)


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except ValueError:
        return None
