"""``POST /stream_events``: what happens inside a run, step by step."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableLambda

from moorage.serialization import WellKnownLCSerializer
from moorage.testing import ScriptedChatModel, call
from tests.protocols.langserve.wire import Event, chunks, events, hosting

pytestmark = pytest.mark.anyio


def add_one(x: int) -> int:
    return x + 1


def double(x: int) -> int:
    return x * 2


async def told(runnable: Runnable[Any, Any], body: Any, **options: Any) -> list[Any]:
    async with hosting(runnable, **options) as client:
        response = await client.post("/r/stream_events", json=body)
    assert response.status_code == 200
    return chunks(response.content)


@pytest.mark.requirement("langserve:events:items", "langserve:config:run-id")
async def test_a_sequence_of_two_steps_is_told_in_ten_events():
    run_id = str(uuid4())
    steps = RunnableLambda(add_one) | RunnableLambda(double)
    items = await told(steps, {"input": 1, "config": {"run_id": run_id}}, config_keys=["run_id"])

    assert [(item["event"], item["name"], item["tags"]) for item in items] == [
        ("on_chain_start", "/r", []),
        ("on_chain_start", "add_one", ["seq:step:1"]),
        ("on_chain_stream", "add_one", ["seq:step:1"]),
        ("on_chain_start", "double", ["seq:step:2"]),
        ("on_chain_end", "add_one", ["seq:step:1"]),
        ("on_chain_stream", "double", ["seq:step:2"]),
        ("on_chain_stream", "/r", []),
        ("on_chain_end", "double", ["seq:step:2"]),
        ("on_chain_end", "/r", []),
    ]
    assert {item["run_id"] for item in items if item["name"] == "/r"} == {run_id}
    assert items[1]["parent_ids"] == [run_id]
    assert all(set(item) >= {"event", "data", "name", "tags", "run_id"} for item in items)


@pytest.mark.requirement("langserve:events:host-metadata")
async def test_metadata_of_the_host_is_not_sent_and_other_metadata_is():
    items = await told(
        RunnableLambda(add_one),
        {"input": 1, "config": {"metadata": {"k": 1, "__mine": 2}}},
        config_keys=["metadata"],
    )

    assert [item["metadata"] for item in items] == [{"k": 1}] * len(items)


@pytest.mark.requirement("langserve:events:filters")
async def test_filters_choose_the_steps():
    steps = RunnableLambda(add_one) | RunnableLambda(double)
    items = await told(steps, {"input": 1, "include_names": ["double"]})

    assert {item["name"] for item in items} == {"double"}


@pytest.mark.requirement("langserve:events:odd-values", "langserve:json:odd-values")
async def test_an_intermediate_value_without_a_json_form_does_not_end_the_stream():
    class Odd:
        pass

    steps: Runnable[Any, Any] = RunnableLambda(
        lambda x: {"odd": Odd(), "set": {x}}
    ) | RunnableLambda(lambda _: "done")
    items = await told(steps, {"input": 1})

    assert items[-1]["data"]["output"] == "done"


@pytest.mark.requirement("langserve:events:items", "langserve:json:shapes")
async def test_intermediate_documents_can_be_revived_and_dataclasses_are_objects():
    @dataclass
    class Note:
        text: str

    def search(query: str) -> list[Document]:
        return [Document(query, metadata={"n": 1})]

    def note(found: list[Document]) -> Note:
        return Note(found[0].page_content)

    items = await told(RunnableLambda(search) | RunnableLambda(note), {"input": "dock"})
    outputs = {
        item["name"]: WellKnownLCSerializer().loadd(item["data"]["output"])
        for item in items
        if item["event"] == "on_chain_end"
    }

    assert outputs["search"] == [Document("dock", metadata={"n": 1})]
    assert outputs["note"] == {"text": "dock"}


@pytest.mark.requirement("langserve:json:tool-calls")
@pytest.mark.parametrize("operation", ["stream_events", "stream_log"])
async def test_messages_inside_generations_keep_their_tool_calls(operation: str):
    model = ScriptedChatModel(responses=[[call("add", a=1)]])
    async with hosting(model) as client:
        response = await client.post(f"/r/{operation}", json={"input": "add"})

    assert '"tool_calls":[{"name":"add","args":{"a":1}' in response.text


@pytest.mark.requirement("langserve:stream:error")
async def test_a_failure_is_an_error_event_without_an_end():
    def fail(x: int) -> int:
        raise ValueError("secret")

    for operation in ("stream_events", "stream_log"):
        async with hosting(RunnableLambda(fail)) as client:
            response = await client.post(f"/r/{operation}", json={"input": 1})
        last = events(response.content)[-1]
        assert last == Event("error", '{"status_code": 500, "message": "Internal Server Error"}')
        assert b"secret" not in response.content
