"""What a project says of its checkpoints, its store and its log, where it is served."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving
from tests.acceptance.processes import until

GRAPHS = """
from dataclasses import dataclass
from typing import Any
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

@dataclass
class Boat:
    name: str

class State(TypedDict, total=False):
    boat: Any
    kind: str

def sail(state):
    if "boat" in state:
        return {"kind": type(state["boat"]).__name__}
    return {"boat": Boat("Anna")}

graph = StateGraph(State).add_node("sail", sail).add_edge(START, "sail").compile()
"""

Published = Callable[..., AbstractContextManager[httpx.Client]]
Said = Callable[[str], dict[str, Any]]


@pytest.fixture
def published(tmp_path: Path, request: pytest.FixtureRequest) -> Published:
    """Serve a project with the given sections, on a file of its own."""
    module = f"graphs_{abs(hash(request.node.name))}"  # one module is imported once a process
    (tmp_path / f"{module}.py").write_text(GRAPHS)

    @contextmanager
    def serve(**sections: Any) -> Iterator[httpx.Client]:
        project = {"dependencies": ["."], "graphs": {"agent": f"./{module}.py:graph"}, **sections}
        text = json.dumps(project).replace("MODULE", module)
        (tmp_path / "langgraph.json").write_text(text)
        url = f"sqlite:///{tmp_path / 'moorage.db'}"
        settings = Settings.parse({"MOORAGE_DATABASE_URL": url, "MOORAGE_LOG_FORMAT": "json"})
        with (
            serving(create_app(settings, project=read(tmp_path))) as base,
            httpx.Client(base_url=base, timeout=20) as client,
        ):
            yield client

    return serve


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Return the first line of the log that is about an event, once it is there."""
    lines: list[dict[str, Any]] = []

    def wait(event: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            lines.extend(map(json.loads, capsys.readouterr().out.splitlines()))
            return next((line for line in lines if event in line["event"]), None)

        line: dict[str, Any] = until(found, f"a line about {event}")
        return line

    return wait


@pytest.mark.parametrize(
    ("allowed", "kind"), [(True, "Boat"), ([["MODULE", "Boat"]], "Boat"), (None, "dict")]
)
def test_checkpoints_hold_the_types_that_are_allowed(published: Published, allowed: Any, kind: str):
    with published(checkpointer={"serde": {"allowed_msgpack_modules": allowed}}) as client:
        thread = client.post("/threads").json()["thread_id"]
        body = {"assistant_id": "agent", "input": {"kind": "none"}}
        first, second = (
            client.post(f"/threads/{thread}/runs/wait", json=body).json() for _ in range(2)
        )

    assert first["boat"] == {"name": "Anna"}
    assert second["kind"] == kind


def test_items_whose_time_has_come_are_removed(published: Published, said: Said, tmp_path: Path):
    ttl = {"default_ttl": 0.0005, "sweep_interval_minutes": 0.001}
    with published(store={"ttl": ttl}) as client:
        item = {"namespace": ["boats"], "key": "anna", "value": {"name": "Anna"}}
        assert client.put("/store/items", json=item).status_code == 204
        said("too old")
    with sqlite3.connect(tmp_path / "moorage.db") as database:
        assert database.execute("SELECT count(*) FROM store").fetchone() == (0,)
    database.close()


def test_chosen_headers_are_in_the_log_without_their_secrets(published: Published, said: Said):
    headers = {"X-Team": "red", "X-Api-Key": "swordfish", "X-Other": "no"}
    with published(http={"logging_headers": {"includes": ["x-team", "*key"]}}) as client:
        client.get("/ready", headers=headers)
        client.post("/threads", headers=headers)

        assert said("request")["headers"] == {"x-team": "red", "x-api-key": "[redacted]"}


def test_a_service_that_says_nothing_about_itself(published: Published):
    hidden = ("/info", "/metrics", "/docs", "/openapi.json")
    with published(http={"disable_meta": True}) as client:
        assert {client.get(path).status_code for path in hidden} == {404}
        assert client.get("/ok").json() == {"ok": True}
