"""Our client against LangServe's own server and against ours: the same outcomes on both."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from moorage import add_routes
from moorage.client import RemoteRunnable, collect_metadata
from moorage.testing import serving
from tests.acceptance.processes import Server, free_port
from tests.protocols.langserve.served import ANSWER, look_up, served

pytestmark = pytest.mark.anyio

Open = Callable[..., RemoteRunnable[Any, Any]]


@pytest.fixture(scope="module", params=["langserve", "moorage"])
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a server that publishes the runnables."""
    if request.param == "moorage":
        app = FastAPI()
        for path, (runnable, options) in served().items():
            add_routes(app, runnable, path=path, **options)
        with serving(app) as address:
            yield address
        return
    port = free_port()
    peer = "tests.protocols.langserve.langserve_application:app"
    server = Server(["uvicorn", peer, "--port", str(port)], port)
    try:
        yield server.started().base
    finally:
        server.stop()


@pytest.fixture
async def remote(base: str, anyio_backend: str) -> AsyncIterator[Open]:
    """Give a client of one of the runnables, by its path."""
    opened: list[RemoteRunnable[Any, Any]] = []

    def open_client(path: str) -> RemoteRunnable[Any, Any]:
        opened.append(RemoteRunnable(base + path))
        return opened[-1]

    yield open_client
    for client in opened:
        await client.async_client.aclose()


class Names(BaseCallbackHandler):
    def __init__(self) -> None:
        self.started: list[str] = []
        self.failed: list[str] = []

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.started.append(kwargs["name"])

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.failed.append(str(error))


async def test_values_go_there_and_come_back(remote: Open) -> None:
    add = remote("/add")
    assert add.invoke(1) == await add.ainvoke(1) == 2
    assert add.batch([1, 2]) == await add.abatch([1, 2]) == [2, 3]
    message = remote("/message")
    assert message.invoke({"q": [HumanMessage(content="x")]}) == ANSWER
    assert remote("/look_up").invoke("x") == look_up("x")


async def test_chunks_come_as_they_are_made(remote: Open) -> None:
    counter = remote("/count")
    assert list(counter.stream(2)) == [{"text": "0"}, {"text": "1"}]
    assert [chunk async for chunk in counter.astream(2)] == [{"text": "0"}, {"text": "1"}]
    first, second = counter.stream(2)
    assert first + second == {"text": "01"}
    assert list(counter.stream(0)) == []


async def test_separators_survive_a_stream(remote: Open) -> None:
    [chunk] = [chunk async for chunk in remote("/message").astream(1)]
    assert chunk == ANSWER


def test_a_model_streams_message_chunks(remote: Open) -> None:
    chunks = list(remote("/model").stream("hi"))
    assert len(chunks) > 1
    assert all(isinstance(chunk, AIMessageChunk) for chunk in chunks)
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert total.content == "one two three"


async def test_a_chain_around_it_streams_through(remote: Open) -> None:
    chain = remote("/chain") | RunnableLambda(str.upper)
    assert await chain.ainvoke({"q": "x"}) == "ONE TWO THREE"
    streamed = [chunk async for chunk in remote("/chain").astream({"q": "x"})]
    assert len(streamed) > 1
    assert "".join(streamed) == "one two three"


def test_an_input_that_does_not_fit_is_refused_with_its_place(remote: Open) -> None:
    add = remote("/add")
    for call in (lambda: add.invoke("x"), lambda: list(add.stream("x"))):
        with pytest.raises(httpx.HTTPStatusError, match="valid integer") as caught:
            call()
        assert caught.value.response.status_code == 422


async def test_a_failure_at_the_server_tells_nothing_of_itself(remote: Open) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="Internal Server Error") as caught:
        remote("/add").invoke(13)
    assert caught.value.response.status_code == 500
    assert "secret" not in str(caught.value)
    stream = remote("/count").astream(13)
    assert await anext(stream) == {"text": "0"}
    with pytest.raises(httpx.HTTPStatusError, match="Internal Server Error") as caught:
        await anext(stream)
    assert caught.value.response.status_code == 500


def test_a_batch_returns_its_failures_on_request(
    remote: Open, request: pytest.FixtureRequest
) -> None:
    langserve = "[langserve" in request.node.name
    outputs: Sequence[Any] = remote("/add").batch([1, 13], return_exceptions=True)
    assert [isinstance(output, httpx.HTTPStatusError) for output in outputs] == [langserve, True]
    with pytest.raises(httpx.HTTPStatusError):
        remote("/add").batch([1, 13])


async def test_run_ids_can_be_collected(remote: Open) -> None:
    with collect_metadata() as replies:
        add = remote("/add")
        add.invoke(1)
        await add.abatch([1, 2])
        [chunk async for chunk in remote("/count").astream(2)]
        [event async for event in add.astream_events(1)]
    assert len({reply.run_id for reply in replies}) == 4
    assert all(isinstance(reply.run_id, UUID) for reply in replies)


async def test_callback_events_are_replayed(remote: Open) -> None:
    handler = Names()
    config: RunnableConfig = {"callbacks": [handler]}
    add = remote("/add")
    add.invoke(1, config)
    await add.ainvoke(1, config)
    assert handler.started == ["RemoteRunnable", "/add"] * 2
    await add.abatch([1, 2], config)
    assert handler.started.count("/add") == 4


async def test_a_log_adds_up_to_the_output(remote: Open) -> None:
    log: Any = None
    async for patch in remote("/chain").astream_log({"q": "x"}, include_types=["llm"]):
        log = patch if log is None else log + patch
    state = log.state
    assert state["final_output"] == "one two three"
    assert state["name"] == "/chain"
    assert list(state["logs"]) == ["ScriptedChatModel"]


async def test_events_tell_of_every_step(remote: Open) -> None:
    events = [event async for event in remote("/chain").astream_events({"q": "x"}, version="v2")]
    assert events[0]["event"] == "on_chain_start"
    assert events[0]["name"] == "/chain"
    assert events[-1]["event"] == "on_chain_end"
    assert events[-1]["data"]["output"] == "one two three"
    assert {"on_chat_model_start", "on_chat_model_end", "on_parser_end"} <= {
        event["event"] for event in events
    }


def test_configurable_values_reach_the_server(remote: Open) -> None:
    config: RunnableConfig = {"configurable": {"template": "bye {x}", "local": object()}}
    assert remote("/template").with_config(config).invoke({"x": "you"}).text == "bye you"
    assert remote("/template").invoke({"x": "you"}).text == "hello you"


def test_tags_and_metadata_reach_the_server_where_allowed(remote: Open) -> None:
    config: RunnableConfig = {"tags": ["t"], "metadata": {"user": "ada", "o": object()}}
    assert remote("/config").invoke(1, config) == {"tags": ["t"], "user": "ada"}


class History(BaseChatMessageHistory):
    def __init__(self) -> None:
        self.messages: list[BaseMessage] = []

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        self.messages.extend(messages)

    def clear(self) -> None:
        self.messages.clear()


@pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")
async def test_it_remembers_inside_a_message_history(remote: Open) -> None:
    history = History()
    chat: RunnableWithMessageHistory = RunnableWithMessageHistory(
        remote("/history"),
        lambda session_id: history,
        input_messages_key="q",
        history_messages_key="h",
    )
    config: RunnableConfig = {"configurable": {"session_id": "s"}}
    assert (await chat.ainvoke({"q": "one"}, config)).content == "1"
    assert chat.invoke({"q": "two"}, config).content == "3"
    assert [type(message) for message in history.messages] == [HumanMessage, AIMessage] * 2
