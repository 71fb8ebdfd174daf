"""Joining runs that others have begun: what joiners get, and from where on."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import NotFoundError

from moorage.testing import Gate
from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.sse import names

pytestmark = pytest.mark.anyio

MODES = ["values", "updates", "custom"]


async def begun(client: Any, thread: str | None = None, **options: Any) -> tuple[str, str, Gate]:
    """Begin a run that stands at a gate of its own, on that thread or a new one."""
    name, gate = new_gate()
    thread = thread or (await client.threads.create())["thread_id"]
    run = await client.runs.create(
        thread,
        "gated",
        input={"words": [], "gate": name},
        **{"stream_mode": MODES, **options},
    )
    await gate.reached.arrival()
    return thread, run["run_id"], gate


async def ended(client: Any, **options: Any) -> tuple[str, str]:
    thread, run, gate = await begun(client, **options)
    gate.open()
    await client.runs.join(thread, run)
    return thread, run


async def joined(client: Any, thread: str, run: str, **options: Any) -> list[Any]:
    return [part async for part in client.runs.join_stream(thread, run, **options)]


@pytest.mark.requirement("agents:joins:result", "agents:runs:background")
async def test_who_joins_gets_what_comes_of_the_run(client: Any):
    thread, run, gate = await begun(client)
    gate.open()

    during = await client.runs.join(thread, run)
    later = await client.runs.wait(thread, "steps", input={"words": []})
    afterwards = await client.runs.join(thread, run)

    assert during["words"] == ["first", "passed", "second"]
    assert afterwards["words"] == later["words"]  # what the thread holds by now


@pytest.mark.requirement("agents:joins:live", "agents:conventions:locations")
async def test_a_late_joiner_gets_what_comes_from_then_on(client: Any, http: httpx.AsyncClient):
    thread, run, gate = await begun(client)

    async with http.stream("GET", f"/threads/{thread}/runs/{run}/stream") as reply:
        gate.open()
        assert await names(reply) == ["updates", "values"] * 2
        place = f"/threads/{thread}/runs/{run}"
        assert reply.headers["content-location"] == place
        assert reply.headers["location"] == f"{place}/stream"


@pytest.mark.requirement("agents:joins:modes", "agents:conventions:lists", "agents:streams:custom")
@pytest.mark.parametrize(
    "query",
    [
        "stream_mode=updates&stream_mode=custom",
        'stream_mode=["updates","custom"]',
        "stream_mode=updates,custom",
    ],
)
async def test_a_joiner_chooses_modes_in_each_form_of_a_list(
    client: Any, http: httpx.AsyncClient, query: str
):
    thread, run = await ended(client, stream_resumable=True)

    async with http.stream(
        "GET", f"/threads/{thread}/runs/{run}/stream?{query}", headers={"last-event-id": "-1"}
    ) as reply:
        assert await names(reply) == ["updates", "custom", "updates", "updates"]


@pytest.mark.requirement("agents:joins:early")
async def test_a_joiner_that_comes_before_the_run_begins_sees_all_of_it(
    client: Any, http: httpx.AsyncClient
):
    thread, _, gate = await begun(client)
    queued = await client.runs.create(thread, "steps", input={"words": []}, stream_mode="updates")

    async with http.stream(
        "GET", f"/threads/{thread}/runs/{queued['run_id']}/stream?stream_subgraphs=true"
    ) as reply:
        gate.open()
        assert await names(reply) == ["metadata", "updates", "updates"]


async def test_a_finished_run_that_is_not_resumable_has_nothing_to_send(client: Any):
    thread, run = await ended(client)

    assert await joined(client, thread, run, last_event_id="-1") == []


@pytest.mark.requirement("agents:joins:ids")
async def test_only_the_events_of_resumable_runs_have_ids(client: Any):
    async def ids(**options: Any) -> list[Any]:
        stream = client.runs.stream(None, "steps", input={"words": []}, **options)
        return [part.id async for part in stream]

    numbered = await ids(stream_resumable=True)

    assert await ids() == [None] * len(numbered)
    assert sorted({int(one) for one in numbered}) == [int(one) for one in numbered]


@pytest.mark.requirement("agents:joins:resume")
@pytest.mark.parametrize("beginning", ["-1", "0-0"])
async def test_a_resumable_run_is_sent_again_from_any_of_its_events(client: Any, beginning: str):
    thread, run = await ended(client, stream_resumable=True)

    whole = await joined(client, thread, run, last_event_id=beginning)
    rest = await joined(client, thread, run, last_event_id=whole[2].id)

    assert [part.event for part in whole[:3]] == ["metadata", "values", "updates"]
    assert rest == whole[3:]
    assert await joined(client, thread, run, last_event_id=whole[-1].id) == []


@pytest.mark.requirement("agents:joins:odd-ids")
@pytest.mark.parametrize("header", [None, "garbage", "999", "1700000000000-0", "²"])
async def test_what_is_no_id_asks_for_what_comes_from_then_on(
    client: Any, http: httpx.AsyncClient, header: str | None
):
    thread, run = await ended(client, stream_resumable=True)

    async with http.stream(
        "GET",
        f"/threads/{thread}/runs/{run}/stream",
        headers=[(b"last-event-id", header.encode())] if header else [],
    ) as reply:
        assert (reply.status_code, await names(reply)) == (200, [])


@pytest.mark.requirement("agents:joins:stateless")
async def test_a_stateless_run_is_joined_by_its_id(client: Any, http: httpx.AsyncClient):
    name, gate = new_gate()
    run = await client.runs.create(None, "gated", input={"words": [], "gate": name})
    await gate.reached.arrival()

    async with http.stream("GET", f"/runs/{run['run_id']}/stream") as reply:
        gate.open()
        assert await names(reply) == ["values"] * 2
        assert reply.headers["content-location"] == f"/runs/{run['run_id']}"
    gone = await http.get(f"/runs/{run['run_id']}/join")

    assert gone.status_code == 404


@pytest.mark.requirement("agents:joins:unknown")
async def test_runs_that_are_not_there_are_not_joined(client: Any, http: httpx.AsyncClient):
    thread = (await client.threads.create())["thread_id"]
    _, run = await ended(client)

    for place in (f"{thread}/runs/{uuid4()}", f"{thread}/runs/{run}", f"{uuid4()}/runs/{run}"):
        for way in ("join", "stream"):
            reply = await http.get(f"/threads/{place}/{way}")
            assert (reply.status_code, "not found" in reply.json()["detail"]) == (404, True)
    with pytest.raises(NotFoundError):
        await joined(client, thread, run)
