"""Feedback that the service keeps itself, beside LangSmith's."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter
from langchain_core.runnables import RunnableLambda

from moorage import Settings, add_routes, create_app
from moorage.auth.keys import digest
from moorage.testing import serving
from tests.protocols.langserve.langsmith_server import LangSmith
from tests.protocols.langserve.wire import hosting

ANN, BOB = "ann-secret-0123456789", "bob-secret-0123456789"
KEYS = f"ann:sha256:{digest(ANN)} bob:sha256:{digest(BOB)}"
RUN = str(uuid4())
GOOD = {"run_id": RUN, "key": "correctness", "score": 1, "comment": "Good."}


def same(x: int) -> int:
    return x


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept/feedback.db"


@contextmanager
def service(path: Path, values: Any = None, **options: Any) -> Iterator[httpx.Client]:
    settings = Settings.parse({}, feedback_file=path, **(values or {}))
    app, router = create_app(settings), APIRouter()
    add_routes(app, RunnableLambda(same), path="/r", **options)
    add_routes(router, RunnableLambda(same), path="/r")
    app.include_router(router, prefix="/late")
    with serving(app) as base, httpx.Client(base_url=base) as http:
        yield http


def found(http: httpx.Client, runnable: str = "/r", **headers: str) -> list[dict[str, Any]]:
    answer = http.get(
        f"{runnable}/playground/feedback.json", params={"run_id": RUN}, headers=headers
    )
    assert answer.status_code == 200
    listed: list[dict[str, Any]] = answer.json()["feedback"]
    return listed


def places(http: httpx.Client) -> Any:
    return http.get("/r/playground/about.json").json()["feedback"]


@pytest.mark.requirement("langserve:feedback:kept")
def test_an_opinion_is_kept_and_found_after_a_restart(path: Path):
    with service(path) as http:
        assert places(http) == {"local": True, "langsmith": False, "key": "correctness"}
        answer = http.post("/r/playground/feedback.json", json=GOOD)
        kept = answer.json()
        assert answer.status_code == 200
        assert {key: kept[key] for key in GOOD} == GOOD
        assert set(kept) == {
            *("run_id", "key", "score", "value", "comment"),
            *("id", "created_at", "modified_at", "correction"),
        }
    with service(path) as http:
        assert found(http) == [kept]
        assert found(http, "/late/r") == []
        changed = http.post("/r/playground/feedback.json", json={**GOOD, "score": 0}).json()
        assert (changed["id"], changed["score"]) == (kept["id"], 0)
        assert found(http) == [changed]


@pytest.mark.requirement("langserve:feedback:kept")
def test_everybody_has_an_opinion_of_their_own_and_sees_no_other(path: Path):
    with service(path, {"api_keys": KEYS}) as http:
        for key, score in ((ANN, 1), (BOB, 0)):
            headers = {"x-api-key": key}
            answer = http.post("/r/playground/feedback.json", json={**GOOD, "score": score})
            assert answer.status_code == 401
            http.post("/r/playground/feedback.json", json={**GOOD, "score": score}, headers=headers)
        assert [one["score"] for one in found(http, **{"x-api-key": ANN})] == [1]
        assert [one["score"] for one in found(http, **{"x-api-key": BOB})] == [0]
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT runnable, identity, score FROM feedback ORDER BY 2")
        assert rows.fetchall() == [("/r", "ann", 1), ("/r", "bob", 0)]
    connection.close()


@pytest.mark.requirement("langserve:feedback:kept")
def test_below_a_hash_and_a_prefix_it_is_the_same_runnables(path: Path):
    with service(path) as http:
        http.post("/r/c/N4XyA/playground/feedback.json", json=GOOD)
        http.post("/late/r/playground/feedback.json", json={**GOOD, "score": 0})
        assert [one["score"] for one in found(http)] == [1]
        assert [one["score"] for one in found(http, "/late/r")] == [0]


@pytest.mark.requirement("langserve:feedback:kept")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({**GOOD, "run_id": None}, 400),
        ({**GOOD, "run_id": "x"}, 422),
        ({**GOOD, "score": "high"}, 422),
        ({**GOOD, "score": 10**400}, 422),
        ({**GOOD, "comment": "c" * 17_000}, 413),
        ({**GOOD, "value": {"half": "\ud800"}}, 422),
        ({**GOOD, "value": {"": [{"a": None}, 1.5, "é\u2028"]}}, 200),
        ({**GOOD, "score": True}, 200),
    ],
)
def test_what_cannot_be_kept_is_refused(path: Path, body: Any, status: int):
    with service(path) as http:
        answer = http.post("/r/playground/feedback.json", content=json.dumps(body))
        assert answer.status_code == status
        listed = found(http)

    assert len(listed) == (status == 200)


@pytest.mark.parametrize("query", ["", "?run_id=", "?run_id=x", "?run=1"])
def test_a_question_about_no_run_is_refused(path: Path, query: str):
    with service(path) as http:
        assert http.get(f"/r/playground/feedback.json{query}").status_code == 422


@pytest.mark.requirement("langserve:feedback:kept")
@pytest.mark.parametrize("is_off", ["setting", "runnable"])
def test_none_is_kept_where_it_is_off(path: Path, is_off: str):
    values = {"feedback": False} if is_off == "setting" else {}
    options = {"enable_feedback_endpoint": False} if is_off == "runnable" else {}
    with service(path, values, **options) as http:
        assert places(http)["local"] is False
        assert http.post("/r/playground/feedback.json", json=GOOD).status_code == 400
        assert http.get(f"/r/playground/feedback.json?run_id={RUN}").status_code == 400
        assert http.post("/r/playground/about.json", json=GOOD).status_code == 405

    assert not path.exists()


@pytest.mark.anyio
@pytest.mark.requirement("langserve:feedback:kept")
async def test_none_is_kept_on_an_application_that_create_app_did_not_make():
    async with hosting(RunnableLambda(same)) as http:
        assert (await http.post("/r/playground/feedback.json", json=GOOD)).status_code == 400
        assert (await http.post("/r/feedback", json=GOOD)).status_code == 404


@pytest.mark.requirement("langserve:feedback:kept")
def test_langserves_endpoint_keeps_it_in_the_same_place(path: Path):
    with service(path, enable_feedback_endpoint=True) as http:
        answer = http.post("/r/feedback", json=GOOD)
        assert answer.status_code == 200
        assert found(http) == [answer.json()]
        assert http.head("/r/feedback").status_code == 200


@pytest.mark.requirement("langserve:feedback:kept")
def test_it_is_sent_on_to_langsmith_where_that_is_on(path: Path, langsmith: LangSmith):
    with service(path, enable_feedback_endpoint=True) as http:
        assert places(http) == {"local": True, "langsmith": True, "key": "correctness"}
        on_page = http.post("/r/playground/feedback.json", json=GOOD).json()
        on_wire = http.post("/r/feedback", json={**GOOD, "key": "tone"}).json()
        kept = found(http)

    sent = langsmith.bodies("/feedback")
    assert [one["key"] for one in sent] == ["correctness", "tone"]
    assert [one["key"] for one in kept] == ["correctness", "tone"]
    assert on_page == kept[0]
    assert on_wire["id"] != kept[1]["id"]


@pytest.mark.requirement("langserve:feedback:kept")
def test_a_locked_file_is_a_503_that_says_when_to_come_back(path: Path):
    with service(path) as http:
        http.post("/r/playground/feedback.json", json=GOOD)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        locked = http.post("/r/playground/feedback.json", json={**GOOD, "score": 0})
        ran = http.post("/r/invoke", json={"input": 1})
        other.execute("ROLLBACK")
        other.close()
        free = http.post("/r/playground/feedback.json", json={**GOOD, "score": 0})

    assert (locked.status_code, ran.status_code, free.status_code) == (503, 200, 200)
    assert "try again" in locked.json()["message"]
    assert locked.headers["retry-after"]


def test_a_place_that_cannot_be_written_is_told_to_the_operator(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with service(tmp_path / "taken/feedback.db") as http:
        told = http.get("/console/runnables.json").json()["warnings"]
        assert places(http)["local"] is False

    assert any("MOORAGE_FEEDBACK_FILE" in one for one in told)
