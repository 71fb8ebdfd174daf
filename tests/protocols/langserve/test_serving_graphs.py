"""LangGraph graphs: threads, state across calls, and what of ``configurable`` reaches whom."""

import operator
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from langchain_core.messages import AnyMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

from moorage.testing import ScriptedChatModel
from tests.protocols.langserve.wire import chunks, events, hashed, hosting

pytestmark = pytest.mark.anyio

OPERATIONS = ("invoke", "batch", "stream", "stream_log", "stream_events")


class Total(TypedDict):
    total: Annotated[int, operator.add]


def counting(seen: list[dict[str, Any]] | None = None) -> Any:
    """A graph that adds up what it is sent, per thread."""

    def count(state: Total, config: RunnableConfig) -> dict[str, int]:
        if seen is not None:
            seen.append(dict(config["configurable"]))
        return {"total": 0}

    graph = StateGraph(Total)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    return graph.compile(checkpointer=InMemorySaver())


def thread(name: str, **more: Any) -> dict[str, Any]:
    return {"configurable": {"thread_id": name, **more}}


def body(operation: str, config: Any) -> dict[str, Any]:
    value = {"total": 1}
    if operation == "batch":
        return {"inputs": [value], "config": config}
    return {"input": value, "config": config}


@pytest.mark.requirement("langserve:graphs:thread-id")
async def test_state_persists_across_calls_of_a_thread_and_not_across_threads():
    async with hosting(counting()) as client:
        totals = []
        for name, value in (("a", 1), ("a", 2), ("b", 5), ("a", 3)):
            sent = {"input": {"total": value}, "config": thread(name)}
            response = await client.post("/r/invoke", json=sent)
            totals.append(response.json()["output"]["total"])

    assert totals == [1, 3, 5, 6]


@pytest.mark.requirement("langserve:graphs:thread-id")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_every_operation_passes_the_thread(operation: str):
    seen: list[dict[str, Any]] = []
    async with hosting(counting(seen)) as client:
        response = await client.post(f"/r/{operation}", json=body(operation, thread("a")))

    assert response.status_code == 200
    assert b"event: error" not in response.content
    assert seen[0]["thread_id"] == "a"


@pytest.mark.requirement("langserve:graphs:thread-id")
async def test_a_thread_may_come_from_a_hash_and_from_a_list_of_configs():
    async with hosting(counting()) as client:
        sent = {"input": {"total": 1}}
        await client.post(f"/r/c/{hashed(thread('a'))}/invoke", json=sent)
        batch = {
            "inputs": [{"total": 1}, {"total": 2}],
            "config": [thread("a"), thread("b")],
        }
        reply = (await client.post("/r/batch", json=batch)).json()

    assert [output["total"] for output in reply["output"]] == [2, 2]


async def test_a_graph_without_its_thread_is_a_closed_failure():
    async with hosting(counting()) as client:
        response = await client.post("/r/invoke", json={"input": {"total": 1}})

    assert response.status_code == 500
    assert response.json()["detail"] == "Internal Server Error"


@pytest.mark.requirement("langserve:graphs:private-keys")
@pytest.mark.parametrize("passthrough", ["auto", "all"])
async def test_keys_that_are_langgraphs_own_or_name_the_caller_never_come_from_a_client(
    passthrough: Any,
):
    seen: list[dict[str, Any]] = []
    forged = {
        "__pregel_read": 1,
        "__pregel_resuming": True,
        "__secret": "x",
        "langgraph_auth_user": {"identity": "eve"},
        "langgraph_auth_user_id": "eve",
    }
    async with hosting(counting(seen), configurable_passthrough=passthrough) as client:
        sent = {"input": {"total": 1}, "config": thread("a", **forged, mine=1)}
        response = await client.post("/r/invoke", json=sent)

    assert response.status_code == 200
    assert seen[0]["mine"] == 1
    assert "__secret" not in seen[0]
    assert seen[0].get("__pregel_read") != 1
    assert "eve" not in str(seen[0])


