import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from moorage.auth.api_key import ApiKeys
from moorage.auth.keys import digest
from moorage.domain.caller import ANONYMOUS, Caller
from moorage.edge.identification import Identification
from moorage.edge.middleware.authentication import Authentication
from moorage.edge.middleware.body_limit import BodyLimit
from moorage.edge.middleware.cors import CrossOrigin
from moorage.edge.paths import Paths
from moorage.errors import Forbidden

Serve = Callable[..., str]
Talk = Callable[..., bytes]

ALICE, BOB = "alice-secret-0123456789", "bob-secret-0123456789"
KEYS = [f"alice:sha256:{digest(ALICE)}:read", f"bob:sha256:{digest(BOB)}"]


def build(*outside: Middleware, public: Paths | None = None, **ways: Any) -> FastAPI:
    guard = Middleware(Authentication, identification=Identification(**ways), public=public)
    app = FastAPI(middleware=[*outside, guard])

    @app.api_route("/who", methods=["GET", "HEAD", "OPTIONS"])
    async def who(request: Request) -> str:
        caller: Caller = request.user
        return f"{caller.method}:{caller.identity}:{','.join(sorted(caller.scopes))}"

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.user.identity)
        await websocket.close()

    app.add_api_route("/health", who)
    app.add_api_route("/docs/oauth", who)
    return app


@pytest.fixture
def base(serve: Serve) -> str:
    public = Paths(exact=["/health"], below=["/docs"])
    return serve(build(authenticator=ApiKeys(KEYS), public=public))


def who(base: str, *headers: tuple[str, str], path: str = "/who") -> httpx.Response:
    return httpx.get(base + path, headers=list(headers))


