"""The patches of a run: the same as langchain-core's own, live, bounded and without a rest."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pprint import pformat
from typing import Any

import jsonpatch
import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, FakeListLLM, FakeStreamingListLLM
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableBranch,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnableSequence,
)
from langchain_core.runnables.utils import AddableDict
from langchain_core.tools import tool
from typing_extensions import override

from moorage.engine.log_patches import BACKLOG, stream_log
from moorage.engine.run_log import Filters, RunLog

pytestmark = pytest.mark.anyio

AnyRunnable = Runnable[Any, Any]
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")


class Scripted(BaseChatModel):
    """Asks for the tool once, then answers; streams both in pieces."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @override
    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    @override
    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("unstreamed"))])

    @override
    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        pieces = ["hello ", "big ", "world"]
        if not any(isinstance(message, ToolMessage) for message in messages):
            call: Any = {"name": "lookup", "args": '{"key":', "id": "1", "index": 0}
            rest: Any = {"name": None, "args": ' "a"}', "id": None, "index": 0}
            for part in (call, rest):
                chunk = AIMessageChunk(
                    content="", tool_call_chunks=[{**part, "type": "tool_call_chunk"}]
                )
                yield from self._told(chunk, run_manager)
        else:
            for piece in pieces:
                yield from self._told(AIMessageChunk(content=piece), run_manager)

    def _told(self, message: AIMessageChunk, run_manager: Any) -> Iterator[ChatGenerationChunk]:
        chunk = ChatGenerationChunk(message=message)
        if run_manager:
            run_manager.on_llm_new_token(str(message.content), chunk=chunk)
        yield chunk


class Library(BaseRetriever):
    @override
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        if query == "lost":
            raise RuntimeError
        return [Document(page_content=f"about {query}")]


@tool
def lookup(key: str) -> str:
    """Look a key up."""
    return key.upper()


@tool
def broken(key: str) -> str:
    """Fail."""
    raise RuntimeError


def add_one(value: int) -> int:
    return value + 1


def fail(value: Any) -> Any:
    raise ValueError(value)


async def three_times(value: int) -> list[int]:
    named = RunnableLambda(add_one).with_config(run_name="same", tags=["in"], metadata={"k": 1})
    return [await named.ainvoke(value) for _ in range(3)]


def in_a_thread(value: str) -> list[Any]:
    chunks = list(RunnableGenerator(sync_pieces).stream(value))
    return [*chunks, (ChatPromptTemplate.from_template("{q}") | Scripted()).invoke({"q": value})]


def sync_pieces(values: Iterator[Any]) -> Iterator[str]:
    for _ in values:
        yield from ["a", "b"]


async def survives_failures(value: str) -> int:
    steps: list[AnyRunnable] = [broken, Library(), RunnableLambda(fail)]
    for step in steps:
        with pytest.raises((RuntimeError, ValueError)):
            await step.ainvoke("lost")
    return 1


def agent() -> AnyRunnable:
    return create_agent(Scripted(), [lookup])


