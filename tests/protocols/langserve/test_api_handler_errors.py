"""What ``APIHandler`` raises in routes that users write, and the models it has for them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda

from moorage import APIHandler, Settings, create_app
from moorage.langserve.schema import FeedbackCreateRequestTokenBased
from tests.protocols.langserve.wire import client

pytestmark = [pytest.mark.anyio, pytest.mark.requirement("langserve:surface:api-handler")]

OPERATIONS = ["invoke", "batch", "stream", "stream_log", "astream_events"]

WRONG: dict[str, dict[str, Any]] = {
    "no JSON": {"content": b"{"},
    "no input": {"json": {}},
    "unfit input": {"json": {"input": "x", "inputs": ["x"]}},
    "unfit config": {"json": {"input": 1, "inputs": [1], "config": {"tags": [[]]}}},
}


def add_one(x: int) -> int:
    return x + 1


def number() -> APIHandler:
    return APIHandler(RunnableLambda(add_one), path="/own", config_keys=["tags"])


def publish(app: FastAPI, operation: Callable[[Request], Awaitable[Response]]) -> None:
    @app.post("/own")
    async def own(request: Request) -> Response:
        return await operation(request)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_wrong_with_a_request_is_told_by_an_application_that_is_only_fastapi(
    operation: str, wrong: str
):
    app = FastAPI()
    publish(app, getattr(number(), operation))

    async with client(app) as http:
        response = await http.post("/own", **WRONG[wrong])

    assert response.status_code == 422
    assert list(response.json()) == ["detail"]
    assert isinstance(response.json()["detail"], list)


async def test_a_service_answers_as_it_does_for_its_own_routes():
    app = create_app(Settings(environment="development"))
    publish(app, number().invoke)

    async with client(app) as http:
        response = await http.post("/own", json={"input": "x"})

    assert response.status_code == 422
    assert response.json()["detail"][0]["type"] == "int_parsing"
    assert "valid integer" in response.json()["message"]


async def test_what_is_wrong_with_a_request_can_be_caught_as_an_http_exception():
    handler = number()

    async def forgiving(request: Request) -> Response:
        try:
            return await handler.invoke(request)
        except HTTPException as refused:
            return JSONResponse({"caught": refused.status_code})

    app = FastAPI()
    publish(app, forgiving)

    async with client(app) as http:
        response = await http.post("/own", content=b"{")

    assert response.json() == {"caught": 422}


async def test_a_bad_hash_and_a_missing_file_keep_their_status():
    template = PromptTemplate.from_template("say {x}").configurable_fields(
        template=ConfigurableField(id="template")
    )
    handler = APIHandler(template, path="/own")
    app = FastAPI()

    @app.post("/own/c/{config_hash}/invoke")
    async def configured(config_hash: str, request: Request) -> Response:
        return await handler.invoke(request, config_hash=config_hash)

    @app.get("/own/playground/{file_path:path}")
    async def playground(file_path: str, request: Request) -> Response:
        return await handler.playground(file_path, request)

    async with client(app) as http:
        bad_hash = await http.post("/own/c/1234/invoke", json={"input": {"x": "a"}})
        good_hash = await http.post("/own/c/N4XyA/invoke", json={"input": {"x": "a"}})
        no_file = await http.get("/own/playground/nothing.js")
        page = await http.get("/own/playground/")

    assert (bad_hash.status_code, bad_hash.json()) == (400, {"detail": "Invalid config hash"})
    assert (no_file.status_code, no_file.json()) == (404, {"detail": "Not Found"})
    assert good_hash.status_code == page.status_code == 200


async def test_feedback_that_is_off_is_a_400_for_routes_of_ones_own():
    handler = number()
    token = FeedbackCreateRequestTokenBased(token_or_url="http://x/y", score=1)

    for asked in (
        handler.check_feedback_enabled(),
        handler.check_public_trace_link_enabled(),
        handler.create_feedback_from_token(token),
    ):
        with pytest.raises(HTTPException) as refused:
            await asked
        assert refused.value.status_code == 400


async def test_the_models_of_bodies_and_answers_document_a_route():
    handler = number()
    app = FastAPI()

    @app.post("/documented", response_model=handler.InvokeResponse)
    async def documented(body: handler.InvokeRequest) -> Any:  # type: ignore[name-defined]
        return {"output": body.input.root + 1, "metadata": {"run_id": "1"}}

    async with client(app) as http:
        response = await http.post("/documented", json={"input": 1})
        document = (await http.get("/openapi.json")).json()

    assert response.json()["output"] == 2
    schemas = document["components"]["schemas"]
    assert {"ownInvokeRequest", "ownInvokeResponse", "InvokeResponseMetadata"} <= schemas.keys()
    others = ("BatchRequest", "BatchResponse", "StreamRequest", "StreamLogRequest")
    for name in (*others, "StreamEventsRequest"):
        assert getattr(handler, name).__name__ == f"own{name}"
