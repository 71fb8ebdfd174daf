import asyncio
import contextlib
import gc
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnableParallel
from langchain_core.tracers import RunLogPatch
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from moorage.client import RemoteRunnable, collect_metadata
from moorage.serialization import Serializer, WellKnownLCSerializer
from moorage.testing import Signal

pytestmark = pytest.mark.anyio

RUN = UUID(int=9)
METADATA = {"run_id": str(RUN), "feedback_tokens": []}
END = b"event: end\r\n\r\n"

Answer = Callable[[Request], Response]


class Server:
    """Answers every request in the way the test says, and keeps what it was asked.

    Attributes:
        asked: Path, headers and JSON body of every request.
        answer: Makes the response; may be replaced.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, httpx.Headers, Any]] = []
        self.answer: Answer = lambda request: JSONResponse({"output": None, "metadata": METADATA})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = json.loads(await request.body())
        self.asked.append((request.url.path, httpx.Headers(request.headers.raw), body))
        await self.answer(request)(scope, receive, send)

    def outputs(self, *outputs: Any, **more: Any) -> None:
        responses = [METADATA for _ in outputs]
        batch = {"output": list(outputs), "metadata": {"responses": responses}}
        single = {"output": outputs[0], "metadata": METADATA}
        self.answer = lambda request: JSONResponse(
            {**(batch if request.url.path.endswith("batch") else single), **more}
        )

    def frames(self, *pieces: bytes) -> None:
        self.answer = lambda request: StreamingResponse(
            iter(pieces), media_type="text/event-stream"
        )

    def chunks(self, *values: Any) -> None:
        dumps = WellKnownLCSerializer().dumps
        frames = [b"event: data\r\ndata: " + dumps(value) + b"\r\n\r\n" for value in values]
        first = b"event: metadata\r\ndata: " + json.dumps(METADATA).encode() + b"\r\n\r\n"
        self.frames(first, *frames, END)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def remote(
    anyio_backend: str, server: Server, serve: Callable[..., str]
) -> AsyncIterator[RemoteRunnable[Any, Any]]:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(serve(server) + "/p")
    yield remote
    # Its connections belong to the loop of this test and must not outlive it.
    await remote.async_client.aclose()


class Ends(BaseCallbackHandler):
    """Keeps what runs of the name RemoteRunnable began and ended with."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.ended: list[Any] = []
        self.failed: list[BaseException] = []

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.started.append(kwargs["name"])

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.ended.append(outputs)

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.failed.append(error)


# --- invoke ------------------------------------------------------------------------------------


