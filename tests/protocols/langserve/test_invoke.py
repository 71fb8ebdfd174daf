"""``POST /invoke``, and the bodies that all operations have in common."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from tests.protocols.langserve.wire import hosting

pytestmark = pytest.mark.anyio

INVALID_JSON = {"detail": ["Invalid JSON body"], "message": "Invalid JSON body"}


def add_one(x: int) -> int:
    return x + 1


def echo(value: Any) -> Any:
    return value


def number() -> httpx.AsyncClient:
    return hosting(RunnableLambda(add_one))


def anything() -> httpx.AsyncClient:
    return hosting(RunnableLambda(echo).with_types(input_type=Any))


@pytest.mark.requirement("langserve:invoke:reply")
async def test_the_reply_is_the_output_and_its_metadata_and_nothing_more():
    async with number() as client:
        response = await client.post("/r/invoke", json={"input": 1})

    reply = response.json()
    run_id = reply["metadata"]["run_id"]
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert reply == {"output": 2, "metadata": {"run_id": run_id, "feedback_tokens": []}}
    assert UUID(run_id).version == 4


@pytest.mark.requirement("langserve:bodies:not-json")
@pytest.mark.parametrize("body", [b"", b"{", b"input=1", b'{"input": 1} x'])
@pytest.mark.parametrize("operation", ["invoke", "batch", "stream", "stream_log", "stream_events"])
async def test_a_body_that_is_no_json_is_refused(body: bytes, operation: str):
    async with number() as client:
        response = await client.post(f"/r/{operation}", content=body)

    assert response.status_code == 422
    assert response.json() == INVALID_JSON


@pytest.mark.requirement("langserve:bodies:not-utf8")
@pytest.mark.parametrize("body", [b'{"input": "\xff"}', '{"input": "é"}'.encode("latin-1")])
async def test_a_body_that_is_not_utf8_is_refused(body: bytes):
    async with number() as client:
        response = await client.post("/r/invoke", content=body)

    assert response.status_code == 422
    assert response.json() == INVALID_JSON


@pytest.mark.requirement("langserve:bodies:shape")
@pytest.mark.parametrize(
    ("body", "place", "kind"),
    [
        ([1], [], "model_type"),
        ("text", [], "model_type"),
        (None, [], "model_type"),
        ({}, ["input"], "missing"),
        ({"inputs": [1]}, ["input"], "missing"),
        ({"input": 1, "config": []}, ["config"], "dict_type"),
        ({"input": 1, "config": "x"}, ["config"], "dict_type"),
    ],
)
@pytest.mark.parametrize("operation", ["invoke", "stream", "stream_log", "stream_events"])
async def test_a_body_of_another_shape_is_refused(
    body: Any, place: list[str], kind: str, operation: str
):
    async with number() as client:
        response = await client.post(f"/r/{operation}", content=json.dumps(body))

    [error] = response.json()["detail"]
    assert response.status_code == 422
    assert (error["loc"], error["type"]) == (place, kind)
    assert error["url"].startswith("https://errors.pydantic.dev/")


@pytest.mark.requirement("langserve:bodies:ignored")
@pytest.mark.parametrize("kwargs", [{"a": 1}, [{}], None, "x", 3])
async def test_kwargs_and_unknown_keys_and_the_headers_are_ignored(kwargs: Any):
    body = {"input": 1, "kwargs": kwargs, "diff": False, "more": {}}
    headers = {"content-type": "text/plain", "accept": "image/png"}
    async with number() as client:
        for operation in ("invoke", "stream"):
            response = await client.post(f"/r/{operation}", json=body, headers=headers)
            assert response.status_code == 200


@pytest.mark.requirement("langserve:bodies:null-config")
@pytest.mark.parametrize("operation", ["invoke", "stream", "stream_log", "stream_events"])
async def test_a_config_of_null_is_none(operation: str):
    async with number() as client:
        response = await client.post(f"/r/{operation}", json={"input": 1, "config": None})

    assert response.status_code == 200


@pytest.mark.requirement("langserve:invoke:invalid-input")
async def test_an_input_that_does_not_fit_is_refused_with_its_place_in_the_input():
    class Person(BaseModel):
        name: str

    class Question(BaseModel):
        person: Person

    def asked(question: Question) -> str:
        raise AssertionError("it does not run")

    async with hosting(RunnableLambda(asked)) as client:
        nested = await client.post("/r/invoke", json={"input": {"person": {"name": 3}}})
        missing = await client.post("/r/invoke", json={"input": {}})
        scalar = await client.post("/r/invoke", json={"input": "x"})

    assert [one.status_code for one in (nested, missing, scalar)] == [422, 422, 422]
    [error] = nested.json()["detail"]
    assert (error["loc"], error["type"], error["input"]) == (["person", "name"], "string_type", 3)
    assert missing.json()["detail"][0]["loc"] == ["person"]
    assert scalar.json()["detail"][0]["loc"] == []


@pytest.mark.requirement("langserve:invoke:lax")
@pytest.mark.parametrize("value", ["3", 3.0])
async def test_an_input_is_coerced(value: Any):
    async with number() as client:
        response = await client.post("/r/invoke", json={"input": value})

    assert response.json()["output"] == 4


@pytest.mark.requirement("langserve:invoke:http-exception")
@pytest.mark.parametrize(("operation", "key"), [("invoke", "input"), ("batch", "inputs")])
async def test_an_http_exception_of_the_runnable_is_the_answer(operation: str, key: str):
    def refuse(x: int) -> int:
        raise HTTPException(418, "I am a teapot", headers={"X-Tea": "green"})

    async with hosting(RunnableLambda(refuse)) as client:
        response = await client.post(f"/r/{operation}", json={key: 1 if key == "input" else [1]})

    assert response.status_code == 418
    assert response.json()["detail"] == "I am a teapot"
    assert response.headers["x-tea"] == "green"


@pytest.mark.requirement("langserve:invoke:odd-validators")
async def test_an_input_whose_validator_raises_a_key_error_is_refused_and_not_a_failure():
    def union(value: HumanMessage | ToolMessage | AIMessage) -> str:
        return value.text

    async with hosting(RunnableLambda(union)) as client:
        for value in ({"type": "tool", "content": "x"}, {"role": "user"}, ["human", "hi"], {}, 3):
            response = await client.post("/r/invoke", json={"input": value})
            assert response.status_code == 422, value
            assert response.json()["detail"][0]["loc"][:1] != ["body"]
        batch = await client.post("/r/batch", json={"inputs": [{"role": "martian"}]})

    assert batch.status_code == 422


@pytest.mark.requirement("langserve:invoke:root-key")
@pytest.mark.parametrize("key", ["root", "__root__", "output"])
async def test_a_dict_with_a_key_root_is_an_output_like_any_other(key: str):
    value = {key: 1, "other": 2}
    async with anything() as client:
        invoked = await client.post("/r/invoke", json={"input": value})
        batch = await client.post("/r/batch", json={"inputs": [value]})

    assert invoked.json()["output"] == value
    assert batch.json()["output"] == [value]


@pytest.mark.requirement("langserve:invoke:output-type")
async def test_an_output_that_does_not_fit_its_type_is_an_output():
    async with hosting(RunnableLambda(add_one), output_type=dict[str, str]) as client:
        response = await client.post("/r/invoke", json={"input": 1})

    assert response.json()["output"] == 2


HOSTILE = {
    "deep array": b'{"input": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep object": b'{"input": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "deep enough to parse": b'{"input": ' + b"[" * 900 + b"]" * 900 + b"}",
    "unclosed": b'{"input": ' + b"[" * 100_000,
    "not a number": b'{"input": NaN}',
    "infinite": b'{"input": [1e999, -Infinity]}',
    "lone surrogate": b'{"input": "\\ud800"}',
    "lone surrogate in a key": b'{"input": {"\\udfff": 1}}',
    "lone surrogate in config": b'{"input": 1, "config": {"configurable": {"a": "\\ud800"}}}',
    "huge integer": b'{"input": ' + b"9" * 1000 + b"}",
    "integer beyond parsing": b'{"input": ' + b"9" * 100_000 + b"}",
    "tiny exponent": b'{"input": 1e-99999}',
    "duplicate keys": b'{"input": 1, "input": 2}',
    "nul": b'{"input": "\\u0000"}',
    "byte order mark": b'\xef\xbb\xbf{"input": 1}',
    "utf-16": '{"input": 1}'.encode("utf-16"),
}


@pytest.mark.requirement("langserve:bodies:hostile")
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("operation", ["invoke", "batch", "stream", "stream_log", "stream_events"])
async def test_no_body_makes_the_service_fail(body: bytes, operation: str):
    if operation == "batch":
        body = body.replace(b'"input": ', b'"inputs": [').replace(b"}", b"]}", 1)
    for client in (anything(), number()):
        async with client:
            response = await client.post(f"/r/{operation}", content=body)

        assert response.status_code in {200, 422}
        assert b"event: error" not in response.content
        response.json() if response.status_code == 422 else None


@pytest.mark.requirement("langserve:bodies:hostile")
async def test_the_last_of_equal_keys_counts():
    async with anything() as client:
        response = await client.post("/r/invoke", content=HOSTILE["duplicate keys"])

    assert response.json()["output"] == 2


@pytest.mark.requirement("langserve:bodies:hostile")
async def test_an_integer_of_any_size_reaches_the_runnable_unrounded():
    seen: list[Any] = []
    async with hosting(RunnableLambda(seen.append).with_types(input_type=Any)) as client:
        await client.post("/r/invoke", content=b'{"input": 12345678901234567890123}')

    assert seen == [12345678901234567890123]


@pytest.mark.requirement("langserve:bodies:hostile")
async def test_a_body_of_ten_megabytes_is_answered():
    text = "x" * 10_000_000
    async with anything() as client:
        response = await client.post("/r/invoke", json={"input": text})

    assert response.json()["output"] == text
