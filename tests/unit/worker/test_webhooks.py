"""Webhooks to real receivers over real sockets."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from moorage.engine.addresses import AddressPolicy
from moorage.engine.outbox import Outbox, Retries
from moorage.engine.queue import Queue
from moorage.engine.signing import Signer
from moorage.engine.streams import Streams
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import Gate, ManualClock, serving
from moorage.worker.webhooks import Courier, Manner
from tests.unit.worker.ended import end_a_run

pytestmark = pytest.mark.anyio

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HERE = AddressPolicy(disable_loopback=False)
SOON = Retries(most=4, first=timedelta(milliseconds=5))


@dataclass
class Received:
    """One call of a webhook."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(self.body)
        return content


@dataclass
class Receiver:
    """Notes what it is told, and answers as it was asked to, in the end with 200."""

    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    gate: Gate | None = None
    calls: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.hear, methods=["GET", "POST"])])

    async def hear(self, request: Request) -> Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.calls.append(
                Received(request.url.path, dict(request.headers), await request.body())
            )
            if self.gate:
                await self.gate.passage()
        finally:
            self.at_once -= 1
        return Response(
            status_code=self.answers.pop(0) if self.answers else 200, headers=self.headers
        )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(receiver.app()) as url:
        receiver.url = url
        yield receiver


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    async with open_storage(f"sqlite:///{tmp_path}/moorage.db", terms=Terms()) as storage:
        yield storage


@asynccontextmanager
async def delivering(
    storage: Storage, *, retries: Retries = SOON, **options: Any
) -> AsyncIterator[Outbox]:
    outbox = Outbox(storage, retries)
    async with Courier(outbox, Manner(**{"policy": HERE, **options})):
        yield outbox


async def emptied(storage: Storage) -> None:
    """Return when nothing is left to be told."""
    async with asyncio.timeout(20):
        while await storage.webhooks.next_due() is not None:  # noqa: ASYNC110 - it is not here
            await asyncio.sleep(0.01)


async def test_a_receiver_is_told_and_can_check_who_tells(storage: Storage, receiver: Receiver):
    run_id = await end_a_run(storage, f"{receiver.url}/hook?a=b")
    headers = {"Authorization": "Bearer me", "Content-Type": "text/plain"}
    before = datetime.now(UTC)
    async with delivering(storage, headers=headers, signer=Signer([SECRET])):
        await emptied(storage)

    [call] = receiver.calls
    assert (call.path, call.headers["content-type"]) == ("/hook", "application/json")
    assert call.headers["authorization"] == "Bearer me"
    assert (call.content["run_id"], call.content["values"]) == (run_id, {"answer": 42})
    assert before <= datetime.fromisoformat(call.content["webhook_sent_at"]) <= datetime.now(UTC)
    named = {name: call.headers[name] for name in call.headers if name.startswith("webhook-")}
    time = int(named["webhook-timestamp"])
    assert named == Signer([SECRET]).headers(named["webhook-id"], time, call.body)
    assert run_id in named["webhook-id"]


async def test_the_end_of_a_run_is_told_at_once(storage: Storage, receiver: Receiver):
    queue = Queue(storage, Streams())
    never = timedelta(hours=1)
    async with delivering(storage, look=never) as outbox:
        queue.on_end(outbox.tell)
        await emptied(storage)
        await end_a_run(storage, receiver.url)
        outbox.tell()
        await emptied(storage)
    assert len(receiver.calls) == 1


async def test_a_receiver_that_cannot_now_is_told_again(storage: Storage, receiver: Receiver):
    receiver.answers = [500, 429, 503]
    await end_a_run(storage, receiver.url)
    async with delivering(storage):
        await emptied(storage)

    assert len(receiver.calls) == 4
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1


async def test_it_says_itself_when(storage: Storage, receiver: Receiver):
    receiver.answers, receiver.headers = [429], {"retry-after": "3600"}
    await end_a_run(storage, receiver.url)
    async with delivering(storage):
        async with asyncio.timeout(20):
            while (await storage.webhooks.next_due() or timedelta(0)) < timedelta(minutes=59):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert len(receiver.calls) == 1


