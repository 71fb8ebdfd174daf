"""The console: its page, its files, and the list of what a service hosts."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from langchain_core.runnables import RunnableLambda

from moorage import Settings, add_routes, create_app
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
