"""Whatever the OpenAPI document allows, and much that it does not, is never answered with a 500."""

import asyncio
import json
from typing import Any

import hypothesis.strategies as st
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AnyMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, Runnable, RunnableLambda
from pydantic import BaseModel
from schemathesis.config import SchemathesisConfig
from typing_extensions import TypedDict

from moorage import add_routes
from tests.protocols.langserve.wire import events, hashed

KEYS = ["configurable", "tags", "metadata", "run_id", "max_concurrency"]
OPERATIONS = ("invoke", "batch", "stream", "stream_log", "stream_events")


class Point(BaseModel):
    x: int
    label: str = "none"


class Shape(TypedDict):
    points: list[Point]
    name: str | None


def halve(x: int) -> float:
    return x / 2


def describe(shape: Shape) -> str:
    return f"{shape['name']}: {len(shape['points'])}"


def talk(messages: list[AnyMessage]) -> list[AnyMessage]:
    return messages


def chain() -> Runnable[Any, Any]:
    model = FakeListChatModel(responses=["Hello you"]).configurable_fields(
        name=ConfigurableField(id="name")
    )
    return ChatPromptTemplate.from_template("{question}") | model


def application() -> FastAPI:
    """An application with runnables of every kind; only one has all its variants."""
    app = FastAPI()
    brief: dict[str, Any] = {"config_keys": KEYS, "enabled_endpoints": OPERATIONS}
    add_routes(app, RunnableLambda(describe), path="/shape", config_keys=KEYS)
    add_routes(app, RunnableLambda(halve), path="/number", **brief)
    add_routes(app, RunnableLambda(talk), path="/talk", **brief)
    add_routes(app, RunnableLambda(lambda x: x), path="/any", **brief, input_type=Any)
    add_routes(app, chain(), path="/chain", **brief)
    return app


document = schemathesis.openapi.from_asgi(
    "/openapi.json",
    application(),
    config=SchemathesisConfig.from_dict(
        {"phases": {"coverage": {"enabled": False}}, "generation": {"max-examples": 5}}
    ),
)


@document.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.requirement("langserve:bodies:hostile")
def test_no_request_of_the_document_is_a_500(case: Any):
    assert case.call().status_code < 500


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["human", "ai", "tool", "Document", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "points", "name", "x", "question", "root"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
configs = st.none() | st.dictionaries(st.sampled_from([*KEYS, "callbacks", "x"]), values) | values
bodies = st.fixed_dictionaries(
    {},
    optional={
        "input": values,
        "inputs": st.lists(values, max_size=3) | values,
        "config": configs | st.lists(configs, max_size=3),
        "kwargs": values,
        "include_names": values,
        "return_exceptions": values,
    },
)


@pytest.mark.requirement("langserve:bodies:hostile")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=bodies | values,
    path=st.sampled_from(["shape", "number", "talk", "any", "chain"]),
    operation=st.sampled_from(OPERATIONS),
)
def test_no_json_is_a_500_or_an_error_event(body: Any, path: str, operation: str):
    content = json.dumps(body).encode()
    status, answered = asyncio.run(_posted(f"/{path}/{operation}", content))

    assert status in {200, 422}
    if status == 200 and operation.startswith("stream"):
        assert events(answered)[-1].name == "end"
    else:
        json.loads(answered)


@pytest.mark.requirement("langserve:hash:invalid")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    config_hash=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-$")
    | st.text()
    | values.map(lambda value: hashed(json.dumps(value)))
)
def test_no_hash_is_a_500(config_hash: str):
    status, _ = asyncio.run(_posted(f"/shape/c/{config_hash}/invoke", b'{"input": 1}'))

    assert 400 <= status < 500


APP = application()


async def _posted(path: str, content: bytes) -> tuple[int, bytes]:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": b"",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"test")],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await APP(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