def emitting(*chunks: Any) -> AnyRunnable:
    async def emit(values: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for _ in values:
            for chunk in chunks:
                yield chunk

    return RunnableGenerator(emit)


def addable() -> AnyRunnable:
    return emitting(
        AddableDict({"a/b": "x"}),
        AddableDict({"c": [1, {"k": 1}], "same": 1}),
        AddableDict({"a/b": "y", "c": [2]}),
        AddableDict({"m": AIMessageChunk(content="q"), "z": None}),
        AddableDict({"m": AIMessageChunk(content="r")}),
    )


QUESTION = {"messages": [("human", "hi")]}
PROMPT = ChatPromptTemplate.from_messages([("human", "{q}")])
CASES: dict[str, tuple[Callable[[], AnyRunnable], Any]] = {
    "lambda": (lambda: RunnableLambda(add_one), 1),
    "sequence": (lambda: RunnableLambda(add_one) | RunnableLambda(add_one), 1),
    "mapping": (lambda: RunnableParallel(one=add_one), 1),
    "chain": (lambda: PROMPT | Scripted() | StrOutputParser(), {"q": "hi"}),
    "chat model": (Scripted, "hi"),
    "tool calls": (lambda: PROMPT | Scripted(), {"q": "hi"}),
    "completion model": (lambda: FakeStreamingListLLM(responses=["four"]) | str.upper, "2+2"),
    "completion in one": (lambda: FakeListLLM(responses=["four"]) | RunnableLambda(len), "2+2"),
    "retriever": (lambda: RunnableLambda(str) | Library(), "ships"),
    "tool": (lambda: RunnableLambda(dict) | lookup, {"key": "a"}),
    "agent": (agent, QUESTION),
    "nested agent": (
        lambda: RunnableSequence(RunnableLambda(dict), agent(), RunnableLambda(len)),
        QUESTION,
    ),
    "repeated names": (lambda: RunnableLambda(three_times), 1),
    "worker thread": (lambda: RunnableLambda(in_a_thread), "x"),
    "fallback": (lambda: RunnableLambda(fail).with_fallbacks([RunnableLambda(add_one)]), 1),
    "branch": (lambda: RunnableBranch((bool, RunnableLambda(add_one)), RunnableLambda(fail)), 1),
    "caught failures": (lambda: RunnableLambda(survives_failures), "x"),
    "failure": (lambda: RunnableLambda(fail), 1),
    "failure in a step": (lambda: RunnableLambda(add_one) | RunnableLambda(fail), 1),
    "failing prompt": (lambda: RunnableLambda(dict) | PROMPT, {"z": 1}),
    "numbers": (lambda: emitting(1, 2, 3), 0),
    "texts": (lambda: emitting("a", "", "b"), 0),
    "lists": (lambda: emitting([1], [{"k": 1}], [2]), 0),
    "messages": (lambda: emitting(AIMessageChunk(content="a"), AIMessageChunk(content="b")), 0),
    "mappings that add up": (addable, 0),
    "no sums": (lambda: emitting({"a": 1}, {"b": 2}, [1], [True], None, 3, "x"), 0),
    "nothing": (emitting, 0),
    "generators in a row": (lambda: emitting(1, 2) | emitting("a", "b"), 0),
}
FILTERS: list[Filters] = [
    {},
    {"include_types": ["llm", "tool"]},
    {"include_names": ["same"], "include_tags": ["seq:step:1"]},
    {"exclude_names": ["same"], "exclude_types": ["retriever", "prompt"], "exclude_tags": ["in"]},
    {"include_names": []},
]


async def collected(patches: AsyncIterator[Any]) -> list[Any]:
    """Collect the patches, and the class of the error that ends them."""
    found: list[Any] = []
    try:
        async for patch in patches:
            found.append(getattr(patch, "ops", patch))  # noqa: PERF401 - kept if an error follows
    except Exception as error:  # noqa: BLE001
        found.append(type(error))
    return found


def comparable(patches: list[Any]) -> str:
    """Write the patches with every id and time replaced, equal ids by equal numbers."""
    ids: dict[str, int] = {}
    text = pformat(patches, sort_dicts=False, width=200)
    text = UUID_TEXT.sub(lambda found: f"<{ids.setdefault(found[0], len(ids))}>", text)
    return TIME_TEXT.sub("<time>", text)


@pytest.mark.filterwarnings("ignore:astream_log is deprecated")
@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("case", CASES)
async def test_patches_are_those_of_langchain_core_op_for_op(case: str, filters: Filters) -> None:
    make, value = CASES[case]
    config: RunnableConfig = {"run_name": "/path", "tags": ["t"], "metadata": {"user": 1}}
    peer: Any = make()
    theirs = await collected(peer.astream_log(value, config, diff=True, **filters))
    ours = await collected(stream_log(make(), value, config, **filters))
    assert comparable(ours) == comparable(theirs)


async def test_the_patches_build_a_complete_log() -> None:
    state: Any = None
    async for ops in stream_log(agent(), QUESTION):
        state = jsonpatch.apply_patch(state, ops)
    assert list(state["logs"]) == ["model", "Scripted", "tools", "lookup", "model:2", "Scripted:2"]
    assert state["logs"]["Scripted:2"]["streamed_output_str"] == ["hello ", "big ", "world", ""]
    assert state["logs"]["lookup"]["type"] == "tool"
    assert all(entry["end_time"] for entry in state["logs"].values())
    called = state["logs"]["Scripted"]["final_output"]["generations"][0][0]["message"]
    assert called.tool_calls[0]["args"] == {"key": "a"}


async def test_parallel_branches_are_all_in_the_log() -> None:
    state: Any = None
    parallel = RunnableParallel(a=add_one, b=RunnableLambda(add_one) | RunnableLambda(add_one))
    async for ops in stream_log(parallel, 1):
        state = jsonpatch.apply_patch(state, ops)
    assert state["final_output"] == {"a": 2, "b": 3}
    ended = {name: entry["final_output"] for name, entry in state["logs"].items()}
    assert sorted(output["output"] for output in ended.values()) == [2, 2, 3, 3]


async def test_a_name_with_a_slash_stays_one_key() -> None:
    inner = RunnableLambda(add_one).with_config(run_name="a/b~c")
    state: Any = None
    async for ops in stream_log(inner | inner, 1):
        state = jsonpatch.apply_patch(state, ops)
    assert list(state["logs"]) == ["a/b~c", "a/b~c:2"]


async def test_tokens_arrive_while_the_run_goes_on() -> None:
    go_on = asyncio.Event()

    async def ask(value: str) -> str:
        await Scripted().ainvoke(value)
        await go_on.wait()
        return "done"

    paths = []
    async for ops in stream_log(RunnableLambda(ask), "hi"):
        paths += [op["path"] for op in ops]
        if "/logs/Scripted/final_output" in paths:
            go_on.set()
    assert "/logs/Scripted/streamed_output_str/-" in paths
    assert paths[-1] == "/final_output"


async def test_what_happens_in_threads_keeps_its_order() -> None:
    def blocking(value: int) -> Any:
        return RunnableParallel(a=add_one, b=add_one).invoke(value)

    async def blocks_the_loop(value: int) -> Any:
        return blocking(value)

    for runnable in (RunnableLambda(blocking), RunnableLambda(blocks_the_loop)):
        patches = [ops async for ops in stream_log(runnable, 1)]
        ends = [ops[0]["path"] for ops in patches if ops[0]["path"].endswith("final_output")]
        assert ends[-1] == "/logs/RunnableParallel<a,b>/final_output"
        assert len(ends) == 3


async def test_own_callbacks_go_on_being_called() -> None:
    seen: list[Any] = []
    mine = RunLog(seen.append)
    theirs = [ops async for ops in stream_log(RunnableLambda(add_one), 1, {"callbacks": [mine]})]
    assert seen == theirs[:1]


async def test_closing_cancels_the_run_and_leaves_no_task() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def endless(value: int) -> int:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return value

    before = asyncio.all_tasks()
    async with aclosing(stream_log(RunnableLambda(endless), 1)) as patches:
        await anext(patches)
        await started.wait()
    assert cancelled.is_set()
    assert asyncio.all_tasks() == before


async def test_cancelling_the_consumer_cancels_the_run() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def endless(value: int) -> int:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return value

    before = asyncio.all_tasks()
    consumer = asyncio.create_task(collected(stream_log(RunnableLambda(endless), 1)))
    await started.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert cancelled.is_set()
    assert asyncio.all_tasks() == before


async def many_turns() -> None:
    """Let everything else that can go on do so, for far longer than the tests below need."""
    for _ in range(100 * BACKLOG):
        await asyncio.sleep(0)


async def test_a_generator_that_waits_for_a_slow_consumer_is_closed_too() -> None:
    closed = asyncio.Event()

    async def forever(values: AsyncIterator[int]) -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = asyncio.all_tasks()
    async with aclosing(stream_log(RunnableGenerator(forever), 1)) as patches:
        await anext(patches)
        await many_turns()
    assert closed.is_set()
    assert asyncio.all_tasks() == before


async def test_a_slow_consumer_holds_the_run_back() -> None:
    made = 0
    total = 5 * BACKLOG

    async def count(values: AsyncIterator[int]) -> AsyncIterator[int]:
        nonlocal made
        for made in range(1, total + 1):  # noqa: B007
            yield 1

    async with aclosing(stream_log(RunnableGenerator(count), 1)) as patches:
        await anext(patches)
        await many_turns()
        assert made == BACKLOG
        paths = [ops[0]["path"] async for ops in patches]
    assert paths.count("/streamed_output/-") == total


def test_a_thread_that_outlives_the_loop_is_harmless(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    threads: list[threading.Thread] = []

    def later(config: RunnableConfig) -> None:
        release.wait(20)
        RunnableLambda(add_one).invoke(1, config)

    def start(value: int, config: RunnableConfig) -> int:
        threads.append(threading.Thread(target=later, args=(config,)))
        threads[0].start()
        return value

    patches = asyncio.run(collected(stream_log(RunnableLambda(start), 1)))
    release.set()
    threads[0].join(20)
    assert not caplog.records
    assert patches[-1][0]["value"] == 1


async def test_a_callback_costs_no_thread() -> None:
    threads: set[int] = set()
    log = RunLog(lambda _: threads.add(threading.get_ident()))
    await RunnableLambda(three_times).ainvoke(1, {"callbacks": [log]})
    assert threads == {threading.get_ident()}


async def test_nothing_is_kept_of_runs_that_have_ended() -> None:
    log = RunLog(lambda _: None)
    await RunnableLambda(three_times).ainvoke(1, {"callbacks": [log]})
    assert not log._open


async def test_a_value_that_refuses_to_be_compared_is_replaced() -> None:
    class Array:
        def __add__(self, other: Any) -> "Array":
            return Array()

        def __eq__(self, other: object) -> Any:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]

    patches = [ops async for ops in stream_log(emitting(Array(), Array()), 1)]
    assert [op["op"] for ops in patches[1:] for op in ops] == ["add", "replace"] * 2
