"""``POST /threads/{thread_id}/commands``: runs, answers, and what is no command."""

from typing import Any

import httpx
import pytest

from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.newer import (
    command,
    data,
    following,
    new_thread,
    started,
    taken,
    told,
)

pytestmark = pytest.mark.anyio


async def asked(http: httpx.AsyncClient, graph: str = "asking") -> tuple[str, list[str]]:
    """Run a graph until it asks; give its thread, and the ids of its questions."""
    thread = new_thread()
    await started(http, thread, graph, input={"words": []})
    return thread, [
        one["interrupt_id"] for one in data(await told(http, thread), "input.requested")
    ]


@pytest.mark.requirement("agents:newer:run-start")
async def test_a_run_makes_its_thread(http: httpx.AsyncClient, client: Any):
    thread = new_thread()

    answer = await command(
        http, thread, "run.start", assistant_id="steps", input={"words": []}, metadata={"a": 1}
    )
    await told(http, thread)
    run = await client.runs.get(thread, answer["result"]["run_id"])

    assert answer["type"] == "success"
    assert answer["meta"] == {"applied_through_seq": 0}
    assert (run["status"], run["metadata"]["a"]) == ("success", 1)
    assert (await client.threads.get(thread))["values"] == {"words": ["first", "second"]}


async def test_an_answer_says_how_far_the_thread_was(http: httpx.AsyncClient):
    thread = new_thread()
    await started(http, thread, "steps", input={"words": []})
    last = (await told(http, thread))[-1]["seq"]

    answer = await command(http, thread, "run.start", assistant_id="steps", input={"words": []})
    after = await told(http, thread, since=answer["meta"]["applied_through_seq"])

    assert answer["meta"]["applied_through_seq"] == last
    assert [event["seq"] for event in after] == [last + 1 + n for n in range(len(after))]
    assert {event["event_id"] for event in after if answer["result"]["run_id"] in event["event_id"]}


@pytest.mark.requirement("agents:newer:second-run")
@pytest.mark.parametrize("name", ["multitaskStrategy", "multitask_strategy"])
async def test_a_second_run_does_not_wait_for_the_first(
    http: httpx.AsyncClient, client: Any, name: str
):
    thread, (gate_name, gate) = new_thread(), new_gate()
    first = await started(http, thread, "gated", input={"words": [], "gate": gate_name})
    await gate.reached.arrival()

    refused = await command(
        http, thread, "run.start", assistant_id="steps", input={}, **{name: "reject"}
    )
    second = await started(http, thread, "steps", input={"words": ["new"]}, **{name: "interrupt"})
    async with following(http, thread, "lifecycle") as stream:
        ends = [await taken(stream), await taken(stream)]

    assert (refused["type"], refused["error"]) == ("error", "unknown_error")
    assert [[one["event"] for one in data(end, "lifecycle")] for end in ends] == [
        ["running", "interrupted"],
        ["running", "completed"],
    ]
    assert (await client.runs.get(thread, first))["status"] == "interrupted"
    assert (await client.runs.get(thread, second))["status"] == "success"


async def test_a_run_begins_at_an_earlier_checkpoint(http: httpx.AsyncClient):
    thread = new_thread()
    await started(http, thread, "steps", input={"words": ["one"]})
    before = await told(http, thread)
    place = next(one["id"] for one in data(before, "checkpoints") if one["step"] == 1)

    config = {"configurable": {"checkpoint_id": place}}
    await started(http, thread, "steps", input={"words": ["two"]}, config=config)
    after = await told(http, thread, "values", "lifecycle", since=before[-1]["seq"])

    assert data(after, "values")[-1]["words"] == ["one", "first", "two", "first", "second"]


@pytest.mark.requirement("agents:newer:respond")
async def test_an_answer_goes_on_with_the_run(http: httpx.AsyncClient):
    thread, (question,) = await asked(http)

    answer = await command(
        http, thread, "input.respond", namespace=[], interrupt_id=question, response="blue"
    )
    after = await told(http, thread, since=answer["meta"]["applied_through_seq"])

    assert answer["result"]["run_id"]
    assert data(after, "values")[-1] == {"words": ["blue"]}


async def test_null_is_an_answer(http: httpx.AsyncClient):
    thread, (question,) = await asked(http)

    answer = await command(
        http, thread, "input.respond", namespace=[], interrupt_id=question, response=None
    )
    after = await told(http, thread, since=answer["meta"]["applied_through_seq"])

    assert data(after, "values")[-1] == {"words": [None]}


