"""The playground's page, its files, and what it is told."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import (
    ConfigurableField,
    RunnableConfig,
    RunnableLambda,
    RunnableSerializable,
)
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel, Field

from moorage import __version__, add_routes
from tests.built_pages import CONTENT, SCRIPT, WithPages, write_pages
from tests.protocols.langserve.wire import client, hashed

pytestmark = pytest.mark.anyio

BREAKOUT = """</script><script>alert(1)</script>"'<!--&quot;"""


def same(x: int) -> int:
    """Give back what came."""
    return x


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    return write_pages(tmp_path / "_pages")


def opened(pages: Path, app: Any, **options: Any) -> httpx.AsyncClient:
    """A client of an application whose pages are built."""
    return client(WithPages(app, pages), **options)


def hosting(pages: Path, runnable: Any, **options: Any) -> httpx.AsyncClient:
    app = FastAPI()
    add_routes(app, runnable, path="/r", **options)
    return opened(pages, app)


def template() -> Any:
    return PromptTemplate.from_template("say {name}").configurable_fields(
        template=ConfigurableField(id="template")
    )


@pytest.mark.requirement("langserve:playground:page")
async def test_the_page_is_there_with_and_without_its_name(pages: Path):
    async with hosting(pages, RunnableLambda(same)) as http:
        page = await http.get("/r/playground/")
        named = await http.get("/r/playground/index.html")
        bare = await http.get("/r/playground")

    assert page.status_code == named.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>playground</title>" in page.text
    assert "<title>playground</title>" in named.text
    assert (bare.status_code, bare.headers["location"]) == (307, "http://test/r/playground/")


@pytest.mark.requirement("langserve:playground:head")
async def test_head_is_answered_for_the_page_and_its_files(pages: Path):
    async with hosting(pages, RunnableLambda(same)) as http:
        for path in ("", "index.html", SCRIPT, "about.json"):
            head = await http.head(f"/r/playground/{path}")
            whole = await http.get(f"/r/playground/{path}")
            assert (head.status_code, head.content) == (200, b""), path
            assert head.headers["content-type"] == whole.headers["content-type"]
        missing = await http.head("/r/playground/nothing")
        wrong = await http.put("/r/playground/")

    assert missing.status_code == 404
    assert wrong.status_code == 405


@pytest.mark.requirement("langserve:playground:assets", "langserve:surface:late-prefix")
@pytest.mark.parametrize("root_path", ["", "/api", "/api/v1/"])
async def test_its_files_are_where_the_page_says_behind_prefixes_and_proxies(
    pages: Path, root_path: str
):
    app, early, late = FastAPI(), APIRouter(prefix="/early"), APIRouter()
    add_routes(early, RunnableLambda(same), path="/r")
    add_routes(late, RunnableLambda(same), path="/r")
    app.include_router(early)
    app.include_router(late, prefix="/late")
    async with opened(pages, app, root_path=root_path) as http:
        for prefix in ("/early", "/late"):
            for variant, told in (("", ""), ("/c/N4XyA", "N4XyA")):
                page = await http.get(f"{prefix}/r{variant}/playground/")
                base = f"{root_path.rstrip('/')}{prefix}/r/playground/"
                assert f'<base href="{base}">' in page.text
                assert f'<meta name="moorage-config" content="{told}">' in page.text
                file = await http.get(f"{prefix}/r{variant}/playground/{SCRIPT}")
                assert (file.status_code, file.content) == (200, CONTENT)
                assert file.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.requirement("langserve:playground:assets")
async def test_a_mounted_application_says_where_it_is(pages: Path):
    app, outer = FastAPI(), FastAPI()
    add_routes(app, RunnableLambda(same), path="/r")
    outer.mount("/sub", app)
    async with opened(pages, outer, root_path="/api") as http:
        page = await http.get("/api/sub/r/playground/")
        about = (await http.get("/api/sub/r/playground/about.json")).json()

    assert '<base href="/api/sub/r/playground/">' in page.text
    assert about["path"] == "/api/sub/r"


