"""ASGI calls without a server or a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.cases import HEADERS, Case

Message = dict[str, Any]


class Caller:
    """Calls an application with a case's request, in the way uvicorn does."""

    def __init__(self, app: Any, case: Case, state: Message) -> None:
        self.app = app
        self.body = case.body
        headers = {"host": "127.0.0.1:8000", "content-length": str(len(self.body)), **HEADERS}
        self.scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": "POST",
            "root_path": "",
            "path": case.path,
            "raw_path": case.path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "state": state,
        }

    async def __call__(self) -> list[Message]:
        """Make one request and give the messages that the application sent."""
        exchange = Exchange(self.body)
        scope = {**self.scope, "state": self.scope["state"].copy()}
        await self.app(scope, exchange.receive, exchange.send)
        return exchange.sent

    async def answer(self) -> tuple[int, bytes]:
        """Make one request and give the status and the whole body."""
        start, *rest = await self()
        return start["status"], b"".join(message.get("body", b"") for message in rest)


class Exchange:
    """The server's side of one request: its body, and a client that stays for the answer."""

    def __init__(self, body: bytes) -> None:
        self.sent: list[Message] = []
        self._body: bytes | None = body
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        """Give the body, then wait for the end of the answer to tell of the disconnect."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Keep what the application sends."""
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._answered.set()


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Message]:
    """Start an application and stop it in the end; gives its lifespan state."""
    incoming: asyncio.Queue[Message] = asyncio.Queue()
    outgoing: asyncio.Queue[Message] = asyncio.Queue()
    state: Message = {}
    asgi = {"version": "3.0", "spec_version": "2.0"}
    scope = {"type": "lifespan", "asgi": asgi, "state": state}
    task = asyncio.create_task(app(scope, incoming.get, outgoing.put))
    await incoming.put({"type": "lifespan.startup"})
    started = await outgoing.get()
    if started["type"] != "lifespan.startup.complete":
        raise RuntimeError(f"the application did not start: {started}")
    yield state
    await incoming.put({"type": "lifespan.shutdown"})
    await task
