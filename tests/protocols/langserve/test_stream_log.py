"""``POST /stream_log``: the log of a run as JSON patches."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langchain_core.runnables import Runnable, RunnableLambda

from tests.protocols.langserve.wire import Event, chunks, events, hosting

pytestmark = pytest.mark.anyio


def add_one(x: int) -> int:
    return x + 1


def twice() -> Runnable[Any, Any]:
    step = RunnableLambda(add_one)
    return step.with_config(tags=["first"]) | step.with_config(tags=["second"])


async def posted(runnable: Runnable[Any, Any], body: Any, **options: Any) -> httpx.Response:
    async with hosting(runnable, **options) as client:
        return await client.post("/r/stream_log", json=body)


def entries(body: bytes) -> list[str]:
    """The paths below ``/logs`` at which a run began."""
    added = [op["path"] for chunk in chunks(body) for op in chunk["ops"]]
    return [path for path in added if path.count("/") == 2 and path.startswith("/logs/")]


@pytest.mark.requirement("langserve:log:document", "langserve:config:run-name")
async def test_the_first_patch_is_the_whole_document_byte_for_byte():
    run_id = str(uuid4())
    body = {"input": 1, "config": {"run_id": run_id}}
    response = await posted(RunnableLambda(add_one), body, config_keys=["run_id"])

    document: dict[str, Any] = {
        "id": run_id,
        "streamed_output": [],
        "final_output": None,
        "logs": {},
        "name": "/r",
        "type": "chain",
    }
    first = json.dumps(
        {"ops": [{"op": "replace", "path": "", "value": document}]}, separators=(",", ":")
    )
    assert response.content.startswith(f"event: data\r\ndata: {first}\r\n\r\n".encode())


@pytest.mark.requirement("langserve:log:patches", "langserve:log:no-metadata-event")
async def test_the_patches_end_with_the_output_and_nothing_but_data_and_an_end_is_sent():
    response = await posted(RunnableLambda(add_one), {"input": 1})

    told = events(response.content)
    assert {event.name for event in told[:-1]} == {"data"}
    assert told[-1] == Event("end", None)
    assert told[-2].value["ops"] == [
        {"op": "add", "path": "/streamed_output/-", "value": 2},
        {"op": "replace", "path": "/final_output", "value": 2},
    ]


@pytest.mark.requirement("langserve:log:entries")
async def test_each_inner_run_has_an_entry_and_a_repeated_name_a_number():
    response = await posted(twice(), {"input": 1})

    assert entries(response.content) == ["/logs/add_one", "/logs/add_one:2"]
    [first] = [
        op["value"]
        for chunk in chunks(response.content)
        for op in chunk["ops"]
        if op["path"] == "/logs/add_one"
    ]
    assert set(first) == {
        *("id", "name", "type", "tags", "metadata", "start_time"),
        *("streamed_output", "streamed_output_str", "final_output", "end_time"),
    }
    assert first["metadata"]["__langserve_endpoint"] == "stream_log"


@pytest.mark.requirement("langserve:log:filters")
@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ({"include_tags": ["second"]}, 1),
        ({"exclude_tags": ["second"]}, 1),
        ({"include_names": ["add_one"]}, 2),
        ({"exclude_names": ["add_one"]}, 0),
        ({"include_types": ["llm"]}, 0),
        ({"exclude_types": ["chain"]}, 0),
        ({"include_names": [], "include_types": None}, 0),
        ({"include_names": None, "exclude_names": None}, 2),
    ],
)
async def test_filters_choose_the_entries(filters: dict[str, Any], shown: int):
    response = await posted(twice(), {"input": 1, **filters})

    assert len(entries(response.content)) == shown


@pytest.mark.requirement("langserve:log:filters", "langserve:events:filters")
@pytest.mark.parametrize("operation", ["stream_log", "stream_events"])
@pytest.mark.parametrize(
    ("value", "place"), [([1], ["include_names", 0]), ("a", ["include_names"])]
)
async def test_a_filter_that_is_no_list_of_strings_is_refused(
    operation: str, value: Any, place: list[Any]
):
    async with hosting(RunnableLambda(add_one)) as client:
        body = {"input": 1, "include_names": value}
        response = await client.post(f"/r/{operation}", json=body)

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == place


@pytest.mark.requirement("langserve:log:ignored-keys")
async def test_diff_and_version_are_ignored():
    response = await posted(RunnableLambda(add_one), {"input": 1, "diff": False, "version": "v9"})

    assert chunks(response.content)[0]["ops"][0]["op"] == "replace"


@pytest.mark.requirement("langserve:log:allow-list")
@pytest.mark.parametrize("operation", ["stream_log", "stream_events"])
async def test_an_allow_list_shows_only_a_runnable_whose_bound_name_it_holds(operation: str):
    named = RunnableLambda(add_one).with_config(run_name="known")
    for allowed, is_shown in ((["known"], True), (["other"], False), ([], False)):
        async with hosting(named, stream_log_name_allow_list=allowed) as client:
            response = await client.post(f"/r/{operation}", json={"input": 1})
        assert bool(chunks(response.content)) is is_shown


@pytest.mark.requirement("langserve:log:allow-list-unbound")
@pytest.mark.parametrize("operation", ["stream_log", "stream_events"])
async def test_with_an_allow_list_a_runnable_without_a_bound_name_shows_nothing(operation: str):
    unnamed = hosting(RunnableLambda(add_one), stream_log_name_allow_list=["known"])
    async with unnamed as client:
        response = await client.post(f"/r/{operation}", json={"input": 1})

    assert events(response.content) == [Event("end", None)]
