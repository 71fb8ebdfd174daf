from types import SimpleNamespace
from typing import Any

import pytest

from moorage.auth.custom import Custom
from moorage.domain.caller import Caller
from moorage.errors import Misconfigured

pytestmark = pytest.mark.anyio

REQUEST = SimpleNamespace(headers={"x-user": "alice"})


def answering(answer: Any) -> Custom:
    async def handler(request: Any) -> Any:
        assert request is REQUEST
        return answer

    return Custom(handler)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, None),
        ("alice", Caller("alice", "custom")),
        (Caller("alice", "jwt"), Caller("alice", "jwt")),
        ({"identity": "alice"}, Caller("alice", "custom")),
        ({"identity": "alice", "is_authenticated": False}, None),
        (
            {
                "identity": "alice",
                "display_name": "Alice A.",
                "permissions": ["invoke"],
                "is_authenticated": True,
                "team": "blue",
            },
            Caller("alice", "custom", frozenset({"invoke"}), "Alice A.", {"team": "blue"}),
        ),
    ],
)
async def test_each_documented_answer_becomes_a_caller(answer: Any, expected: Caller | None):
    assert await answering(answer)(REQUEST) == expected


@pytest.mark.parametrize("answer", [7, True, "", ["alice"], {}, {"identity": ""}, {"identity": 7}])
async def test_any_other_answer_is_an_error_of_the_handler(answer: Any):
    with pytest.raises(TypeError, match="authentication handler"):
        await answering(answer)(REQUEST)


async def test_what_the_handler_raises_passes_through():
    class Teapot(Exception):  # noqa: N818 - stands for a web framework's exception
        pass

    async def handler(request: Any) -> str:
        raise Teapot

    with pytest.raises(Teapot):
        await Custom(handler)(REQUEST)


async def test_an_object_with_an_async_call_is_a_handler():
    class Handler:
        async def __call__(self, request: Any) -> str:
            return "alice"

    assert await Custom(Handler())(REQUEST) == Caller("alice", "custom")


def test_a_handler_that_is_not_async_stops_the_start():
    def handler(request: Any) -> Any:
        return "alice"

    with pytest.raises(Misconfigured, match="async"):
        Custom(handler)
