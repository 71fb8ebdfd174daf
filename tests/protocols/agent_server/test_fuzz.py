"""Whatever comes, allowed by the OpenAPI document or not, is never answered with a 500."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from moorage import Settings, create_app
from moorage.project import read

PROJECT = Path(__file__).parent / "project"

document = schemathesis.openapi.from_dict(
    create_app(
        Settings.parse({"MOORAGE_DATABASE_URL": "memory:"}), project=read(PROJECT)
    ).openapi(),
    config=SchemathesisConfig.from_dict(
        {"phases": {"coverage": {"enabled": False}}, "generation": {"max-examples": 4}}
    ),
).include(path_regex=r"^/(threads|runs|assistants|store)\b")


@document.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_of_the_document_is_a_500(case: Any, url: str):
    reply = case.call(base_url=url, timeout=20)

    check(reply.status_code, reply.content, case.path)


def nested(levels: int, name: str) -> bytes:
    inner = b'{"a":' * levels + b"1" + b"}" * levels
    return b'{"%b": %b, "assistant_id": "echo", "graph_id": "echo"}' % (name.encode(), inner)


HUGE = 2**63
HOSTILE = [
    *(b"\xff\xfe", b'{"metadata": "\xff"}', b"null", b"[]", b"1", b"{", b"NaN", b"[" * 100_000),
    b'{"metadata": {"a": "\\ud800"}}',
    b'{"assistant_id": "\\u0000", "graph_id": "\\u0000"}',
    *(nested(levels, name) for levels in (229, 5000) for name in ("input", "metadata", "values")),
    *(
        json.dumps(body).encode()
        for body in (
            {"limit": 1, "offset": HUGE},
            {"limit": HUGE * HUGE, "offset": HUGE * HUGE},
            {"assistant_id": "steps", "graph_id": "steps", "config": {"recursion_limit": "x"}},
            {"assistant_id": "steps", "graph_id": "steps", "config": {"configurable": 5}},
            {"assistant_id": "steps", "graph_id": "steps", "config": {"recursion_limit": HUGE}},
            {"assistant_id": "steps", "graph_id": "steps", "name": "x" * 100_000},
            {"assistant_id": "steps", "stream_mode": ["values"] * 10_000, "input": {}},
            {"assistant_id": "steps", "interrupt_before": ["\0"], "input": {"\0": "\0"}},
            {"assistant_id": "steps", "command": {"goto": {"node": "\0"}, "update": {"no": 1}}},
            {"assistant_id": "steps", "schedule": "\0", "timezone": "../../etc/passwd"},
            {"namespace": ["a"], "key": "k", "value": {}, "ttl": 1e300},
            {"namespace": ["a\0"], "key": "\0", "value": {"\0": "\0"}},
            {"namespace_prefix": ["a"], "filter": {"a": {"$gt": [HUGE * HUGE]}}},
            {"values": {"words": 5}, "as_node": "\0"},
            {"ids": ["ABCDEF00-0000-4000-8000-000000000000"] * 20_000},
        )
    ),
]
TAKES_A_BODY = sorted(
    (method, path)
    for path, operations in document.raw_schema["paths"].items()
    for method in operations
    if method in {"post", "put", "patch"} and not path.endswith("/stream/events")
    if path.startswith(("/threads", "/runs", "/assistants", "/store"))
)


@pytest.mark.parametrize(("method", "path"), TAKES_A_BODY)
def test_no_body_is_a_500(url: str, method: str, path: str):
    with httpx.Client(base_url=url, timeout=20) as http:
        thread = http.post("/threads", json={}).json()["thread_id"]
        names = {"assistant_id": "steps", "namespace": "x"}
        for part in path.split("/"):
            if part.startswith("{"):
                name = part.strip("{}").removesuffix(":path")
                path = path.replace(part, names.get(name, thread))
        for body in HOSTILE:
            reply = http.request(method, path, content=body)
            check(reply.status_code, reply.content, (path, body[:100]))


@pytest.mark.anyio
async def test_a_body_that_is_nested_too_deeply_is_told_so(http: httpx.AsyncClient):
    refused = await http.post("/threads", content=nested(5000, "metadata"))
    taken = await http.post("/threads", content=nested(229, "metadata"))

    assert refused.status_code == 422
    assert taken.status_code == 200


def check(status: int, content: bytes, told: Any) -> None:
    assert status < 500, (told, content)
    if status >= 400 and b'"type":"error"' not in content:
        assert isinstance(json.loads(content)["detail"], str), (told, content)
