import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from moorage.edge.middleware.body_limit import BodyLimit

Serve = Callable[..., str]
Talk = Callable[..., bytes]

LIMIT = 1000


def echo() -> FastAPI:
    app = FastAPI()

    @app.api_route("/raw", methods=["GET", "POST", "HEAD", "OPTIONS"])
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    async def parsed(body: dict[str, Any]) -> int:
        return len(body)

    return app


@pytest.fixture(params=["httptools", "h11"])
def http(request: pytest.FixtureRequest) -> str:
    """What reads requests for the server."""
    return str(request.param)


@pytest.fixture
def base(serve: Serve, http: str) -> str:
    return serve(BodyLimit(echo(), max_bytes=LIMIT), http=http)


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return framed + b"0\r\n\r\n"


def head(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def test_a_body_up_to_the_limit_is_served(base: str):
    assert httpx.post(f"{base}/raw", content=b"x" * LIMIT).json() == LIMIT


@pytest.mark.parametrize("path", ["/raw", "/json"])
def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_sent(
    base: str, talk: Talk, path: str
):
    answer = talk(base, head(path, f"Content-Length: {LIMIT + 1}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["detail"].endswith("than 1000 bytes.")


def test_a_client_that_sends_a_huge_body_all_the_same_gets_to_see_the_answer(base: str):
    assert httpx.post(f"{base}/raw", content=b"x" * 5_000_000).status_code == 413


def test_the_connection_is_not_reset_under_a_client_that_reads_only_after_sending(
    base: str, talk: Talk
):
    answer = talk(base, head("/raw", "Content-Length: 5000000"), b"x" * 5_000_000)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/raw", "/json"])
def test_a_chunked_body_is_counted_as_it_is_read(base: str, talk: Talk, path: str):
    answer = talk(base, head(path, "Transfer-Encoding: chunked"), chunked(b"x" * 600, b"x" * 600))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer.lower()


def test_a_chunked_body_within_the_limit_is_served(base: str):
    assert httpx.post(f"{base}/raw", content=iter([b"x" * 400] * 2)).json() == 800


async def answer_while_reading(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    while (await receive()).get("more_body"):
        pass
    raise ClientDisconnect


def test_a_response_that_has_begun_is_cut_off_when_the_body_goes_over_the_limit(
    serve: Serve, talk: Talk
):
    base = serve(BodyLimit(answer_while_reading, max_bytes=LIMIT), lifespan="off")
    answer = talk(base, head("/", "Transfer-Encoding: chunked"), chunked(b"x" * 5000))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"begun" in answer
    assert not answer.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "length", ["99999999999999999999999999", "9" * 5000, "-5", "1e3", "0x10", "5, 6", "5 6"]
)
def test_a_malformed_length_is_never_served(base: str, talk: Talk, length: str):
    answer = talk(base, head("/raw", f"Content-Length: {length}", "Connection: close"), b"x" * 6)
    assert answer[9:12] in {b"400", b"413"}


def test_two_lengths_that_differ_are_never_served(base: str, talk: Talk):
    answer = talk(base, head("/raw", "Content-Length: 5", "Content-Length: 5000"), b"x" * 5)
    assert answer[9:12] in {b"400", b"413"}


def test_a_small_length_beside_a_long_chunked_body_does_not_open_the_door(base: str, talk: Talk):
    both = head("/raw", "Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close")
    assert talk(base, both, chunked(b"x" * 5000))[9:12] in {b"400", b"413"}


@pytest.mark.parametrize("framing", ["Content-Length: 500", "Transfer-Encoding: chunked"])
def test_a_body_that_stops_arriving_is_given_up(serve: Serve, talk: Talk, http: str, framing: str):
    app = BodyLimit(echo(), max_bytes=LIMIT, stalled_after=timedelta(seconds=0.3))
    answer = talk(serve(app, http=http), head("/raw", framing), b"5\r\nhello\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_requests_without_a_body_pass(base: str, method: str):
    assert httpx.request(method, f"{base}/raw").status_code == 200


def test_a_connection_serves_on_after_a_body_within_the_limit(base: str):
    with httpx.Client(base_url=base) as client:
        assert [client.post("/raw", content=b"x" * n).json() for n in (5, 0, 7)] == [5, 0, 7]


def test_a_client_that_expects_to_be_told_is_refused_before_it_sends(
    base: str, dial: Callable[[str], socket.socket]
):
    with dial(base) as connection:
        connection.sendall(head("/raw", "Content-Length: 5000", "Expect: 100-continue"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.anyio
async def test_a_server_that_lets_more_through_than_was_declared_is_not_trusted():
    messages = [
        {"type": "http.request", "body": b"x" * 600, "more_body": True},
        {"type": "http.request", "body": b"x" * 600, "more_body": False},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "http.request":
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope = {"type": "http", "headers": [(b"content-length", b"10")]}
    await BodyLimit(app, max_bytes=LIMIT)(scope, receive, send)
    assert [message.get("status") for message in sent] == [413, None, None]
