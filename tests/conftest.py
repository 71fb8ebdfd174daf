"""What every test may use: real servers on real sockets, and the services a leg needs."""

import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import uvicorn

from hatch_build import Pages, PagesNotBuiltError, machine_node
from tests.turns import turn

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "tests/clients"
REQUIRED = frozenset(os.environ.get("MOORAGE_TEST_REQUIRE", "").split())

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def leg_missing(leg: str, remedy: str) -> None:
    """Skip on a developer's machine; fail where ``MOORAGE_TEST_REQUIRE`` names the leg."""
    if leg in REQUIRED:
        pytest.fail(f"the {leg} leg must run here: {remedy}")
    pytest.skip(f"no {leg}: {remedy}")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Leave out of a test's name what is made anew in each process: all call the tests the same."""
    return _UUID.sub("ID", val) if isinstance(val, str) and _UUID.search(val) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Where processes share the tests, keep the others still while one that says so runs alone.

    The time of a test does not begin before its turn.
    """
    if not hasattr(item.config, "workerinput"):
        return (yield)
    alone = item.get_closest_marker("alone") is not None
    assert item.config.cache is not None
    with turn(item.config.cache.mkdir("turns"), alone=alone):
        return (yield)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The URL of a Redis server that answers; tests take keys of their own in it."""
    url = os.environ.get("MOORAGE_TEST_REDIS", "redis://127.0.0.1:6379/0")
    client = redis.Redis.from_url(url, socket_connect_timeout=10)
    try:
        client.ping()
    except redis.ConnectionError:
        leg_missing("redis", "start a server and set MOORAGE_TEST_REDIS")
    finally:
        client.close()
    return url


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js, with the JavaScript clients of ``tests/clients`` installed."""
    executable = shutil.which("node")
    if executable is None or not (CLIENTS / "node_modules/.ready").is_file():
        leg_missing("node", "install Node.js with npm and run make js-clients")
    assert executable is not None
    return executable


@pytest.fixture(scope="session")
def npm() -> str:
    """The path of npm, with a Node.js that can build the web pages."""
    if machine_node() is None:
        leg_missing("node", "install Node.js from 20.19 on, with npm")
    return str(shutil.which("npm"))


@pytest.fixture(scope="session")
def built_pages() -> Path:
    """The folder of the web pages, built from the sources as they are."""
    pages = Pages(ROOT)
    try:
        pages.ensure()
    except PagesNotBuiltError as error:
        leg_missing("browser", f"build the web pages: {error}")
    return pages.built


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve an ASGI application on a free loopback port; returns its base URL."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any, **options: Any) -> str:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="warning", timeout_graceful_shutdown=2, proxy_headers=False, **options
        )
        server = uvicorn.Server(config)
        started = threading.Event()
        thread = threading.Thread(target=_run_server, args=(server, listener, started), daemon=True)
        thread.start()
        assert started.wait(60), "the server did not start within 60 s"
        assert server.started, "the server failed to start"
        running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(30)
        assert not thread.is_alive(), "the server did not stop within 30 s"


def _run_server(server: uvicorn.Server, listener: socket.socket, started: threading.Event) -> None:
    startup = server.startup

    async def startup_then_tell(*args: Any, **kwargs: Any) -> None:
        try:
            await startup(*args, **kwargs)
        finally:
            started.set()

    server.startup = startup_then_tell  # type: ignore[method-assign]
    try:
        server.run(sockets=[listener])
    finally:
        started.set()
