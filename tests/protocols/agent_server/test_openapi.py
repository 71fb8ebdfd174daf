"""The OpenAPI document of a served project: valid, complete, and true."""

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis

from moorage import Settings, create_app
from moorage.project import read
from moorage.protocols.agent_server.documentation import OPERATIONS

pytestmark = pytest.mark.anyio

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    settings = Settings.parse({"MOORAGE_DATABASE_URL": "memory:"})
    return create_app(settings, project=read(PROJECT)).openapi()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    tags = {"assistants", "threads", "runs", "stateless runs", "crons", "store"}
    return {
        operation["operationId"]: {"path": path, "method": method, **operation}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tags & set(operation.get("tags", ()))
    }


@pytest.mark.requirement("agents:system:openapi")
def test_the_document_is_openapi_3_1(document: dict[str, Any]):
    assert document["openapi"].startswith("3.1")
    schema = schemathesis.openapi.from_dict(document)
    schema.validate()
    assert not [found.err() for found in schema.get_all_operations() if hasattr(found, "err")]


@pytest.mark.requirement("agents:system:openapi")
def test_every_operation_has_a_name_an_answer_and_errors(document: dict[str, Any]):
    found = operations(document)

    assert set(found) == {one.name for one in OPERATIONS.values()}, (
        "describe each endpoint in protocols/agent_server/documentation.py"
    )
    for name, operation in found.items():
        answers = operation["responses"]
        problem = answers["default"]["content"]["application/json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/Problem"}, name
        [status] = set(answers) - {"default"}
        content = answers[status].get("content", {})
        assert set(content) <= {"application/json", "text/event-stream"}, name
        assert content or status in {"202", "204"}, name


async def test_what_the_service_says_of_itself_is_described(
    document: dict[str, Any], http: httpx.AsyncClient
):
    for path in ("/ok", "/info", "/health", "/ready"):
        said = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**said["schema"], "components": document["components"]}
        jsonschema_rs.validate(schema, (await http.get(path)).json())
        assert said["schema"].keys() & {"$ref", "type"}


def test_bodies_are_described(document: dict[str, Any]):
    for name in ("create_run", "search_threads", "put_item", "create_cron", "update_thread_state"):
        body = operations(document)[name]["requestBody"]["content"]["application/json"]["schema"]
        assert "$ref" in body, name


async def test_answers_are_as_described(document: dict[str, Any], http: httpx.AsyncClient):
    async def tell(name: str, body: Any = None, query: Any = None, **ids: str) -> Any:
        operation = operations(document)[name]
        path = operation["path"].format(**ids)
        content = None if body is None else json.dumps(body)
        answer = await http.request(operation["method"], path, content=content, params=query)
        said = operation["responses"][str(answer.status_code)]
        if "content" not in said:
            assert not answer.content
            return None
        [(kind, media)] = said["content"].items()
        assert answer.headers["content-type"].startswith(kind)
        if kind == "application/json":
            schema = {**media["schema"], "components": document["components"]}
            jsonschema_rs.validate(schema, answer.json())
            return answer.json()
        return answer.text

    said = {"messages": [{"role": "user", "content": "hello"}]}
    assistant = (await tell("search_assistants", {}))[0]["assistant_id"]
    for name in ("get_assistant", "get_assistant_graph", "get_assistant_schemas"):
        await tell(name, assistant_id=assistant)
    await tell("get_assistant_subgraphs", assistant_id=assistant)
    await tell("count_assistants", {})
    await tell("search_assistant_versions", {}, assistant_id=assistant)
    thread = {"thread_id": (await tell("create_thread", {}))["thread_id"]}
    wanted = {"assistant_id": "echo", "input": said}
    assert "hello" in await tell("stream_run", wanted, **thread)
    await tell("wait_run", wanted, **thread)
    run = {**thread, "run_id": (await tell("create_run", wanted, **thread))["run_id"]}
    await tell("join_run", **run)
    for name in ("get_run", "join_run_stream", "delete_run"):
        await tell(name, **run)
    for name in ("get_thread", "get_thread_state", "get_thread_history", "list_runs"):
        await tell(name, **thread)
    await tell("search_thread_history", {"limit": 5}, **thread)
    await tell("update_thread_state", {"values": said}, **thread)
    await tell("search_threads", {"select": ["thread_id", "status"]})
    await tell("patch_thread", {"metadata": {"a": 1}}, **thread)
    await tell("copy_thread", **thread)
    command = {"id": 1, "method": "run.start", "params": {"assistant_id": "echo", "input": said}}
    started = await tell("command_thread", command, **(await tell("create_thread", {})))
    assert started["type"] == "success"
    cron = await tell("create_cron", {"assistant_id": "echo", "schedule": "@yearly"})
    await tell("search_crons", {})
    await tell("delete_cron", cron_id=cron["cron_id"])
    item = {"namespace": ["described"], "key": "a", "value": {"b": 1}}
    await tell("put_item", item)
    await tell("get_item", query={"namespace": "described", "key": "a"})
    await tell("search_items", {"namespace_prefix": ["described"]})
    await tell("list_namespaces", {})
    await tell("delete_item", item)
    await tell("delete_thread", **thread)
    refused = await http.get(f"/threads/{thread['thread_id']}")
    problem = document["components"]["schemas"]["Problem"]
    jsonschema_rs.validate(problem, refused.json())


def test_what_is_left_out_is_not_described(tmp_path: Path):
    (tmp_path / "agent.py").write_text(
        "from langchain_core.runnables import RunnableLambda\ngraph = RunnableLambda(str)\n"
    )
    (tmp_path / "langgraph.json").write_text(
        json.dumps({"graphs": {"a": "./agent.py:graph"}, "http": {"disable_store": True}})
    )
    settings = Settings.parse({"MOORAGE_DATABASE_URL": "memory:"})
    found = create_app(settings, project=read(tmp_path)).openapi()
    assert not [path for path in found["paths"] if path.startswith("/store")]