@pytest.mark.requirement("langserve:playground:caching")
async def test_a_file_is_compressed_and_kept_and_not_sent_again(pages: Path):
    async with hosting(pages, RunnableLambda(same)) as http:
        first = await http.get(f"/r/playground/{SCRIPT}")
        again = await http.get(
            f"/r/playground/{SCRIPT}", headers={"if-none-match": first.headers["etag"]}
        )

    assert first.headers["content-encoding"] == "gzip"
    assert "immutable" in first.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.requirement("langserve:playground:missing", "langserve:playground:folder")
@pytest.mark.parametrize(
    "path",
    [
        *("x", "assets", "assets/", "assets/x.js", "index.html/", "//etc/passwd", "/index.html"),
        *("..", "../", "%2e%2e/%2e%2e/handler.py", "..%2f..%2fhandler.py", "assets/..%5c..", "%00"),
        *("assets/../playground.html", "playground.html", "console.html", "BUILD.json"),
        *("THIRD-PARTY-NOTICES.txt", f"/{SCRIPT}", "about.json/"),
    ],
)
@pytest.mark.parametrize("prefix", ["/r/playground/", "/r/c/N4XyA/playground/"])
async def test_anything_else_is_404(pages: Path, prefix: str, path: str):
    async with hosting(pages, RunnableLambda(same)) as http:
        response = await http.get(f"{prefix}{path}")

    assert response.status_code == 404
    assert "Not Found" in response.text


@pytest.mark.requirement("langserve:playground:escaped", "langserve:playground:globals")
async def test_nothing_of_a_runnable_is_in_the_page(pages: Path):
    class Asked(BaseModel):
        text: str = Field(description=BREAKOUT)

    def answer(asked: Asked) -> str:
        return ""

    answer.__doc__ = BREAKOUT
    async with hosting(pages, RunnableLambda(answer, name=BREAKOUT)) as http:
        page = await http.get("/r/playground/")
        about = await http.get("/r/playground/about.json")
        schema = await http.get("/r/input_schema")

    assert "alert" not in page.text
    assert page.text.count("<script") == page.text.count("</script") == 1
    assert about.headers["content-type"] == schema.headers["content-type"] == "application/json"
    assert about.json()["name"] == about.json()["description"] == BREAKOUT
    assert schema.json()["properties"]["text"]["description"] == BREAKOUT


@pytest.mark.requirement("langserve:playground:escaped")
async def test_a_path_cannot_break_out_of_the_page(pages: Path):
    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/{name}/r")
    async with opened(pages, app) as http:
        page = await http.get("/%22%3E%3Cscript%3Ealert(1)$base/r/playground/")
        about = await http.get("/%22%3E/r/playground/about.json")

    assert '<base href="/%22%3E%3Cscript%3Ealert(1)$base/r/playground/">' in page.text
    assert "<script>alert" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert about.json()["path"] == "/%22%3E/r"


@pytest.mark.requirement("langserve:playground:about")
async def test_the_page_is_told_about_its_runnable(pages: Path):
    async with hosting(pages, RunnableLambda(same).with_types(input_type=int)) as http:
        told = (await http.get("/r/playground/about.json")).json()

    assert told == {
        "name": "same",
        "description": "Give back what came.",
        "path": "/r",
        "playground_type": "default",
        "operations": [
            *("invoke", "batch", "stream", "stream_log", "stream_events"),
            *("input_schema", "output_schema", "config_schema"),
        ],
        "config_keys": ["configurable"],
        "configurable": False,
        "config_hashes": True,
        "config_hash": "",
        "config": {},
        "threads": False,
        "steps": True,
        "feedback": {"local": False, "langsmith": False, "key": "correctness"},
        "trace_links": False,
        "sign_in": False,
        "version": __version__,
    }


@pytest.mark.requirement("langserve:playground:about")
async def test_the_page_is_told_what_is_published_and_of_which_type_it_is(pages: Path):
    async with hosting(
        pages,
        template(),
        playground_type="chat",
        config_keys=["metadata"],
        disabled_endpoints=["batch", "config_hashes"],
    ) as http:
        told = (await http.get("/r/playground/about.json")).json()

    assert told["playground_type"] == "chat"
    assert told["config_keys"] == ["metadata"]
    assert told["configurable"] is told["config_hashes"] is False
    assert "batch" not in told["operations"]
    assert "invoke" in told["operations"]


