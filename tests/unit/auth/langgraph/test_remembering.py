from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from moorage.auth.langgraph.remembering import Remembering, Remembrance
from moorage.domain.caller import Caller

pytestmark = pytest.mark.anyio


class Handler:
    """Knows everybody who names themselves, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.now = 0.0

    async def __call__(self, request: Any) -> Caller | None:
        name = request.headers.get("x-user")
        self.asked.append(name)
        return Caller(name, "custom") if name and name != "nobody" else None

    def remembering(self, *headers: str, seconds: int = 10, size: int = 2) -> Remembering:
        length = timedelta(seconds=seconds)
        return Remembering(self, Remembrance(headers, length, size), now=lambda: self.now)


def request(name: str | None = None, **others: str) -> Request:
    sent = {**others, **({"x-user": name} if name else {})}
    raw = [(key.encode(), value.encode()) for key, value in sent.items()]
    return Request({"type": "http", "headers": raw})


async def test_a_caller_is_asked_for_once_while_the_answer_holds():
    handler = Handler()
    find = handler.remembering("X-User")

    found = [await find(request("ada")) for _ in range(3)]
    handler.now = 9.9
    found.append(await find(request("ada")))
    assert (found, handler.asked) == ([Caller("ada", "custom")] * 4, ["ada"])
    handler.now = 10
    await find(request("ada"))
    assert handler.asked == ["ada", "ada"]


async def test_other_values_are_other_callers():
    handler = Handler()
    find = handler.remembering("x-user", "x-team")

    await find(request("ada", **{"x-team": "red"}))
    await find(request("ada", **{"x-team": "blue"}))
    await find(request("ada"))
    await find(Request({"type": "http", "headers": [(b"x-user", b"ada"), (b"x-user", b"bob")]}))

    assert handler.asked == ["ada"] * 4


async def test_the_oldest_go_first():
    handler = Handler()
    find = handler.remembering("x-user")

    for name in ("ada", "bob", "eve", "bob", "eve", "ada"):
        await find(request(name))

    assert handler.asked == ["ada", "bob", "eve", "ada"]


@pytest.mark.parametrize("headers", [(), ("x-other",)])
async def test_who_shows_none_of_the_headers_is_asked_for_each_time(headers: tuple[str, ...]):
    handler = Handler()
    find = handler.remembering(*headers)

    assert await find(request("ada")) == Caller("ada", "custom")
    assert await find(request("bob")) == Caller("bob", "custom")
    assert handler.asked == ["ada", "bob"]


async def test_a_refusal_is_not_remembered():
    handler = Handler()
    find = handler.remembering("x-user")

    assert [await find(request("nobody")), await find(request("nobody"))] == [None, None]
    assert handler.asked == ["nobody", "nobody"]
