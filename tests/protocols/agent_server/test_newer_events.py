"""``POST /threads/{thread_id}/stream/events``: what is told, to whom, and from where on."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving
from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.newer import (
    data,
    following,
    is_root,
    lives,
    new_thread,
    started,
    taken,
    told,
)
from tests.protocols.agent_server.served import PROJECT

pytestmark = pytest.mark.anyio

HI: Any = {"messages": [{"role": "user", "content": "hi"}]}


async def ran(http: httpx.AsyncClient, graph: str, given: Any = None, **wanted: Any) -> list[Any]:
    """Return what happens in a run on a thread of its own."""
    thread = new_thread()
    await started(http, thread, graph, input={"words": []} if given is None else given)
    return await told(http, thread, **wanted)


@pytest.mark.requirement("agents:newer:lifecycle")
async def test_a_run_is_told_from_its_beginning_to_its_end(http: httpx.AsyncClient):
    found = await ran(http, "steps")

    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))
    assert len({event["event_id"] for event in found}) == len(found)
    assert lives([found[0], found[-1]]) == [("", "running"), ("", "completed")]
    assert sum(is_root(event) for event in found) == 2
    assert data(found, "values")[-1] == {"words": ["first", "second"]}
    assert data(found, "updates") == [
        {"first": {"words": ["first"]}},
        {"second": {"words": ["second"]}},
    ]
    assert [one["name"] for one in data(found, "tasks") if "result" in one] == ["first", "second"]
    for event in found:
        assert event["type"] == "event"
        assert isinstance(event["params"]["timestamp"], int)


@pytest.mark.requirement("agents:newer:blocks")
async def test_a_message_is_told_in_blocks(http: httpx.AsyncClient):
    found = await ran(http, "talking", HI)
    messages = data(found, "messages")
    state = data(found, "values")[-1]["messages"]

    assert [one["event"] for one in messages[:2]] == ["message-start", "content-block-start"]
    assert [one["event"] for one in messages[-2:]] == ["content-block-finish", "message-finish"]
    assert [one["delta"]["text"] for one in messages[2:-2]] == ["so", " ", "it", " ", "goes"]
    assert {one["id"] for one in messages} == {state[-1]["id"]}
    assert messages[0]["role"] == "ai"
    assert {event["params"]["node"] for event in found if event["method"] == "messages"} == {"talk"}
    assert state[0] == {"type": "human", "content": "hi", "id": state[0]["id"]}
    assert state[-1] == {
        "type": "ai",
        "content": [{"type": "text", "text": "so it goes", "index": 0}],
        "id": state[-1]["id"],
        "response_metadata": {"output_version": "v1"},
    }


@pytest.mark.requirement("agents:newer:blocks")
async def test_a_message_that_did_not_stream_is_told_in_blocks(http: httpx.AsyncClient):
    messages = data(await ran(http, "echo", HI), "messages")

    assert [one["event"] for one in messages] == [
        "message-start",
        "content-block-start",
        "content-block-finish",
        "message-finish",
    ]
    assert messages[2]["content"] == {"type": "text", "text": "you said: hi"}


@pytest.mark.requirement("agents:newer:lifecycle")
async def test_subgraphs_have_lives_of_their_own(http: httpx.AsyncClient):
    found = await ran(http, "nested")

    assert lives(found) == [
        ("", "running"),
        ("child", "started"),
        ("child", "completed"),
        ("", "completed"),
    ]
    assert any(event["params"]["namespace"] for event in found if event["method"] == "values")


async def test_a_failure_is_told(http: httpx.AsyncClient):
    last = (await ran(http, "failing"))[-1]["params"]["data"]

    assert last["event"] == "failed"
    assert last["error"] == "the node does not like this"


@pytest.mark.requirement("agents:newer:questions")
async def test_a_question_comes_before_the_end(http: httpx.AsyncClient):
    found = await ran(http, "asking")
    asked, end = found[-2:]

    assert (asked["method"], asked["params"]["namespace"]) == ("input.requested", [])
    assert asked["params"]["data"]["payload"] == "which word?"
    assert end["params"]["data"]["event"] == "interrupted"
    assert not any("__interrupt__" in one for one in data(found, "values"))


async def test_a_cancelled_run_is_interrupted(http: httpx.AsyncClient, client: Any):
    thread, (name, gate) = new_thread(), new_gate()
    run = await started(http, thread, "gated", input={"words": [], "gate": name})
    await gate.reached.arrival()
    await client.runs.cancel(thread, run)

    found = await told(http, thread, "lifecycle", "custom")

    assert [one["event"] for one in data(found, "lifecycle")] == ["running", "interrupted"]
    assert data(found, "custom") == [{"at": "gate"}]


@pytest.mark.requirement("agents:newer:early")
async def test_a_stream_that_is_there_before_its_thread_tells_of_it(http: httpx.AsyncClient):
    thread = new_thread()

    async with following(http, thread, "lifecycle", "input") as stream:
        await started(http, thread, "steps", input={"words": []})
        found = await taken(stream)

    assert [one["event"] for one in data(found, "lifecycle")] == ["running", "completed"]


@pytest.mark.requirement("agents:newer:runs")
async def test_a_stream_goes_on_from_run_to_run(http: httpx.AsyncClient, client: Any):
    thread = new_thread()

    async with following(http, thread) as stream:
        await started(http, thread, "steps", input={"words": []})
        first = await taken(stream)
        await client.runs.create(
            thread, "steps", input={"words": []}, stream_mode=["values", "updates"]
        )
        second = await taken(stream)

    numbers = [event["seq"] for event in [*first, *second]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert lives([second[0], second[-1]]) == [("", "running"), ("", "completed")]
    assert len(data(second, "updates")) == 2


@pytest.mark.requirement("agents:newer:runs")
async def test_an_older_client_is_told_of_in_blocks_as_well(http: httpx.AsyncClient, client: Any):
    thread = (await client.threads.create())["thread_id"]

    async with following(http, thread, "messages", "lifecycle") as stream:
        await client.runs.create(thread, "talking", input=HI, stream_mode=["messages-tuple"])
        messages = data(await taken(stream), "messages")

    assert [one["event"] for one in messages[:2]] == ["message-start", "content-block-start"]
    assert "".join(one["delta"]["text"] for one in messages[2:-2]) == "so it goes"
    assert messages[-2]["content"] == {"type": "text", "text": "so it goes"}
    assert messages[-1]["event"] == "message-finish"


@pytest.mark.requirement("agents:newer:since")
@pytest.mark.parametrize("form", ["since", "Last-Event-ID", "event id", "since_event_id"])
async def test_who_comes_back_misses_nothing(http: httpx.AsyncClient, form: str):
    thread = new_thread()
    await started(http, thread, "steps", input={"words": []})
    found = await told(http, thread)
    seen = found[3]
    how: dict[str, Any] = {
        "since": {"since": seen["seq"]},
        "Last-Event-ID": {"headers": {"Last-Event-ID": str(seen["seq"])}},
        "event id": {"headers": {"Last-Event-ID": seen["event_id"]}},
        "since_event_id": {"since_event_id": seen["event_id"]},
    }[form]

    assert await told(http, thread, **how) == found[4:]


async def test_everybody_is_told_the_same(http: httpx.AsyncClient):
    thread = new_thread()
    await started(http, thread, "talking", input=HI)

    everything, again = await told(http, thread), await told(http, thread)
    some = await told(http, thread, "values", "lifecycle")

    assert again == everything
    assert some == [one for one in everything if one["method"] in {"values", "lifecycle"}]


@pytest.mark.requirement("agents:newer:places")
@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"namespaces": [[]]}, {"", "child"}),
        ({"namespaces": [[]], "depth": 0}, {""}),
        ({"namespaces": [["child"]]}, {"child"}),
        ({"namespaces": [["child"]], "depth": 1}, {"child"}),
        ({"namespaces": [["other"], [""]]}, set()),
        ({"namespaces": []}, {"", "child"}),
    ],
)
async def test_who_asks_for_a_place_is_told_of_it(
    http: httpx.AsyncClient, wanted: Any, where: set[str]
):
    thread = new_thread()
    await started(http, thread, "nested", input={"words": []})
    last = (await told(http, thread))[-1]["seq"]
    await started(http, thread, "nested", input={"words": []})  # so that something comes last

    async with following(http, thread, "values", **wanted) as some:
        async with following(http, thread, "lifecycle", namespaces=[[]], depth=0) as ends:
            await taken(ends)
            await taken(ends)
        found = await within(some, where, last)

    assert found == where


async def within(stream: Any, where: set[str], last: int) -> set[str]:
    """Return the places of the values of the first run."""
    places: set[str] = set()
    while where:
        event = await anext(stream)
        if event["seq"] > last:
            break
        places.add("".join(one.partition(":")[0] for one in event["params"]["namespace"]))
    return places


async def test_a_task_is_named_whole(http: httpx.AsyncClient):
    thread = new_thread()
    await started(http, thread, "nested", input={"words": []})
    task = next(
        event["params"]["namespace"]
        for event in await told(http, thread)
        if event["params"]["namespace"]
    )

    found = await told(http, thread, "lifecycle", namespaces=[task, []], depth=0)

    assert [one["event"] for one in data(found, "lifecycle")] == [
        "running",
        "started",
        "completed",
        "completed",
    ]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "channels"),
        ({"channels": []}, "channels"),
        ({"channels": ["colours"]}, "channels"),
        ({"channels": ["custom:"]}, "channels"),
        ({"channels": ["values"], "depth": -1}, "depth"),
        ({"channels": ["values"], "since": "x"}, "since"),
        ({"channels": ["values"], "namespaces": "x"}, "namespaces"),
    ],
)
async def test_what_is_no_subscription_is_refused(http: httpx.AsyncClient, body: Any, named: str):
    reply = await http.post(f"/threads/{new_thread()}/stream/events", json=body)

    assert reply.status_code == 400
    assert reply.json()["detail"].startswith(named)


async def test_a_thread_is_named_by_a_uuid(http: httpx.AsyncClient):
    reply = await http.post("/threads/x/stream/events", json={"channels": ["values"]})

    assert (reply.status_code, reply.json()["detail"]) == (
        422,
        "Invalid thread ID: must be a UUID",
    )


@pytest.mark.requirement("agents:newer:restart")
async def test_numbers_rise_over_a_restart(tmp_path: Path):
    settings = Settings.parse({"MOORAGE_DATABASE_URL": f"sqlite:///{tmp_path / 'moorage.db'}"})
    thread = new_thread()

    async def visited(*, begins: bool, since: int = 0) -> list[Any]:
        with serving(create_app(settings, project=read(PROJECT))) as url:
            async with httpx.AsyncClient(base_url=url, timeout=20) as http:
                if begins:
                    await started(http, thread, "asking", input={"words": []})
                return await asyncio.wait_for(told(http, thread, since=since), 20)

    before = await visited(begins=True)
    after = await visited(begins=False, since=before[-1]["seq"])

    assert [one["event_id"] for one in after] == [one["event_id"] for one in before]
    assert after[0]["seq"] > before[-1]["seq"]
    assert max(one["seq"] for one in after) < 2**53


async def test_what_is_kept_is_bounded(tmp_path: Path):
    settings = Settings.parse(
        {
            "MOORAGE_DATABASE_URL": f"sqlite:///{tmp_path / 'moorage.db'}",
            "MOORAGE_THREAD_EVENTS": "3",
        }
    )
    thread = new_thread()
    with serving(create_app(settings, project=read(PROJECT))) as url:
        async with httpx.AsyncClient(base_url=url, timeout=20) as http:
            await started(http, thread, "steps", input={"words": []})
            found = await told(http, thread, "lifecycle", until=lambda one: one["seq"] > 3)
            kept = await told(http, thread)

    assert found[-1]["params"]["data"]["event"] == "completed"
    assert len(kept) == 3
