"""What nodes see of their run, and what the run's checkpoints tell of it (sections 3 and 6.5)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph.version import __version__ as langgraph_version

pytestmark = pytest.mark.anyio


async def thread(client: Any) -> str:
    return str((await client.threads.create())["thread_id"])


@pytest.mark.requirement("agents:nodes:declared")
@pytest.mark.parametrize("way", ["context", "configurable"])
async def test_a_context_has_what_its_schema_names_and_nothing_else(client: Any, way: str):
    said = {"tone": "dry", "colour": "red"}
    given = {"context": said} if way == "context" else {"config": {"configurable": said}}

    typed = await client.runs.wait(None, "looking", input={}, **given)
    built = await client.runs.wait(None, "looking_at_voice", input={}, **given)

    assert typed["context"] == {"tone": "dry"}
    assert built["context"] == {"tone": "dry", "volume": 3}
    assert typed["chosen"]["tone"] == "dry"


async def test_a_context_without_anything_that_is_declared_is_none(client: Any):
    config = {"configurable": {"colour": "red"}}
    seen = await client.runs.wait(None, "looking_at_voice", input={}, config=config)
    assert seen["context"] is None


async def test_a_run_is_known_by_its_id_wherever_a_node_looks(client: Any):
    own = await thread(client)
    seen = await client.runs.wait(own, "looking", input={}, metadata={"mark": 1})
    run = (await client.runs.list(own))[0]

    places = (seen["run_id"], seen["chosen"]["run_id"], seen["told"]["run_id"])
    assert places == (run["run_id"],) * 3
    assert seen["told"] | {"mark": 1, "run_attempt": 1} == seen["told"]
    assert run["langsmith_session_name"] is None


async def test_the_events_of_a_run_begin_with_an_event_of_its_id(client: Any):
    parts = [one async for one in client.runs.stream(None, "steps", input={}, stream_mode="events")]
    run_id = parts[0].data["run_id"]
    roots = {one.data["run_id"] for one in parts[1:] if not one.data["parent_ids"]}
    assert roots == {run_id}


@pytest.mark.requirement("agents:nodes:versions")
async def test_checkpoints_tell_of_the_run_that_wrote_them(client: Any):
    own = await thread(client)
    await client.runs.wait(own, "steps", input={"words": []}, metadata={"mark": 1})
    metadata = (await client.threads.get_state(own))["metadata"]
    run = (await client.runs.list(own))[0]

    told = {name: run[name] for name in ("run_id", "thread_id", "assistant_id")}
    server = {"run_attempt": 1, "langgraph_version": langgraph_version, "created_by": "system"}
    assert {**told, **server, "graph_id": "steps", "mark": 1}.items() <= metadata.items()


@pytest.mark.requirement("agents:nodes:request")
@pytest.mark.parametrize("sent", [str(uuid4()), None])
async def test_nodes_know_the_request_that_began_their_run(http: httpx.AsyncClient, sent: Any):
    headers = {"x-request-id": sent} if sent else {}
    body = {"assistant_id": "looking", "input": {}}

    reply = await http.post("/runs/wait", json=body, headers=headers)

    known = reply.json()["chosen"]["langgraph_request_id"]
    assert known == reply.headers["x-request-id"]
    assert known == (sent or known)


@pytest.mark.requirement("agents:nodes:request")
async def test_nodes_know_the_request_whose_command_began_their_run(
    client: Any, http: httpx.AsyncClient
):
    own = await thread(client)
    start = {"assistant_id": "looking", "input": {}}

    reply = await http.post(
        f"/threads/{own}/commands", json={"id": 1, "method": "run.start", "params": start}
    )
    await client.runs.join(own, reply.json()["result"]["run_id"])

    values = (await client.threads.get_state(own))["values"]
    assert values["chosen"]["langgraph_request_id"] == reply.headers["x-request-id"]


@pytest.mark.requirement("agents:nodes:steps")
async def test_a_run_takes_25_steps_unless_its_graph_or_its_client_says_otherwise(client: Any):
    async def failure(limit: int | None) -> Any:
        config = {"recursion_limit": limit} if limit else {}
        found = await client.runs.wait(
            None, "endless", input={"words": []}, config=config, raise_error=False
        )
        return found["__error__"]

    assert (await failure(None))["error"] == "GraphRecursionError"
    assert "Recursion limit of 25 " in (await failure(None))["message"]
    assert "Recursion limit of 4 " in (await failure(4))["message"]
    assert len((await client.runs.wait(None, "patient", input={"words": []}))["words"]) == 30


async def test_configurable_and_context_are_one_thing(http: httpx.AsyncClient):
    both = {"config": {"configurable": {"tone": "dry"}}, "context": {"tone": "dry"}}
    reply = await http.post("/runs/wait", json={"assistant_id": "looking", **both})

    assert reply.status_code == 400
    assert reply.json()["detail"].startswith("Cannot specify both configurable and context.")
