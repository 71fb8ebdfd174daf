"""The service that the clients of this folder call, and clients in Python."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import langserve
import pytest

import moorage
from moorage.testing import serving
from tests.clients.served import build
from tests.protocols.agent_server.served import serving_project

Remote = Any
Connect = Callable[..., Remote]
Call = Callable[..., Any]

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Spares every client the reading of them."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Base URL of the application of ``served.py``."""
    with serving(build()) as url:
        yield url


@pytest.fixture(scope="session")
def kept() -> list[Remote]:
    """Every client that was made, so that the garbage collector finishes none of them.

    It may run in a thread of the server, in the middle of starting a thread: LangServe's finalizer
    starts one too, and waits for ever.
    """
    return []


@pytest.fixture(
    params=[langserve.RemoteRunnable, moorage.RemoteRunnable], ids=["langserve", "moorage"]
)
async def connect(
    request: pytest.FixtureRequest, anyio_backend: str, kept: list[Remote]
) -> AsyncIterator[Connect]:
    """Make a client of either kind for a URL."""
    first = len(kept)

    def make(url: str, **options: Any) -> Remote:
        kept.append(request.param(url, verify=NO_CERTIFICATES, **options))
        return kept[-1]

    yield make
    for remote in kept[first:]:
        # Its connections belong to the loop of this test and must not outlive it.
        await remote.async_client.aclose()
        remote.sync_client.close()


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """Call invoke, batch or stream, with or without the event loop; a stream as a list."""

    async def made(remote: Remote, method: str, *args: Any) -> Any:
        if request.param == "sync":
            result = getattr(remote, method)(*args)
            return list(result) if method == "stream" else result
        result = getattr(remote, f"a{method}")(*args)
        return [chunk async for chunk in result] if method == "stream" else await result

    return made


async def everything(stream: AsyncIterator[Any]) -> list[Any]:
    """Read a stream to its end."""
    return [item async for item in stream]


@pytest.fixture(scope="session")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a project of graphs, on a database in a file. Use threads of your own."""
    with serving_project(tmp_path_factory.mktemp("agents") / "moorage.db") as url:
        yield url