@pytest.mark.requirement("langserve:remote:calls")
def test_an_invoke_sends_input_and_config(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.outputs(AIMessage(content="hi").model_dump())
    config: Any = {"tags": ["t"], "configurable": {"k": 1, "o": object()}, "callbacks": []}
    assert remote.invoke({"q": HumanMessage(content="x")}, config) == AIMessage(content="hi")
    [(path, headers, body)] = server.asked
    assert path == "/p/invoke"
    assert headers["content-type"] == "application/json"
    assert list(body) == ["input", "config", "kwargs"]
    assert body["input"]["q"]["type"] == "human"
    assert body["config"]["tags"] == ["t"]
    assert body["config"]["configurable"] == {"k": 1}
    assert "callbacks" not in body["config"]
    assert body["kwargs"] == {}


async def test_an_async_invoke_does_the_same(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.outputs(AIMessage(content="hi").model_dump())
    assert await remote.ainvoke(1, {"run_name": "mine"}) == AIMessage(content="hi")
    assert server.asked[0][2]["input"] == 1


@pytest.mark.requirement("langserve:remote:keywords")
def test_keyword_arguments_are_refused_before_anything_is_sent(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    with pytest.raises(NotImplementedError, match="stop"):
        remote.invoke(1, stop=["x"])
    with pytest.raises(NotImplementedError, match="stop"):
        remote.batch([1], stop=["x"])
    assert server.asked == []


def test_a_reply_that_is_not_of_the_protocol_is_a_value_error(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.answer = lambda request: JSONResponse({"result": 1})
    with pytest.raises(ValueError, match="no 'output'"):
        remote.invoke(1)
    server.answer = lambda request: JSONResponse([1])
    with pytest.raises(ValueError, match="no 'output'"):
        remote.invoke(1)
    server.answer = lambda request: PlainTextResponse("<html>")
    with pytest.raises(ValueError, match="not JSON"):
        remote.invoke(1)


def test_a_null_output_is_an_output(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.outputs(None)
    assert remote.invoke(1) is None


# --- failures ----------------------------------------------------------------------------------


@pytest.mark.requirement("langserve:remote:status-errors")
@pytest.mark.parametrize("status", [301, 404, 422, 429, 500, 503])
def test_a_refusal_carries_status_and_body(
    server: Server, remote: RemoteRunnable[Any, Any], status: int
) -> None:
    server.answer = lambda request: JSONResponse({"detail": "no way"}, status)
    with pytest.raises(httpx.HTTPStatusError, match=r'for \{"detail":"no way"\}') as caught:
        remote.invoke(1)
    assert caught.value.response.status_code == status
    with pytest.raises(httpx.HTTPStatusError, match="no way"):
        remote.batch([1, 2])
    with pytest.raises(httpx.HTTPStatusError, match="no way"):
        list(remote.stream(1))


async def test_an_async_call_fails_alike(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.answer = lambda request: JSONResponse({"detail": "no way"}, 422)
    with pytest.raises(httpx.HTTPStatusError, match="no way"):
        await remote.ainvoke(1)
    with pytest.raises(httpx.HTTPStatusError, match="no way"):
        await remote.abatch([1])
    for call in (remote.astream, remote.astream_log, remote.astream_events):
        with pytest.raises(httpx.HTTPStatusError, match="no way"):
            [chunk async for chunk in call(1)]


@pytest.mark.requirement("langserve:remote:status-errors")
def test_an_error_tells_no_credentials(server: Server, serve: Callable[..., str]) -> None:
    url = serve(server).replace("http://", "http://user:hunter2@")
    headers = {"authorization": "Bearer hunter2", "x-api-key": "hunter2"}
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(
        url, headers=headers, cookies={"c": "hunter2"}
    )
    server.answer = lambda request: PlainTextResponse("no", 401)
    failures: list[httpx.HTTPStatusError] = []
    for call in (lambda: remote.invoke(1), lambda: list(remote.stream(1))):
        with pytest.raises(httpx.HTTPStatusError) as caught:
            call()
        failures.append(caught.value)
    server.frames(b'event: error\ndata: {"status_code": 500, "message": "no"}\n\n')
    with pytest.raises(httpx.HTTPStatusError) as caught:
        list(remote.stream(1))
    failures.append(caught.value)
    assert server.asked[-1][1]["x-api-key"] == "hunter2"
    for failure in failures:
        for request in (failure.request, failure.response.request):
            shown = [str(failure), str(request.url), str(list(request.headers.values()))]
            assert "hunter2" not in "".join(shown)
        assert failure.request.headers["x-api-key"] == "<redacted>"
        assert failure.request.headers["content-type"] == "application/json"


def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable("http://127.0.0.1:1")
    with pytest.raises(httpx.ConnectError):
        remote.invoke(1)


# --- batch -------------------------------------------------------------------------------------


@pytest.mark.requirement("langserve:remote:calls")
def test_a_batch_is_one_request_with_a_config_for_each(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.outputs(2, 3)
    assert remote.batch([1, 2], [{"tags": ["a"]}, {"tags": ["b"]}]) == [2, 3]
    [(path, _, body)] = server.asked
    assert path == "/p/batch"
    assert body["inputs"] == [1, 2]
    assert [config["tags"] for config in body["config"]] == [["a"], ["b"]]
    assert "return_exceptions" not in body


@pytest.mark.requirement("langserve:remote:calls")
async def test_an_empty_batch_makes_no_request(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    assert remote.batch([]) == []
    assert await remote.abatch([]) == []
    assert server.asked == []


@pytest.mark.requirement("langserve:remote:return-exceptions")
async def test_items_fail_one_by_one_on_request(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    error = {"status_code": 429, "message": "Slow down"}
    metadata = {"responses": [METADATA, {**METADATA, "error": error}, METADATA]}
    server.outputs(1, None, None, metadata=metadata)
    handler = Ends()
    for outputs in (
        remote.batch([1, 2, 3], {"callbacks": [handler]}, return_exceptions=True),
        await remote.abatch([1, 2, 3], {"callbacks": [handler]}, return_exceptions=True),
    ):
        fine, failed, empty = outputs
        assert (fine, empty) == (1, None)
        assert isinstance(failed, httpx.HTTPStatusError)
        assert failed.response.status_code == 429
        assert str(failed) == "Slow down"
    assert [body["return_exceptions"] for _, _, body in server.asked] == [True, True]
    assert [str(error) for error in handler.failed] == ["Slow down", "Slow down"]
    assert handler.ended == [1, None] * 2


async def test_a_batch_that_fails_as_a_whole_fails_every_item(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.answer = lambda request: PlainTextResponse("Internal Server Error", 500)
    for outputs in (
        remote.batch([1, 2], return_exceptions=True),
        await remote.abatch([1, 2], return_exceptions=True),
    ):
        first, second = outputs
        assert isinstance(first, httpx.HTTPStatusError)
        assert first is second


def test_a_batch_of_another_length_is_a_value_error(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.outputs(1)
    with pytest.raises(ValueError, match="2 inputs"):
        remote.batch([1, 2])


async def test_a_cancelled_batch_is_cancelled_though_exceptions_are_returned(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    arrived = Signal("no request arrived")
    server.answer = lambda request: StreamingResponse(until_gone(request, arrived))
    task = asyncio.create_task(remote.abatch([1], return_exceptions=True))
    await arrived.arrival()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --- stream ------------------------------------------------------------------------------------


async def until_gone(request: Request, arrived: Signal, *pieces: bytes) -> AsyncIterator[bytes]:
    """Send the pieces and then nothing more until the client has gone."""
    for piece in pieces:
        yield piece
    arrived.set()
    while (await request.receive())["type"] != "http.disconnect":
        pass


def test_a_stream_yields_chunks_as_objects(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.chunks({"a": "x"}, AIMessageChunk(content="hi"), [1], None)
    chunks = list(remote.stream({"q": 1}))
    assert chunks == [{"a": "x"}, AIMessageChunk(content="hi"), [1], None]
    [(path, headers, body)] = server.asked
    assert path == "/p/stream"
    assert headers["accept"] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
    assert list(body) == ["input", "config", "kwargs"]


async def test_chunks_of_a_stream_add_up(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.chunks({"a": "x"}, {"a": "y", "b": 1})
    handler = Ends()
    total = None
    async for chunk in remote.astream(1, {"callbacks": [handler]}):
        total = chunk if total is None else total + chunk
    assert total == {"a": "xy", "b": 1}
    assert handler.started == ["RemoteRunnable"]
    assert handler.ended == [total]


@pytest.mark.requirement("langserve:remote:line-separators")
def test_unicode_line_separators_do_not_break_a_stream(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    text = "a\u2028b\u2029c\u0085d"
    server.frames(b'event: data\r\ndata: "' + text.encode() + b'"\r\n\r\n', END)
    assert list(remote.stream(1)) == [text]


@pytest.mark.requirement("langserve:remote:stream-errors")
def test_an_error_event_is_raised_after_the_chunks_before_it(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    error = b'event: error\ndata: {"status_code": 503, "message": "Overloaded"}\n\n'
    server.frames(b"event: data\ndata: 1\n\n", error)
    handler = Ends()
    stream = remote.stream(1, {"callbacks": [handler]})
    assert next(stream) == 1
    with pytest.raises(httpx.HTTPStatusError) as caught:
        next(stream)
    assert str(caught.value) == "Overloaded"
    assert caught.value.response.status_code == 503
    assert caught.value.response.text == "Overloaded"
    assert handler.failed == [caught.value]


@pytest.mark.parametrize(
    "data", [b"oops", b'"oops"', b'{"message": "oops"}', b'{"status_code": "x", "message": "oops"}']
)
def test_an_error_event_that_says_little_is_a_500(
    server: Server, remote: RemoteRunnable[Any, Any], data: bytes
) -> None:
    server.frames(b"event: error\ndata: " + data + b"\n\n")
    with pytest.raises(httpx.HTTPStatusError, match="oops") as caught:
        list(remote.stream(1))
    assert caught.value.response.status_code == 500


def test_a_stream_that_stops_without_an_end_is_a_protocol_error(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.frames(b"event: data\ndata: 1\n\n")
    stream = remote.stream(1)
    assert next(stream) == 1
    with pytest.raises(httpx.RemoteProtocolError, match="before its end"):
        next(stream)


def test_a_connection_that_is_cut_is_a_protocol_error(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    class Cut(Response):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            headers = [(b"content-type", b"text/event-stream"), (b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            body = b"event: data\ndata: 1\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})

    server.answer = lambda request: Cut()
    stream = remote.stream(1)
    assert next(stream) == 1
    with pytest.raises(httpx.RemoteProtocolError):
        next(stream)


def test_a_reply_that_is_no_event_stream_is_a_protocol_error(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.outputs(1)
    with pytest.raises(httpx.RemoteProtocolError, match="application/json"):
        list(remote.stream(1))


@pytest.mark.requirement("langserve:remote:end")
def test_nothing_after_the_end_counts(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.frames(END + b"event: data\ndata: 1\n\n")
    assert list(remote.stream(1)) == []


@pytest.mark.requirement("langserve:remote:unknown-events")
def test_unknown_events_are_logged_once_and_ignored(
    server: Server, remote: RemoteRunnable[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    news = b"event: news\ndata: {\n\n"
    server.frames(news, b": ping\n\n", news, b"event: data\ndata: 1\n\n", END)
    assert list(remote.stream(1)) == [1]
    assert [record.getMessage() for record in caplog.records] == [
        "Events of the unknown type 'news' are ignored"
    ]


async def test_a_stream_that_is_left_early_closes_its_connection(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    gone = Signal("the server did not see the client go")

    async def body(request: Request) -> AsyncIterator[bytes]:
        try:
            yield b"event: data\ndata: 1\n\n"
            await request.receive()
        finally:
            gone.set()

    server.answer = lambda request: StreamingResponse(body(request), media_type="text/event-stream")
    async with contextlib.aclosing(remote.astream(1)) as stream:  # type: ignore[type-var]
        assert await anext(stream) == 1
    await gone.arrival()


def test_a_timeout_counts_for_each_piece(server: Server, serve: Callable[..., str]) -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(serve(server), timeout=0.1)
    first = b"event: data\ndata: 1\n\n"
    server.answer = lambda request: StreamingResponse(
        until_gone(request, Signal(""), first), media_type="text/event-stream"
    )
    stream = remote.stream(1)
    assert next(stream) == 1
    with pytest.raises(httpx.ReadTimeout):
        next(stream)


# --- log and events ----------------------------------------------------------------------------


async def test_a_log_comes_as_patches(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    start: dict[str, Any] = {
        "id": "1",
        "streamed_output": [],
        "final_output": None,
        "logs": {},
        "name": "n",
    }
    ops = [
        [{"op": "replace", "path": "", "value": start}],
        [{"op": "add", "path": "/streamed_output/-", "value": AIMessage(content="hi")}],
        [{"op": "replace", "path": "/final_output", "value": AIMessage(content="hi")}],
    ]
    server.chunks(*({"ops": step} for step in ops))
    handler, patches = Ends(), []
    async for patch in remote.astream_log(
        1, {"callbacks": [handler]}, include_names=["a"], exclude_tags=["b"], diff=False
    ):
        patches.append(patch)  # noqa: PERF401
    assert [patch.ops for patch in patches] == ops
    assert all(isinstance(patch, RunLogPatch) for patch in patches)
    body = server.asked[0][2]
    assert (body["include_names"], body["exclude_tags"]) == (["a"], ["b"])
    assert "include_types" not in body
    assert handler.ended == [AIMessage(content="hi")]


async def test_events_come_as_they_are(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    def event(name: str, parents: list[str], **data: Any) -> dict[str, Any]:
        return {"event": name, "data": data, "name": "n", "run_id": "1", "parent_ids": parents}

    events = [
        event("on_chain_start", [], input=1),
        event("on_chat_model_end", ["1"], output=AIMessage(content="no")),
        event("on_chain_end", [], output={"m": AIMessage(content="hi")}),
    ]
    server.chunks(*events)
    handler = Ends()
    call = remote.astream_events(1, {"callbacks": [handler]}, version="v2", include_types=["llm"])
    assert [event async for event in call] == events
    assert server.asked[0][0] == "/p/stream_events"
    assert server.asked[0][2]["include_types"] == ["llm"]
    assert handler.started == ["RemoteRunnable"]
    assert handler.ended == [{"m": AIMessage(content="hi")}]


async def test_a_log_that_fails_tells_its_callbacks(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.frames(b'event: error\ndata: {"status_code": 500, "message": "no"}\n\n')
    handler = Ends()
    with pytest.raises(httpx.HTTPStatusError):
        [patch async for patch in remote.astream_log(1, {"callbacks": [handler]})]
    assert len(handler.failed) == 1


# --- metadata and callback events --------------------------------------------------------------


@pytest.mark.requirement("langserve:remote:metadata")
async def test_the_metadata_of_every_reply_can_be_collected(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    with collect_metadata() as replies:
        server.outputs(1, 2)
        remote.invoke(1)
        await remote.ainvoke(1)
        remote.batch([1, 2])
        server.chunks(1)
        list(remote.stream(1))
        [chunk async for chunk in remote.astream(1)]
        [patch async for patch in remote.astream_events(1)]
    assert [reply.run_id for reply in replies] == [RUN] * 7


def test_metadata_is_collected_from_anywhere_in_a_chain(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.outputs(1)
    chain = RunnableLambda(lambda x: x) | RunnableParallel(a=remote, b=remote)
    with collect_metadata() as replies:
        assert chain.invoke(1) == {"a": 1, "b": 1}
    assert len(replies) == 2


CALLBACK_EVENTS = [
    {
        "type": "on_chain_start",
        "run_id": str(RUN),
        "parent_run_id": None,
        "serialized": None,
        "inputs": 1,
        "kwargs": {"name": "/p"},
    },
    {"type": "on_chain_end", "run_id": str(RUN), "parent_run_id": None, "outputs": 2, "kwargs": {}},
]


@pytest.mark.requirement("langserve:remote:callback-events")
async def test_callback_events_are_replayed(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.outputs(2, callback_events=CALLBACK_EVENTS)
    handler = Ends()
    remote.invoke(1, {"callbacks": [handler]})
    await remote.ainvoke(1, {"callbacks": [handler]})
    assert handler.started == ["RemoteRunnable", "/p"] * 2
    server.outputs(2, 2, callback_events=[CALLBACK_EVENTS, CALLBACK_EVENTS])
    mine, other = Ends(), Ends()
    remote.batch([1, 1], [{"callbacks": [mine]}, {"callbacks": [other]}])
    await remote.abatch([1, 1], [{"callbacks": [mine]}, {"callbacks": [other]}])
    assert mine.started == other.started == ["RemoteRunnable", "/p"] * 2


def test_callback_events_can_be_left_alone(server: Server, serve: Callable[..., str]) -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(
        serve(server), use_server_callback_events=False
    )
    server.outputs(2, callback_events=CALLBACK_EVENTS)
    handler = Ends()
    remote.invoke(1, {"callbacks": [handler]})
    assert handler.started == ["RemoteRunnable"]


# --- as a runnable among others ----------------------------------------------------------------


def test_it_takes_input_in_pieces(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.chunks("a", "b")

    def words(_: Iterator[Any]) -> Iterator[str]:
        yield "one "
        yield "two"

    chain = RunnableGenerator(words) | remote
    assert list(chain.stream(1)) == ["a", "b"]
    assert server.asked[0][2]["input"] == "one two"


async def test_it_takes_input_in_pieces_that_cannot_be_added(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    server.chunks("a")

    async def pieces() -> AsyncIterator[Any]:
        yield None
        yield {"last": 1}

    assert [chunk async for chunk in remote.atransform(pieces())] == ["a"]
    assert server.asked[0][2]["input"] == {"last": 1}


def test_without_input_there_is_no_request(
    server: Server, remote: RemoteRunnable[Any, Any]
) -> None:
    assert list(remote.transform(iter([]))) == []
    assert server.asked == []


def test_it_can_be_bound_to_a_config(server: Server, remote: RemoteRunnable[Any, Any]) -> None:
    server.outputs(1)
    remote.with_config(configurable={"k": 1}).invoke(1)
    assert server.asked[0][2]["config"]["configurable"] == {"k": 1}


def test_it_takes_and_gives_anything(remote: RemoteRunnable[Any, Any]) -> None:
    assert remote.InputType is Any
    assert (remote | RunnableLambda(lambda x: x)).get_input_jsonschema()["title"]


@pytest.mark.requirement("langserve:remote:serializer")
def test_a_serializer_of_the_users_own_is_used_both_ways(
    server: Server, serve: Callable[..., str]
) -> None:
    class Shouting(Serializer):
        def dumps(self, obj: Any) -> bytes:
            return json.dumps(str(obj).upper()).encode()

        def loadd(self, obj: Any) -> Any:
            return f"{obj}!"

    remote: RemoteRunnable[Any, Any] = RemoteRunnable(serve(server), serializer=Shouting())
    server.outputs("yes")
    assert remote.invoke("quiet") == "yes!"
    assert server.asked[0][2]["input"] == "QUIET"
    server.frames(b'event: data\ndata: "so"\n\n', END)
    assert list(remote.stream("x")) == ["so!"]


# --- the HTTP clients --------------------------------------------------------------------------


def test_all_settings_reach_both_clients() -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(
        "http://server/p",
        timeout=3,
        auth=("user", "secret"),
        headers={"x-a": "1"},
        cookies={"c": "2"},
        verify=False,
        client_kwargs={"follow_redirects": True},
    )
    assert remote.url == "http://server/p/"
    for client in (remote.sync_client, remote.async_client):
        assert client.timeout == httpx.Timeout(3)
        assert isinstance(client.auth, httpx.BasicAuth)
        assert client.headers["x-a"] == "1"
        assert client.cookies["c"] == "2"
        assert client.follow_redirects
        assert client.base_url == "http://server/p/"


def test_there_is_no_timeout_unless_one_is_set() -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable("http://server/p")
    assert remote.sync_client.timeout == remote.async_client.timeout == httpx.Timeout(None)


@pytest.mark.requirement("langserve:remote:replaced-clients")
async def test_clients_that_are_put_in_their_place_are_used(server: Server) -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable("http://nowhere/p")
    remote.sync_client = TestClient(server, base_url="http://nowhere/p")  # type: ignore[assignment]
    remote.async_client = httpx.AsyncClient(
        transport=httpx.ASGITransport(server), base_url="http://nowhere/p"
    )
    server.outputs(1)
    assert remote.invoke(1) == await remote.ainvoke(1) == 1
    server.chunks(2)
    assert [*remote.stream(1), *[chunk async for chunk in remote.astream(1)]] == [2, 2]
    assert [path for path, _, _ in server.asked] == ["/p/invoke"] * 2 + ["/p/stream"] * 2
    server.answer = lambda request: PlainTextResponse("no", 404)
    with pytest.raises(httpx.HTTPStatusError, match="404 Not Found"):
        remote.invoke(1)
    remote.sync_client.close()
    await remote.async_client.aclose()


def used_clients(remote: RemoteRunnable[Any, Any]) -> list[Any]:
    return [remote.sync_client, remote.async_client]


@pytest.mark.requirement("langserve:remote:closed")
def test_the_clients_are_closed_with_the_runnable(
    server: Server, serve: Callable[..., str]
) -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(serve(server))
    remote.invoke(1)
    clients = used_clients(remote)
    del remote
    gc.collect()
    assert [client.is_closed for client in clients] == [True, True]


@pytest.mark.requirement("langserve:remote:closed")
async def test_the_clients_are_closed_with_the_runnable_inside_a_loop(
    server: Server, serve: Callable[..., str]
) -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(serve(server))
    await remote.ainvoke(1)
    clients = used_clients(remote)
    del remote
    gc.collect()
    assert [client.is_closed for client in clients] == [True, True]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_clients_are_closed_after_their_loop(server: Server, serve: Callable[..., str]) -> None:
    remote: RemoteRunnable[Any, Any] = RemoteRunnable(serve(server))
    asyncio.run(_once(remote))
    clients = used_clients(remote)
    del remote
    gc.collect()
    assert [client.is_closed for client in clients] == [True, True]


async def _once(remote: RemoteRunnable[Any, Any]) -> None:
    await remote.ainvoke(1)
