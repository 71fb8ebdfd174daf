"""The OpenAPI document of applications with runnables."""

import time
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel

from moorage import add_routes
from moorage.protocols.langserve.routes import RunnableDocumentation
from tests.protocols.langserve.wire import client, hosting

pytestmark = pytest.mark.anyio

NAMES = ("invoke", "batch", "stream", "stream_log", "stream_events")
SCHEMAS = ("input_schema", "output_schema", "config_schema")


def same(x: int) -> int:
    return x


async def document(app: FastAPI) -> Any:
    async with client(app) as http:
        response = await http.get("/openapi.json")
    assert response.status_code == 200
    return response.json()


def properties(told: Any, name: str) -> set[str]:
    return set(told["components"]["schemas"][name]["properties"])


@pytest.mark.requirement("langserve:openapi:names")
async def test_paths_tags_and_names_are_langserves():
    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/my/r")
    told = await document(app)

    for name in (*NAMES, *SCHEMAS):
        method = "post" if name in NAMES else "get"
        plain = told["paths"][f"/my/r/{name}"][method]
        hashed = told["paths"][f"/my/r/c/{{config_hash}}/{name}"][method]
        assert (plain["tags"], hashed["tags"]) == (["my/r"], ["my/r/config"])
        assert plain["summary"] == f"My/R {name.replace('_', ' ').title()}"
        assert hashed["summary"] == f"{plain['summary']} With Config"
    assert told["paths"]["/my/r/token_feedback"]["post"]["tags"] == ["my/r"]
    operation = told["paths"]["/my/r/invoke"]["post"]["operationId"]
    assert operation == "my_r_invoke_my_r_invoke_post"


