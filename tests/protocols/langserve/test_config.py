"""What a client may say about a run, what the host adds, and what wins."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from langchain_core.language_models import FakeListLLM
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import ConfigurableField, Runnable, RunnableConfig, RunnableLambda
from starlette.requests import Request

import moorage
from moorage import Settings, add_routes, create_app
from tests.protocols.langserve.wire import client, events, hashed, hosting

pytestmark = pytest.mark.anyio

OPERATIONS = ("invoke", "batch", "stream", "stream_log", "stream_events")
Config = dict[str, Any]


class Seen:
    """A runnable that keeps the config of each of its runs."""

    def __init__(self, **fields: Any) -> None:
        self.configs: list[Config] = []
        self.runnable: Runnable[Any, Any] = RunnableLambda(self.see)

    def see(self, _: Any, config: RunnableConfig) -> str:
        self.configs.append(dict(config))
        return "seen"

    @property
    def last(self) -> Config:
        return self.configs[-1]


def body(operation: str, config: Any = None) -> dict[str, Any]:
    given = {} if config is None else {"config": config}
    return {"inputs": [1], **given} if operation == "batch" else {"input": 1, **given}


async def run(
    runnable: Runnable[Any, Any], config: Any, operation: str = "invoke", **options: Any
) -> httpx.Response:
    async with hosting(runnable, **options) as http:
        return await http.post(f"/r/{operation}", json=body(operation, config))


def template() -> Runnable[Any, Any]:
    said = PromptTemplate.from_template("say {name}").configurable_fields(
        template=ConfigurableField(id="template")
    )
    llm = FakeListLLM(responses=["one"]).configurable_alternatives(
        ConfigurableField(id="llm"), default_key="first", second=FakeListLLM(responses=["two"])
    )
    return said | {"prompt": RunnableLambda(lambda value: value.to_string()), "llm": llm}


async def said(configurable: Config, config_hash: str = "") -> Any:
    path = f"/r/c/{config_hash}/invoke" if config_hash else "/r/invoke"
    async with hosting(template()) as http:
        sent = {"input": {"name": "Ann"}, "config": {"configurable": configurable}}
        response = await http.post(path, json=sent)
    return response.json().get("output", response.status_code)


@pytest.mark.requirement("langserve:config:keys")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_only_the_allowed_keys_count_and_others_are_dropped(operation: str):
    seen = Seen()
    sent = {"tags": ["a"], "metadata": {"k": 1}, "recursion_limit": 3, "callbacks": ["x"], "y": 1}

    await run(seen.runnable, sent, operation)
    assert (seen.last["tags"], seen.last["recursion_limit"]) == ([], 25)
    assert "k" not in seen.last["metadata"]

    keys = ["tags", "metadata", "recursion_limit", "callbacks"]
    response = await run(seen.runnable, sent, operation, config_keys=keys)
    assert response.status_code == 200
    assert (seen.last["tags"], seen.last["recursion_limit"]) == (["a"], 3)
    assert seen.last["metadata"]["k"] == 1


@pytest.mark.requirement("langserve:config:types", "langserve:config:positive-limits")
@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"tags": [3]}, ["tags", 0]),
        ({"tags": "a"}, ["tags"]),
        ({"metadata": []}, ["metadata"]),
        ({"run_id": "x"}, ["run_id"]),
        ({"max_concurrency": "many"}, ["max_concurrency"]),
        ({"max_concurrency": 0}, ["max_concurrency"]),
        ({"recursion_limit": -1}, ["recursion_limit"]),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_wrong_type_under_an_allowed_key_is_refused(
    operation: str, config: Config, place: list[Any]
):
    response = await run(Seen().runnable, config, operation, config_keys=list(config))

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == place


@pytest.mark.requirement("langserve:config:configurable-refused")
async def test_a_declared_field_is_refused_where_clients_may_set_none():
    async with hosting(template(), config_keys=["configurable"]) as http:
        sent = {"input": {"name": "a"}, "config": {"configurable": {"llm": "second"}}}
        assert (await http.post("/r/invoke", json=sent)).status_code == 200
    async with hosting(template(), config_keys=[]) as http:
        response = await http.post("/r/invoke", json=sent)

    assert response.status_code == 422
    assert "configurable" in response.json()["detail"]
    assert "config_keys" in response.json()["detail"]


@pytest.mark.requirement("langserve:config:fields")
async def test_fields_and_alternatives_take_effect():
    assert await said({}) == {"prompt": "say Ann", "llm": "one"}
    assert await said({"template": "hi {name}", "llm": "second"}) == {
        "prompt": "hi Ann",
        "llm": "two",
    }


@pytest.mark.requirement("langserve:config:fields")
async def test_an_alternative_that_there_is_not_is_refused():
    response = await run(template(), {"configurable": {"llm": "third"}})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["configurable", "llm"]


@pytest.mark.requirement("langserve:config:undeclared")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_a_runnable_does_not_declare_is_dropped(operation: str):
    seen = Seen()

    response = await run(seen.runnable, {"configurable": {"user_id": "eve"}}, operation)

    assert response.status_code == 200
    assert "user_id" not in seen.last["configurable"]


@pytest.mark.requirement("langserve:config:defaults-not-filled", "langserve:hash:merged")
async def test_a_field_in_the_body_leaves_the_others_as_the_hash_has_them():
    config_hash = hashed({"configurable": {"template": "hi {name}", "llm": "first"}})

    assert await said({"llm": "second"}, config_hash) == {"prompt": "hi Ann", "llm": "two"}


@pytest.mark.requirement("langserve:hash:merged")
async def test_hash_and_body_are_merged_and_the_body_wins():
    seen = Seen()
    keys = ["tags", "metadata", "recursion_limit"]
    first = {"tags": ["b", "a"], "metadata": {"k": 1, "l": 1}, "recursion_limit": 3}
    second = {"tags": ["c", "a"], "metadata": {"k": 2}, "recursion_limit": 4}
    async with hosting(seen.runnable, config_keys=keys) as http:
        await http.post(f"/r/c/{hashed(first)}/invoke", json={"input": 1, "config": second})

    assert seen.last["tags"] == ["a", "b", "c"]
    assert (seen.last["metadata"]["k"], seen.last["metadata"]["l"]) == (2, 1)
    assert seen.last["recursion_limit"] == 4


@pytest.mark.requirement("langserve:hash:lz-string")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_hash_of_an_empty_object_is_the_one_that_javascript_makes(operation: str):
    assert hashed("{}") == "N4XyA"
    async with hosting(Seen().runnable) as http:
        response = await http.post(f"/r/c/N4XyA/{operation}", json=body(operation))

    assert response.status_code == 200


@pytest.mark.requirement("langserve:hash:lz-string")
async def test_a_hash_may_hold_any_text():
    seen = Seen()
    for text in ("é", "日本", "🚢", "a" * 500, '"\\\n', "+-$ /?#"):
        config_hash = hashed({"metadata": {"text": text}})
        async with hosting(seen.runnable, config_keys=["metadata"]) as http:
            response = await http.post(f"/r/c/{config_hash}/invoke", json={"input": 1})
        assert response.status_code == 200
        assert seen.last["metadata"]["text"] == text


@pytest.mark.requirement("langserve:hash:invalid")
@pytest.mark.parametrize(
    "config_hash", ["!", "abc", "%20", "x" * 40, hashed("[1]"), hashed("{"), hashed("1")]
)
async def test_what_is_no_hash_is_refused_everywhere(config_hash: str):
    async with hosting(Seen().runnable) as http:
        responses = [
            await http.post(f"/r/c/{config_hash}/{operation}", json=body(operation))
            for operation in OPERATIONS
        ]
        responses += [
            await http.get(f"/r/c/{config_hash}/{page}")
            for page in ("input_schema", "output_schema", "config_schema")
        ]
        page = await http.get(f"/r/c/{config_hash}/playground/")

    assert page.status_code == 400
    for response in responses:
        assert response.status_code == 400
        assert response.json()["detail"] == "Invalid config hash"


@pytest.mark.requirement("langserve:hash:wrong-types")
async def test_wrong_types_inside_a_hash_are_refused():
    async with hosting(Seen().runnable, config_keys=["tags"]) as http:
        response = await http.post(f"/r/c/{hashed({'tags': 3})}/invoke", json={"input": 1})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["tags"]


@pytest.mark.requirement("langserve:hash:bombs")
@pytest.mark.parametrize("repeated", [1, 6], ids=["expands", "is long"])
async def test_a_hash_that_unpacks_to_far_more_than_it_is_is_refused(repeated: int):
    bomb = hashed('{"tags": ["' + "a" * 2_000_000 + '"]}') * repeated
    async with hosting(Seen().runnable, config_keys=["tags"]) as http:
        response = await http.get(f"/r/c/{bomb}/input_schema")

    assert response.status_code == 400


@pytest.mark.requirement("langserve:config:modifier")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_modifier_sync_or_async_has_the_last_word(operation: str):
    seen = Seen()

    def sync(config: Config, request: Request) -> Config:
        return {**config, "tags": [request.headers["x-user"]], "recursion_limit": 9}

    async def read_body(config: Config, request: Request) -> Config:
        sent = await request.json()
        return {**config, "metadata": {"sent": sorted(sent)}, "recursion_limit": 9}

    for modifier in (sync, read_body):
        options = {"per_req_config_modifier": modifier, "config_keys": ["recursion_limit", "tags"]}
        async with hosting(seen.runnable, **options) as http:
            http.headers["x-user"] = "ann"
            sent = body(operation, {"recursion_limit": 3, "tags": ["client"]})
            response = await http.post(f"/r/{operation}", json=sent)
        assert response.status_code == 200
        assert seen.last["recursion_limit"] == 9
    assert seen.configs[0]["tags"] == ["ann"]
    assert "config" in seen.last["metadata"]["sent"]


@pytest.mark.requirement("langserve:config:modifier", "langserve:invoke:http-exception")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_http_exception_of_the_modifier_is_the_answer_on_streams_too(operation: str):
    def refuse(config: Config, request: Request) -> Config:
        raise HTTPException(401, "who are you?", headers={"WWW-Authenticate": "Basic"})

    seen = Seen()
    response = await run(seen.runnable, None, operation, per_req_config_modifier=refuse)

    assert response.status_code == 401
    assert response.json()["detail"] == "who are you?"
    assert response.headers["www-authenticate"] == "Basic"
    assert seen.configs == []


@pytest.mark.requirement("langserve:errors:closed")
@pytest.mark.parametrize("result", [ValueError("secret"), "no dict"])
async def test_a_modifier_that_fails_or_returns_no_config_is_a_closed_failure(result: Any):
    def modifier(config: Config, request: Request) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    response = await run(Seen().runnable, None, per_req_config_modifier=modifier)

    assert response.status_code == 500
    assert response.json()["detail"] == "Internal Server Error"


@pytest.mark.requirement("langserve:config:modifier")
async def test_a_modifier_may_change_the_config_in_place_or_only_look_and_return_nothing():
    seen = Seen()

    def modifier(config: Config, request: Request) -> None:
        config["metadata"]["plan"] = "free"
        config["tags"].append("seen")

    sent = {"tags": ["mine"], "metadata": {"a": 1}}
    for config in (None, sent):
        await run(
            seen.runnable,
            config,
            per_req_config_modifier=modifier,
            config_keys=["tags", "metadata"],
        )

    without, given = seen.configs
    assert without["metadata"]["plan"] == given["metadata"]["plan"] == "free"
    assert given["metadata"]["a"] == 1
    assert [without["tags"], given["tags"]] == [["seen"], ["mine", "seen"]]


@pytest.mark.requirement("langserve:config:modifier-configurable")
async def test_the_modifier_always_finds_configurable():
    seen = Seen()

    def modifier(config: Config, request: Request) -> Config:
        config["configurable"]["user_id"] = "ann"
        return config

    for config in (None, {}, {"configurable": None}, {"configurable": {"user_id": "eve"}}):
        response = await run(seen.runnable, config, per_req_config_modifier=modifier)
        assert response.status_code in {200, 422}
    assert {config["configurable"]["user_id"] for config in seen.configs} == {"ann"}


@pytest.mark.requirement("langserve:config:run-name")
async def test_the_run_is_named_after_the_full_path_and_a_client_cannot_name_it():
    app = FastAPI()
    router = APIRouter(prefix="/inner")
    late = APIRouter()
    named = RunnableLambda(lambda x: x, name="own")
    add_routes(app, named)
    add_routes(app, named, path="/top")
    add_routes(router, named, path="/deep")
    add_routes(late, named, path="/deep", config_keys=["configurable", "tags"])
    app.include_router(router)
    app.include_router(late, prefix="/late")
    names = []
    async with client(app) as http:
        for path in ("", "/top", "/inner/deep", "/late/deep"):
            sent = {"input": 1, "config": {"run_name": "forged"}}
            response = await http.post(f"{path}/stream_events", json=sent)
            names.append(events(response.content)[0].value["name"])

    assert names == ["own", "/top", "/inner/deep", "/late/deep"]


@pytest.mark.requirement("langserve:config:host-metadata")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_metadata_says_who_hosts_and_cannot_be_forged(operation: str):
    seen = Seen()
    forged = {"__useragent": "x", "__langserve_version": "x", "__langserve_endpoint": "x", "k": 1}
    async with hosting(seen.runnable, config_keys=["metadata"]) as http:
        http.headers["user-agent"] = "tester/1"
        await http.post(f"/r/{operation}", json=body(operation, {"metadata": forged}))

    assert seen.last["metadata"] == {
        "k": 1,
        "__useragent": "tester/1",
        "__langserve_version": moorage.__version__,
        "__langserve_endpoint": operation,
    }
    assert seen.last["tags"] == []


@pytest.mark.requirement("langserve:config:hosted")
async def test_a_hosted_service_says_where_it_came_from(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOSTED_LANGSERVE_ENABLED", "true")
    monkeypatch.setenv("HOSTED_LANGSERVE_GIT_REF", "v1")
    monkeypatch.setenv("HOSTED_LANGSERVE_GIT_REPO_PATH", "sub")
    monkeypatch.setenv("HOSTED_LANGSERVE_GIT_REPO", "git://x")
    monkeypatch.setenv("HOSTED_LANGSERVE_REVISION_ID", "7")
    seen = Seen()

    await run(seen.runnable, None)

    hosted = {key: value for key, value in seen.last["metadata"].items() if "hosted" in key}
    assert hosted == {
        "__langserve_hosted_git_ref": "v1",
        "__langserve_hosted_repo_subdirectory_path": "sub",
        "__langserve_hosted_repo_url": "git://x",
        "__langserve_hosted_revision_id": "7",
        "__langserve_hosted_is_hosted": "true",
    }


@pytest.mark.requirement("langserve:config:run-id")
async def test_the_run_id_is_the_clients_where_it_may_set_it():
    run_id = str(uuid4())
    allowed = await run(Seen().runnable, {"run_id": run_id}, config_keys=["run_id"])
    dropped = await run(Seen().runnable, {"run_id": run_id})

    assert allowed.json()["metadata"]["run_id"] == run_id
    assert UUID(dropped.json()["metadata"]["run_id"]) != UUID(run_id)


@pytest.mark.requirement("langserve:config:camel-case")
async def test_the_config_that_javascript_sends_is_accepted():
    seen = Seen()
    config = {"recursionLimit": 3, "maxConcurrency": 2, "runName": "x", "callbacks": []}

    response = await run(seen.runnable, [config], "batch", config_keys=["recursion_limit"])

    assert response.status_code == 200
    assert seen.last["recursion_limit"] == 25


@pytest.mark.requirement("langserve:config:caller")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_identity_of_the_caller_reaches_modifier_and_run_and_cannot_be_forged(
    operation: str,
):
    seen = Seen()
    identities: list[str] = []

    async def authenticate(request: Request) -> str:
        return "ann"

    def modifier(config: Config, request: Request) -> Config:
        identities.append(request.user.identity)
        return config

    app = create_app(Settings(environment="development"), authenticate=authenticate)
    add_routes(
        app,
        seen.runnable,
        path="/r",
        per_req_config_modifier=modifier,
        configurable_passthrough="all",
    )
    forged = {"langgraph_auth_user": {"identity": "eve"}, "langgraph_auth_user_id": "eve"}
    async with client(app) as http:
        sent = body(operation, {"configurable": forged})
        response = await http.post(f"/r/{operation}", json=sent)

    assert response.status_code == 200
    assert identities == ["ann"]
    assert seen.last["configurable"]["langgraph_auth_user_id"] == "ann"
    assert "eve" not in str(seen.last["configurable"])
