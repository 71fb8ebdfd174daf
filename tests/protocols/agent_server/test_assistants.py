"""``/assistants`` through the official client."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.anyio

ECHO = "046b5dc7-2108-582c-9c6c-31d556d138f0"
"""The id that the Agent Server gives the assistant of a graph called ``echo``."""


@pytest.mark.requirement("agents:assistants:default")
async def test_every_graph_has_an_assistant_from_the_start(client: Any):
    (found,) = await client.assistants.search(graph_id="echo", metadata={"created_by": "system"})

    assert found["assistant_id"] == ECHO
    assert (found["name"], found["description"]) == ("echo", "Says what it was told.")
    assert (found["version"], found["config"], found["context"]) == (1, {}, {})


@pytest.mark.requirement("agents:assistants:life", "agents:assistants:latest")
async def test_an_assistant_is_made_changed_and_deleted(client: Any):
    made = await client.assistants.create(
        "echo", context={"tone": "dry"}, metadata={"team": "red"}, name="Dry"
    )
    changed = await client.assistants.update(
        made["assistant_id"], context={"tone": "warm"}, metadata={"size": 2}
    )
    versions = await client.assistants.get_versions(made["assistant_id"])
    restored = await client.assistants.set_latest(made["assistant_id"], 1)
    await client.assistants.delete(made["assistant_id"])

    assert made["config"] == {"configurable": {"tone": "dry"}}
    assert (changed["version"], changed["name"]) == (2, "Dry")
    assert changed["metadata"] == {"team": "red", "size": 2}
    assert [one["version"] for one in versions] == [2, 1]
    assert (restored["context"], restored["version"]) == ({"tone": "dry"}, 1)
    with pytest.raises(NotFoundError):
        await client.assistants.get(made["assistant_id"])


@pytest.mark.requirement("agents:assistants:if-exists")
async def test_an_id_is_taken_once(client: Any):
    own = str(uuid4())
    await client.assistants.create("echo", assistant_id=own, name="First")
    again = await client.assistants.create(
        "steps", assistant_id=own, name="Second", if_exists="do_nothing"
    )

    assert again["name"] == "First"
    with pytest.raises(ConflictError):
        await client.assistants.create("echo", assistant_id=own)


@pytest.mark.requirement("agents:assistants:search", "agents:conventions:pages")
async def test_pages_lead_to_one_another(client: Any):
    team = str(uuid4())
    for name in ("a", "b", "c"):
        await client.assistants.create("echo", name=name, metadata={"team": team})

    page = await client.assistants.search(
        metadata={"team": team},
        limit=2,
        sort_by="name",
        sort_order="asc",
        select=["name"],
        response_format="object",
    )

    assert page == {"assistants": [{"name": "a"}, {"name": "b"}], "next": "2"}
    assert await client.assistants.count(metadata={"team": team}) == 3


@pytest.mark.requirement("agents:assistants:graph", "agents:assistants:names")
async def test_a_graph_is_drawn_and_described(client: Any):
    drawn = await client.assistants.get_graph("nested", xray=True)
    schemas = await client.assistants.get_schemas("nested")
    subgraphs = await client.assistants.get_subgraphs("nested")

    assert "child:inner" in {node["id"] for node in drawn["nodes"]}
    assert schemas["graph_id"] == "nested"
    assert "words" in schemas["input_schema"]["properties"]
    assert list(subgraphs) == ["child"]


@pytest.mark.requirement("agents:conventions:errors", "agents:conventions:ids")
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("POST", "/assistants", {"graph_id": "nobody"}, 404, "Graph 'nobody' not found."),
        ("POST", "/assistants", {}, 422, "graph_id"),
        (
            "POST",
            "/assistants",
            {"graph_id": "echo", "assistant_id": "x"},
            422,
            "Invalid assistant ID: must be a UUID",
        ),
        (
            "POST",
            "/assistants",
            {
                "graph_id": "echo",
                "context": {"a": 1},
                "config": {"configurable": {"a": 1}},
            },
            400,
            "Cannot specify both configurable and context",
        ),
        ("GET", f"/assistants/{uuid4()}", None, 404, "not found"),
        ("GET", "/assistants/nobody", None, 422, "Invalid assistant: 'nobody'"),
        ("GET", "/assistants/echo/graph?xray=-1", None, 422, "Invalid xray value"),
        ("POST", "/assistants/search", {"limit": 0}, 422, "limit"),
        ("POST", "/assistants/search", {"select": ["colour"]}, 422, "select"),
    ],
)
async def test_bad_input_is_refused_in_one_sentence(  # noqa: PLR0917 - a row of the table
    http: httpx.AsyncClient, method: str, path: str, body: object, status: int, detail: str
):
    reply = await http.request(method, path, json=body)

    assert reply.status_code == status
    assert detail in reply.json()["detail"]


@pytest.mark.requirement("agents:conventions:empty-body", "agents:conventions:null")
@pytest.mark.parametrize("content", [b"", b"{}", b'{"limit": null}'])
async def test_an_empty_body_and_nulls_say_nothing(http: httpx.AsyncClient, content: bytes):
    reply = await http.post("/assistants/search", content=content)

    assert reply.status_code == 200
    assert int(reply.headers["x-pagination-total"]) >= len(reply.json()) > 0


@pytest.mark.requirement("agents:conventions:not-json", "agents:conventions:content-type")
async def test_a_body_that_is_no_json_is_refused(http: httpx.AsyncClient):
    reply = await http.post("/assistants/search", content=b"{", headers={"content-type": "x/y"})

    assert reply.status_code == 422
    assert reply.json()["detail"] == "Invalid JSON in request body"
