"""What is streamed, mode by mode, and how it is framed."""

from typing import Any

import httpx
import pytest
from langgraph_sdk import get_sync_client

from moorage.edge.sse import Heartbeat
from moorage.protocols.agent_server import streaming
from tests.protocols.agent_server.gates import new_gate

pytestmark = pytest.mark.anyio


async def parts(client: Any, graph: str, given: Any, **options: Any) -> list[Any]:
    return [part async for part in client.runs.stream(None, graph, input=given, **options)]


SAID: dict[str, Any] = {"messages": [{"type": "human", "content": "hello"}]}


@pytest.mark.requirement("agents:streams:tuples")
@pytest.mark.parametrize("modes", ["messages-tuple", ["messages", "messages-tuple"]])
async def test_messages_come_in_pieces_with_what_made_them(client: Any, modes: Any):
    events = await parts(client, "talking", SAID, stream_mode=modes)
    pieces = [part.data for part in events if part.event == "messages"]

    assert {part.event for part in events} == {"metadata", "messages"}
    assert "".join(message["content"] for message, _ in pieces) == "so it goes"
    assert {message["type"] for message, _ in pieces} == {"AIMessageChunk"}
    assert {told["langgraph_node"] for _, told in pieces} == {"talk"}


@pytest.mark.requirement("agents:streams:messages")
async def test_messages_come_as_they_are_so_far(client: Any):
    events = await parts(client, "talking", SAID, stream_mode="messages")

    assert events[1].event == "messages/metadata"
    assert {part.event for part in events[2:]} == {"messages/partial"}
    assert [message["content"] for (message,) in (part.data for part in events[2:])][-1] == (
        "so it goes"
    )


@pytest.mark.requirement("agents:streams:subgraphs")
async def test_events_of_subgraphs_name_where_they_are_from(client: Any):
    events = await parts(
        client, "nested", {"words": []}, stream_mode="updates", stream_subgraphs=True
    )
    root = await parts(client, "nested", {"words": []}, stream_mode="updates")
    kinds = [part.event.partition("|") for part in events[1:]]

    assert [part.event for part in root] == ["metadata", "updates"]
    assert [kind for kind, _, _ in kinds] == ["updates", "updates"]
    assert kinds[0][2].startswith("child:")
    assert kinds[1][2] == ""


@pytest.mark.requirement("agents:streams:error")
async def test_a_failure_is_the_last_event(client: Any):
    events = await parts(client, "failing", {"words": []}, stream_mode="updates")

    assert (events[-1].event, events[-1].data) == (
        "error",
        {"error": "ValueError", "message": "the node does not like this"},
    )


async def test_the_result_of_a_task_that_failed_has_its_error(client: Any):
    events = await parts(client, "failing", {"words": []}, stream_mode=["tasks", "debug"])
    results = [one.data for one in events if one.event == "tasks" and "error" in one.data]
    debugged = [one.data for one in events if one.event == "debug"]

    told = {"error": "ValueError", "message": "the node does not like this"}
    assert [one["error"] for one in results] == [told]
    assert [one["payload"]["error"] for one in debugged if one["type"] == "task_result"] == [told]


@pytest.mark.requirement("agents:streams:newer-modes")
async def test_new_modes_that_are_not_of_runs_are_passed_over(client: Any):
    events = await parts(client, "steps", {"words": []}, stream_mode=["tools", "updates"])

    assert {part.event for part in events} == {"metadata", "updates"}


@pytest.mark.requirement("agents:streams:frames")
async def test_events_are_framed_as_the_clients_expect(http: httpx.AsyncClient):
    asked = {"assistant_id": "steps", "input": {"words": []}, "stream_resumable": True}
    reply = await http.post("/runs/stream", json=asked)
    *frames, end = reply.content.split(b"\r\n\r\n")
    run = reply.headers["content-location"].rpartition("/")[2]

    assert end == b""
    for frame in frames:
        lines = [line.partition(b": ")[0] for line in frame.split(b"\r\n")]
        assert lines == [b"event", b"data", b"id"]
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["content-location"] == f"/runs/{run}"
    assert reply.headers["location"].endswith(f"/runs/{run}/stream")
    assert reply.headers["location"].startswith("/threads/")


@pytest.mark.requirement("agents:streams:heartbeat")
async def test_signs_of_life_come_regularly_even_before_the_run_begins(
    client: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streaming, "HEARTBEAT", Heartbeat(0.02, b"heartbeat", is_regular=True))
    name, gate = new_gate()
    thread = (await client.threads.create())["thread_id"]
    await client.runs.create(thread, "gated", input={"words": [], "gate": name})
    asked = {"assistant_id": "steps", "input": {"words": []}}
    lines = []

    async with (
        http.stream("POST", f"/threads/{thread}/runs/stream", json=asked) as streamed,
        http.stream("POST", f"/threads/{thread}/runs/wait", json=asked) as waited,
    ):
        async for line in streamed.aiter_lines():
            lines.append(line)
            if lines.count(": heartbeat") == 3:
                gate.open()
        body = b"".join([piece async for piece in waited.aiter_raw()])

    assert lines[:5] == [": heartbeat", "", ": heartbeat", "", ": heartbeat"]
    assert "event: metadata" in lines
    assert body.startswith(b"\n")
    assert body.lstrip().startswith(b'{"words":')
    assert "content-length" not in waited.headers


@pytest.mark.requirement("agents:runs:batch")
async def test_runs_are_begun_together(client: Any, http: httpx.AsyncClient):
    runs = await client.runs.create_batch(
        [{"assistant_id": "steps", "input": {"words": [str(one)]}} for one in range(3)]
    )
    bad = [{"assistant_id": "steps"}, {"assistant_id": "nobody"}]
    refused = await http.post("/runs/batch", json=bad)
    empty = await http.post("/runs/batch", json=[])

    assert [run["kwargs"]["input"]["words"] for run in runs] == [["0"], ["1"], ["2"]]
    assert {run["status"] for run in runs} == {"pending"}
    assert [reply.status_code for reply in (refused, empty)] == [422, 422]


@pytest.mark.requirement("agents:runs:list")
async def test_runs_are_listed_in_part(client: Any, http: httpx.AsyncClient):
    thread = (await client.threads.create())["thread_id"]
    for _ in range(3):
        await client.runs.wait(thread, "steps", input={"words": []})
    whole = await client.runs.list(thread)

    page = await client.runs.list(thread, limit=1, offset=1, select=["run_id", "status"])
    none = await client.runs.list(thread, status="pending")
    unknown = await http.get(f"/threads/{thread}/runs?status=dancing")
    refused = await http.get(f"/threads/{thread}/runs?select=colour")

    assert page == [{"run_id": whole[1]["run_id"], "status": "success"}]
    assert (none, unknown.json()) == ([], [])
    assert refused.status_code == 422
    assert not any("auth" in name for name in whole[0]["kwargs"]["config"]["configurable"])


@pytest.mark.requirement("agents:clients:python")
def test_the_client_without_asyncio_does_the_same(url: str):
    with get_sync_client(url=url) as client:
        thread = client.threads.create()["thread_id"]
        run = client.runs.create(thread, "steps", input={"words": []}, stream_resumable=True)
        joined = client.runs.join(thread, run["run_id"])
        stream = client.runs.join_stream(thread, run["run_id"], last_event_id="-1")
        names = [part.event for part in stream]
        waited = client.runs.wait(thread, "steps", input={"words": []})

    assert joined == {"words": ["first", "second"]}
    assert names == ["metadata", "values", "values", "values"]
    assert waited == {"words": ["first", "second"] * 2}
