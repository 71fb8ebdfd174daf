"""A request for a runnable: its body is read once, with no more ceremony than that takes."""

from collections.abc import AsyncGenerator

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message


class RunnableRequest(Request):
    """Starlette's request, for bodies that are always read whole.

    Raises:
        ClientDisconnect: From ``body`` and ``stream``: the client left before the body was read.
    """

    _whole: bytes | None = None

    async def body(self) -> bytes:
        """Return the whole body, as often as it is asked for."""
        if self._whole is None:
            message = await self.receive()
            body: bytes = message.get("body", b"")
            self._whole = body if _is_last(message) else await self._rest(body)
        return self._whole

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the whole body, then the empty chunk that ends it."""
        yield await self.body()
        yield b""

    async def _rest(self, first: bytes) -> bytes:
        chunks = [first]
        more = True
        while more:
            message = await self.receive()
            chunks.append(message.get("body", b""))
            more = not _is_last(message)
        return b"".join(chunks)


def _is_last(message: Message) -> bool:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return not message.get("more_body", False)
