"""Runs that are begun, waited for and streamed, through the official client."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import NotFoundError

pytestmark = pytest.mark.anyio


@pytest.mark.requirement("agents:runs:wait")
async def test_a_thread_remembers_its_runs(client: Any):
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "steps", input={"words": ["one"]})
    values = await client.runs.wait(thread, "steps", input={"words": ["two"]})
    kept = await client.threads.get(thread)

    assert values == {"words": ["one", "first", "second", "two", "first", "second"]}
    assert (kept["status"], kept["values"]) == ("idle", values)
    assert kept["metadata"]["graph_id"] == "steps"
    assert [run["status"] for run in await client.runs.list(thread)] == ["success", "success"]


@pytest.mark.requirement("agents:streams:metadata", "agents:streams:steps", "agents:streams:no-end")
async def test_a_run_is_streamed(client: Any):
    parts = [
        (part.event, part.data)
        async for part in client.runs.stream(
            None, "steps", input={"words": []}, stream_mode=["values", "updates"]
        )
    ]

    assert parts[0][0] == "metadata"
    assert parts[1:] == [
        ("values", {"words": []}),
        ("updates", {"first": {"words": ["first"]}}),
        ("values", {"words": ["first"]}),
        ("updates", {"second": {"words": ["second"]}}),
        ("values", {"words": ["first", "second"]}),
    ]


@pytest.mark.requirement("agents:runs:question", "agents:semantics:statuses")
async def test_a_run_that_asks_is_answered(client: Any):
    thread = (await client.threads.create())["thread_id"]
    asked = await client.runs.wait(thread, "asking", input={"words": []})
    waiting = await client.threads.get(thread)
    answered = await client.runs.wait(thread, "asking", command={"resume": "blue"})

    assert [one["value"] for one in asked["__interrupt__"]] == ["which word?"]
    assert waiting["status"] == "interrupted"
    assert answered == {"words": ["blue"]}


@pytest.mark.requirement("agents:runs:failure")
async def test_a_failure_is_told_with_status_200(http: httpx.AsyncClient):
    reply = await http.post("/runs/wait", json={"assistant_id": "failing", "input": {}})

    assert reply.status_code == 200
    assert reply.json() == {
        "__error__": {"error": "ValueError", "message": "the node does not like this"}
    }


@pytest.mark.requirement("agents:runs:stateless", "agents:conventions:locations")
async def test_a_stateless_run_leaves_nothing(client: Any, http: httpx.AsyncClient):
    reply = await http.post("/runs/wait", json={"assistant_id": "steps", "input": {"words": []}})
    place = reply.headers["content-location"]

    assert reply.json() == {"words": ["first", "second"]}
    assert reply.headers["location"] == f"{place}/join"
    with pytest.raises(NotFoundError):
        await client.threads.get(place.split("/")[2])


@pytest.mark.requirement("agents:runs:unknown-assistant", "agents:conventions:ids")
@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/runs/wait", {}, 422, "assistant_id"),
        ("/runs/wait", {"assistant_id": "nobody"}, 422, "Invalid assistant: 'nobody'"),
        ("/runs/stream", {"assistant_id": str(uuid4())}, 404, "not found"),
        ("/runs", {"assistant_id": "steps", "stream_mode": "colours"}, 422, "stream_mode"),
        (f"/threads/{uuid4()}/runs", {"assistant_id": "steps"}, 404, "not found"),
        ("/threads/x/runs", {"assistant_id": "steps"}, 422, "Invalid thread ID"),
    ],
)
async def test_bad_input_is_refused_before_the_run(
    http: httpx.AsyncClient, path: str, body: object, status: int, detail: str
):
    reply = await http.post(path, json=body)

    assert reply.status_code == status
    assert detail in reply.json()["detail"]
