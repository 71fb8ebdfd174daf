"""``get_sync_client`` of ``langgraph_sdk``, unmodified: each resource at least once."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.requirement("agents:clients:python")


@pytest.fixture
def client(agents: str) -> Iterator[Any]:
    with get_sync_client(url=agents) as client:
        yield client


def test_assistants(client: Any):
    team = {"team": str(uuid4())}
    made = client.assistants.create("echo", context={"tone": "dry"}, metadata=team, name="Dry")
    own = made["assistant_id"]
    changed = client.assistants.update(own, name="Warm")
    versions = client.assistants.get_versions(own)
    restored = client.assistants.set_latest(own, 1)
    found = client.assistants.search(metadata=team, response_format="object")
    drawn = client.assistants.get_graph("nested", xray=1)
    subgraphs = client.assistants.get_subgraphs("nested", recurse=True)

    assert (changed["version"], len(versions), restored["name"]) == (2, 2, "Dry")
    assert [one["assistant_id"] for one in found["assistants"]] == [own]
    assert client.assistants.count(metadata=team) == 1
    assert client.assistants.get_schemas(own)["graph_id"] == "echo"
    assert "child:inner" in {node["id"] for node in drawn["nodes"]}
    assert list(subgraphs) == ["child"]
    client.assistants.delete(own)
    with pytest.raises(NotFoundError):
        client.assistants.get(own)


def test_threads(client: Any):
    mark = {"mark": str(uuid4())}
    thread = client.threads.create(metadata=mark, graph_id="steps")["thread_id"]
    client.threads.update(thread, metadata={"size": 2})
    copied = client.threads.copy(thread)["thread_id"]

    assert client.threads.get(thread)["metadata"]["size"] == 2
    assert client.threads.count(metadata=mark) == 2
    found = client.threads.search(metadata=mark, sort_order="asc", select=["thread_id"])
    assert [one["thread_id"] for one in found] == [thread, copied]
    with pytest.raises(ConflictError):
        client.threads.create(thread_id=thread)
    client.threads.delete(copied)
    client.threads.prune([thread])
    assert client.threads.count(metadata=mark) == 0


def test_states(client: Any):
    thread = client.threads.create(graph_id="steps")["thread_id"]
    client.runs.wait(thread, "steps", input={"words": []})
    (last, middle, *_) = client.threads.get_history(thread)
    place = client.threads.update_state(
        thread, {"words": ["mine"]}, as_node="first", checkpoint=middle["checkpoint"]
    )
    state = client.threads.get_state(thread)

    assert last["values"] == {"words": ["first", "second"]}
    assert state["checkpoint"] == place["checkpoint"]
    assert (state["values"], state["next"]) == ({"words": ["first", "mine"]}, ["second"])
    at = client.threads.get_state(thread, checkpoint=middle["checkpoint"], subgraphs=True)
    assert (
        at["values"]
        == client.threads.get_state(thread, checkpoint_id=at["checkpoint_id"])["values"]
    )


def test_runs(client: Any):
    thread = client.threads.create()["thread_id"]
    waiting = client.runs.create(thread, "waiting", input={})
    with pytest.raises(ConflictError):
        client.runs.create(thread, "steps", input={}, multitask_strategy="reject")
    client.runs.cancel(thread, waiting["run_id"], wait=True)
    names = [
        part.event
        for part in client.runs.stream(
            thread,
            "nested",
            input={"words": []},
            stream_mode=["updates", "values"],
            stream_subgraphs=True,
        )
    ]
    batch = client.runs.create_batch([{"assistant_id": "steps", "input": {"words": []}}])
    asked = client.runs.wait(thread, "asking", input={"words": []})
    answered = client.runs.wait(thread, "asking", command={"resume": "blue"})

    assert client.runs.get(thread, waiting["run_id"])["status"] == "interrupted"
    assert {name.partition(":")[0] for name in names} == {
        "metadata",
        "values",
        "values|child",
        "updates",
        "updates|child",
    }
    assert [run["status"] for run in batch] == ["pending"]
    assert asked["__interrupt__"][0]["value"] == "which word?"
    assert answered["words"][-1] == "blue"
    assert len(client.runs.list(thread, status="success")) == 3
    client.runs.delete(thread, waiting["run_id"])
    assert len(client.runs.list(thread)) == 3


def test_crons(client: Any):
    mark = {"mark": str(uuid4())}
    thread = client.threads.create()["thread_id"]
    cron = client.crons.create("steps", schedule="0 0 1 1 *", input={}, metadata=mark)
    other = client.crons.create_for_thread(thread, "steps", schedule="0 0 1 1 *", metadata=mark)
    changed = client.crons.update(cron["cron_id"], enabled=False)

    assert (changed["enabled"], other["thread_id"]) == (False, thread)
    assert [one["cron_id"] for one in client.crons.search(thread_id=thread)] == [other["cron_id"]]
    assert client.crons.count(metadata=mark) == 2
    for one in (cron, other):
        client.crons.delete(one["cron_id"])
    assert client.crons.count(metadata=mark) == 0


def test_the_store(client: Any):
    space = ["synchronous", str(uuid4())]
    client.store.put_item(space, "a", {"size": 1})

    assert client.store.get_item(space, "a")["value"] == {"size": 1}
    found = client.store.search_items(space, filter={"size": {"$gte": 1}})
    assert [item["key"] for item in found["items"]] == ["a"]
    assert client.store.list_namespaces(prefix=space)["namespaces"] == [space]
    client.store.delete_item(space, "a")
    assert client.store.get_item(space, "a") is None
