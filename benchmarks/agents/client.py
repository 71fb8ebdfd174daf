"""A client that costs little: one connection to a server, and one request at a time on it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import httptools
import orjson
import uvloop

from benchmarks.processes import BenchmarkError

T = TypeVar("T")


class Connection(asyncio.Protocol):
    """A connection that is kept for one request after another."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        """Set when the headers of the answer have arrived."""
        self._body = bytearray()
        self._whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post a JSON object and give the answer's JSON."""
        return orjson.loads(await self.send("POST", path, orjson.dumps(body)))

    async def get(self, path: str) -> Any:
        """Give the JSON at a path."""
        return orjson.loads(await self.send("GET", path))

    async def send(self, method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
        """Make a request and give the whole body of the answer.

        Raises:
            BenchmarkError: The status was not 200, or the connection broke.
        """
        lines = (
            f"{method} {path} HTTP/1.1",
            "host: 127.0.0.1",
            "content-type: application/json",
            f"content-length: {len(body)}",
            *headers,
        )
        self.answered.clear()
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        self._whole = asyncio.get_running_loop().create_future()
        self._transport.write("\r\n".join((*lines, "", "")).encode() + body)
        await self._whole
        if (status := self._parser.get_status_code()) != 200:
            raise BenchmarkError(f"{method} {path}: status {status}: {self._body[:500]!r}")
        return bytes(self._body)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse a piece of the answer."""
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        """Tell that there is an answer."""
        self.answered.set()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Tell that the answer is whole."""
        if not self._whole.done():
            self._whole.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits that nothing more will come."""
        if not self._whole.done():
            self._whole.set_exception(BenchmarkError(f"the connection broke: {error}"))


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """Connect to a server on the loopback and hang up in the end."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    try:
        yield connection
    finally:
        connection.close()


def run(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Do the work in an event loop.

    Raises:
        BenchmarkError: It took longer than that.
    """

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await work

    try:
        return uvloop.run(bounded())
    except TimeoutError as error:
        raise BenchmarkError(f"nothing for {seconds} s") from error
