from collections.abc import Callable
from dataclasses import dataclass, field
from threading import get_ident
from types import SimpleNamespace
from typing import Any

import pytest
from langgraph_sdk import Auth
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import Message

from moorage.auth.langgraph.authentication import Authentication
from moorage.domain.caller import Caller
from moorage.errors import Rejected, Unauthenticated

pytestmark = pytest.mark.anyio

THREAD, RUN = "0190f5a2-0000-7000-8000-000000000001", "0190f5a2-0000-7000-8000-000000000002"
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": f"/threads/{THREAD}/runs/{RUN}/stream",
    "query_string": b"stream=true",
    "headers": [(b"authorization", b"Bearer a"), (b"x-team", b"red")],
}


def request(body: bytes = b"", **changes: Any) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return Request({**SCOPE, **changes}, receive)


async def given(handler: Callable[..., Any], asked: Any = None) -> Any:
    """Return what a handler was given: its answer's claim."""
    caller = await Authentication(handler)(asked or request())
    assert caller
    return caller.claims["seen"]


async def test_parameters_are_given_by_name():
    asked = request()

    async def handler(
        *,
        path: str,
        method: str,
        path_params: Any,
        query_params: Any,
        authorization: str,
        scopes: Any,
        unknown: int = 7,
        **others: Any,
    ) -> Any:
        seen = [path, method, path_params, query_params, authorization, scopes, unknown, others]
        return {"identity": "ada", "seen": seen}

    assert await given(handler, asked) == [
        SCOPE["path"],
        "POST",
        {"thread_id": THREAD, "run_id": RUN},
        {"stream": "true"},
        "Bearer a",
        [],
        7,
        {},
    ]


async def test_the_request_itself_can_be_asked_for():
    asked = request(b"[1]")

    async def handler(request: Request) -> Any:
        return {"identity": "ada", "seen": [request is asked, await request.json()]}

    assert await given(handler, asked) == [True, [1]]


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/threads/search", {}),
        ("/threads", {}),
        (f"/runs/crons/{RUN}", {"cron_id": RUN}),
        (f"/api/assistants/{RUN.upper()}/graph", {"assistant_id": RUN.upper()}),
        (f"/runs/{RUN}", {"run_id": RUN}),
        (f"/other/{RUN}", {}),
        ("/threads/12345678123456781234567812345678", {}),
    ],
)
async def test_ids_in_the_path_are_known_before_anything_is_routed(path: str, ids: Any):
    async def handler(path_params: Any) -> Any:
        return {"identity": "ada", "seen": path_params}

    assert await given(handler, request(path=path)) == ids


@pytest.mark.parametrize(
    ("body", "seen"), [(b'{"a": 1}', {"a": 1}), (b"", None), (b"{", None), (b"[" * 5000, None)]
)
async def test_the_body_is_given_where_it_is_json(body: bytes, seen: Any):
    async def handler(body: Any) -> Any:
        return {"identity": "ada", "seen": body}

    assert await given(handler, request(body)) == seen


async def test_a_websocket_has_no_body_and_its_method_is_get():
    async def handler(body: Any, method: str, request: HTTPConnection) -> Any:
        return {"identity": "ada", "seen": [body, method, request.url.path]}

    connection = HTTPConnection({**SCOPE, "type": "websocket", "method": "GET", "path": "/ws"})
    assert await given(handler, connection) == [None, "GET", "/ws"]


async def test_headers_are_found_as_text_and_as_bytes():
    async def handler(headers: Any) -> Any:
        seen = [
            headers["x-team"],
            headers.get("X-Team"),
            headers[b"x-team"].decode(),
            headers.get(b"x-none"),
            headers.get("x-none", "-"),
            "authorization" in headers,
            b"authorization" in headers,
            7 in headers,
            {name.decode(): value.decode() for name, value in headers.items()},
        ]
        return {"identity": "ada", "seen": seen}

    assert await given(handler) == [
        *["red", "red", "red", None, "-", True, True, False],
        {"authorization": "Bearer a", "x-team": "red"},
    ]


