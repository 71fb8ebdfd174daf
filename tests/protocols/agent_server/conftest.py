"""A project of graphs, served on a loopback port, and the official client of it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from tests.protocols.agent_server.served import serving_project


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the served project, on a database in a file. Use threads of your own."""
    with serving_project(tmp_path_factory.mktemp("database") / "moorage.db") as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[LangGraphClient]:
    """The official client in Python."""
    async with get_client(url=url) as client:
        yield client


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends what it is told."""
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield http
