"""A client that leaves ends the run that it asked for, on every endpoint."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from moorage import Settings, add_routes, create_app
from moorage.testing import Gate, ScriptedChatModel, Signal

Serve = Callable[..., str]
OPERATIONS = ("invoke", "batch", "stream", "stream_log", "stream_events")


class Waiting:
    """A runnable that waits for ever, and says when it began and when it was cancelled."""

    def __init__(self) -> None:
        self.began = Signal("the run did not begin")
        self.ended = Signal("the run was not cancelled")
        self.completed = False

    async def wait(self, _: Any) -> str:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        self.completed = True
        return "done"

    async def pour(self, _: AsyncIterator[Any]) -> AsyncIterator[str]:
        try:
            yield "first"
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.ended.set()


def leave(url: str, operation: str, began: Signal) -> bytes:
    """Ask for a run, wait until it has begun, and close the connection."""
    where = httpx.URL(url)
    sent = {"inputs": [1, 2]} if operation == "batch" else {"input": 1}
    body = json.dumps(sent).encode()
    head = f"POST /r/{operation} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((where.host, where.port or 80)) as connection:
        connection.sendall(head.encode() + body)
        began.wait()
        connection.setblocking(False)
        try:
            return connection.recv(65536)
        except BlockingIOError:
            return b""


def bare(runnable: Runnable[Any, Any]) -> FastAPI:
    app = FastAPI()
    add_routes(app, runnable, path="/r")
    return app


def service(runnable: Runnable[Any, Any]) -> FastAPI:
    app = create_app(Settings(environment="development"))
    add_routes(app, runnable, path="/r")
    return app


@pytest.mark.requirement("langserve:invoke:disconnect", "langserve:stream:disconnect")
@pytest.mark.parametrize("make", [bare, service])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_client_that_leaves_cancels_the_run(serve: Serve, operation: str, make: Any):
    waiting = Waiting()
    url = serve(make(RunnableLambda(waiting.wait)))

    leave(url, operation, waiting.began)

    waiting.ended.wait()
    assert not waiting.completed
    again = httpx.get(f"{url}/r/input_schema")
    assert again.status_code == 200


@pytest.mark.requirement("langserve:stream:disconnect")
@pytest.mark.parametrize("operation", ["stream", "stream_log", "stream_events"])
def test_a_client_that_leaves_in_mid_stream_closes_the_source(serve: Serve, operation: str):
    waiting = Waiting()
    url = serve(service(RunnableGenerator(waiting.pour)))

    leave(url, operation, waiting.began)

    waiting.ended.wait()


@pytest.mark.requirement("langserve:stream:disconnect")
@pytest.mark.parametrize("operation", ["stream", "stream_log", "stream_events"])
def test_a_client_that_leaves_interrupts_the_model(serve: Serve, operation: str):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Hello ", gate, "you"]])
    url = serve(service(model | RunnableLambda(lambda message: message)))

    where = httpx.URL(url)
    body = b'{"input": "Hi"}'
    head = f"POST /r/{operation} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((where.host, where.port or 80)) as connection:
        connection.sendall(head.encode() + body)
        gate.reached.wait()

    model.interrupted.wait()


@pytest.mark.requirement("langserve:stream:disconnect")
def test_a_connection_that_is_reset_is_a_client_that_left(serve: Serve):
    waiting = Waiting()
    where = httpx.URL(serve(service(RunnableGenerator(waiting.pour))))
    connection = socket.create_connection((where.host, where.port or 80))
    connection.sendall(b"POST /r/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
    connection.sendall(b'{"input":1}')
    waiting.began.wait()
    reset = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # linger for no time: RST in place of FIN
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    connection.close()

    waiting.ended.wait()


@pytest.mark.requirement("langserve:invoke:disconnect")
def test_a_run_in_a_thread_is_given_up_and_its_request_is_over(serve: Serve):
    began, over = Signal("the thread did not begin"), Signal("the request is not over")
    go_on = threading.Event()

    def block(_: Any) -> str:
        began.set()
        go_on.wait(20)
        return "late"

    app = bare(RunnableLambda(block))

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        if scope["type"] == "http":
            over.set()

    url = serve(watched)
    try:
        leave(url, "invoke", began)
        over.wait()
    finally:
        go_on.set()


def test_a_client_that_leaves_before_its_body_is_complete_is_no_failure(
    serve: Serve, caplog: pytest.LogCaptureFixture
):
    waiting = Waiting()
    for make in (bare, service):
        url = serve(make(RunnableLambda(waiting.wait)))
        where = httpx.URL(url)
        with socket.create_connection((where.host, where.port or 80)) as connection:
            connection.sendall(b"POST /r/invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        assert httpx.get(f"{url}/r/input_schema").status_code == 200

    assert not waiting.began.is_set
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []
