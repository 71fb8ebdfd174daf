"""Clients that leave while their run works, and a service that stops before the runs do."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving
from tests.protocols.agent_server.gates import gate, new_gate
from tests.protocols.agent_server.served import PROJECT
from tests.protocols.agent_server.sse import until_cut
from tests.protocols.agent_server.test_joins import begun

pytestmark = pytest.mark.anyio


async def left(http: httpx.AsyncClient, thread: str, way: str, **body: Any) -> str:
    """Begin a run, close the connection while it stands at its gate; return the gate's name."""
    name, stop = new_gate()
    asked = {"assistant_id": "gated", "input": {"words": [], "gate": name}, **body}
    async with http.stream("POST", f"/threads/{thread}/runs/{way}", json=asked) as reply:
        assert reply.status_code == 200
        await stop.reached.arrival()
    return name


@pytest.mark.requirement("agents:semantics:disconnect")
@pytest.mark.parametrize("way", ["stream", "wait"])
async def test_a_run_may_end_with_the_connection_of_its_client(
    client: Any, http: httpx.AsyncClient, way: str
):
    thread = (await client.threads.create())["thread_id"]
    await left(http, thread, way, on_disconnect="cancel")
    (run,) = await client.runs.list(thread)

    values = await client.runs.join(thread, run["run_id"])
    kept = await client.threads.get(thread)

    assert values["words"] == ["first"]
    assert (kept["status"], kept["error"]["error"]) == ("interrupted", "UserInterrupt")
    assert (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"


@pytest.mark.requirement("agents:semantics:disconnect")
@pytest.mark.parametrize("body", [{}, {"on_disconnect": "continue"}])
@pytest.mark.parametrize("way", ["stream", "wait"])
async def test_a_run_goes_on_without_its_client(
    client: Any, http: httpx.AsyncClient, way: str, body: dict[str, str]
):
    thread = (await client.threads.create())["thread_id"]
    name = await left(http, thread, way, **body)
    gate(name).open()
    (run,) = await client.runs.list(thread)

    assert (await client.runs.join(thread, run["run_id"]))["words"][-1] == "second"


@pytest.mark.requirement("agents:joins:disconnect")
@pytest.mark.parametrize("way", ["stream", "join"])
async def test_a_joiner_may_take_the_run_along(client: Any, http: httpx.AsyncClient, way: str):
    thread, run, _ = await begun(client)
    place = f"/threads/{thread}/runs/{run}/{way}?cancel_on_disconnect=true"
    async with http.stream("GET", place) as reply:
        assert reply.status_code == 200

    assert (await client.runs.join(thread, run))["words"] == ["first"]


def service(folder: Path) -> Any:
    """Return a service of its own, on a database that stays when it goes."""
    settings = {
        "MOORAGE_DATABASE_URL": f"sqlite:///{folder / 'moorage.db'}",
        "MOORAGE_GRACE_PERIOD": "0.1",
    }
    return serving(create_app(Settings.parse(settings), project=read(PROJECT)))


@pytest.mark.requirement("agents:joins:cut")
async def test_clients_of_a_service_that_stops_see_that_the_run_is_not_over(tmp_path: Path):
    name, stop = new_gate()
    async with AsyncExitStack() as clients:
        with service(tmp_path) as url:
            client = await clients.enter_async_context(get_client(url=url))
            http = await clients.enter_async_context(httpx.AsyncClient(base_url=url))
            thread = (await client.threads.create())["thread_id"]
            asked = {
                "assistant_id": "gated",
                "input": {"words": [], "gate": name},
                "stream_resumable": True,
            }
            stream = http.stream("POST", f"/threads/{thread}/runs/stream", json=asked)
            streamed = await clients.enter_async_context(stream)
            await stop.reached.arrival()
            place = streamed.headers["content-location"]
            joined = await clients.enter_async_context(http.stream("GET", f"{place}/join"))
        seen = await until_cut(streamed)
        with pytest.raises(httpx.RemoteProtocolError):
            await joined.aread()
    stop.open()
    with service(tmp_path) as url:
        async with get_client(url=url) as client:
            run = place.rpartition("/")[2]
            later = client.runs.join_stream(thread, run, last_event_id=seen[-1].id)
            rest = [part async for part in later]

    assert [part.event for part in seen] == ["metadata", "values", "values"]
    assert rest[0].data["attempt"] == 2
    assert rest[-1].data["words"] == ["first", "passed", "second"]
