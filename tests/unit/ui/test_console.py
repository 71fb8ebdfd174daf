"""The console: its page, its files, and the list of what a service hosts."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langgraph.graph import START, MessagesState, StateGraph

from moorage import Rejected, Settings, add_routes, create_app
from moorage.auth.keys import digest
from tests.built_pages import SCRIPT, write_pages
from tests.conftest import Serve

KEY = "moorage_test_key_of_ann_0123456789abcdef"
KEYS = f"ann:sha256:{digest(KEY)}"


@pytest.fixture(autouse=True)
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_pages(tmp_path / "_pages")
    monkeypatch.setattr("moorage.ui.files.FOLDER", folder)
    return folder


def same(x: int) -> int:
    """Give back what came."""
    return x


def service(options: Any = None, **values: Any) -> FastAPI:
    return create_app(Settings.parse({}, title="harbour", **values), **(options or {}))


def overview(base: str, **headers: str) -> Any:
    answer = httpx.get(f"{base}/console/runnables.json", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_the_page_is_there_for_every_address_of_its_own(serve: Serve):
    base = serve(service())
    for path in ("", "agents/a.b/t/1", "index.html"):
        page = httpx.get(f"{base}/console/{path}")
        assert page.status_code == 200
        assert "<title>console</title>" in page.text
        assert '<base href="/console/">' in page.text
        head = httpx.head(f"{base}/console/{path}")
        assert (head.status_code, head.content) == (200, b"")
    bare = httpx.get(f"{base}/console")
    assert (bare.status_code, bare.headers["location"]) == (307, f"{base}/console/")


def test_its_files_are_below_it_and_nothing_else_is(serve: Serve):
    base = serve(service())
    assert httpx.get(f"{base}/console/{SCRIPT}").status_code == 200
    for path in (
        *("assets/", "assets/none.js", "other.json", "manifest.json", "assets/%2e%2e/BUILD.json"),
        *("assets/..%2f..%2fapp.py", "assets/%2fetc/passwd"),
    ):
        assert httpx.get(f"{base}/console/{path}").status_code == 404, path


def test_the_list_names_what_is_hosted_wherever_it_was_added(serve: Serve):
    app, sub = service(), FastAPI()
    inner, outer, hidden = APIRouter(prefix="/in"), APIRouter(), APIRouter()
    add_routes(app, RunnableLambda(same), path="/b", disabled_endpoints=["batch", "playground"])
    add_routes(app, RunnableLambda(same, name="tenant"), path="/{tenant}/x")
    add_routes(inner, RunnableLambda(same), path="/a")
    add_routes(sub, RunnableLambda(same), path="/s")
    add_routes(hidden, RunnableLambda(same), path="/h")
    outer.include_router(inner, prefix="/deep")
    app.include_router(outer, prefix="/late")
    app.include_router(hidden, include_in_schema=False)
    app.mount("/sub", sub)
    told = overview(serve(app))

    assert (told["title"], told["environment"]) == ("harbour", "development")
    assert [(one["path"], one["playground"]) for one in told["runnables"]] == [
        ("/b", None),
        ("/late/deep/in/a", "/late/deep/in/a/playground/"),
        ("/sub/s", "/sub/s/playground/"),
        ("/{tenant}/x", None),
    ]
    assert told["runnables"][3]["name"] == "tenant"
    assert {one["description"] for one in told["runnables"]} == {"Give back what came."}
    assert "batch" not in told["runnables"][0]["operations"]
    assert "batch" in told["runnables"][1]["operations"]


def test_every_page_in_the_list_can_be_opened_behind_a_proxy(serve: Serve):
    app = service(trusted_proxies="127.0.0.1")
    add_routes(app, RunnableLambda(same), path="/a b")
    base = serve(app)
    [one] = overview(base, **{"x-forwarded-prefix": "/api"})["runnables"]

    assert (one["path"], one["playground"]) == ("/a b", "/api/a%20b/playground/")
    assert httpx.get(f"{base}/a%20b/playground/").status_code == 200


def test_the_list_is_for_who_may_call_the_service(serve: Serve):
    base = serve(service(api_keys=KEYS))

    assert httpx.get(f"{base}/console/runnables.json").status_code == 401
    assert overview(base, **{"x-api-key": KEY})["runnables"] == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "Everybody may call this service"),
        ({"api_keys": KEYS, "environment": "staging"}, "MOORAGE_SESSION_SECRET"),
        ({"rate_limit": "5/minute", "workers": 2}, "MOORAGE_REDIS_URL"),
        ({"api_keys": KEYS, "environment": "staging"}, "MOORAGE_FEEDBACK_FILE"),
    ],
)
def test_the_operator_is_warned(serve: Serve, values: dict[str, Any], told: str):
    headers = {"x-api-key": KEY} if "api_keys" in values else {}

    assert any(told in one for one in overview(serve(service(**values)), **headers)["warnings"])


def test_there_is_no_warning_where_all_is_well(serve: Serve, tmp_path: Path):
    well = {"session_secret": "s" * 32, "feedback_file": tmp_path / "feedback.db"}
    base = serve(service(api_keys=KEYS, environment="staging", **well))

    assert overview(base, **{"x-api-key": KEY})["warnings"] == []


def test_the_console_can_be_left_out(serve: Serve):
    base = serve(service({"console": False}, api_keys=KEYS))
    for path in ("/console/", "/console", "/console/runnables.json"):
        assert httpx.get(base + path).status_code == 401
        assert httpx.get(base + path, headers={"x-api-key": KEY}).status_code == 404


def test_frames_are_let_in_as_the_settings_say(serve: Serve):
    base = serve(service(frame_ancestors="self,https://portal.example.com:8443"))
    policy = httpx.get(f"{base}/console/").headers["content-security-policy"]

    assert "frame-ancestors 'self' https://portal.example.com:8443;" in policy


@pytest.mark.parametrize("wrong", ["*", "portal.example.com", "https://a/b", "https://a;x", "none"])
def test_an_origin_that_is_none_is_refused(wrong: str):
    with pytest.raises(Exception, match="MOORAGE_FRAME_ANCESTORS"):
        Settings.parse({"MOORAGE_FRAME_ANCESTORS": wrong})


def state(base: str, place: int = 0) -> Any:
    return overview(base)["runnables"][place]["state"]


def test_a_runnable_is_ready_before_anything_has_run(serve: Serve):
    app = service()
    add_routes(app, RunnableLambda(same), path="/r")

    assert state(serve(app)) == {
        "status": "ready",
        "reason": None,
        "running": 0,
        "runs": 0,
        "failed": 0,
        "latest_failure": None,
    }


@pytest.mark.parametrize("operation", ["invoke", "stream", "stream_events"])
def test_a_run_in_progress_is_counted_and_one_that_fails_is_told_until_one_succeeds(
    serve: Serve, operation: str
):
    begun, may_end = threading.Event(), threading.Event()

    def wait(word: str) -> str:
        begun.set()
        assert may_end.wait(10)
        if word == "fail":
            raise RuntimeError("a secret")
        return word

    app = service(log_level="CRITICAL")
    add_routes(app, RunnableLambda(wait), path="/r")
    base = serve(app)

    def run(word: str) -> httpx.Response:
        return httpx.post(f"{base}/r/{operation}", json={"input": word})

    with ThreadPoolExecutor() as pool:
        failing = pool.submit(run, "fail")
        assert begun.wait(10)
        assert (state(base)["running"], state(base)["runs"]) == (1, 1)
        may_end.set()
        failing.result()
    told = state(base)
    run("well")
    after = state(base)

    assert (told["status"], told["running"], told["failed"]) == ("failing", 0, 1)
    assert told["latest_failure"]["code"] == "internal"
    assert datetime.fromisoformat(told["latest_failure"]["at"]).tzinfo is not None
    assert "secret" not in json.dumps(told)
    assert (after["status"], after["runs"], after["failed"]) == ("ready", 2, 1)


def test_what_callers_do_wrong_is_no_failing(serve: Serve):
    def refuse(_: str) -> str:
        raise Rejected(409, "Not now.")

    app = service()
    add_routes(app, RunnableLambda(refuse), path="/r")
    base = serve(app)
    unreadable = httpx.post(f"{base}/r/invoke", json={"input": 3})
    refused = httpx.post(f"{base}/r/invoke", json={"input": "x"})

    assert (unreadable.status_code, refused.status_code) == (422, 409)
    assert state(base)["status"] == "ready"
    assert (state(base)["runs"], state(base)["failed"]) == (1, 1)
    assert state(base)["latest_failure"]["code"] == "rejected"


def test_each_item_of_a_batch_is_a_run(serve: Serve):
    def divide(by: int) -> float:
        return 1 / by

    app = service(log_level="CRITICAL")
    add_routes(app, RunnableLambda(divide), path="/r")
    base = serve(app)
    httpx.post(f"{base}/r/batch", json={"inputs": [1, 0, 0], "return_exceptions": True})

    assert (state(base)["runs"], state(base)["failed"]) == (3, 2)


def test_a_runnable_whose_schema_cannot_be_made_says_so(serve: Serve):
    def ask(_: Any) -> None: ...

    nothing = RunnableLambda(ask).with_types(input_type=Callable[[], int])  # type: ignore[arg-type]
    app = service(log_level="CRITICAL")
    add_routes(app, nothing, path="/a")
    add_routes(app, nothing, path="/b", disabled_endpoints=["input_schema"])
    base = serve(app)

    assert (state(base)["status"], state(base, 1)["status"]) == ("faulty", "ready")
    assert state(base)["reason"] == "There is no JSON schema of its input: the log says why."
    assert httpx.get(f"{base}/a/input_schema").status_code == 500


def test_while_the_service_is_not_ready_no_runnable_is(serve: Serve):
    works = [False]

    async def database() -> bool:
        return works[0]

    app = service({"checks": {"database": database}}, ready_cache="0s")
    add_routes(app, RunnableLambda(same), path="/r")
    base = serve(app)

    assert state(base)["status"] == "unready"
    assert state(base)["reason"] == "The service is failing: database failed."
    works[0] = True
    assert state(base)["status"] == "ready"


def test_a_runnable_without_a_name_has_that_of_its_place(serve: Serve):
    app = service()
    sequence = RunnableLambda(same) | RunnableLambda(same)
    places = {
        "/a/sums": sequence,
        "/b": sequence.with_config(run_name="named"),
        "/c": RunnableParallel(one=sequence),
        "/d/{tenant}": RunnableLambda(lambda x: x),
        "/e": RunnableLambda(same),
        "/f": StateGraph(MessagesState).add_node("x", lambda _: {}).add_edge(START, "x").compile(),
    }
    for path, runnable in places.items():
        add_routes(app, runnable, path=path)
    add_routes(app, sequence)
    told = overview(serve(app))["runnables"]

    names = {one["path"]: one["name"] for one in told}
    assert names == {
        "": "RunnableSequence",
        "/a/sums": "sums",
        "/b": "named",
        "/c": "c",
        "/d/{tenant}": "d",
        "/e": "same",
        "/f": "f",
    }


def test_a_description_can_be_given_where_the_runnable_is_added(serve: Serve):
    app = service()
    add_routes(app, RunnableLambda(same), path="/r", description="Gives everything back.")
    base = serve(app)

    assert overview(base)["runnables"][0]["description"] == "Gives everything back."
    about = httpx.get(f"{base}/r/playground/about.json").json()
    assert (about["name"], about["description"]) == ("same", "Gives everything back.")
