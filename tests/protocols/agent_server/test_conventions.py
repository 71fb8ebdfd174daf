"""What holds for every resource: the form of values and refusals, and who may call from where."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.protocols.agent_server.served import serving_project

pytestmark = pytest.mark.anyio


@pytest.mark.requirement("agents:conventions:errors")
@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nothing", 404, "Not Found"),
        ("PUT", "/threads", 405, "Method Not Allowed"),
    ],
)
async def test_what_is_not_there_is_refused_like_everything(
    http: httpx.AsyncClient, method: str, path: str, status: int, detail: str
):
    reply = await http.request(method, path)

    assert (reply.status_code, reply.json()["detail"]) == (status, detail)


@pytest.mark.requirement("agents:conventions:unknown-keys")
async def test_keys_that_nobody_knows_are_passed_over(http: httpx.AsyncClient):
    made = await http.post("/threads", json={"colour": "red", "metadata": {"a": 1}})

    assert made.json()["metadata"] == {"a": 1}
    assert "colour" not in made.json()


@pytest.mark.requirement("agents:conventions:times")
async def test_times_are_of_utc_with_microseconds(http: httpx.AsyncClient):
    before = datetime.now(UTC)
    thread = (await http.post("/threads", json={})).json()
    after = datetime.now(UTC)

    for name in ("created_at", "updated_at", "state_updated_at"):
        assert before <= datetime.fromisoformat(thread[name]) <= after
        assert thread[name].endswith("+00:00")


@pytest.mark.requirement("agents:conventions:not-finite")
async def test_numbers_that_json_has_none_for_are_null(http: httpx.AsyncClient):
    reply = await http.post("/runs/wait", json={"assistant_id": "doubling", "input": 1e308})

    assert reply.text.strip() == "null"


@pytest.mark.requirement("agents:conventions:messages")
async def test_messages_are_plain(http: httpx.AsyncClient):
    said = {"messages": [{"role": "user", "content": "hello"}]}

    reply = await http.post("/runs/wait", json={"assistant_id": "echo", "input": said})

    human, ai = reply.json()["messages"]
    assert (human["type"], human["content"]) == ("human", "hello")
    assert (ai["type"], ai["content"], ai["tool_calls"]) == ("ai", "you said: hello", [])
    assert {"id", "name", "additional_kwargs", "response_metadata"} <= human.keys()
    assert "lc" not in human


@pytest.fixture
async def everywhere(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that pages of all origins may call."""
    with serving_project(tmp_path / "moorage.db", cors_origins=("*",)) as url:
        async with httpx.AsyncClient(base_url=url, timeout=20) as http:
            yield http


ORIGIN = {"origin": "https://smith.langchain.com"}


@pytest.mark.requirement("agents:conventions:private-network")
async def test_a_page_of_the_internet_may_call_the_loopback(everywhere: httpx.AsyncClient):
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-api-key,last-event-id",
        "access-control-request-private-network": "true",
    }

    reply = await everywhere.options("/threads", headers={**ORIGIN, **asked})

    assert reply.status_code == 200
    assert reply.headers["access-control-allow-private-network"] == "true"
    allowed = reply.headers["access-control-allow-headers"]
    assert allowed == asked["access-control-request-headers"]
    methods = reply.headers["access-control-allow-methods"].split(", ")
    assert {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"} <= set(methods)


@pytest.mark.requirement("agents:conventions:cors")
async def test_a_page_reads_where_its_run_is(everywhere: httpx.AsyncClient):
    body: Any = {"assistant_id": "steps", "input": {"words": []}}

    reply = await everywhere.post("/runs/stream", json=body, headers=ORIGIN)

    exposed = reply.headers["access-control-expose-headers"].lower().split(", ")
    assert {"content-location", "x-pagination-total", "x-pagination-next"} <= set(exposed)