async def test_it_is_not_told_for_ever(
    storage: Storage, receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    receiver.answers = 9 * [500]
    await end_a_run(storage, receiver.url)
    async with delivering(storage):
        await emptied(storage)

    assert len(receiver.calls) == SOON.most
    assert "a webhook was given up: it answered 500, the last of 4 times" in caplog.text
    assert receiver.url not in caplog.text


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 410])
async def test_an_answer_that_will_not_change_is_the_last(
    storage: Storage, receiver: Receiver, caplog: pytest.LogCaptureFixture, status: int
):
    receiver.answers, receiver.headers = [status], {"location": "/elsewhere"}
    await end_a_run(storage, receiver.url)
    async with delivering(storage):
        await emptied(storage)

    assert [call.path for call in receiver.calls] == ["/"]
    assert f"given up: it answered {status}" in caplog.text


async def test_nobody_at_home_is_tried_again(storage: Storage, caplog: pytest.LogCaptureFixture):
    with serving(Receiver().app()) as url:
        pass
    await end_a_run(storage, url)
    async with delivering(storage):
        await emptied(storage)
    assert "given up: ConnectError on the way, the last of 4 times" in caplog.text


async def test_a_receiver_that_does_not_answer_is_left(
    storage: Storage, receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    receiver.gate = Gate()
    await end_a_run(storage, receiver.url)
    once = Retries(most=1)
    async with delivering(storage, retries=once, timeout=timedelta(milliseconds=200)):
        await emptied(storage)
    receiver.gate.open()
    assert "on the way, the last of 1 times" in caplog.text


async def test_only_some_are_told_at_once(storage: Storage, receiver: Receiver):
    receiver.gate = Gate()
    for _ in range(6):
        await end_a_run(storage, receiver.url)
    async with delivering(storage, at_once=2):
        await receiver.gate.reached.arrival()
        receiver.gate.open()
        await emptied(storage)

    assert (len(receiver.calls), receiver.most_at_once) == (6, 2)


async def test_a_path_goes_to_the_servers_own_application(storage: Storage):
    own = Receiver(answers=[500])
    await end_a_run(storage, "/hooks/done?a=b")
    async with delivering(storage, own=httpx.ASGITransport(own.app()), policy=AddressPolicy()):
        await emptied(storage)
    assert [call.path for call in own.calls] == 2 * ["/hooks/done"]


class Names:
    """What names stand for, until they stand for something else."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers


async def test_a_name_is_called_at_its_address(storage: Storage, receiver: Receiver):
    port = receiver.url.rpartition(":")[2]
    await end_a_run(storage, f"http://Hooks.example.com:{port}/hook")
    names = Names("127.0.0.2", "127.0.0.1")  # nobody listens at the first
    async with delivering(storage, resolve=names):
        await emptied(storage)

    assert names.asked == [("hooks.example.com", int(port))]
    assert [call.headers["host"] for call in receiver.calls] == [f"hooks.example.com:{port}"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"])
async def test_a_name_that_stands_for_a_neighbour_is_not_called(
    storage: Storage, receiver: Receiver, caplog: pytest.LogCaptureFixture, address: str
):
    port = receiver.url.rpartition(":")[2]
    await end_a_run(storage, f"http://hooks.example.com:{port}/")
    names = Names("93.184.216.34", address)
    async with delivering(storage, resolve=names, policy=AddressPolicy()):
        await emptied(storage)

    assert receiver.calls == []
    assert "given up: Webhook host blocked" in caplog.text


async def test_rules_that_have_become_stricter_hold_for_what_waits(
    storage: Storage, receiver: Receiver
):
    await end_a_run(storage, receiver.url)
    async with delivering(storage, policy=AddressPolicy()):
        await emptied(storage)
    assert receiver.calls == []


async def test_what_a_killed_process_was_telling_is_told_by_the_next(
    tmp_path: Path, receiver: Receiver
):
    path = tmp_path / "moorage.db"
    receiver.gate = Gate()
    command = [sys.executable, "-m", "tests.unit.worker.delivering", str(path), receiver.url]
    with subprocess.Popen(command) as teller:  # noqa: ASYNC220 - it is killed at once
        try:
            await receiver.gate.reached.arrival()
        finally:
            teller.kill()
    receiver.gate.open()
    later = ManualClock(datetime.now(UTC) + timedelta(minutes=1))
    async with (
        open_storage(f"sqlite:///{path}", terms=Terms(), clock=later) as storage,
        delivering(storage),
    ):
        await emptied(storage)

    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.content["run_id"] == second.content["run_id"]
