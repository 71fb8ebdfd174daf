"""``APIHandler`` in routes that users write themselves."""

import inspect
import time
from typing import Any

import pytest
from fastapi import FastAPI
from langchain_core.runnables import RunnableConfig, RunnableLambda
from starlette.requests import Request
from starlette.responses import Response

from moorage import APIHandler
from moorage.serialization import Serializer, WellKnownLCSerializer
from tests.protocols.langserve.wire import chunks, client, events, hosting

pytestmark = pytest.mark.anyio


def told(_: Any, config: RunnableConfig) -> dict[str, Any]:
    return {"tags": config["tags"], "tone": config["configurable"].get("tone")}


def _serving(method: Any, server_config: Any) -> Any:
    async def serve(request: Request) -> Response:
        response: Response = await method(request, server_config=server_config)
        return response

    return serve


def written_by_hand(handler: APIHandler, server_config: Any = None) -> FastAPI:
    """Routes for every operation of a handler."""
    app = FastAPI()
    posts = {
        "invoke": handler.invoke,
        "batch": handler.batch,
        "stream": handler.stream,
        "stream_log": handler.stream_log,
        "stream_events": handler.astream_events,
    }
    gets = {
        "input_schema": handler.input_schema,
        "output_schema": handler.output_schema,
        "config_schema": handler.config_schema,
    }
    for name, method in (posts | gets).items():
        app.add_api_route(
            f"/mine/{name}",
            _serving(method, server_config),
            methods=["POST" if name in posts else "GET"],
            response_model=None,
        )

    async def page(file_path: str, request: Request) -> Response:
        return await handler.playground(file_path, request)

    app.add_api_route("/mine/playground/{file_path:path}", page, response_model=None)
    return app


@pytest.mark.requirement("langserve:surface:api-handler")
async def test_every_operation_answers_in_a_route_of_the_users():
    app = written_by_hand(APIHandler(RunnableLambda(told), path="/mine"))
    async with client(app) as http:
        invoked = await http.post("/mine/invoke", json={"input": 1})
        batch = await http.post("/mine/batch", json={"inputs": [1]})
        stream = await http.post("/mine/stream", json={"input": 1})
        log = await http.post("/mine/stream_log", json={"input": 1})
        happened = await http.post("/mine/stream_events", json={"input": 1})
        schemas = [
            (await http.get(f"/mine/{name}_schema")).status_code
            for name in ("input", "output", "config")
        ]
        page = await http.get("/mine/playground/")
        about = await http.get("/mine/playground/about.json")

    output: dict[str, Any] = {"tags": [], "tone": None}
    assert invoked.json()["output"] == output
    assert batch.json()["output"] == [output]
    assert chunks(stream.content) == [output]
    assert chunks(log.content)[0]["ops"][0]["value"]["name"] == "/mine"
    assert events(happened.content)[0].value["name"] == "/mine"
    assert schemas == [200, 200, 200]
    assert page.status_code == about.status_code == 200
    assert about.json()["path"] == "/mine"


@pytest.mark.requirement("langserve:surface:api-handler")
def test_the_methods_have_langserves_names_and_parameters():
    for name in (
        *("invoke", "batch", "stream", "stream_log", "astream_events"),
        *("input_schema", "output_schema", "config_schema", "playground"),
    ):
        method = getattr(APIHandler, name)
        assert inspect.iscoroutinefunction(method)
        assert {"config_hash", "server_config"} <= set(inspect.signature(method).parameters)
    for name in (
        *("create_feedback", "create_feedback_from_token", "check_feedback_enabled"),
        *("create_public_trace_link", "check_public_trace_link_enabled"),
    ):
        assert inspect.iscoroutinefunction(getattr(APIHandler, name))


@pytest.mark.requirement("langserve:surface:server-config", "langserve:config:server-config")
@pytest.mark.parametrize("operation", ["invoke", "batch"])
async def test_the_servers_config_wins_and_may_add_any_key(operation: str):
    handler = APIHandler(RunnableLambda(told), path="/mine", configurable_passthrough="all")
    app = written_by_hand(handler, {"tags": ["server"], "configurable": {"tone": "kind"}})
    async with client(app) as http:
        config = {"tags": ["client"], "configurable": {"tone": "rude"}}
        body = {"inputs": [1]} if operation == "batch" else {"input": 1}
        response = await http.post(f"/mine/{operation}", json={**body, "config": config})

    output = response.json()["output"]
    assert (output[0] if operation == "batch" else output) == {"tags": ["server"], "tone": "kind"}


class Upper(Serializer):
    """Marks whatever passes through it."""

    def dumps(self, obj: Any) -> bytes:
        return WellKnownLCSerializer().dumps({"upper": obj})

    def loadd(self, obj: Any) -> Any:
        return obj["upper"]


@pytest.mark.requirement("langserve:surface:custom-serializer")
async def test_a_serializer_of_the_users_renders_outputs_chunks_patches_and_events():
    async with hosting(RunnableLambda(lambda x: x), serializer=Upper()) as http:
        invoked = await http.post("/r/invoke", json={"input": 1})
        batch = await http.post("/r/batch", json={"inputs": [1]})
        streams = [
            chunks((await http.post(f"/r/{name}", json={"input": 1})).content)
            for name in ("stream", "stream_log", "stream_events")
        ]

    assert invoked.json()["output"] == {"upper": 1}
    assert batch.json()["output"] == {"upper": [1]}
    assert streams[0] == [{"upper": 1}]
    assert all(set(chunk) == {"upper"} for stream in streams[1:] for chunk in stream)


@pytest.mark.requirement("langserve:surface:cheap-registration")
@pytest.mark.alone
def test_a_handler_can_be_made_for_every_request():
    runnable = RunnableLambda(told)
    APIHandler(runnable, path="/warm")
    best = min(_seconds_for_ten(runnable) for _ in range(10))

    assert best / 10 < 0.002


def _seconds_for_ten(runnable: RunnableLambda[Any, Any]) -> float:
    began = time.perf_counter()
    for number in range(10):
        APIHandler(runnable, path=f"/r{number}")
    return time.perf_counter() - began


def test_an_unknown_option_and_no_runnable_are_refused():
    with pytest.raises(TypeError):
        APIHandler(RunnableLambda(told), path="/r", unknown=1)
    with pytest.raises(TypeError, match="Expected a Runnable"):
        APIHandler("text", path="/r")  # type: ignore[arg-type]
