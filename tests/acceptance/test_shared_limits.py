import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import redis

from tests.acceptance.limited import build
from tests.conftest import leg_missing

Serve = Callable[..., str]

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"


def who_answers(port: int) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").text
    except httpx.TransportError:
        return ""


@pytest.fixture
def two_workers(redis_url: str) -> Iterator[str]:
    """Serve one limited path from two processes of gunicorn; yields its URL."""
    port, prefix = free_port(), f"/{uuid.uuid4().hex}"
    environment = {
        **os.environ,
        "MOORAGE_TEST_REDIS": redis_url,
        "MOORAGE_TEST_PREFIX": prefix,
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "tests.acceptance.limited:from_environment()"),
            *("--worker-class", "uvicorn_worker.UvicornWorker", "--workers", "2"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
        ],
        env=environment,
        cwd=ROOT,
    )
    known: set[str] = set()

    def both_answer() -> bool:
        known.add(who_answers(port))
        return len(known - {""}) == 2

    try:
        until(both_answer)
        yield f"http://127.0.0.1:{port}{prefix}"
    finally:
        server.terminate()
        assert server.wait(20) == 0


def test_two_workers_share_one_count(two_workers: str):
    async def ask() -> list[httpx.Response]:
        # A connection per request, so that both processes get some.
        limits = httpx.Limits(max_keepalive_connections=0, max_connections=20)
        async with httpx.AsyncClient(limits=limits, timeout=20) as client:
            return await asyncio.gather(*(client.get(two_workers) for _ in range(100)))

    found = asyncio.run(ask())
    passed = [answer for answer in found if answer.status_code == 200]
    assert len({answer.text for answer in passed}) == 2, "only one process was asked"
    assert len(passed) == 40
    assert sum(answer.status_code == 429 for answer in found) == 60
    assert sorted(int(answer.headers["x-ratelimit-remaining"]) for answer in passed) == [*range(40)]
    resets = [int(answer.headers["x-ratelimit-reset"]) for answer in found]
    assert max(resets) - min(resets) <= 2


class RedisServer:
    """A Redis server of this test's own, which it may stop."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        try:
            self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        except FileNotFoundError:
            leg_missing("redis", "install redis-server")
        client = redis.Redis(port=self.port, socket_connect_timeout=1)
        until(lambda: self._pings(client))
        client.close()

    def _pings(self, client: redis.Redis) -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.stop()


def is_limited(answer: httpx.Response) -> bool:
    assert answer.status_code == 200
    return "x-ratelimit-limit" in answer.headers


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.message
        for record in caplog.records
        if record.name == "moorage.limits" and record.levelno >= logging.WARNING
    ]


def test_a_redis_that_dies_is_missed_with_one_warning_and_found_again(
    serve: Serve, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
):
    with httpx.Client(base_url=serve(build("1000/hour", redis_server.url))) as client:
        assert is_limited(client.get("/"))
        redis_server.stop()
        assert not any(is_limited(client.get("/")) for _ in range(50))
        assert len(warnings_in(caplog)) == 1
        assert "pass uncounted" in warnings_in(caplog)[0]
        redis_server.start()
        until(lambda: is_limited(client.get("/")))
        assert all(is_limited(client.get("/")) for _ in range(50))
    assert warnings_in(caplog)[1:] == ["rate limits are counted again"]


@pytest.mark.alone
def test_a_redis_that_hangs_holds_no_request_up(
    serve: Serve, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
):
    with httpx.Client(base_url=serve(build("1000/hour", redis_server.url))) as client:
        assert is_limited(client.get("/"))
        redis_server.send(signal.SIGSTOP)
        try:
            found = [client.get("/") for _ in range(50)]
        finally:
            redis_server.send(signal.SIGCONT)
        assert not any(map(is_limited, found))
        slowest, *others = sorted((answer.elapsed for answer in found), reverse=True)
        assert slowest < timedelta(seconds=0.95), "one request waits for half a second"
        assert sum(others, timedelta()) < timedelta(seconds=2), "the others do not wait for Redis"
        until(lambda: is_limited(client.get("/")))
    assert len(warnings_in(caplog)) == 2


def test_a_redis_that_restarts_between_two_requests_is_not_noticed(
    serve: Serve, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
):
    with httpx.Client(base_url=serve(build("1000/hour", redis_server.url))) as client:
        assert is_limited(client.get("/"))
        redis_server.stop()
        redis_server.start()
        assert is_limited(client.get("/"))
    assert warnings_in(caplog) == []
