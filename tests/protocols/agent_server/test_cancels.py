"""Stopping runs, and deleting them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.protocols.agent_server.sse import names
from tests.protocols.agent_server.test_joins import begun, ended

pytestmark = pytest.mark.anyio


@pytest.mark.requirement("agents:semantics:cancel")
async def test_a_cancelled_run_keeps_the_steps_that_it_finished(client: Any):
    thread, run, _ = await begun(client)

    await client.runs.cancel(thread, run, wait=True)
    kept = await client.threads.get(thread)

    assert (await client.runs.get(thread, run))["status"] == "interrupted"
    assert kept["status"] == "interrupted"
    assert kept["error"]["error"] == "UserInterrupt"
    assert kept["values"]["words"] == ["first"]
    assert (await client.runs.join(thread, run))["words"] == ["first"]


@pytest.mark.requirement("agents:semantics:rollback")
async def test_a_run_that_is_rolled_back_was_never_there(client: Any):
    thread = (await client.threads.create())["thread_id"]
    before = await client.runs.wait(thread, "steps", input={"words": []})
    _, run, _ = await begun(client, thread)

    await client.runs.cancel(thread, run, wait=True, action="rollback")
    kept = await client.threads.get(thread)

    assert (kept["status"], kept["values"], kept["error"]) == ("idle", before, None)
    assert len(await client.runs.list(thread)) == 1
    with pytest.raises(NotFoundError):
        await client.runs.get(thread, run)


@pytest.mark.requirement("agents:semantics:cancel-wait", "agents:semantics:cancel-ended")
async def test_a_cancellation_that_nobody_waits_for_is_accepted(
    client: Any, http: httpx.AsyncClient
):
    thread, run, _ = await begun(client)
    place = f"/threads/{thread}/runs/{run}"

    accepted = await http.post(f"{place}/cancel?action=whatever")
    stopped = await http.get(f"{place}/join")
    again = await http.post(f"{place}/cancel?wait=1")

    assert (accepted.status_code, accepted.content) == (202, b"")
    assert stopped.json()["words"] == ["first"]
    assert (again.status_code, again.json()["detail"]) == (404, "No runs found to cancel.")


@pytest.mark.requirement("agents:semantics:cancel-wait", "agents:conventions:locations")
async def test_who_waits_for_a_cancellation_is_told_where_the_run_is(
    client: Any, http: httpx.AsyncClient
):
    thread, run, _ = await begun(client)
    place = f"/threads/{thread}/runs/{run}"

    reply = await http.post(f"{place}/cancel?wait=true")

    assert (reply.status_code, reply.json()) == (200, {})
    assert reply.headers["content-location"] == place
    assert reply.headers["location"] == f"{place}/join"


async def test_a_run_that_waits_its_turn_never_begins(client: Any):
    thread, run, gate = await begun(client)
    waiting = await client.runs.create(thread, "steps", input={"words": ["never"]})

    await client.runs.cancel(thread, waiting["run_id"], wait=True)
    gate.open()
    values = await client.runs.join(thread, run)

    assert (await client.runs.get(thread, waiting["run_id"]))["status"] == "interrupted"
    assert "never" not in values["words"]
    assert (await client.threads.get(thread))["status"] == "idle"


@pytest.mark.requirement("agents:semantics:cancel")
async def test_the_stream_of_a_cancelled_run_ends_without_an_error(
    client: Any, http: httpx.AsyncClient
):
    thread, run, _ = await begun(client)

    async with http.stream("GET", f"/threads/{thread}/runs/{run}/stream") as reply:
        await client.runs.cancel(thread, run)
        assert await names(reply) == []


@pytest.mark.requirement("agents:semantics:cancel-pending")
@pytest.mark.parametrize("action", ["interrupt", "rollback"])
async def test_a_delayed_run_is_cancelled_before_its_time(client: Any, action: str):
    thread = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread, "steps", input={"words": []}, after_seconds=3600)
    busy = await client.threads.get(thread)

    await client.runs.cancel(thread, run["run_id"], action=action)
    left = [one["status"] for one in await client.runs.list(thread)]

    assert busy["status"] == "busy"
    assert left == (["interrupted"] if action == "interrupt" else [])
    assert (await client.threads.get(thread))["status"] == "idle"


@pytest.mark.requirement("agents:semantics:cancel-many")
async def test_several_runs_of_a_thread_are_cancelled_at_once(client: Any):
    thread, run, _ = await begun(client)
    waiting = await client.runs.create(thread, "steps", input={"words": []})
    spared = await client.runs.create(thread, "steps", input={"words": []})

    await client.runs.cancel_many(thread_id=thread, run_ids=[run, waiting["run_id"]])
    await client.runs.join(thread, spared["run_id"])

    statuses = {one["run_id"]: one["status"] for one in await client.runs.list(thread)}
    assert statuses == {
        run: "interrupted",
        waiting["run_id"]: "interrupted",
        spared["run_id"]: "success",
    }
    with pytest.raises(NotFoundError):
        await client.runs.cancel_many(thread_id=thread, run_ids=[run])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "done"},
        {"thread_id": str(uuid4())},
        {"thread_id": str(uuid4()), "run_ids": []},
        {"thread_id": str(uuid4()), "run_ids": ["x"]},
        {"status": "all", "run_ids": [str(uuid4())]},
        {"thread_id": str(uuid4()), "run_ids": [str(uuid4())] * 1001},
    ],
)
async def test_a_bulk_cancellation_says_what_it_is_for(http: httpx.AsyncClient, body: object):
    reply = await http.post("/runs/cancel", json=body)

    assert reply.status_code == 422
    assert isinstance(reply.json()["detail"], str)


@pytest.mark.requirement("agents:runs:delete")
async def test_a_run_is_deleted_when_it_has_ended(client: Any):
    thread, run, gate = await begun(client)
    with pytest.raises(ConflictError):
        await client.runs.delete(thread, run)
    gate.open()
    values = await client.runs.join(thread, run)

    await client.runs.delete(thread, run)

    assert (await client.threads.get(thread))["values"] == values
    with pytest.raises(NotFoundError):
        await client.runs.delete(thread, run)


async def test_a_thread_is_deleted_with_the_run_that_works_on_it(
    client: Any, http: httpx.AsyncClient
):
    thread, run, _ = await begun(client)

    async with http.stream("GET", f"/threads/{thread}/runs/{run}/stream") as reply:
        await client.threads.delete(thread)
        assert await names(reply) == []
    with pytest.raises(NotFoundError):
        await client.runs.get(thread, run)


@pytest.mark.requirement("agents:semantics:cancel-ended")
async def test_ended_runs_are_left_alone(client: Any):
    thread, run = await ended(client)

    with pytest.raises(NotFoundError):
        await client.runs.cancel(thread, run)
    with pytest.raises(NotFoundError):
        await client.runs.cancel(thread, str(uuid4()))
    assert (await client.threads.get(thread))["status"] == "idle"
