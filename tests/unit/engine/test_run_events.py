import itertools
from typing import Any
from uuid import UUID

import orjson
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import StreamWriter, interrupt

from moorage.engine.run_events import EventWriter
from moorage.serialization import WellKnownLCSerializer
from moorage.testing import ScriptedChatModel

pytestmark = pytest.mark.anyio

CONFIG: Any = {"configurable": {"thread_id": "t"}}
INPUT = {"messages": [{"role": "user", "content": "hi"}]}


def graph() -> Any:
    model = ScriptedChatModel(responses=["one two"])

    async def answer(state: MessagesState, writer: StreamWriter) -> Any:
        writer({"step": 1})
        return {"messages": [await model.ainvoke(state["messages"])]}

    def ask(state: MessagesState) -> Any:
        return {"messages": [AIMessage(interrupt("sure?"))]}

    inner = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
    outer = StateGraph(MessagesState).add_node("child", inner.compile()).add_node("ask", ask)
    outer.add_edge(START, "child").add_edge("child", "ask")
    return outer.compile(checkpointer=InMemorySaver())


async def streamed(*modes: str, subgraphs: bool = True) -> list[tuple[str, Any]]:
    writer = EventWriter(modes, WellKnownLCSerializer().dumps)
    stream = graph().astream(INPUT, CONFIG, stream_mode=writer.graph_modes, subgraphs=True)
    return [
        (event.name, orjson.loads(event.data))
        async for namespace, mode, payload in stream
        for event in writer.write(namespace if subgraphs else (), mode, payload)
    ]


def named(events: list[tuple[str, Any]], name: str) -> list[Any]:
    return [data for event, data in events if event == name]


async def test_events_of_a_subgraph_carry_its_namespace():
    events = await streamed("values", "updates", "custom")
    [child] = {name.partition("|")[2] for name, _ in events} - {""}
    node, _, task = child.partition(":")

    assert (node, str(UUID(task))) == ("child", task)
    assert named(events, f"custom|{child}") == [{"step": 1}]
    assert list(named(events, f"updates|{child}")[0]) == ["answer"]
    assert [list(update) for update in named(events, "updates")] == [["child"], ["__interrupt__"]]


async def test_an_interrupt_is_part_of_the_last_values():
    [*_, last] = named(await streamed("values"), "values")
    [asked] = last["__interrupt__"]
    assert asked == {"value": "sure?", "id": asked["id"], "response_schema": None}
    assert len(last["messages"]) == 2


async def test_who_asks_for_tuples_gets_the_chunks_with_their_metadata():
    events = await streamed("messages-tuple", "messages", subgraphs=False)
    chunks = [data[0] for data in named(events, "messages")]
    metadata = [data[1] for data in named(events, "messages")]

    assert {name for name, _ in events} == {"messages"}
    assert "".join(chunk["content"] for chunk in chunks) == "one two"
    assert {chunk["type"] for chunk in chunks} == {"AIMessageChunk"}
    assert {one["langgraph_node"] for one in metadata} == {"answer"}


async def test_who_asks_for_messages_gets_the_message_so_far():
    events = await streamed("messages", subgraphs=False)
    [facts] = named(events, "messages/metadata")
    partial = [data[0] for data in named(events, "messages/partial")]
    [message_id] = facts

    assert facts[message_id]["metadata"]["langgraph_node"] == "answer"
    assert [message["content"] for message in partial][-1] == "one two"
    assert all(
        later["content"].startswith(earlier["content"])
        for earlier, later in itertools.pairwise(partial)
    )
    assert {(message["type"], message["id"]) for message in partial} == {("ai", message_id)}


async def test_checkpoints_of_the_debug_stream_say_where_they_are():
    checkpoints = [
        event["payload"]
        for event in named(await streamed("debug"), "debug")
        if event["type"] == "checkpoint"
    ]
    first, second = checkpoints[:2]

    assert first["parent_checkpoint"] is None
    assert second["parent_checkpoint"] == first["checkpoint"]
    assert first["checkpoint"] == {
        "checkpoint_id": first["checkpoint"]["checkpoint_id"],
        "thread_id": "t",
        "checkpoint_ns": "",
    }


def test_the_first_and_the_last_event():
    writer = EventWriter(["values"], WellKnownLCSerializer().dumps)

    assert writer.metadata("r", 2) == ("metadata", b'{"run_id":"r","attempt":2}')
    assert writer.error({"error": "ValueError", "message": "no"}) == (
        "error",
        b'{"error":"ValueError","message":"no"}',
    )


@pytest.mark.parametrize("chunk", [["debug", "a"], ["checkpoints", {}], ["a", "debug", {"b": 1}]])
def test_what_a_runnable_streams_may_look_like_a_graphs_own(chunk: Any):
    event = {"event": "on_chain_stream", "data": {"chunk": chunk}}
    written = EventWriter(["events"], WellKnownLCSerializer().dumps).raw(event)

    assert orjson.loads(written.data) == event
