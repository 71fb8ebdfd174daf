"""A run that arrives while its thread has another: four strategies, three kinds of others."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.protocols.agent_server.test_joins import begun

pytestmark = pytest.mark.anyio

STRATEGIES = ["enqueue", "reject", "interrupt", "rollback"]


async def then(client: Any, thread: str, strategy: str) -> Any:
    return await client.runs.create(
        thread, "steps", input={"words": ["new"]}, multitask_strategy=strategy
    )


async def statuses(client: Any, thread: str) -> dict[str, str]:
    return {run["run_id"]: run["status"] for run in await client.runs.list(thread)}


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_an_idle_thread_takes_a_run_with_any_strategy(client: Any, strategy: str):
    thread = (await client.threads.create())["thread_id"]
    run = await then(client, thread, strategy)

    values = await client.runs.join(thread, run["run_id"])

    assert (run["status"], run["multitask_strategy"]) == ("pending", strategy)
    assert values == {"words": ["new", "first", "second"]}


@pytest.mark.requirement("agents:semantics:enqueue")
async def test_a_run_that_is_queued_comes_after_the_one_that_works(client: Any):
    thread, old, gate = await begun(client)
    new = await then(client, thread, "enqueue")
    meanwhile = await statuses(client, thread)
    gate.open()

    values = await client.runs.join(thread, new["run_id"])

    assert meanwhile == {old: "running", new["run_id"]: "pending"}
    assert values["words"] == ["first", "passed", "second", "new", "first", "second"]


@pytest.mark.requirement("agents:semantics:reject")
@pytest.mark.parametrize("way", ["", "/stream", "/wait"])
async def test_a_busy_thread_rejects_before_anything_is_sent(
    client: Any, http: httpx.AsyncClient, way: str
):
    thread, old, gate = await begun(client)

    refused = await http.post(
        f"/threads/{thread}/runs{way}",
        json={"assistant_id": "steps", "multitask_strategy": "reject"},
    )
    gate.open()
    await client.runs.join(thread, old)

    assert refused.status_code == 409
    assert "unfinished runs" in refused.json()["detail"]
    assert await statuses(client, thread) == {old: "success"}


@pytest.mark.requirement("agents:semantics:interrupt")
async def test_an_interrupted_run_leaves_the_steps_that_it_finished(client: Any):
    thread, old, _ = await begun(client)
    waiting = await then(client, thread, "enqueue")
    new = await then(client, thread, "interrupt")

    values = await client.runs.join(thread, new["run_id"])

    assert values["words"] == ["first", "new", "first", "second"]
    assert await statuses(client, thread) == {
        old: "interrupted",
        waiting["run_id"]: "interrupted",
        new["run_id"]: "success",
    }
    assert (await client.threads.get(thread))["status"] == "idle"


@pytest.mark.requirement("agents:semantics:rollback", "agents:semantics:cancel-pending")
async def test_a_run_that_is_rolled_back_leaves_no_ghost(client: Any):
    thread = (await client.threads.create())["thread_id"]
    before = await client.runs.wait(thread, "steps", input={"words": ["before"]})
    _, old, _ = await begun(client, thread)
    waiting = await then(client, thread, "enqueue")
    new = await then(client, thread, "rollback")

    values = await client.runs.join(thread, new["run_id"])

    assert values["words"] == [*before["words"], "new", "first", "second"]
    assert (await client.threads.get(thread))["status"] == "idle"
    for gone in (old, waiting["run_id"]):
        with pytest.raises(NotFoundError):
            await client.runs.get(thread, gone)


@pytest.mark.requirement("agents:semantics:delayed")
@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_delayed_run_makes_its_thread_busy_and_holds_nobody_up(client: Any, strategy: str):
    thread = (await client.threads.create())["thread_id"]
    delayed = await client.runs.create(thread, "steps", input={"words": []}, after_seconds=3600)
    old = delayed["run_id"]

    if strategy == "reject":
        with pytest.raises(ConflictError):
            await then(client, thread, strategy)
        assert await statuses(client, thread) == {old: "pending"}
        return
    new = (await then(client, thread, strategy))["run_id"]
    values = await client.runs.join(thread, new)

    assert values["words"] == ["new", "first", "second"]
    assert (
        await statuses(client, thread)
        == {
            "enqueue": {old: "pending", new: "success"},
            "interrupt": {old: "interrupted", new: "success"},
            "rollback": {new: "success"},
        }[strategy]
    )
    busy = (await client.threads.get(thread))["status"]
    assert busy == ("busy" if strategy == "enqueue" else "idle")


async def test_who_waits_for_a_superseded_run_gets_what_it_left(client: Any):
    thread, old, _ = await begun(client)
    values = await client.runs.wait(
        thread, "steps", input={"words": []}, multitask_strategy="interrupt"
    )

    assert (await client.runs.join(thread, old))["words"] == values["words"]


@pytest.mark.requirement("agents:runs:if-not-exists")
async def test_a_thread_is_made_under_the_id_that_the_client_chose(client: Any):
    own = str(uuid4())
    with pytest.raises(NotFoundError):
        await client.runs.create(own, "steps", input={"words": []})

    run = await client.runs.create(own, "steps", input={"words": []}, if_not_exists="create")

    assert run["thread_id"] == own
    assert (await client.runs.join(own, run["run_id"]))["words"] == ["first", "second"]


@pytest.mark.requirement("agents:runs:stateless")
async def test_a_stateless_run_that_keeps_its_thread_can_be_gone_on_with(client: Any):
    run = await client.runs.create(None, "steps", input={"words": []}, on_completion="keep")
    await client.runs.join(run["thread_id"], run["run_id"])

    values = await client.runs.wait(run["thread_id"], "steps", input={"words": ["more"]})

    assert values["words"] == ["first", "second", "more", "first", "second"]
