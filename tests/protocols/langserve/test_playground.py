"""The playground's page and its files."""

import html
import json
import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda
from pydantic import BaseModel, Field

from moorage import add_routes
from tests.protocols.langserve.wire import client, hashed, hosting

pytestmark = pytest.mark.anyio

BREAKOUT = """</script><script>alert(1)</script>"'<!--&quot;"""


def same(x: int) -> int:
    return x


def settings(page: str) -> Any:
    """What the page tells its script."""
    [found] = re.findall(r'data-settings="([^"]*)"', page)
    return json.loads(html.unescape(found))


@pytest.mark.requirement("langserve:playground:page")
async def test_the_page_is_there_with_and_without_its_name():
    async with hosting(RunnableLambda(same)) as http:
        page = await http.get("/r/playground/")
        named = await http.get("/r/playground/index.html")
        bare = await http.get("/r/playground")

    assert page.status_code == named.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == named.text
    assert (bare.status_code, bare.headers["location"]) == (307, "http://test/r/playground/")


@pytest.mark.requirement("langserve:playground:assets", "langserve:surface:late-prefix")
@pytest.mark.parametrize("root_path", ["", "/api", "/api/v1/"])
async def test_its_files_are_where_the_page_says_behind_prefixes_and_proxies(root_path: str):
    app, early, late = FastAPI(), APIRouter(prefix="/early"), APIRouter()
    add_routes(early, RunnableLambda(same), path="/r")
    add_routes(late, RunnableLambda(same), path="/r")
    app.include_router(early)
    app.include_router(late, prefix="/late")
    async with client(app, root_path=root_path) as http:
        for prefix in ("/early", "/late"):
            for variant in ("", "/c/N4XyA"):
                page = await http.get(f"{prefix}/r{variant}/playground/")
                base = f"{root_path.rstrip('/')}{prefix}/r/playground"
                assert f'src="{base}/assets/playground.js"' in page.text
                assert f'href="{base}/assets/playground.css"' in page.text
            files = [
                await http.get(f"{prefix}/r/playground/assets/playground.{kind}")
                for kind in ("js", "css")
            ]
            assert [one.status_code for one in files] == [200, 200]
            kinds = [one.headers["content-type"] for one in files]
            assert kinds == ["text/javascript; charset=utf-8", "text/css; charset=utf-8"]


@pytest.mark.requirement("langserve:playground:assets")
async def test_a_mounted_application_says_where_it_is():
    app, outer = FastAPI(), FastAPI()
    add_routes(app, RunnableLambda(same), path="/r")
    outer.mount("/sub", app)
    async with client(outer) as http:
        page = await http.get("/sub/r/playground/")

    assert 'src="/sub/r/playground/assets/' in page.text


async def test_a_file_that_the_browser_has_is_not_sent_again():
    async with hosting(RunnableLambda(same)) as http:
        first = await http.get("/r/playground/assets/playground.js")
        again = await http.get(
            "/r/playground/assets/playground.js", headers={"if-none-match": first.headers["etag"]}
        )

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.requirement("langserve:playground:missing", "langserve:playground:folder")
@pytest.mark.parametrize(
    "path",
    [
        *("x", "assets", "assets/", "assets/x.js", "index.html/", "//etc/passwd", "/index.html"),
        *("..", "../", "%2e%2e/%2e%2e/handler.py", "..%2f..%2fhandler.py", "assets/..%5c..", "%00"),
        *("assets/../playground.js", "playground.js", "../page/index.html", "playground.py"),
    ],
)
@pytest.mark.parametrize("prefix", ["/r/playground/", "/r/c/N4XyA/playground/"])
async def test_anything_else_is_404(prefix: str, path: str):
    async with hosting(RunnableLambda(same)) as http:
        response = await http.get(f"{prefix}{path}")

    assert response.status_code == 404
    assert "Not Found" in response.text


@pytest.mark.requirement("langserve:playground:escaped", "langserve:playground:globals")
async def test_schemas_cannot_break_out_of_the_page():
    class Asked(BaseModel):
        text: str = Field(description=BREAKOUT)

    def answer(asked: Asked) -> str:
        return ""

    async with hosting(RunnableLambda(answer)) as http:
        page = await http.get("/r/playground/")

    assert "<script>alert" not in page.text
    assert page.text.count("<script") == page.text.count("</script") == 1
    told = settings(page.text)
    assert set(told) >= {"input_schema", "output_schema", "config_schema"}
    assert told["feedback_enabled"] is told["public_trace_link_enabled"] is False
    assert BREAKOUT in json.dumps(told, ensure_ascii=False).encode().decode("unicode_escape")


@pytest.mark.requirement("langserve:playground:escaped")
async def test_a_path_cannot_break_out_of_the_page():
    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/{name}/r")
    async with client(app) as http:
        page = await http.get("/%22%3E%3Cscript%3Ealert(1)$base/r/playground/")

    assert "<script>alert" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.requirement("langserve:playground:configured")
async def test_under_a_hash_the_page_has_the_schemas_as_configured():
    template = PromptTemplate.from_template("say {name}").configurable_fields(
        template=ConfigurableField(id="template")
    )
    config_hash = hashed({"configurable": {"template": "hi {who}"}})
    async with hosting(template) as http:
        plain = settings((await http.get("/r/playground/")).text)
        configured = settings((await http.get(f"/r/c/{config_hash}/playground/")).text)

    assert set(plain["input_schema"]["properties"]) == {"name"}
    assert set(configured["input_schema"]["properties"]) == {"who"}


async def test_the_page_tells_its_type_and_what_is_enabled():
    async with hosting(
        RunnableLambda(same),
        playground_type="chat",
        enable_feedback_endpoint=True,
        enable_public_trace_link_endpoint=True,
    ) as http:
        told = settings((await http.get("/r/playground/")).text)

    assert told["playground_type"] == "chat"
    assert told["feedback_enabled"] is told["public_trace_link_enabled"] is True