@pytest.mark.requirement("langserve:openapi:names")
async def test_request_and_response_models_are_named_after_the_path():
    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/my/r-1")
    told = await document(app)

    for name in ("Invoke", "Stream"):
        assert properties(told, f"my_r_1{name}Request") == {"input", "config", "kwargs"}
    assert properties(told, "my_r_1BatchRequest") >= {"inputs", "config", "kwargs"}
    assert properties(told, "my_r_1StreamLogRequest") >= {"input", "include_names", "exclude_tags"}
    assert properties(told, "my_r_1StreamEventsRequest") >= {"input", "include_types"}
    assert properties(told, "my_r_1InvokeResponse") == {"output", "metadata"}
    assert properties(told, "my_r_1BatchResponse") == {"output", "metadata"}
    schemas = told["components"]["schemas"]
    assert schemas["my_r_1InvokeRequest"]["required"] == ["input"]
    assert "my_r_1same_config" in schemas
    body = told["paths"]["/my/r-1/invoke"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/my_r_1InvokeRequest"}


@pytest.mark.requirement("langserve:openapi:names")
async def test_the_empty_path_has_its_names_too():
    app = FastAPI()
    add_routes(app, RunnableLambda(same))
    told = await document(app)

    assert "tags" not in told["paths"]["/invoke"]["post"]
    assert told["paths"]["/c/{config_hash}/invoke"]["post"]["tags"] == ["config"]
    assert "InvokeRequest" in told["components"]["schemas"]


@pytest.mark.requirement("langserve:openapi:playground-unlisted")
async def test_the_playground_is_not_listed_and_switched_off_endpoints_are_not():
    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/r", disabled_endpoints=["batch", "config_hashes"])
    told = await document(app)

    assert set(told["paths"]) == {
        *(f"/r/{name}" for name in (*NAMES, *SCHEMAS) if name != "batch"),
        "/r/token_feedback",
    }


@pytest.mark.requirement("langserve:openapi:names")
async def test_prefixes_of_routers_and_parameters_of_paths_are_in_the_document():
    app, router = FastAPI(), APIRouter(prefix="/in")
    add_routes(router, RunnableLambda(same), path="/{tenant}/r")
    app.include_router(router, prefix="/late", tags=["mine"])
    told = await document(app)

    operation = told["paths"]["/late/in/{tenant}/r/invoke"]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["tenant"]
    assert "mine" in operation["tags"]


def integers(x: int) -> int:
    return x


def texts(x: str) -> str:
    return x


def talking() -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("talk", lambda state: state)
    graph.add_edge(START, "talk")
    return graph.compile()


@pytest.mark.requirement("langserve:openapi:shared-names", "langserve:openapi:no-side-effects")
async def test_runnables_that_share_names_are_documented_and_all_answer():
    class Answer(BaseModel):
        text: str

    first = Answer

    class Answer(BaseModel):  # type: ignore[no-redef] # the same name on purpose
        number: int

    integers.__name__ = texts.__name__ = "function"
    runnables: list[Runnable[Any, Any]] = [
        RunnableLambda(integers),
        RunnableLambda(texts),
        RunnableLambda(lambda x: x).with_types(input_type=Any, output_type=first),
        RunnableLambda(lambda x: x).with_types(input_type=Any, output_type=Answer),
        ChatPromptTemplate.from_template("{a}") | FakeListChatModel(responses=["a"]),
        ChatPromptTemplate.from_template("{b}") | FakeListChatModel(responses=["b"]),
        talking(),
    ]
    inputs: list[Any] = [1, "a", {"text": "a"}, {"number": 1}, {"a": "a"}, {"b": "b"}]
    app = FastAPI()
    for number, runnable in enumerate(runnables):
        add_routes(app, runnable, path=f"/r{number}")
    for _ in range(2):
        async with client(app) as http:
            for number, value in enumerate(inputs):
                response = await http.post(f"/r{number}/invoke", json={"input": value})
                assert response.status_code == 200, response.text
                batch = await http.post(f"/r{number}/batch", json={"inputs": [value]})
                assert batch.status_code == 200, batch.text
        told = await document(app)

    assert len([path for path in told["paths"] if path.endswith("/invoke")]) == 14


@pytest.mark.requirement("langserve:openapi:shared-names", "langserve:openapi:lazy")
async def test_fifty_runnables_are_documented_and_no_model_is_made_before_the_first_request():
    app = FastAPI()
    for number in range(50):
        add_routes(app, RunnableLambda(same), path=f"/r{number}")
    async with client(app) as http:
        assert (await http.post("/r49/invoke", json={"input": 1})).status_code == 200
        assert (await http.get("/nowhere")).status_code == 404
        assert (await http.post("/r49/invoke/", json={"input": 1})).status_code == 307
    assert not made_models(app)
    told = await document(app)

    assert made_models(app)
    assert len([path for path in told["paths"] if "config_hash" not in path]) == 50 * 9


def made_models(app: FastAPI) -> bool:
    """Whether the documentation of any runnable was made."""
    included = [getattr(route, "original_router", None) for route in app.router.routes]
    [listing] = [router for router in included if isinstance(router, RunnableDocumentation)]
    return any("dependant" in vars(route) for route in listing.routes)


@pytest.mark.requirement("langserve:surface:cheap-registration")
@pytest.mark.alone
def test_adding_a_runnable_takes_less_than_two_milliseconds():
    def seconds() -> float:
        app = FastAPI()
        runnables = [RunnableLambda(same) for _ in range(50)]
        began = time.perf_counter()
        for number, runnable in enumerate(runnables):
            add_routes(app, runnable, path=f"/r{number}")
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) / 50 < 0.002


async def test_a_type_without_a_json_schema_spoils_nothing():
    class Opaque:
        pass

    class Holder(BaseModel, arbitrary_types_allowed=True):
        thing: Opaque | None = None

    def hold(value: Holder) -> Holder:
        return value

    app = FastAPI()
    add_routes(app, RunnableLambda(hold), path="/odd")
    add_routes(app, RunnableLambda(same), path="/r")
    told = await document(app)

    assert {"/odd/invoke", "/r/invoke"} <= set(told["paths"])


async def test_the_pages_of_the_documentation_are_served():
    async with hosting(RunnableLambda(same)) as http:
        assert (await http.get("/docs")).status_code == 200
        assert (await http.get("/redoc")).status_code == 200


async def test_dependencies_do_not_add_to_the_models():
    def knock(x_key: str) -> None:
        return None

    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/r", dependencies=[Depends(knock)])
    told = await document(app)

    assert properties(told, "rInvokeRequest") == {"input", "config", "kwargs"}