def test_a_key_is_known_under_either_header_and_several_times(base: str):
    for headers in (
        [("Authorization", f"Bearer {ALICE}")],
        [("authorization", f"bEARER   {ALICE}")],
        [("X-Api-Key", ALICE)],
        [("X-Api-Key", ALICE), ("Authorization", f"Bearer {ALICE}")],
        [("X-Api-Key", ALICE), ("X-Api-Key", ALICE)],
        [("X-Api-Key", ALICE), ("Authorization", "Basic dXNlcjpwYXNz")],
        [("X-Api-Key", ""), ("Authorization", f"Bearer {ALICE}")],
    ):
        answer = who(base, *headers)
        assert (answer.status_code, answer.json()) == (200, "api_key:alice:read"), headers


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", ALICE)],
        [("Authorization", f"Basic {ALICE}")],
        [("Authorization", f"Bearer {ALICE}x")],
        [("X-Api-Key", ALICE.upper())],
        [("X-Api-Key", "alice")],
        [("X-Api-Key", f"{ALICE},{BOB}")],
        [("X-Api-Key", "k" * 40_000)],
        [("X-Api-Key", ALICE), ("X-Api-Key", BOB)],
        [("X-Api-Key", ALICE), ("X-Api-Key", "wrong")],
        [("Authorization", f"Bearer {ALICE}"), ("X-Api-Key", BOB)],
        [("Authorization", f"Bearer {ALICE}"), ("Authorization", f"Bearer {BOB}")],
        [("Cookie", f"x-api-key={ALICE}")],
    ],
)
def test_no_key_a_wrong_one_or_two_different_ones_are_refused(
    base: str, headers: list[tuple[str, str]]
):
    answer = who(base, *headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert set(answer.json()) == {"detail", "message"}
    assert ALICE not in answer.text


def test_bytes_that_are_no_text_are_refused(base: str, talk: Talk):
    head = b"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Api-Key: "
    assert talk(base, head, b"\xff\xfe\x80 \xc3\x28\r\n\r\n").startswith(b"HTTP/1.1 401 ")


def test_a_header_that_carries_another_is_refused_by_the_server(base: str, talk: Talk):
    head = b"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    injected = f"X-Api-Key: wrong\rX-Api-Key: {ALICE}\r\n\r\n".encode()
    assert talk(base, head, injected)[9:12] in {b"400", b"401"}


@pytest.mark.parametrize("path", ["/health", "/docs/oauth", "/docs/oauth?x=1"])
def test_public_paths_need_no_key(base: str, path: str):
    assert who(base, path=path).json() == "anonymous:anonymous:"


@pytest.mark.parametrize(
    "path",
    [
        "/health/",
        "/healthy",
        "/docsx",
        "//health",
        "/who?/health",
        "/who#/docs",
        "/%2e/who",
        "/WHO",
    ],
)
def test_paths_that_look_public_are_not(base: str, path: str):
    assert who(base, path=path).status_code == 401


@pytest.mark.parametrize(("method", "status"), [("HEAD", 401), ("OPTIONS", 401), ("PUT", 401)])
def test_every_method_needs_a_key(base: str, method: str, status: int):
    assert httpx.request(method, f"{base}/who").status_code == status
    known = httpx.request(method, f"{base}/who", headers={"X-Api-Key": BOB})
    assert known.status_code in {200, 405}


def test_a_preflight_is_answered_before_authentication(serve: Serve):
    cors = Middleware(CrossOrigin, origins=["https://app.example.com"], credentials=False)
    base = serve(build(cors, authenticator=ApiKeys(KEYS)))
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
    assert httpx.options(f"{base}/who", headers=headers).status_code == 200
    refused = httpx.get(f"{base}/who", headers={"Origin": "https://app.example.com"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://app.example.com"


def test_everybody_is_anonymous_where_authentication_is_off(serve: Serve):
    base = serve(build())
    assert who(base, ("X-Api-Key", "whatever")).json() == "anonymous:anonymous:"


def websocket(base: str, headers: Mapping[str, str]) -> str:
    url = f"{base.replace('http', 'ws', 1)}/ws"
    with connect(url, additional_headers=headers, proxy=None) as connection:
        return str(connection.recv())


def test_a_websocket_needs_a_key_too(base: str):
    assert websocket(base, {"X-Api-Key": BOB}) == "bob"
    with pytest.raises(InvalidStatus) as caught:
        websocket(base, {"Authorization": "Bearer wrong"})
    response = caught.value.response
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert b"not valid" in (response.body or b"")


@pytest.mark.anyio
async def test_a_websocket_is_closed_where_the_server_cannot_send_an_answer():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def unused(*_: object) -> Any:
        raise AssertionError("not for this test")

    guard = Authentication(unused, identification=Identification(ApiKeys(KEYS)))
    await guard({"type": "websocket", "path": "/ws", "headers": []}, unused, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def by_header(connection: HTTPConnection) -> Caller | None:
    match connection.headers.get("x-user"):
        case None:
            return None
        case "teapot":
            raise HTTPException(418, "I am a teapot", headers={"X-Reason": "tea"})
        case "banned":
            raise Forbidden("You are banned.")
        case "broken":
            raise ZeroDivisionError("secret detail")
        case name:
            method = connection.method if isinstance(connection, Request) else "WS"
            return Caller(identity=f"{name} via {method}", method="custom")


def test_a_users_own_handler_decides(serve: Serve, caplog: pytest.LogCaptureFixture):
    base = serve(build(handler=by_header))
    assert who(base, ("X-User", "carol")).json() == "custom:carol via GET:"
    assert websocket(base, {"X-User": "carol"}) == "carol via WS"
    assert who(base).status_code == 401
    teapot = who(base, ("X-User", "teapot"))
    assert (teapot.status_code, teapot.headers["x-reason"]) == (418, "tea")
    assert teapot.json()["detail"] == "I am a teapot"
    assert who(base, ("X-User", "banned")).status_code == 403
    broken = who(base, ("X-User", "broken"))
    assert broken.status_code == 500
    assert "secret" not in broken.text


def test_the_client_may_leave_while_it_is_refused(base: str, dial: Callable[[str], socket.socket]):
    with dial(base) as connection:
        connection.sendall(b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n")
    assert who(base, ("X-Api-Key", ALICE)).status_code == 200


def test_the_anonymous_caller_is_nobody_in_particular():
    assert not ANONYMOUS.is_authenticated


async def by_body(request: Request) -> Caller | None:
    told = await request.json() if request.method == "POST" else {"user": "nobody"}
    return Caller(identity=told["user"], method="custom")


def echoing(*outside: Middleware) -> FastAPI:
    app = build(*outside, handler=by_body)

    @app.post("/echo")
    async def echo(request: Request) -> list[str]:
        pieces = [piece.decode() async for piece in request.stream()]
        return [request.user.identity, "".join(pieces)]

    return app


def test_a_handler_may_read_the_body_and_the_route_still_gets_all_of_it(serve: Serve):
    base = serve(echoing())
    body = json.dumps({"user": "carol", "text": "x" * 300_000})

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000].encode()

    for content in (body.encode(), pieces()):
        answer = httpx.post(base + "/echo", content=content)
        assert answer.json() == ["carol", body]


def test_a_handler_cannot_be_made_to_read_more_than_the_limit(serve: Serve):
    base = serve(echoing(Middleware(BodyLimit, max_bytes=1000)))

    def pieces() -> Iterator[bytes]:
        yield from [b"x" * 600] * 2

    assert httpx.post(base + "/echo", content=pieces()).status_code == 413
    assert httpx.post(base + "/echo", json={"user": "carol"}).status_code == 200


def test_methods_and_routes_can_be_public(serve: Serve):
    own = FastAPI(openapi_url=None)

    @own.get("/own/{name}")
    async def hello(name: str) -> str:
        return name

    app = FastAPI(openapi_url=None)
    app.add_middleware(
        Authentication,
        identification=Identification(ApiKeys(KEYS)),
        public_methods=["OPTIONS"],
        public_routes=own.routes,
    )
    app.add_api_route("/who", hello, methods=["GET", "OPTIONS"])
    app.add_api_route("/own/{name}", hello, methods=["POST"])
    app.router.routes.extend(own.routes)
    base = serve(app)

    assert httpx.get(base + "/own/a").json() == "a"
    assert httpx.post(base + "/own/a").status_code == 401
    assert httpx.get(base + "/own").status_code == 401
    assert httpx.get(base + "/nowhere").status_code == 401
    assert httpx.get(base + "/nowhere", headers={"X-Api-Key": BOB}).status_code == 404
    assert httpx.options(base + "/who?name=b").json() == "b"
    assert httpx.options(base + "/nowhere").status_code == 404
