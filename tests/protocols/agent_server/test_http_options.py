"""What a project says under ``http``: what is published, where, and what of its own."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from langserve import RemoteRunnable

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving

GRAPHS = """
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

class State(TypedDict, total=False):
    said: str

def say(state, config):
    return {"said": config["configurable"].get("x-team", "nobody")}

graph = StateGraph(State).add_node("say", say).add_edge(START, "say").compile()
double = RunnableLambda(lambda x: x * 2)

def make(config):
    return graph
"""
APP = """
from contextlib import asynccontextmanager
from fastapi import FastAPI, HTTPException
from starlette.requests import Request

@asynccontextmanager
async def lifespan(app):
    yield {"began": True}

app = FastAPI(lifespan=lifespan)

@app.middleware("http")
async def mark(request: Request, call_next):
    response = await call_next(request)
    response.headers["x-mark"] = "own"
    return response

@app.get("/hello")
async def hello(request: Request):
    return {"began": request.state.began}

@app.get("/info")
async def info():
    return {"own": True}
"""

Published = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Serve a project with the given ``http`` section, and the given settings."""
    (tmp_path / "graphs.py").write_text(GRAPHS)
    (tmp_path / "web.py").write_text(APP)
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")

    @contextmanager
    def serve(http: dict[str, Any], **settings: str) -> Iterator[httpx.Client]:
        project = {
            "dependencies": ["."],
            "graphs": {
                "agent": "./graphs.py:graph",
                "double": "./graphs.py:double",
                "made": "./graphs.py:make",
                "broken": "./broken.py:graph",
            },
            "http": http,
        }
        (tmp_path / "langgraph.json").write_text(json.dumps(project))
        variables = {"MOORAGE_DATABASE_URL": "memory:", **settings}
        app = create_app(Settings.parse(variables), project=read(tmp_path))
        with serving(app) as url, httpx.Client(base_url=url, timeout=20) as client:
            yield client

    return serve


@pytest.mark.requirement("agents:system:info")
def test_the_service_says_what_it_is(published: Published):
    with published({}) as client:
        root, ok = client.get("/").json(), client.get("/ok", params={"check_db": 1})
        info = client.get("/info").json()

    assert root == {"ok": True}
    assert (ok.status_code, ok.json()) == (200, {"ok": True, "failed_graphs": ["broken"]})
    assert info["flags"]["assistants"]
    assert info["version"]


@pytest.mark.requirement("agents:system:langserve")
def test_every_graph_answers_langserve_clients_too(published: Published):
    with published({}) as client:
        base = str(client.base_url).rstrip("/")
        agent, double, made = (
            RemoteRunnable[Any, Any](f"{base}/{name}") for name in ("agent", "double", "made")
        )

        assert (agent.invoke({}), double.invoke(4)) == ({"said": "nobody"}, 8)
        assert made.invoke({}) == {"said": "nobody"}
        assert list(made.stream({})) == [{"say": {"said": "nobody"}}]


@pytest.mark.requirement("agents:system:disabled")
def test_resources_are_left_out(published: Published):
    with published({"disable_assistants": True, "disable_store": True}) as client:
        assert client.post("/assistants/search").status_code == 404
        assert client.post("/store/items/search").status_code == 404
        assert client.post("/threads").status_code == 200
        assert client.get("/info").json()["flags"]["assistants"] is False


@pytest.mark.requirement("agents:system:prefix")
def test_everything_is_below_the_prefix_and_probes_are_at_the_root_too(published: Published):
    with published({"mount_prefix": "/api"}) as client:
        thread = client.post("/api/threads").json()["thread_id"]
        reply = client.post(f"/api/threads/{thread}/runs/wait", json={"assistant_id": "agent"})

        assert reply.headers["content-location"].startswith(f"/threads/{thread}/runs/")
        assert client.post("/threads").status_code == 404
        assert [client.get(path).status_code for path in ("/ok", "/api/ok", "/api/info")] == [
            200,
            200,
            200,
        ]
        assert client.post("/api/agent/invoke", json={"input": {}}).json()["output"] == {
            "said": "nobody"
        }


@pytest.mark.requirement("agents:nodes:headers")
def test_chosen_headers_reach_the_run(published: Published):
    with published({"configurable_headers": {"includes": ["x-*"]}}) as client:
        reply = client.post(
            "/runs/wait", json={"assistant_id": "agent", "input": {}}, headers={"X-Team": "red"}
        )

    assert reply.json() == {"said": "red"}


@pytest.mark.requirement("agents:conventions:cors")
def test_pages_of_the_named_origins_may_call(published: Published):
    cors = {"allow_origins": ["https://chat.example.com"], "expose_headers": ["x-own"]}
    asks = {
        "Origin": "https://chat.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    with published({"cors": cors}) as client:
        preflight = client.options("/threads", headers=asks)
        reply = client.post("/threads", headers={"Origin": asks["Origin"]})
        other = client.post("/threads", headers={"Origin": "https://evil.example.com"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-private-network"] == "true"
    assert reply.headers["access-control-allow-origin"] == "https://chat.example.com"
    exposed = {
        name.strip().lower() for name in reply.headers["access-control-expose-headers"].split(",")
    }
    assert {"content-location", "x-pagination-total", "x-own"} <= exposed
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.requirement("agents:system:own-app")
def test_the_project_s_own_application_is_a_part_of_the_service(published: Published):
    with published({"app": "./web.py:app"}) as client:
        hello, thread = client.get("/hello"), client.post("/threads")
        info, document = client.get("/info").json(), client.get("/openapi.json").json()

    assert hello.json() == {"began": True}
    assert (hello.headers["x-mark"], thread.headers["x-mark"]) == ("own", "own")
    assert info == {"own": True}
    assert {"/hello", "/threads", "/runs/wait"} <= set(document["paths"])


@pytest.mark.parametrize(("guarded", "status"), [(False, 200), (True, 401)])
def test_its_routes_need_a_credential_only_if_it_says_so(
    published: Published, guarded: bool, status: int
):
    http = {"app": "./web.py:app", "enable_custom_route_auth": guarded}
    key = f"ada:sha256:{64 * '0'}"
    with published(http, MOORAGE_API_KEYS=key) as client:
        assert client.get("/hello").status_code == status
        assert client.post("/threads").status_code == 401
        assert client.get("/ok").status_code == 200