@pytest.mark.requirement("langserve:playground:about")
@pytest.mark.parametrize("bound", [False, True])
async def test_a_graph_with_a_checkpointer_has_threads(pages: Path, bound: bool):
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda _: {"messages": [("ai", "hi")]})
    builder.add_edge(START, "answer")
    found = []
    for checkpointer in (InMemorySaver(), None):
        graph: Any = builder.compile(checkpointer=checkpointer, name="assistant")
        async with hosting(pages, graph.with_config(tags=["x"]) if bound else graph) as http:
            found.append((await http.get("/r/playground/about.json")).json())

    assert [one["threads"] for one in found] == [True, False]
    assert {one["name"] for one in found} == {"assistant"}


class Echo(RunnableSerializable[str, str]):
    """Runs without LangChain's callbacks."""

    def invoke(self, input: str, config: RunnableConfig | None = None, **_: Any) -> str:  # noqa: A002
        return input


def whisper(text: str) -> str:
    return text.lower()


@pytest.mark.requirement("langserve:playground:about")
@pytest.mark.parametrize(
    ("runnable", "allowed", "steps"),
    [
        (RunnableLambda(whisper), None, True),
        (RunnableLambda(whisper) | Echo(), None, True),
        (Echo(), None, False),
        (Echo().with_config(tags=["x"]), None, False),
        (RunnableLambda(whisper), ["other"], False),
        (RunnableLambda(whisper).with_config(run_name="w"), ["w"], True),
    ],
    ids=["a function", "a sequence", "without callbacks", "bound", "not allowed", "allowed"],
)
async def test_the_page_is_told_whether_events_tell_of_a_run(
    pages: Path, runnable: Any, allowed: list[str] | None, steps: bool
):
    async with hosting(pages, runnable, stream_log_name_allow_list=allowed) as http:
        told = (await http.get("/r/playground/about.json")).json()
        events = (await http.post("/r/stream_events", json={"input": "Hi"})).text

    assert told["steps"] is steps
    assert ("on_chain_end" in events) is steps


@pytest.mark.requirement("langserve:playground:configured")
async def test_under_a_hash_the_page_is_told_what_is_configured(pages: Path):
    config = {"configurable": {"template": "hi {who}"}}
    async with hosting(pages, template()) as http:
        plain = (await http.get("/r/playground/about.json")).json()
        configured = await http.get(f"/r/c/{hashed(config)}/playground/about.json")
        schema = (await http.get(f"/r/c/{hashed(config)}/input_schema")).json()
        wrong = [await http.get(f"/r/c/1234/playground/{name}") for name in ("", "about.json")]

    assert (plain["config_hash"], plain["config"]) == ("", {})
    assert plain["configurable"] is True
    assert configured.json()["config_hash"] == hashed(config)
    assert configured.json()["config"] == config
    assert set(schema["properties"]) == {"who"}
    assert [reply.status_code for reply in wrong] == [400, 400]
    assert wrong[0].headers["content-type"].startswith("text/html")  # it says what is wrong


@pytest.mark.requirement("langserve:surface:dependencies")
async def test_what_guards_a_runnable_guards_its_page_and_all_that_it_is_told(pages: Path):
    def refuse() -> None:
        raise HTTPException(403, "Not for you.")

    async with hosting(pages, RunnableLambda(same), dependencies=[Depends(refuse)]) as http:
        for path in ("", "about.json", SCRIPT):
            assert (await http.get(f"/r/playground/{path}")).status_code == 403


async def test_without_a_build_everything_else_goes_on(tmp_path: Path):
    async with hosting(tmp_path / "nothing", RunnableLambda(same)) as http:
        page = await http.get("/r/playground/")
        about = await http.get("/r/playground/about.json")
        file = await http.get(f"/r/playground/{SCRIPT}")

    assert "MOORAGE_UI=skip" in page.text
    assert (page.status_code, about.status_code, file.status_code) == (200, 200, 404)
