from typing import Any
from uuid import UUID

import pytest
from langgraph_sdk import Auth

from moorage.auth.langgraph.rules import Rules
from moorage.domain.caller import Caller
from moorage.errors import Forbidden, Rejected

pytestmark = pytest.mark.anyio

ADA = Caller("ada", "custom", frozenset({"run"}), "Ada L.", {"team": "red"})


def answering(answer: Any) -> Any:
    async def handler(ctx: Any, value: Any) -> Any:
        return answer

    return handler


def raising(error: Exception) -> Any:
    async def handler(ctx: Any, value: Any) -> Any:
        raise error

    return handler


async def asked(auth: Auth, resource: str, action: str, value: Any = None) -> Any:
    return await Rules(auth)(ADA, resource, action, {} if value is None else value)


async def test_without_a_handler_everything_is_allowed():
    assert await asked(Auth(), "threads", "read") is None


async def test_the_most_specific_handler_decides_and_no_other_runs():
    auth, ran = Auth(), []

    def noting(name: str) -> Any:
        async def handler(ctx: Any, value: Any) -> Any:
            ran.append(name)
            return {"by": name}

        return handler

    auth.on(noting("all"))
    auth.on(resources=["assistants", "crons"], actions=["read", "search"])(noting("pairs"))
    auth.on(actions="delete")(noting("deletions"))
    auth.on.threads(noting("threads"))
    auth.on.threads.create(noting("creations"))
    auth.on.store(actions=["put"])(noting("puts"))

    decided = {
        ("threads", "create"): "creations",
        ("threads", "create_run"): "threads",
        ("threads", "delete"): "threads",
        ("assistants", "search"): "pairs",
        ("assistants", "delete"): "deletions",
        ("assistants", "create"): "all",
        ("crons", "read"): "pairs",
        ("store", "put"): "puts",
        ("store", "delete"): "deletions",
        ("store", "get"): "all",
    }
    assert {place: (await asked(auth, *place))["by"] for place in decided} == decided
    assert ran == list(decided.values())


async def test_a_handler_is_told_who_asks_for_what():
    auth, seen = Auth(), []

    @auth.on.threads.search
    async def handler(ctx: Auth.types.AuthContext, value: Any) -> None:
        user: Any = ctx.user
        seen.append(
            [
                ctx.resource,
                ctx.action,
                ctx.permissions,
                user.identity,
                user["identity"],
                user.display_name,
                user.is_authenticated,
                user.permissions,
                user.team,
                "team" in user,
                value,
            ]
        )

    value = {"limit": 10}
    await asked(auth, "threads", "search", value)

    assert seen == [
        ["threads", "search", ["run"], "ada", "ada", "Ada L.", True, ["run"], "red", True, value]
    ]


async def test_what_a_handler_changes_counts():
    auth = Auth()

    @auth.on.threads.create
    async def handler(ctx: Auth.types.AuthContext, value: Any) -> None:
        value.setdefault("metadata", {})["owner"] = ctx.user.identity

    value: dict[str, Any] = {"thread_id": "t"}
    await asked(auth, "threads", "create", value)

    assert value == {"thread_id": "t", "metadata": {"owner": "ada"}}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        False,
        {},
        {"owner": "ada"},
        {"owner": {"$eq": "ada"}},
        {"members": {"$contains": "ada"}},
        {"members": {"$contains": ["ada", "bob"]}, "level": 3, "archived": False},
    ],
)
async def test_a_verdict_that_can_be_followed_is_returned_as_it_is(answer: Any):
    auth = Auth()
    auth.on(answering(answer))

    assert await asked(auth, "threads", "read") == answer


@pytest.mark.parametrize(
    "answer",
    [
        "ada",
        0,
        ["ada"],
        {"owner": {"$ne": "ada"}},
        {"owner": {"id": "ada"}},
        {"owner": {}},
        {"owner": {"$eq": "ada", "$contains": "ada"}},
        {"owner": {"$eq": ["ada"]}},
        {"owner": ["ada"]},
        {"owner": {"$contains": [["ada"]]}},
        {"owner": UUID(int=7)},
        {"$or": "ada"},
        {7: "ada"},
    ],
    ids=repr,
)
async def test_a_verdict_that_cannot_be_followed_allows_nothing(answer: Any):
    auth = Auth()
    auth.on(answering(answer))

    with pytest.raises(TypeError, match=r"the authorization handler for threads\.read"):
        await asked(auth, "threads", "read")


async def test_a_refusal_travels_with_its_status_detail_and_headers():
    auth = Auth()
    auth.on(raising(Auth.exceptions.HTTPException(409, "Taken.", {"X-Why": "busy"})))

    with pytest.raises(Rejected) as caught:
        await asked(auth, "threads", "read")

    error = caught.value
    assert (error.status_code, str(error), error.headers) == (409, "Taken.", {"X-Why": "busy"})


async def test_an_assertion_that_fails_forbids_and_tells_nothing():
    auth = Auth()
    auth.on(raising(AssertionError("the secret is hunter2")))

    with pytest.raises(Forbidden, match=r"^Forbidden$"):
        await asked(auth, "threads", "read")


async def test_any_other_error_is_the_servers():
    auth = Auth()
    error = KeyError("hunter2")
    auth.on(raising(error))

    with pytest.raises(KeyError) as caught:
        await asked(auth, "threads", "read")
    assert caught.value is error


async def test_filters_on_items_are_warned_about_once(caplog: pytest.LogCaptureFixture):
    auth = Auth()
    auth.on(answering({"owner": "ada"}))
    auth.on.store.get(answering({}))
    rules = Rules(auth)

    for action in ("put", "put", "get"):
        await rules(ADA, "store", action, {})
    await rules(ADA, "threads", "read", {})

    [message] = [record.getMessage() for record in caplog.records]
    assert message.startswith("the authorization handler for store.put returns filters")
