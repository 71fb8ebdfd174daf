"""Nodes that call the server that they run on."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.protocols.agent_server.served import serving_project

CALLING = """
from langgraph.graph import START, StateGraph
from langgraph_sdk import get_client
from typing_extensions import TypedDict

client = get_client()

class Words(TypedDict, total=False):
    words: list[str]

async def delegate(state: Words) -> Words:
    return await client.runs.wait(None, "saying", input={"words": ["asked"]})

async def say(state: Words) -> Words:
    return {"words": [*state["words"], "said"]}

def one_node(node):
    return StateGraph(Words).add_node("node", node).add_edge(START, "node").compile()

delegating, saying = one_node(delegate), one_node(say)
"""


GUARD = """
from langgraph_sdk import Auth

auth = Auth()

@auth.authenticate
async def who_is(authorization: str | None) -> str:
    if authorization is None:
        raise Auth.exceptions.HTTPException(status_code=401, detail="say who you are")
    return authorization
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    graphs = {name: f"./agents.py:{name}" for name in ("delegating", "saying")}
    (tmp_path / "agents.py").write_text(CALLING)
    (tmp_path / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": graphs}))
    return tmp_path


def delegated(url: str) -> Any:
    body = {"assistant_id": "delegating", "input": {"words": []}}
    headers = {"authorization": "ada"}
    return httpx.post(f"{url}/runs/wait", json=body, headers=headers, timeout=20).json()


@pytest.mark.requirement("agents:nodes:loopback")
def test_a_client_of_a_module_calls_the_server_that_has_imported_it(project: Path):
    with serving_project(project / "moorage.db", project) as url:
        assert delegated(url) == {"words": ["asked", "said"]}


@pytest.mark.requirement("agents:nodes:loopback-credential")
def test_it_is_nobody_without_a_credential(project: Path):
    (project / "guard.py").write_text(GUARD)
    described = json.loads((project / "langgraph.json").read_text())
    guarded = {**described, "auth": {"path": "./guard.py:auth"}}
    (project / "langgraph.json").write_text(json.dumps(guarded))

    with serving_project(project / "moorage.db", project) as url:
        assert "401 Unauthorized" in delegated(url)["__error__"]["message"]