@pytest.mark.requirement("langserve:graphs:passthrough", "langserve:config:undeclared")
@pytest.mark.parametrize(
    ("passthrough", "passed"),
    [("auto", set()), ("all", {"user", "tone"}), (["tone"], {"tone"}), ([], set())],
)
async def test_an_option_chooses_what_reaches_other_runnables(passthrough: Any, passed: set[str]):
    seen: list[set[str]] = []

    def note(_: Any, config: RunnableConfig) -> None:
        seen.append(set(config["configurable"]))

    async with hosting(RunnableLambda(note), configurable_passthrough=passthrough) as client:
        config = {"configurable": {"user": "eve", "tone": "kind"}}
        await client.post("/r/invoke", json={"input": 1, "config": config})

    assert seen == [passed]


@pytest.mark.requirement("langserve:graphs:passthrough", "langserve:graphs:thread-id")
async def test_a_graph_with_bound_config_is_a_graph_and_a_chain_around_one_is_not():
    bound = counting().with_config(tags=["x"])
    chain: Runnable[Any, Any] = RunnableLambda(lambda value: value) | counting()
    sent = {"input": {"total": 1}, "config": thread("a")}
    async with hosting(bound) as client:
        assert (await client.post("/r/invoke", json=sent)).json()["output"] == {"total": 1}
    async with hosting(chain) as client:
        assert (await client.post("/r/invoke", json=sent)).status_code == 500
    async with hosting(chain, configurable_passthrough=["thread_id"]) as client:
        assert (await client.post("/r/invoke", json=sent)).json()["output"] == {"total": 1}


@pytest.mark.requirement("langserve:config:modifier", "langserve:graphs:thread-id")
async def test_the_modifier_decides_on_the_thread():
    seen: list[dict[str, Any]] = []

    def own(config: dict[str, Any], request: Any) -> dict[str, Any]:
        asked = config["configurable"].get("thread_id")
        config["configurable"]["thread_id"] = f"{request.headers['x-user']}:{asked}"
        return config

    async with hosting(counting(seen), per_req_config_modifier=own) as client:
        client.headers["x-user"] = "ann"
        await client.post("/r/invoke", json=body("invoke", thread("a")))

    assert seen[0]["thread_id"] == "ann:a"


@pytest.mark.requirement("langserve:graphs:thread-id", "langserve:inputs:javascript-messages")
async def test_a_conversation_goes_on_over_the_wire():
    model = ScriptedChatModel(responses=["Hello Ann", "You are Ann"])

    async def talk(state: MessagesState) -> dict[str, Sequence[AnyMessage]]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("talk", talk)
    graph.add_edge(START, "talk")
    served = hosting(graph.compile(checkpointer=InMemorySaver()))
    async with served as client:
        first = {"messages": [{"role": "user", "content": "I am Ann"}]}
        second = {"messages": [{"type": "human", "content": "Who am I?", "example": False}]}
        await client.post("/r/invoke", json={"input": first, "config": thread("a")})
        response = await client.post("/r/invoke", json={"input": second, "config": thread("a")})

    messages = response.json()["output"]["messages"]
    assert [message["content"] for message in messages] == [
        "I am Ann",
        "Hello Ann",
        "Who am I?",
        "You are Ann",
    ]
    assert [message["type"] for message in messages] == ["human", "ai", "human", "ai"]


@pytest.mark.requirement("langserve:json:odd-values", "langserve:events:odd-values")
@pytest.mark.parametrize("operation", ["stream", "stream_log", "stream_events"])
async def test_what_langgraph_sends_between_its_nodes_does_not_end_a_stream(operation: str):
    class State(TypedDict):
        items: list[int]
        done: Annotated[list[int], operator.add]

    def fan_out(state: State) -> list[Send]:
        return [Send("work", {"item": item}) for item in state["items"]]

    def work(state: Any) -> dict[str, list[int]]:
        return {"done": [state["item"]]}

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_conditional_edges(START, fan_out, ["work"])
    async with hosting(graph.compile()) as client:
        response = await client.post(
            f"/r/{operation}", json={"input": {"items": [1, 2], "done": []}}
        )

    assert events(response.content)[-1].name == "end"
    assert chunks(response.content)
