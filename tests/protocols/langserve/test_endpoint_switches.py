"""``enabled_endpoints`` and ``disabled_endpoints``, and the values that options may have."""

from typing import Any

import pytest
from fastapi import FastAPI
from langchain_core.runnables import RunnableLambda

from moorage import add_routes
from tests.protocols.langserve.wire import client, hosting

pytestmark = pytest.mark.anyio

POSTS = {"invoke", "batch", "stream", "stream_log", "stream_events"}
GETS = {"input_schema", "output_schema", "config_schema", "playground"}


def same(x: int) -> int:
    return x


async def published(prefix: str = "/r", **options: Any) -> set[str]:
    """The names of the endpoints that are there."""
    async with hosting(RunnableLambda(same), **options) as http:
        found = set()
        for name in POSTS:
            body = {"inputs": [1]} if name == "batch" else {"input": 1}
            response = await http.post(f"{prefix}/{name}", json=body)
            found |= {name} if response.status_code == 200 else set()
        for name in GETS:
            path = f"{prefix}/{name}" + ("/" if name == "playground" else "")
            found |= {name} if (await http.get(path)).status_code == 200 else set()
        return found


@pytest.mark.requirement("langserve:switches:names", "langserve:routes:paths")
async def test_all_are_on_by_default_and_under_a_hash():
    assert await published() == POSTS | GETS
    assert await published("/r/c/N4XyA") == POSTS | GETS


@pytest.mark.requirement("langserve:switches:names")
@pytest.mark.parametrize("name", sorted(POSTS | GETS))
async def test_each_can_be_the_only_one_and_the_only_one_that_is_off(name: str):
    enabled: dict[str, Any] = {"enabled_endpoints": [name.upper(), "config_hashes"]}
    assert await published(**enabled) == {name}
    assert await published("/r/c/N4XyA", **enabled) == {name}
    disabled: dict[str, Any] = {"disabled_endpoints": [name.title()]}
    assert await published(**disabled) == (POSTS | GETS) - {name}
    assert await published("/r/c/N4XyA", **disabled) == (POSTS | GETS) - {name}


@pytest.mark.requirement("langserve:switches:config-hashes")
async def test_the_hash_variants_have_a_switch_of_their_own():
    for options in ({"disabled_endpoints": ["config_hashes"]}, {"enabled_endpoints": POSTS}):
        assert await published("/r/c/N4XyA", **options) == set()
        assert await published(**options) >= POSTS


@pytest.mark.requirement("langserve:switches:refused")
@pytest.mark.parametrize(
    "options",
    [
        {"enabled_endpoints": ["invoke", "astream"]},
        {"disabled_endpoints": ["unknown"]},
        {"enabled_endpoints": "invoke"},
        {"disabled_endpoints": "invoke"},
        {"enabled_endpoints": ["invoke"], "disabled_endpoints": ["batch"]},
    ],
)
def test_what_can_not_be_meant_is_refused(options: dict[str, Any]):
    with pytest.raises(ValueError, match="endpoints"):
        add_routes(FastAPI(), RunnableLambda(same), path="/r", **options)


@pytest.mark.requirement("langserve:switches:none")
async def test_no_endpoint_leaves_the_path_free_next_to_other_runnables():
    app = FastAPI()
    add_routes(app, RunnableLambda(same), enabled_endpoints=[])
    add_routes(app, RunnableLambda(same), path="/other")
    async with client(app) as http:
        for name in POSTS:
            assert (await http.post(f"/{name}", json={"input": 1})).status_code == 404
            assert (await http.post(f"/c/N4XyA/{name}", json={})).status_code == 404
        for name in GETS:
            assert (await http.get(f"/{name}")).status_code == 404
        assert (await http.post("/token_feedback", json={})).status_code == 404
        assert (await http.post("/other/invoke", json={"input": 1})).json()["output"] == 1


@pytest.mark.requirement("langserve:switches:token-feedback")
async def test_token_feedback_is_there_and_refuses_until_it_is_configured():
    async with hosting(RunnableLambda(same)) as http:
        response = await http.post("/r/token_feedback", json={"token_or_url": "x"})
    async with hosting(RunnableLambda(same), disabled_endpoints=["token_feedback"]) as http:
        off = await http.post("/r/token_feedback", json={"token_or_url": "x"})

    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)
    assert off.status_code == 404


@pytest.mark.requirement("langserve:switches:names")
async def test_feedback_and_trace_links_have_flags_and_no_switch():
    async with hosting(
        RunnableLambda(same), enabled_endpoints=["feedback", "public_trace_link"]
    ) as http:
        assert (await http.post("/r/feedback", json={})).status_code == 404
        assert (await http.put("/r/public_trace_link", json={})).status_code == 404
    async with hosting(
        RunnableLambda(same), enable_feedback_endpoint=True, enable_public_trace_link_endpoint=True
    ) as http:
        assert (await http.post("/r/feedback", json={})).status_code == 422
        assert (await http.put("/r/public_trace_link", json={})).status_code == 422


@pytest.mark.requirement("langserve:surface:no-runnable")
@pytest.mark.parametrize("thing", ["text", same, None, RunnableLambda])
def test_something_that_is_no_runnable_is_refused(thing: Any):
    with pytest.raises(TypeError, match=r"^Expected a Runnable, got <class '"):
        add_routes(FastAPI(), thing, path="/r")


@pytest.mark.requirement("langserve:surface:path-syntax")
@pytest.mark.parametrize("path", ["r", "r/", "http://x"])
def test_a_path_begins_with_a_slash(path: str):
    with pytest.raises(ValueError, match="path"):
        add_routes(FastAPI(), RunnableLambda(same), path=path)


@pytest.mark.requirement("langserve:surface:run-name-key", "langserve:surface:options-checked")
@pytest.mark.parametrize(
    "options",
    [
        {"config_keys": ["configurable", "run_name"]},
        {"config_keys": "configurable"},
        {"playground_type": "fancy"},
        {"astream_events_version": "v9"},
    ],
)
def test_an_option_that_can_never_work_is_refused_when_routes_are_added(options: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(options))):
        add_routes(FastAPI(), RunnableLambda(same), path="/r", **options)


@pytest.mark.requirement("langserve:surface:one-token-key")
@pytest.mark.parametrize("keys", [[], [{"key": "a"}, {"key": "b"}]])
def test_a_token_config_has_exactly_one_key(keys: list[Any]):
    with pytest.raises((NotImplementedError, ValueError)):
        add_routes(
            FastAPI(),
            RunnableLambda(same),
            path="/r",
            token_feedback_config={"key_configs": keys},
        )
