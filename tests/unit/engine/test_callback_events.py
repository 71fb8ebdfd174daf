"""The events of a run as LangServe's clients replay them: complete, in order, and closed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForChainRun,
    BaseCallbackHandler,
    CallbackManagerForRetrieverRun,
    adispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
)
from langchain_core.tools import tool
from langserve.callbacks import ahandle_callbacks
from langserve.serialization import load_events
from typing_extensions import override

from moorage.engine.callback_events import CallbackEvents

pytestmark = pytest.mark.anyio

CLOSED = {"status_code": 500, "message": "Internal Server Error", "type": "server_error"}


class Library(BaseRetriever):
    @override
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        if query == "lost":
            raise RuntimeError("secret shelf")
        return [Document(page_content=f"about {query}")]


@tool
def lookup(key: str) -> dict[str, str]:
    """Look a key up."""
    return {"value": key.upper()}


@tool
def broken(key: str) -> str:
    """Fail."""
    raise RuntimeError("secret path")


def model() -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([AIMessage("hello world")]))


async def events_of(
    runnable: Runnable[Any, Any], value: Any, config: RunnableConfig | None = None
) -> list[Any]:
    collector = CallbackEvents()
    await runnable.ainvoke(value, {**(config or {}), "callbacks": [collector]})
    return collector.events


def types_of(events: list[Any]) -> list[str]:
    return [event["type"] for event in events]


def as_wire(events: list[Any]) -> Any:
    """Write the events as JSON and read them again, pydantic models as their fields."""
    return json.loads(json.dumps(events, default=lambda value: value.model_dump()))


async def test_a_chain_with_a_model_is_recorded_from_start_to_end() -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{q}")]) | model()
    run_id = uuid4()
    config: RunnableConfig = {
        "run_id": run_id,
        "run_name": "/chain",
        "tags": ["t"],
        "metadata": {"m": 1},
    }
    events = await events_of(chain, {"q": "hi"}, config)
    assert types_of(events) == [
        "on_chain_start",
        "on_chain_start",
        "on_chain_end",
        "on_chat_model_start",
        "on_llm_end",
        "on_chain_end",
    ]
    root, prompt = events[0], events[1]
    assert root["run_id"] == str(run_id)
    assert root["parent_run_id"] is None
    assert (root["tags"], root["metadata"]["m"]) == (["t"], 1)
    assert (root["inputs"], root["kwargs"]["name"]) == ({"q": "hi"}, "/chain")
    assert prompt["parent_run_id"] == str(run_id)
    assert prompt["tags"] == ["seq:step:1", "t"]
    assert prompt["kwargs"]["run_type"] == "prompt"


async def test_values_are_the_objects_of_the_run_itself() -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{q}")]) | model()
    events = await events_of(chain, {"q": "hi"})
    assert events[3]["messages"] == [[HumanMessage("hi")]]
    response = events[4]["response"]
    assert set(response) == {"generations", "llm_output", "run"}
    assert response["generations"][0][0].message.content == "hello world"
    assert events[5]["outputs"].content == "hello world"


async def test_every_event_has_the_same_six_keys_first() -> None:
    events = await events_of(RunnableLambda(lambda x: x) | lookup, {"key": "a"})
    expected = ["type", "run_id", "parent_run_id", "tags", "metadata", "kwargs"]
    assert all(list(event)[:6] == expected for event in events)
    assert all(str(UUID(event["run_id"])) == event["run_id"] for event in events)
    assert events[-1]["metadata"] is None


async def test_a_completion_model_and_a_retriever_have_their_own_events() -> None:
    llm = await events_of(FakeListLLM(responses=["four"]), "2+2")
    assert types_of(llm) == ["on_llm_start", "on_llm_end"]
    assert llm[0]["prompts"] == ["2+2"]
    found = await events_of(Library(), "ships")
    assert types_of(found) == ["on_retriever_start", "on_retriever_end"]
    assert found[0]["query"] == "ships"
    assert found[1]["documents"] == [Document(page_content="about ships")]


async def test_a_tool_output_is_text_whatever_the_tool_returned() -> None:
    plain = await events_of(lookup, {"key": "a"})
    assert plain[1]["output"] == "{'value': 'A'}"
    call = {"name": "lookup", "args": {"key": "a"}, "id": "1", "type": "tool_call"}
    called = await events_of(lookup, call)
    assert called[1]["output"] == '{"value": "A"}'
    collector = CallbackEvents()
    blocks: Any = [{"type": "text", "text": "hi"}]
    collector.on_tool_end(ToolMessage(blocks, tool_call_id="1"), run_id=uuid4())
    assert collector.events[0]["output"] == "[{'type': 'text', 'text': 'hi'}]"


@pytest.mark.parametrize(
    ("runnable", "value", "expected"),
    [
        (Library(), "lost", "on_retriever_error"),
        (broken, {"key": "a"}, "on_tool_error"),
        (RunnableLambda(lambda x: 1 // x), 0, "on_chain_error"),
        (GenericFakeChatModel(messages=iter([])), "hi", "on_llm_error"),
    ],
)
async def test_a_failure_is_recorded_without_its_text(
    runnable: Runnable[Any, Any], value: Any, expected: str
) -> None:
    collector = CallbackEvents()
    with pytest.raises((RuntimeError, ZeroDivisionError, StopIteration)):
        await runnable.ainvoke(value, {"callbacks": [collector]})
    assert types_of(collector.events)[-1] == expected
    assert collector.events[-1]["error"] == CLOSED
    assert "secret" not in str(as_wire(collector.events))


async def test_parallel_branches_are_kept_in_order_of_occurrence() -> None:
    turn = asyncio.Event()

    async def slow(value: int) -> int:
        await turn.wait()
        return value

    async def fast(value: int) -> int:
        turn.set()
        return value

    events = await events_of(RunnableParallel(slow=slow, fast=fast), 1)
    names = {e["run_id"]: e["kwargs"]["name"] for e in events if e["type"] == "on_chain_start"}
    ends = [names[e["run_id"]] for e in events if e["type"] == "on_chain_end"]
    assert ends == ["fast", "slow", "RunnableParallel<slow,fast>"]


async def test_runs_inside_a_worker_thread_are_recorded_too() -> None:
    def add_one(value: int) -> int:
        return value + 1

    inner = RunnableLambda(add_one)

    def sync(value: int) -> int:
        return inner.invoke(value)

    outer: Runnable[int, int] = RunnableLambda(sync)
    events = await events_of(outer, 1)
    assert types_of(events) == ["on_chain_start", "on_chain_start", "on_chain_end", "on_chain_end"]
    assert events[1]["kwargs"]["name"] == "add_one"
    assert events[1]["parent_run_id"] == events[0]["run_id"]


async def test_custom_agent_and_retry_events_are_recorded() -> None:
    async def act(value: str) -> str:
        await adispatch_custom_event("progress", {"done": 1})
        return value

    events = await events_of(RunnableLambda(act), "x")
    assert events[1]["type"] == "on_custom_event"
    assert (events[1]["name"], events[1]["data"]) == ("progress", {"done": 1})

    collector = CallbackEvents()
    manager = await AsyncCallbackManager([collector]).on_chain_start({}, {})
    assert isinstance(manager, AsyncCallbackManagerForChainRun)
    action = AgentAction(tool="t", tool_input="i", log="")
    finish = AgentFinish({"output": 1}, "")
    await manager.on_agent_action(action)
    await manager.on_retry(Retried())  # type: ignore[arg-type]
    await manager.on_agent_finish(finish)
    assert [e.get("action", e.get("finish")) for e in collector.events[1::2]] == [action, finish]
    assert collector.events[2]["retry_state"] == {"attempt_number": 2, "slept": 0.5}


class Retried:
    attempt_number = 2
    idle_for = 0.5


async def test_an_event_that_cannot_be_recorded_does_not_disturb_the_run() -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError("no text")

    @tool
    def strange() -> Any:
        """Return something without a text."""
        return Unprintable()

    collector = CallbackEvents()
    output = await strange.ainvoke({}, {"callbacks": [collector]})
    assert isinstance(output, Unprintable)


class Replayed(BaseCallbackHandler):
    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    @override
    def on_chain_start(self, serialized: Any, inputs: Any, **run: Any) -> None:
        self.seen.append(("chain", inputs))

    @override
    def on_chat_model_start(self, serialized: Any, messages: Any, **run: Any) -> None:
        self.seen.append(("model", messages))

    @override
    def on_llm_end(self, response: Any, **run: Any) -> None:
        self.seen.append(("answer", response.generations[0][0].message.content))

    @override
    def on_tool_start(self, serialized: Any, input_str: str, **run: Any) -> None:
        self.seen.append(("tool", input_str))

    @override
    def on_tool_end(self, output: Any, **run: Any) -> None:
        self.seen.append(("result", output))

    @override
    def on_retriever_end(self, documents: Any, **run: Any) -> None:
        self.seen.append(("documents", documents))


@pytest.mark.filterwarnings("ignore:Accessing the 'model_fields'")  # LangServe's own
async def test_langserves_client_accepts_and_replays_what_is_recorded() -> None:
    async def work(value: str) -> str:
        await model().ainvoke(value)
        await lookup.ainvoke({"key": value})
        await Library().ainvoke(value)
        return value

    wire = as_wire(await events_of(RunnableLambda(work), "ships"))
    loaded = load_events(wire)
    assert [event["type"] for event in loaded] == types_of(wire)

    handler = Replayed()
    manager = await AsyncCallbackManager([handler]).on_chain_start({}, "client")
    await ahandle_callbacks(manager, loaded)  # type: ignore[arg-type]
    assert handler.seen == [
        ("chain", "client"),
        ("chain", "ships"),
        ("model", [[HumanMessage("ships")]]),
        ("answer", "hello world"),
        ("tool", "{'key': 'ships'}"),
        ("result", "{'value': 'SHIPS'}"),
        ("documents", [Document(page_content="about ships")]),
    ]


async def test_a_stream_is_recorded_like_an_invocation() -> None:
    async def count(inputs: AsyncIterator[int]) -> AsyncIterator[int]:
        async for value in inputs:
            yield value

    collector = CallbackEvents()
    chain = RunnableGenerator(count)
    chunks = [c async for c in chain.astream(1, {"callbacks": [collector]})]
    assert chunks == [1]
    assert types_of(collector.events) == ["on_chain_start", "on_chain_end"]
