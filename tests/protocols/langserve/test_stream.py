"""``POST /stream``: the frames byte for byte, and what may go wrong in the middle."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda
from starlette.exceptions import HTTPException

from moorage import Rejected, Settings, add_routes, create_app
from moorage.edge.sse import EventResponse, Heartbeat, frame
from moorage.engine.policy import RunPolicy
from moorage.engine.supervision import Supervision
from moorage.testing import Gate, Signal
from tests.protocols.langserve.wire import Event, chunks, client, events, hosting

pytestmark = pytest.mark.anyio

Serve = Callable[..., str]
CLOSED = {"status_code": 500, "message": "Internal Server Error"}


def saying(*values: Any) -> RunnableGenerator[Any, Any]:
    """A runnable that streams these values, and raises those that are exceptions."""

    async def say(_: AsyncIterator[Any]) -> AsyncIterator[Any]:
        for value in values:
            if isinstance(value, Exception):
                raise value
            yield value

    return RunnableGenerator(say)


def published(runnable: Runnable[Any, Any]) -> FastAPI:
    app = FastAPI()
    add_routes(app, runnable, path="/r")
    return app


async def streamed(runnable: Runnable[Any, Any], **options: Any) -> bytes:
    async with hosting(runnable, **options) as http:
        response = await http.post("/r/stream", json={"input": None})
    assert response.status_code == 200
    return response.content


@pytest.mark.requirement("langserve:stream:frames", "langserve:config:run-id")
def test_the_frames_are_langserves_byte_for_byte(serve: Serve):
    run_id = str(uuid4())
    app = FastAPI()
    add_routes(app, RunnableLambda(lambda x: x + 1), path="/r", config_keys=["run_id"])

    response = httpx.post(serve(app) + "/r/stream", json={"input": 1, "config": {"run_id": run_id}})

    assert (
        response.content
        == (
            f'event: metadata\r\ndata: {{"run_id": "{run_id}"}}\r\n\r\n'
            "event: data\r\ndata: 2\r\n\r\n"
            "event: end\r\n\r\n"
        ).encode()
    )


@pytest.mark.requirement("langserve:stream:headers")
def test_the_headers_say_that_it_is_a_stream_and_not_to_be_kept(serve: Serve):
    response = httpx.post(serve(published(saying(1))) + "/r/stream", json={"input": 1})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["connection"] == "keep-alive"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["transfer-encoding"] == "chunked"


@pytest.mark.requirement("langserve:stream:frames")
async def test_each_chunk_is_compact_json_on_one_line():
    values: list[Any] = [
        "é\n\r\n",
        {"a": [1, None]},
        "",
        None,
        1.5,
        [],
        "data: x\r\n\r\nevent: end",
    ]

    body = await streamed(saying(*values))

    assert chunks(body) == values
    assert b'data: {"a":[1,null]}\r\n' in body
    assert "é\\n\\r\\n".encode() in body


@pytest.mark.requirement("langserve:stream:metadata-first")
def test_the_metadata_comes_at_once_and_before_the_first_chunk(serve: Serve):
    gate = Gate()

    async def wait(_: AsyncIterator[Any]) -> AsyncIterator[str]:
        await gate.passage()
        yield "late"

    url = serve(published(RunnableGenerator(wait)))
    with httpx.stream("POST", f"{url}/r/stream", json={"input": 1}) as response:
        blocks = response.iter_bytes()
        first = next(blocks)
        gate.open()
        rest = b"".join(blocks)

    assert [event.name for event in events(first)] == ["metadata"]
    assert events(rest) == [Event("data", '"late"'), Event("end", None)]


@pytest.mark.requirement("langserve:stream:metadata-first")
async def test_a_stream_without_chunks_has_metadata_and_an_end():
    assert [event.name for event in events(await streamed(saying()))] == ["metadata", "end"]


@pytest.mark.requirement("langserve:stream:error")
async def test_a_failure_before_the_first_chunk_is_an_error_event():
    body = await streamed(saying(ValueError("secret")))

    assert [event.name for event in events(body)] == ["metadata", "error"]
    error = (
        b'event: error\r\ndata: {"status_code": 500, "message": "Internal Server Error"}\r\n\r\n'
    )
    assert body.endswith(error)
    assert b"secret" not in body


@pytest.mark.requirement("langserve:stream:error")
async def test_the_chunks_before_a_failure_are_kept_and_no_end_follows():
    told = events(await streamed(saying("a", "b", ValueError("secret"))))

    assert [event.name for event in told] == ["metadata", "data", "data", "error"]
    assert [event.value for event in told[1:]] == ["a", "b", CLOSED]


@pytest.mark.requirement("langserve:stream:ends-well")
def test_after_an_error_event_the_body_ends_and_the_connection_can_be_used_again(serve: Serve):
    url = serve(published(saying(ValueError("secret"))))
    with httpx.Client() as http:
        first = http.post(f"{url}/r/stream", json={"input": 1})
        used = http._transport._pool.connections  # type: ignore[attr-defined]
        second = http.post(f"{url}/r/stream", json={"input": 1})

        assert len(used) == 1
    assert events(first.content)[-1].name == events(second.content)[-1].name == "error"


@pytest.mark.requirement("langserve:stream:error-status")
async def test_an_http_exception_keeps_its_status_in_the_error_event():
    told = events(await streamed(saying("a", HTTPException(429, "slow down"))))

    assert told[-1].data == '{"status_code": 429, "message": "slow down"}'


@pytest.mark.requirement("langserve:stream:invalid-before")
@pytest.mark.parametrize("operation", ["stream", "stream_log", "stream_events"])
async def test_what_does_not_fit_is_refused_before_the_stream_begins(operation: str):
    def number(x: int) -> int:
        return x

    async with hosting(RunnableLambda(number), config_keys=["tags"]) as http:
        wrong_input = await http.post(f"/r/{operation}", json={"input": "x"})
        wrong_config = await http.post(
            f"/r/{operation}", json={"input": 1, "config": {"tags": [3]}}
        )

    assert (wrong_input.status_code, wrong_config.status_code) == (422, 422)
    assert wrong_config.json()["detail"][0]["loc"] == ["tags", 0]


@pytest.mark.requirement("langserve:json:odd-values")
async def test_values_that_are_not_json_do_not_kill_a_stream():
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("not even a repr")

    odd = [
        {1, 2},
        b"\xff",
        object(),
        Odd(),
        float("nan"),
        2**70,
        {1: {(2, 3): "x"}},
        np.float32(1.5),
        "\ud800",
        ValueError,
        lambda: None,
    ]
    cycle: list[Any] = []
    cycle.append(cycle)

    told = chunks(await streamed(saying(*odd, cycle, "last")))

    assert len(told) == len(odd) + 2
    assert told[-1] == "last"


@pytest.mark.requirement("langserve:stream:line-separators")
async def test_what_old_clients_take_for_line_ends_is_escaped():
    text = "a\u2028b\u2029c\u0085d"

    body = await streamed(saying(text, {text: text}))

    assert chunks(body) == [text, {text: text}]
    assert len(body.decode().splitlines()) == body.count(b"\r\n")


async def test_five_thousand_chunks_arrive_in_order():
    assert chunks(await streamed(saying(*range(5000)))) == list(range(5000))


def test_a_very_large_chunk_arrives_whole(serve: Serve):
    large = "x" * 20_000_000
    url = serve(published(saying(large, "small")))

    response = httpx.post(f"{url}/r/stream", json={"input": 1}, timeout=60)

    assert chunks(response.content) == [large, "small"]


@pytest.mark.requirement("langserve:stream:slow-client")
def test_a_slow_client_holds_the_source_back_and_loses_nothing(serve: Serve):
    made = 0
    count, size = 600, 50_000

    async def pour(_: AsyncIterator[Any]) -> AsyncIterator[str]:
        nonlocal made
        for number in range(count):
            made = number + 1
            yield f"{number:06d}" + "x" * size

    url = httpx.URL(serve(published(RunnableGenerator(pour))))
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
        slow.connect((url.host, url.port))
        slow.sendall(_post("/r/stream"))
        received = bytearray(slow.recv(1024))
        # A source that nothing holds back is at its end before one that is held back stands still.
        seen = -1
        while seen != made:
            seen = made
            with httpx.Client() as http:
                _ = [http.get(f"{url}/r/input_schema").raise_for_status() for _ in range(50)]
        assert made < count / 2
        while not received.endswith(b"0\r\n\r\n"):
            received += slow.recv(1 << 20)

    assert made == count
    assert received.count(b"event: data") == count
    assert received.count(b"event: end") == 1


def _post(path: str) -> bytes:
    body = b'{"input": 1}'
    head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def test_a_source_that_ends_while_the_client_is_slow_is_sent_to_its_end():
    sent: list[bytes] = []
    ended = Signal("the source did not end")
    reading = Gate()

    async def source() -> Any:
        try:
            for number in range(10):
                yield frame(b"data", b"%d" % number)
        finally:
            ended.set()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await ended.arrival()
            await reading.passage()
            sent.append(message["body"])

    async def receive() -> Any:
        await asyncio.Event().wait()

    response = EventResponse(source(), lambda left: Supervision(RunPolicy(), left), _told)
    serving = asyncio.create_task(response({}, receive, send))
    await reading.reached.arrival()
    reading.open()
    await serving

    assert [event.value for event in events(b"".join(sent))] == list(range(10))


def _told(error: Exception) -> bytes:
    raise AssertionError(error)


@pytest.mark.requirement("langserve:stream:timeout", "langserve:stream:error-status")
async def test_a_run_over_the_limit_is_an_error_event_and_504():
    stopped = Signal("the run was not cancelled")

    async def sleep(_: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    app = create_app(Settings(environment="development", run_timeout=timedelta(seconds=0.05)))
    add_routes(app, RunnableLambda(sleep), path="/r")
    async with client(app) as http:
        stream = await http.post("/r/stream", json={"input": 1})
        await stopped.arrival()
        invoked = await http.post("/r/invoke", json={"input": 1})

    assert invoked.status_code == 504
    last = events(stream.content)[-1]
    assert last.name == "error"
    assert last.value["status_code"] == 504
    assert "0.05 seconds" in last.value["message"]


@pytest.mark.requirement("langserve:stream:heartbeat")
async def test_silence_is_filled_with_comments_and_data_is_not():
    sent: list[bytes] = []
    beaten = Signal("no heartbeat came")
    beats = 0

    async def source() -> Any:
        yield frame(b"data", b"1")
        await beaten.arrival()
        yield frame(b"data", b"2")

    async def send(message: Any) -> None:
        nonlocal beats
        body = message.get("body", b"")
        sent.append(body)
        beats += body.count(b": ping\r\n\r\n")
        if beats == 2:
            beaten.set()

    async def receive() -> Any:
        await asyncio.Event().wait()

    supervise = lambda left: Supervision(RunPolicy(), left)  # noqa: E731
    await EventResponse(source(), supervise, _told, heartbeat=Heartbeat(0.02))({}, receive, send)

    body = b"".join(sent)
    assert body.startswith(b"event: data\r\ndata: 1\r\n\r\n: ping\r\n\r\n: ping\r\n\r\n")
    assert [event.value for event in events(body)] == [1, 2]


@pytest.mark.requirement("langserve:callbacks:off")
async def test_a_stream_carries_no_callback_events():
    told = events(await streamed(saying("a"), include_callback_events=True))

    assert [event.name for event in told] == ["metadata", "data", "end"]
    assert json.loads(told[0].data or "").keys() == {"run_id"}


class Refusing(RunnableLambda[Any, Any]):
    """Fails when it is asked to stream, before there is anything to iterate over."""

    def astream(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise ValueError("not my kind of input")


@pytest.mark.requirement("langserve:stream:error")
async def test_a_runnable_that_fails_before_it_streams_is_an_error_event():
    told = events(await streamed(Refusing(lambda x: x)))

    assert [event.name for event in told] == ["metadata", "error"]
    assert told[1].value == CLOSED


@pytest.mark.requirement("langserve:stream:error-status")
async def test_the_mapper_is_asked_about_a_runnable_that_fails_before_it_streams():
    def explain(error: BaseException) -> Rejected | None:
        return Rejected(400, str(error)) if isinstance(error, ValueError) else None

    told = events(await streamed(Refusing(lambda x: x), error_mapper=explain))

    assert told[1].value == {"status_code": 400, "message": "not my kind of input"}
