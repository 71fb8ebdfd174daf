"""Lets so many requests work at once in this process; the others wait their turn, for a while."""

import asyncio
import math
from collections import deque
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage.edge.paths import Paths, route_path
from moorage.edge.refusal import refuse
from moorage.errors import Unavailable

WAITING_PER_SLOT = 10
"""Requests that may wait for each that works; more would wait in vain, and are refused at once."""

READ_AHEAD = 65_536
"""Bytes of a waiting request's body that are held; beyond them nothing is read until its turn."""


class ConcurrencyLimit:
    """Holds a slot for each request from its first step to the last byte of its response.

    Waiting requests are served in the order in which they came. One whose client leaves gives up
    its place; one that waits too long gets 503 with ``Retry-After``.

    Args:
        app: What is guarded.
        limit: Requests that may work at once.
        wait: How long one may wait for its turn.
        exempt: Paths that neither wait nor take a slot, such as probes.
    """

    def __init__(
        self, app: ASGIApp, *, limit: int, wait: timedelta, exempt: Paths | None = None
    ) -> None:
        self.app = app
        self._free = limit
        self._wait = wait.total_seconds()
        self._most_waiting = limit * WAITING_PER_SLOT
        self._queue: deque[asyncio.Future[None]] = deque()
        self._exempt = exempt or Paths()
        self._limit = limit

    @property
    def working(self) -> int:
        """Requests that hold a slot now."""
        return self._limit - self._free

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot now."""
        return len(self._queue)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; WebSockets take no slot."""
        if scope["type"] != "http" or route_path(scope) in self._exempt:
            await self.app(scope, receive, send)
        elif self._free:
            self._free -= 1
            await self._work(scope, receive, send)
        elif len(self._queue) >= self._most_waiting:
            await self._turn_away(scope, send)
        else:
            await self._stand_in_line(scope, receive, send)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        """Give a slot to whoever has waited longest, or put it back."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _stand_in_line(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = _WaitingClient(receive)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        leaving = asyncio.ensure_future(client.left())
        try:
            await asyncio.wait(
                {turn, leaving}, timeout=self._wait, return_when=asyncio.FIRST_COMPLETED
            )
            has_left = leaving.done() and not turn.done()
            leaving.cancel()
            await asyncio.wait({leaving})
        except BaseException:
            leaving.cancel()
            self._leave(turn)
            raise
        if turn.done():
            await self._work(scope, client.receive, send)
            return
        self._leave(turn)
        if has_left:
            leaving.result()
        else:
            await self._turn_away(scope, send)

    def _leave(self, turn: asyncio.Future[None]) -> None:
        if turn.done():
            self._pass_on()
        else:
            self._queue.remove(turn)

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        error = Unavailable(
            "The service is at its limit of concurrent requests.",
            retry_after=max(1, math.ceil(self._wait)),
        )
        await refuse(scope, send, error)


class _WaitingClient:
    """Reads ahead while its request waits, because only so the server tells that a client left."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._held: deque[Message] = deque()

    async def left(self) -> None:
        """Return when the client has left; never if its body is too long to be read ahead."""
        size = 0
        while size <= READ_AHEAD:
            message = await self._receive()
            self._held.append(message)
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
        await asyncio.Event().wait()

    async def receive(self) -> Message:
        """Give the route what was read ahead, then what comes."""
        return self._held.popleft() if self._held else await self._receive()
