import textwrap
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from langgraph_sdk import Auth
from starlette.requests import Request

from moorage.auth.langgraph import Remembrance, load
from moorage.domain.caller import Caller
from moorage.errors import Misconfigured
from moorage.importing import ObjectReference

pytestmark = pytest.mark.anyio

Write = Callable[[str], ObjectReference]

AUTH = """
    from langgraph_sdk import Auth

    auth = Auth()
    calls = []

    @auth.authenticate
    async def who(authorization):
        calls.append(authorization)
        return {"identity": authorization, "number": len(calls)}

    @auth.on
    async def own(ctx, value):
        return {"owner": ctx.user.identity}
"""

HANDLER = "from langgraph_sdk import Auth\nauth = Auth()\n@auth.authenticate\nasync def who"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(source: str) -> ObjectReference:
        path = tmp_path / "security.py"
        path.write_text(textwrap.dedent(source))
        return ObjectReference(path, "auth", "./security.py:auth")

    return write


def request(authorization: str) -> Request:
    headers = [(b"authorization", authorization.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


async def test_an_auth_object_becomes_who_is_calling_and_what_they_may(write: Write):
    found = load(write(AUTH))
    caller = await found.authenticate(request("ada"))

    assert caller == Caller("ada", "custom", claims={"number": 1})
    assert await found.rules(caller, "threads", "read", {}) == {"owner": "ada"}


async def test_its_answers_hold_as_long_as_the_project_says(write: Write):
    find = load(write(AUTH), Remembrance(["Authorization"], timedelta(hours=1), 10)).authenticate
    callers = [await find(request(name)) for name in ("ada", "bob", "ada")]

    assert [caller and caller.claims["number"] for caller in callers] == [1, 2, 1]


def test_an_error_of_the_module_stops_the_start_with_the_users_lines(write: Write):
    with pytest.raises(Misconfigured) as caught:
        load(write("def broken():\n    return 1 / 0\nbroken()\n"))

    told = str(caught.value)
    assert told.startswith("auth.path: ./security.py:auth cannot be imported\nTraceback")
    assert "security.py" in told
    assert "return 1 / 0" in told
    assert "ZeroDivisionError" in told
    assert "importlib" not in told


def test_a_module_that_ends_the_process_is_an_error_like_any_other(write: Write):
    with pytest.raises(Misconfigured, match="cannot be imported"):
        load(write("raise SystemExit(0)"))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("other = 1", r"auth\.path: ./security\.py:auth: security\.py has no auth"),
        ("auth = 1", r"of type int; make it an instance of langgraph_sdk\.Auth"),
        ("from langgraph_sdk import Auth\nauth = Auth()", "does not say who is calling"),
        (
            HANDLER + "(token, headers): ...",
            "wants token; its parameters may be named authorization, body, headers",
        ),
        (HANDLER + "(headers, /): ...", "wants headers"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(write: Write, source: str, told: str):
    with pytest.raises(Misconfigured, match=told):
        load(write(source))


def test_the_sdk_keeps_its_handlers_where_they_are_read():
    """Pinned: private attributes, which the SDK says are accessed by servers."""
    auth = Auth()

    async def who() -> str:
        return "ada"

    async def handler(ctx: Auth.types.AuthContext, value: object) -> None: ...

    auth.authenticate(who)
    auth.on(handler)
    auth.on.threads(handler)
    auth.on.threads.create(handler)
    auth.on(actions="read")(handler)
    auth.on.store(actions=["put"])(handler)

    assert auth._authenticate_handler is who
    assert auth._global_handlers == [handler]
    assert auth._handlers == {
        place: [handler]
        for place in [("threads", "*"), ("threads", "create"), ("*", "read"), ("store", "put")]
    }
