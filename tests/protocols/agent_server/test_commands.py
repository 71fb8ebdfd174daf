"""Answers, updates and ways to go on; forks; breakpoints; how much is kept."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def new_thread(client: Any) -> str:
    return str((await client.threads.create())["thread_id"])


async def asked(client: Any, graph: str) -> tuple[str, dict[str, str]]:
    """Run a graph until it asks; give the ids of its questions."""
    thread = await new_thread(client)
    values = await client.runs.wait(thread, graph, input={"words": []})
    return thread, {one["value"]: one["id"] for one in values["__interrupt__"]}


@pytest.mark.requirement("agents:semantics:resume")
async def test_an_answer_may_name_its_question(client: Any):
    thread, ids = await asked(client, "asking")

    values = await client.runs.wait(
        thread, "asking", command={"resume": {ids["which word?"]: "blue"}}
    )

    assert values == {"words": ["blue"]}


@pytest.mark.requirement("agents:semantics:resume")
async def test_an_object_that_names_no_question_is_the_answer(client: Any):
    thread, _ = await asked(client, "asking")

    values = await client.runs.wait(thread, "asking", command={"resume": {"bogus": 1}})

    assert values == {"words": [{"bogus": 1}]}


async def test_several_questions_are_answered_one_by_one(client: Any):
    thread, ids = await asked(client, "two_asking")

    first = await client.runs.wait(
        thread, "two_asking", command={"resume": {ids["which word?"]: "blue"}}
    )
    left = await client.threads.get(thread)
    second = await client.runs.wait(
        thread, "two_asking", command={"resume": {ids["which other word?"]: "red"}}
    )

    assert [one["id"] for one in first["__interrupt__"]] == [ids["which other word?"]]
    assert [one["value"] for (one,) in left["interrupts"].values()] == ["which other word?"]
    assert sorted(second["words"]) == ["blue", "red"]


@pytest.mark.requirement("agents:semantics:several")
async def test_one_answer_to_several_questions_is_an_error(client: Any):
    thread, _ = await asked(client, "two_asking")

    result = await client.runs.wait(
        thread, "two_asking", command={"resume": "blue"}, raise_error=False
    )

    assert result["__error__"]["error"] == "RuntimeError"
    assert "interrupt id" in result["__error__"]["message"]


@pytest.mark.requirement("agents:semantics:null-answer")
async def test_null_is_an_answer_and_no_answer_is_none(http: httpx.AsyncClient, client: Any):
    thread, _ = await asked(client, "asking")
    body: dict[str, Any] = {"assistant_id": "asking"}

    again = await http.post(f"/threads/{thread}/runs/wait", json={**body, "command": {}})
    answered = await http.post(
        f"/threads/{thread}/runs/wait", json={**body, "command": {"resume": None}}
    )

    assert "__interrupt__" in again.json()
    assert answered.json() == {"words": [None]}


async def test_one_null_to_several_questions_is_an_error(http: httpx.AsyncClient, client: Any):
    thread, _ = await asked(client, "two_asking")

    reply = await http.post(
        f"/threads/{thread}/runs/wait",
        json={"assistant_id": "two_asking", "command": {"resume": None}},
    )

    assert "interrupt id" in reply.json()["__error__"]["message"]


@pytest.mark.requirement("agents:semantics:goto")
@pytest.mark.parametrize(
    ("goto", "words"),
    [
        ("first", ["first"]),
        ({"node": "say", "input": {"word": "sent"}}, ["sent"]),
        (["first", {"node": "say", "input": {"word": "sent"}}], ["first", "sent"]),
    ],
)
async def test_a_command_says_where_to_go(client: Any, goto: Any, words: list[str]):
    thread, _ = await asked(client, "routed")

    values = await client.runs.wait(thread, "routed", command={"goto": goto, "resume": "answer"})

    assert sorted(values["words"]) == sorted(["answer", *words])


@pytest.mark.requirement("agents:semantics:goto")
@pytest.mark.parametrize("update", [{"words": ["by hand"]}, [["words", ["by hand"]]]])
async def test_a_command_updates_the_state(client: Any, update: Any):
    thread, _ = await asked(client, "asking")

    values = await client.runs.wait(
        thread, "asking", command={"update": update, "resume": "answer"}
    )

    assert sorted(values["words"]) == ["answer", "by hand"]


async def test_an_answer_on_a_thread_that_never_asked_begins_it(client: Any):
    thread = await new_thread(client)

    values = await client.runs.wait(thread, "asking", command={"resume": "blue"})

    assert [one["value"] for one in values["__interrupt__"]] == ["which word?"]


@pytest.mark.requirement("agents:semantics:breakpoints")
@pytest.mark.parametrize("name", ["first", ["first"], "*"])
async def test_a_run_stops_behind_a_node_and_goes_on(client: Any, name: Any):
    thread = await new_thread(client)
    events = [
        (part.event, part.data)
        async for part in client.runs.stream(
            thread,
            "steps",
            input={"words": []},
            interrupt_after=[name] if name == "first" else name,
            stream_mode=["updates", "values"],
        )
    ]
    stopped = await client.threads.get(thread)
    values = await client.runs.wait(thread, "steps")

    assert ("updates", {"__interrupt__": []}) in events
    assert events[-1][1] in ({"__interrupt__": []}, {"words": ["first"]})
    assert (stopped["status"], stopped["interrupts"]) == ("interrupted", {})
    assert values == {"words": ["first", "second"]}


@pytest.mark.requirement("agents:semantics:breakpoints")
async def test_a_run_stops_before_a_node(client: Any):
    thread = await new_thread(client)

    stopped = await client.runs.wait(
        thread, "steps", input={"words": []}, interrupt_before=["second"]
    )

    assert stopped == {"words": ["first"]}
    assert (await client.runs.list(thread))[0]["status"] == "success"


@pytest.mark.requirement("agents:streams:interrupts")
async def test_a_question_is_streamed_with_its_id(client: Any):
    thread = await new_thread(client)
    events = [
        part
        async for part in client.runs.stream(
            thread, "asking", input={"words": []}, stream_mode=["values", "updates"]
        )
    ]
    ((question,),) = (await client.threads.get(thread))["interrupts"].values()

    told = {"value": "which word?", "id": question["id"], "response_schema": None}
    assert question == {"value": "which word?", "id": question["id"]}
    assert [part.data for part in events[-2:]] == [
        {"__interrupt__": [told]},
        {"words": [], "__interrupt__": [told]},
    ]


@pytest.mark.requirement("agents:semantics:replay")
@pytest.mark.parametrize("form", ["checkpoint", "checkpoint_id"])
async def test_a_run_begins_at_an_earlier_checkpoint(client: Any, form: str):
    thread = await new_thread(client)
    checkpoints = [
        part.data
        async for part in client.runs.stream(
            thread, "steps", input={"words": ["one"]}, stream_mode="checkpoints"
        )
        if part.event == "checkpoints"
    ]
    (place,) = [
        one["config"]["configurable"]["checkpoint_id"]
        for one in checkpoints
        if one["next"] == ["second"]
    ]
    at = {"checkpoint": {"checkpoint_id": place}} if form == "checkpoint" else {form: place}

    replayed = await client.runs.wait(thread, "steps", **at)
    forked = await client.runs.wait(thread, "steps", input={"words": ["two"]}, **at)

    assert replayed == {"words": ["one", "first", "second"]}
    assert forked["words"] == ["one", "first", "two", "first", "second"]


@pytest.mark.requirement("agents:semantics:durability")
@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ({"durability": "sync"}, 4),
        ({"durability": "async"}, 4),
        ({"durability": "exit"}, 1),
        ({"checkpoint_during": True}, 4),
        ({"checkpoint_during": False}, 1),
    ],
)
async def test_as_many_checkpoints_are_kept_as_the_client_says(
    http: httpx.AsyncClient, client: Any, option: dict[str, Any], kept: int
):
    thread = await new_thread(client)
    body = {"assistant_id": "steps", "input": {"words": []}, **option}
    reply = await http.post(f"/threads/{thread}/runs/wait", json=body)

    assert reply.json() == {"words": ["first", "second"]}
    assert len(await client.threads.get_history(thread)) == kept


@pytest.mark.requirement("agents:semantics:recursion")
async def test_a_run_that_goes_round_too_often_fails(client: Any):
    result = await client.runs.wait(
        None, "endless", input={"words": []}, config={"recursion_limit": 3}, raise_error=False
    )

    assert result["__error__"]["error"] == "GraphRecursionError"


async def test_a_function_gives_what_it_returns(client: Any):
    thread = await new_thread(client)

    assert await client.runs.wait(thread, "doubling", input=21) == 42
    assert (await client.threads.get(thread))["status"] == "idle"


@pytest.mark.requirement("agents:runs:feedback-keys")
async def test_keys_for_feedback_do_no_harm(client: Any):
    events = [
        part.event
        async for part in client.runs.stream(
            None, "steps", input={"words": []}, feedback_keys=["good"]
        )
    ]

    assert "error" not in events


@pytest.mark.requirement("agents:runs:both-contexts")
@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"command": {"goto": {"input": 1}}}, "goto"),
        ({"command": []}, "command"),
        ({"checkpoint_id": "x"}, "Invalid checkpoint ID"),
        ({"checkpoint": {"checkpoint_id": "x"}}, "Invalid checkpoint ID"),
        ({"durability": "often"}, "durability"),
        ({"interrupt_before": "first"}, "interrupt_before"),
        ({"interrupt_after": ["first"] * 1001}, "interrupt_after"),
        ({"feedback_keys": ["key"] * 1001}, "feedback_keys"),
        ({"stream_mode": ["values"] * 1001}, "stream_mode"),
        ({"config": {"tags": ["tag"] * 1001}}, "tags"),
        ({"config": {"recursion_limit": 0}}, "recursion_limit"),
        ({"config": {"configurable": {"a": 1}}, "context": {"a": 1}}, "configurable"),
        ({"multitask_strategy": "fight"}, "multitask_strategy"),
        ({"after_seconds": -1}, "after_seconds"),
        ({"after_seconds": 1e300}, "after_seconds"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    http: httpx.AsyncClient, part: dict[str, Any], named: str
):
    reply = await http.post("/runs/wait", json={"assistant_id": "steps", **part})

    assert reply.status_code == (400 if "context" in part else 422)
    assert named in reply.json()["detail"]