@pytest.mark.requirement("agents:newer:respond")
async def test_several_questions_are_answered_at_once(http: httpx.AsyncClient):
    thread, questions = await asked(http, "two_asking")

    responses = [{"namespace": [], "interrupt_id": one, "response": "x"} for one in questions]
    answer = await command(
        http, thread, "input.respond", responses=responses, update={"words": ["by hand"]}
    )
    after = await told(http, thread, since=answer["meta"]["applied_through_seq"])

    assert len(questions) == 2
    assert sorted(data(after, "values")[-1]["words"]) == ["by hand", "x", "x"]


@pytest.mark.requirement("agents:newer:respond")
async def test_a_question_is_answered_once(http: httpx.AsyncClient):
    thread, (question,) = await asked(http)
    params = {"namespace": [], "interrupt_id": question, "response": "blue"}

    first = await command(http, thread, "input.respond", **params)
    second = await command(http, thread, "input.respond", **params)
    await told(http, thread, since=first["meta"]["applied_through_seq"])
    third = await command(http, thread, "input.respond", **params)

    assert first["type"] == "success"
    assert [one["error"] for one in (second, third)] == ["no_such_interrupt"] * 2


async def test_an_answer_keeps_the_config_of_the_run_that_asked(
    http: httpx.AsyncClient, client: Any
):
    thread = new_thread()
    config = {"configurable": {"tone": "kind"}}
    await started(http, thread, "asking", input={"words": []}, config=config)
    (question,) = data(await told(http, thread), "input.requested")

    answer = await command(
        http, thread, "input.respond", interrupt_id=question["interrupt_id"], response="blue"
    )
    run = await client.runs.get(thread, answer["result"]["run_id"])

    assert run["kwargs"]["config"]["configurable"]["tone"] == "kind"
    assert run["kwargs"]["context"] == {"tone": "kind"}


@pytest.mark.requirement("agents:newer:tree")
async def test_a_run_is_a_tree_of_graphs(http: httpx.AsyncClient):
    thread = new_thread()
    run = await started(http, thread, "nested", input={"words": []})
    await told(http, thread)

    tree = (await command(http, thread, "agent.getTree", run_id=run))["result"]["tree"]
    latest = (await command(http, thread, "agent.getTree"))["result"]["tree"]
    unknown = await command(http, thread, "agent.getTree", run_id=new_thread())

    assert (tree["namespace"], tree["status"], tree["graph_name"]) == ([], "completed", "nested")
    (child,) = tree["children"]
    assert (child["graph_name"], child["status"]) == ("child", "completed")
    assert latest == tree
    assert unknown["error"] == "no_such_run"


@pytest.mark.requirement("agents:newer:refusals")
@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("run.start", {}, "invalid_argument"),
        ("run.start", {"assistant_id": "nobody"}, "invalid_argument"),
        ("run.start", {"assistant_id": new_thread()}, "invalid_argument"),
        ("run.start", {"assistant_id": "steps", "config": []}, "invalid_argument"),
        ("run.start", {"assistant_id": "steps", "multitaskStrategy": "x"}, "invalid_argument"),
        ("input.respond", {}, "invalid_argument"),
        ("input.respond", {"responses": []}, "invalid_argument"),
        ("input.respond", {"interrupt_id": "x", "response": 1}, "no_such_interrupt"),
        ("input.respond", {"interrupt_id": "x", "goto": 1}, "invalid_argument"),
        ("subscription.unsubscribe", {"subscription_id": "x"}, "no_such_subscription"),
        ("subscription.reconnect", {"run_id": "x"}, "no_such_run"),
        ("run.stop", {}, "unknown_command"),
    ],
)
async def test_a_command_that_cannot_be_carried_out_is_told_why(
    http: httpx.AsyncClient, client: Any, method: str, params: Any, code: str
):
    thread = (await client.threads.create())["thread_id"]

    answer = await command(http, thread, method, **params)

    assert (answer["type"], answer["error"]) == ("error", code)
    assert answer["message"]


async def test_subscriptions_over_http_do_no_harm(http: httpx.AsyncClient):
    answer = await command(http, new_thread(), "subscription.subscribe", channels=["values"])

    assert answer["result"]["replayed_events"] == 0


@pytest.mark.requirement("agents:newer:envelope")
@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"no json", None),
        (b"[]", None),
        (b'{"method": "run.start"}', None),
        (b'{"id": "7", "method": "run.start"}', None),
        (b'{"id": true, "method": "run.start"}', None),
        (b'{"id": -1, "method": "run.start"}', None),
        (b'{"id": 7}', 7),
        (b'{"id": 7, "method": "run.start", "params": []}', 7),
    ],
)
async def test_what_is_no_command_is_a_bad_request(
    http: httpx.AsyncClient, content: bytes, known: int | None
):
    reply = await http.post(f"/threads/{new_thread()}/commands", content=content)

    assert reply.status_code == 400
    assert (reply.json()["id"], reply.json()["error"]) == (known, "invalid_argument")