async def test_a_second_value_cannot_hide_behind_the_first():
    async def handler(authorization: str | None, headers: Any) -> Any:
        return {"identity": "ada", "seen": [authorization, headers["cookie"]]}

    sent = [
        (b"authorization", b"Bearer a"),
        (b"cookie", b"a=1"),
        (b"authorization", b"Bearer b"),
        (b"cookie", b"b=2"),
    ]
    assert await given(handler, request(headers=sent)) == ["Bearer a, Bearer b", "a=1; b=2"]


async def test_without_the_header_there_is_no_authorization():
    async def handler(authorization: str | None) -> Any:
        return {"identity": "ada", "seen": authorization}

    assert await given(handler, request(headers=[])) is None


class Model(BaseModel):
    identity: str
    permissions: list[str] = []
    team: str = "red"


@dataclass(slots=True)
class Record:
    identity: str
    permissions: list[str] = field(default_factory=list)
    team: str = "red"


class Proxy:
    """What the SDK calls a user: properties, and whatever else."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self.team = "red"

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def permissions(self) -> list[str]:
        return ["run"]


@pytest.mark.parametrize(
    "answer",
    [
        {"identity": "ada", "permissions": ["run"], "team": "red"},
        SimpleNamespace(identity="ada", permissions=("run",), team="red"),
        Model(identity="ada", permissions=["run"]),
        Record("ada", ["run"]),
        Proxy("ada"),
    ],
    ids=lambda answer: type(answer).__name__,
)
async def test_each_kind_of_user_becomes_a_caller(answer: Any):
    async def handler() -> Any:
        return answer

    expected = Caller("ada", "custom", frozenset({"run"}), claims={"team": "red"})
    assert await Authentication(handler)(request()) == expected


async def test_what_is_known_of_a_user_becomes_json():
    async def handler() -> Any:
        return {"identity": "ada", "seen": {"groups": {1}, "model": Record("x")}}

    assert await given(handler) == {
        "groups": [1],
        "model": {"identity": "x", "permissions": [], "team": "red"},
    }


async def test_handlers_that_are_not_async_run_in_a_thread():
    def handler() -> Any:
        return {"identity": "ada", "seen": get_ident()}

    assert await given(handler) != get_ident()


async def test_a_function_that_returns_an_awaitable_is_awaited():
    async def later() -> str:
        return "ada"

    assert await Authentication(lambda authorization: later())(request()) == Caller("ada", "custom")


async def test_an_object_may_be_the_handler():
    class Handler:
        async def __call__(self, authorization: str) -> str:
            return authorization

    assert await Authentication(Handler())(request()) == Caller("Bearer a", "custom")


async def test_a_refusal_travels_with_its_status_detail_and_headers():
    async def handler() -> Any:
        raise Auth.exceptions.HTTPException(402, "Pay first.", {"X-Plan": "free"})

    with pytest.raises(Rejected) as caught:
        await Authentication(handler)(request())

    error = caught.value
    assert (error.status_code, str(error), error.headers) == (402, "Pay first.", {"X-Plan": "free"})


async def test_an_assertion_that_fails_is_a_refusal_that_tells_nothing():
    async def handler(authorization: str) -> Any:
        raise AssertionError("the secret is hunter2")

    with pytest.raises(Unauthenticated, match=r"^The credentials are not valid\.$"):
        await Authentication(handler)(request())


@pytest.mark.parametrize("error", [KeyError("hunter2"), HTTPException(418)])
async def test_any_other_error_is_the_edges_to_answer(error: Exception):
    async def handler() -> Any:
        raise error

    with pytest.raises(type(error)) as caught:
        await Authentication(handler)(request())
    assert caught.value is error


@pytest.mark.parametrize("answer", [None, {"identity": "ada", "is_authenticated": False}])
async def test_nobody_is_nobody(answer: Any):
    async def handler() -> Any:
        return answer

    assert await Authentication(handler)(request()) is None


@pytest.mark.parametrize(
    "answer", [7, [], "", {}, {"identity": ""}, {"identity": "a", "permissions": "run"}]
)
async def test_any_other_answer_is_an_error_of_the_handler(answer: Any):
    async def handler() -> Any:
        return answer

    with pytest.raises(TypeError, match="authentication handler"):
        await Authentication(handler)(request())
