import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from moorage.edge.middleware.concurrency import ConcurrencyLimit
from moorage.edge.paths import Paths

Serve = Callable[..., str]

pytestmark = pytest.mark.anyio

LONG = timedelta(seconds=20)


class Gate:
    """An application whose requests announce themselves and stay until they are let go."""

    def __init__(self) -> None:
        self.entered: asyncio.Queue[str] = asyncio.Queue()
        self.left: list[str] = []
        self.open = asyncio.Event()
        self.bodies: dict[str, int] = {}
        self.most = self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self._serve(scope["path"], receive, send)
        finally:
            self.inside -= 1

    async def _serve(self, path: str, receive: Receive, send: Send) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        self.bodies[path] = size
        self.entered.put_nowait(path)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await self.open.wait()
        await send({"type": "http.response.body", "body": b" done"})
        self.left.append(path)


class Running:
    """The middleware around a gate, served on this test's own event loop."""

    def __init__(self, app: ConcurrencyLimit, gate: Gate, client: httpx.AsyncClient) -> None:
        self.app, self.gate, self.client = app, gate, client
        self.requests: list[asyncio.Task[httpx.Response]] = []

    def ask(self, path: str, **options: Any) -> asyncio.Task[httpx.Response]:
        task = asyncio.create_task(self.client.post(path, **options))
        self.requests.append(task)
        return task

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():  # noqa: ASYNC110 - counters have no event
                await asyncio.sleep(0.005)


@pytest.fixture
async def start() -> Any:
    """Serve a gate behind the middleware; yields the function that does so."""
    import uvicorn  # noqa: PLC0415

    servers: list[tuple[uvicorn.Server, asyncio.Task[None], Running]] = []

    async def serve(limit: int, wait: timedelta = LONG, **options: Any) -> Running:
        gate = Gate()
        app = ConcurrencyLimit(gate, limit=limit, wait=wait, **options)
        config = uvicorn.Config(app, port=0, lifespan="off", log_level="warning")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve())
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        limits = httpx.Limits(max_connections=200)
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=20)
        running = Running(app, gate, client)
        servers.append((server, task, running))
        return running

    yield serve
    for server, task, running in servers:
        running.gate.open.set()
        await asyncio.gather(*running.requests, return_exceptions=True)
        await running.client.aclose()
        server.should_exit = True
        await task


async def test_a_request_beyond_the_limit_waits_until_one_is_done(start: Any):
    running = await start(1)
    first = running.ask("/1")
    assert await running.gate.entered.get() == "/1"
    second = running.ask("/2", content=b"x" * 5000)
    await running.until(lambda: running.app.waiting == 1)
    assert running.gate.entered.empty()
    running.gate.open.set()
    assert (await first).text == (await second).text == "begun done"
    assert running.gate.bodies["/2"] == 5000
    await running.until(lambda: running.app.working == 0)


async def test_those_who_wait_are_served_in_the_order_in_which_they_came(start: Any):
    running = await start(1)
    for number in range(8):
        running.ask(f"/{number}")
        await running.until(lambda: running.app.waiting + running.app.working == number + 1)  # noqa: B023
    running.gate.open.set()
    await asyncio.gather(*running.requests)
    assert running.gate.left == [f"/{number}" for number in range(8)]


async def test_who_waits_too_long_is_told_to_come_back(start: Any):
    running = await start(1, timedelta(seconds=0.2))
    running.ask("/1")
    await running.gate.entered.get()
    refused = await running.ask("/2")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert "limit" in refused.json()["detail"]
    assert running.app.waiting == 0


async def test_a_full_queue_refuses_at_once(start: Any):
    running = await start(1)
    running.ask("/working")
    await running.gate.entered.get()
    for number in range(10):
        running.ask(f"/waiting/{number}")
    await running.until(lambda: running.app.waiting == 10)
    assert (await running.ask("/one-too-many")).status_code == 503
    running.gate.open.set()
    answers = await asyncio.gather(*running.requests[:11])
    assert {answer.status_code for answer in answers} == {200}


async def test_a_client_that_leaves_the_queue_gives_up_its_place(start: Any):
    running = await start(1)
    running.ask("/1")
    await running.gate.entered.get()
    leaver = running.ask("/2", content=b"body")
    await running.until(lambda: running.app.waiting == 1)
    stayer = running.ask("/3")
    await running.until(lambda: running.app.waiting == 2)
    leaver.cancel()
    await running.until(lambda: running.app.waiting == 1)
    running.gate.open.set()
    assert (await stayer).status_code == 200
    assert running.gate.left == ["/1", "/3"]


async def test_a_stream_holds_its_place_until_it_ends(start: Any):
    running = await start(1)
    async with running.client.stream("POST", "/stream") as stream:
        assert stream.status_code == 200
        running.ask("/next")
        await running.until(lambda: running.app.waiting == 1)
        assert running.app.working == 1
        running.gate.open.set()
        assert await stream.aread() == b"begun done"
    assert (await running.requests[0]).status_code == 200


async def test_probes_neither_wait_nor_take_a_place(start: Any):
    running = await start(1, exempt=Paths(exact=["/health"]))
    running.ask("/1")
    await running.gate.entered.get()
    running.ask("/health")
    assert await running.gate.entered.get() == "/health"
    assert (running.app.working, running.app.waiting) == (1, 0)


async def test_fifty_clients_at_once_are_all_served_and_never_more_than_six_together(start: Any):
    running = await start(6)
    running.gate.open.set()
    for number in range(50):
        running.ask(f"/{number}")
    answers = await asyncio.gather(*running.requests)
    assert {answer.status_code for answer in answers} == {200}
    assert running.gate.most <= 6
    await running.until(lambda: (running.app.working, running.app.waiting) == (0, 0))


async def test_a_failing_request_gives_its_place_back():
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("no")

    app = ConcurrencyLimit(fail, limit=1, wait=LONG)
    scope = {"type": "http", "path": "/"}
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await app(scope, never, unused)
    assert app.working == 0


async def test_a_place_is_not_lost_when_a_waiting_request_is_cancelled():
    entered, leave = asyncio.Event(), asyncio.Event()

    async def hold(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await leave.wait()

    app = ConcurrencyLimit(hold, limit=1, wait=LONG)
    scope = {"type": "http", "path": "/"}
    holder = asyncio.create_task(app(scope, never, unused))
    await entered.wait()
    waiter = asyncio.create_task(app(scope, never, unused))
    async with asyncio.timeout(20):
        while not app.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)
    leave.set()
    await holder
    waiter.cancel()  # its turn has come, but it has not taken it up yet
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert (app.working, app.waiting) == (0, 0)


async def never() -> Any:
    await asyncio.Event().wait()


async def unused(*_: object) -> None:
    raise AssertionError("not for this test")
