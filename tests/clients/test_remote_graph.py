"""``RemoteGraph`` of ``langgraph``, unmodified: alone, and as a node of a local graph."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import Command
from langgraph_sdk import get_client, get_sync_client

from tests.clients.conftest import everything
from tests.protocols.agent_server.project.graphs import Words

pytestmark = [pytest.mark.anyio, pytest.mark.requirement("agents:clients:remote-graph")]

Connect = Callable[[str], RemoteGraph]
Ask = Callable[..., Awaitable[Any]]

NOTHING: Any = {"words": []}


@pytest.fixture
async def connect(agents: str) -> AsyncIterator[Connect]:
    """Make a remote graph of an assistant."""
    async with get_client(url=agents) as client:
        with get_sync_client(url=agents) as synchronous:
            yield lambda name: RemoteGraph(name, client=client, sync_client=synchronous)


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Call a method of a graph with or without the event loop; iterators become lists."""

    async def asked(graph: Any, method: str, *args: Any, **options: Any) -> Any:
        is_iterator = method in {"stream", "get_state_history"}
        if request.param == "sync":
            result = getattr(graph, method)(*args, **options)
            return list(result) if is_iterator else result
        result = getattr(graph, f"a{method}")(*args, **options)
        return await everything(result) if is_iterator else await result

    return asked


@pytest.fixture
def on() -> Any:
    """The config of a thread of its own, which is made by the first call."""
    return {"configurable": {"thread_id": str(uuid4())}}


async def test_it_is_invoked(connect: Connect, ask: Ask, on: Any):
    graph = connect("steps")

    assert await ask(graph, "invoke", NOTHING) == {"words": ["first", "second"]}
    await ask(graph, "invoke", NOTHING, on)
    assert await ask(graph, "invoke", NOTHING, on) == {"words": ["first", "second"] * 2}


async def test_one_mode_is_streamed_as_it_is(connect: Connect, ask: Ask):
    assert await ask(connect("steps"), "stream", NOTHING, stream_mode="updates") == [
        {"first": {"words": ["first"]}},
        {"second": {"words": ["second"]}},
    ]


async def test_several_modes_are_streamed_with_their_names(connect: Connect, ask: Ask):
    modes = ["values", "updates", "debug", "tasks", "checkpoints"]

    parts = await ask(connect("steps"), "stream", NOTHING, stream_mode=modes)

    assert {part.event for part in parts} == set(modes)
    values = [part.data for part in parts if part.event == "values"]
    states = [part.data["payload"] for part in parts if part.event == "debug"]
    places = [state["config"]["configurable"] for state in states if "values" in state]
    assert values[-1] == {"words": ["first", "second"]}
    assert len({place["checkpoint_id"] for place in places}) == 4


async def test_messages_are_streamed_in_pieces(connect: Connect, ask: Ask):
    said = {"messages": [{"role": "user", "content": "how does it go?"}]}

    parts = await ask(connect("talking"), "stream", said, stream_mode="messages")

    chunks = [message for message, metadata in parts if metadata["langgraph_node"] == "talk"]
    assert "".join(chunk["content"] for chunk in chunks) == "so it goes"
    assert {chunk["type"] for chunk in chunks} == {AIMessageChunk(content="").type}


async def test_events_of_subgraphs_have_their_namespace(connect: Connect, ask: Ask):
    parts = await ask(connect("nested"), "stream", NOTHING, stream_mode=["updates"], subgraphs=True)

    (inner, _, inner_data), (outer, _, outer_data) = parts
    assert inner[0].startswith("child:")
    assert inner_data == {"inner": {"words": ["first"]}}
    assert (outer, outer_data) == ((), {"child": {"words": ["first"]}})


async def test_a_question_is_answered(connect: Connect, ask: Ask, on: Any):
    graph = connect("asking")

    asked = await ask(graph, "invoke", NOTHING, on)
    state = await ask(graph, "get_state", on)
    answered = await ask(graph, "invoke", Command(resume="blue"), on)

    assert asked["__interrupt__"][0]["value"] == "which word?"
    assert (state.next, state.interrupts[0].value) == (("ask",), "which word?")
    assert answered == {"words": ["blue"]}


async def test_it_stops_before_a_node_and_its_state_is_changed(connect: Connect, ask: Ask, on: Any):
    graph = connect("steps")

    await ask(graph, "invoke", NOTHING, on, interrupt_before=["second"])
    await ask(graph, "update_state", on, {"words": ["mine"]}, as_node="first")
    values = await ask(graph, "invoke", None, on)
    history = await ask(graph, "get_state_history", on, limit=3)
    place = history[-1].config["configurable"]
    again = await ask(graph, "invoke", None, on, checkpoint=place)

    assert values == {"words": ["first", "mine", "second"]}
    assert [state.next for state in history] == [(), ("second",), ("second",)]
    assert again == {"words": ["first", "second"]}


async def test_it_is_drawn(connect: Connect, ask: Ask):
    drawn = await ask(connect("nested"), "get_graph", xray=True)

    assert "child:inner" in drawn.nodes


async def test_a_failure_is_raised(connect: Connect, ask: Ask):
    with pytest.raises(RemoteException, match="the node does not like this"):
        await ask(connect("failing"), "invoke", NOTHING)


# Within a local graph


def local(remote: RemoteGraph, **options: Any) -> Any:
    graph = StateGraph(Words)
    graph.add_node("remote", remote)
    graph.add_node("last", lambda _: {"words": ["last"]})
    graph.add_edge(START, "remote")
    graph.add_edge("remote", "last")
    return graph.compile(**options)


async def test_it_is_a_node_of_a_local_graph(connect: Connect, ask: Ask):
    values = await ask(local(connect("steps")), "invoke", NOTHING)

    assert values["words"] == ["first", "second", "last"]


async def test_its_events_are_those_of_a_subgraph(connect: Connect, ask: Ask):
    graph = local(connect("steps"))

    parts = await ask(graph, "stream", NOTHING, stream_mode="updates", subgraphs=True)

    inner = [data for namespace, data in parts if namespace]
    assert inner == [{"first": {"words": ["first"]}}, {"second": {"words": ["second"]}}]


async def test_its_question_is_the_local_graphs(connect: Connect, ask: Ask, on: Any):
    graph = local(connect("asking"), checkpointer=InMemorySaver())

    asked = await ask(graph, "invoke", NOTHING, on)
    state = await ask(graph, "get_state", on)

    assert [one.value for one in asked["__interrupt__"]] == ["which word?"]
    assert state.next == ("remote",)
