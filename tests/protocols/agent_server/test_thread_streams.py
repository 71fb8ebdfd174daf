"""Following a thread: all of its runs, whoever begins them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.sse import events
from tests.protocols.agent_server.test_joins import begun

pytestmark = pytest.mark.anyio


async def until_done(parts: AsyncIterator[Any], runs: int = 1) -> list[Any]:
    """Return what comes until that many runs have ended."""
    seen = []
    async for part in parts:
        seen.append(part)
        runs -= part.event == "metadata" and part.data.get("status") == "run_done"
        if not runs:
            break
    return seen


async def followed(client: Any, http: httpx.AsyncClient, query: str = "") -> list[Any]:
    """Follow a thread during two runs, one of which fails."""
    thread = (await client.threads.create())["thread_id"]
    async with asyncio.timeout(10), http.stream("GET", f"/threads/{thread}/stream{query}") as reply:
        await client.runs.create(thread, "steps", input={"words": []}, stream_mode="updates")
        await client.runs.create(thread, "failing", input={"words": []}, stream_mode="updates")
        return await until_done(events(reply), runs=2)


@pytest.mark.requirement("agents:followers:runs")
async def test_all_runs_of_a_thread_are_followed(client: Any, http: httpx.AsyncClient):
    seen = await followed(client, http)

    assert [part.event for part in seen] == [
        *["metadata", "updates", "updates", "metadata"],
        *["metadata", "error", "metadata"],
    ]
    assert seen[0].data["attempt"] == 1
    assert seen[3].data == {"status": "run_done", "run_id": seen[0].data["run_id"]}
    ids = [int(part.id) for part in seen]
    assert sorted(set(ids)) == ids


@pytest.mark.requirement("agents:followers:modes")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?stream_mode=lifecycle", {"metadata"}),
        ("?stream_modes=lifecycle", {"metadata"}),
        ("?stream_mode=lifecycle&stream_mode=run_modes", {"metadata", "updates", "error"}),
        ('?stream_mode=["run_modes","state_update"]', {"metadata", "updates", "error"}),
    ],
)
async def test_followers_choose_what_they_are_told(
    client: Any, http: httpx.AsyncClient, query: str, names: set[str]
):
    assert {part.event for part in await followed(client, http, query)} == names


@pytest.mark.parametrize("beginning", ["-", "-1", "0-0"])
async def test_a_follower_may_begin_with_the_run_that_goes_on(
    client: Any, http: httpx.AsyncClient, beginning: str
):
    thread, run, gate = await begun(client)
    headers = {"last-event-id": beginning}

    async with http.stream("GET", f"/threads/{thread}/stream", headers=headers) as reply:
        gate.open()
        seen = await until_done(events(reply))

    assert seen[0].data == {"run_id": run, "attempt": 1}
    assert [part.event for part in seen[1:4]] == ["values", "updates", "values"]


@pytest.mark.requirement("agents:followers:resume")
async def test_a_follower_goes_on_where_it_left(client: Any, http: httpx.AsyncClient):
    name, gate = new_gate()
    thread = (await client.threads.create())["thread_id"]
    async with http.stream("GET", f"/threads/{thread}/stream") as reply:
        await client.runs.create(thread, "gated", input={"words": [], "gate": name})
        first = await anext(events(reply))
    await gate.reached.arrival()
    gate.open()

    seen = await until_done(await client.threads.join_stream(thread, last_event_id=first.id))

    assert [part.event for part in seen] == [*["values"] * 4, "metadata"]


async def test_who_comes_back_too_late_is_told_so(client: Any, http: httpx.AsyncClient):
    thread, _, gate = await begun(client)
    headers = {"last-event-id": str(1 << 40)}

    async with http.stream("GET", f"/threads/{thread}/stream", headers=headers) as reply:
        gate.open()
        first = await anext(events(reply))

    assert first.event == "metadata"
    assert set(first.data) == {"thread_id", "missed_before"}


@pytest.mark.requirement("agents:followers:unknown")
async def test_there_must_be_a_thread_and_such_a_mode(client: Any, http: httpx.AsyncClient):
    thread = (await client.threads.create())["thread_id"]

    unknown = await http.get(f"/threads/{uuid4()}/stream")
    refused = await http.get(f"/threads/{thread}/stream?stream_mode=colours")

    assert unknown.status_code == 404
    assert (refused.status_code, refused.json()["detail"]) == (422, "Invalid stream mode: colours")


@pytest.mark.requirement("agents:followers:states")
@pytest.mark.parametrize("mode", ["state_update", "run_modes,state_update"])
async def test_a_state_that_is_changed_by_hand_is_told(
    client: Any, http: httpx.AsyncClient, mode: str
):
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "steps", input={"words": []})

    async with http.stream("GET", f"/threads/{thread}/stream?stream_mode={mode}") as reply:
        await client.threads.update_state(thread, {"words": ["by hand"]}, as_node="second")
        told = await anext(events(reply))

    assert told.event == "state_update"
    assert told.data["state"] == await client.threads.get_state(thread)
    assert told.data["state"]["values"]["words"][-1] == "by hand"
