"""``useStream`` of ``@langchain/react``, unmodified, in a browser, over both of its transports."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.staticfiles import StaticFiles

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving
from tests.acceptance.processes import until
from tests.clients.javascript import HERE as CLIENTS
from tests.clients.javascript import version_of
from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.served import PROJECT

VERSION = "1.1.0"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hook</title>
<link rel="icon" href="data:,"></head>
<body><div id="root"></div><script src="hook.js"></script></body></html>"""

BUNDLING = """
import { build } from "esbuild";
await build({ entryPoints: ["hook.jsx"], bundle: true, jsx: "automatic", logLevel: "error",
              outfile: process.argv[1] });
"""

Open = Callable[[str], None]


@pytest.fixture(scope="module")
def bundle(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the page, with the hook in it."""
    folder = tmp_path_factory.mktemp("hook")
    (folder / "index.html").write_text(PAGE)
    command = [node, "--input-type=module", "--eval", BUNDLING, str(folder / "hook.js")]
    subprocess.run(command, cwd=CLIENTS, check=True)
    return folder


@pytest.fixture(scope="module")
def hooked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a project of graphs, with the page at ``/hook/``."""
    file = tmp_path_factory.mktemp("hooked") / "moorage.db"
    settings = Settings.parse({"MOORAGE_DATABASE_URL": f"sqlite:///{file}"})
    app = create_app(settings, project=read(PROJECT))
    app.mount("/hook", StaticFiles(directory=bundle, html=True))
    with serving(app) as url:
        yield url


@pytest.fixture(params=["sse", "websocket"])
def visit(request: pytest.FixtureRequest, hooked: str, page: Page) -> Open:
    """Open the page for one of the graphs."""

    def opened(graph: str) -> None:
        page.goto(f"{hooked}/hook/?assistant={graph}&transport={request.param}")

    return opened


def send(page: Page, given: Any) -> None:
    page.get_by_label("Input").fill(json.dumps(given))
    page.get_by_role("button", name="Send").click()


def says(page: Page, status: str) -> None:
    expect(page.get_by_role("status")).to_have_text(status)


def talk(gate: str) -> Any:
    return {"messages": [{"type": "human", "content": "hi"}], "gate": gate}


def test_the_hook_is_the_version_we_promise(node: str):
    assert node
    assert version_of("@langchain/react") == VERSION


@pytest.mark.requirement("agents:clients:newer-hook")
def test_words_are_shown_as_they_come(page: Page, visit: Open):
    name, gate = new_gate()
    visit("talking_slowly")

    send(page, talk(name))
    expect(page.get_by_role("listitem")).to_have_text(["hi", "so"])
    says(page, "working")
    gate.open()

    expect(page.get_by_role("listitem")).to_have_text(["hi", "so it goes"])
    says(page, "waiting")


@pytest.mark.requirement("agents:clients:newer-hook")
def test_who_loads_the_page_again_goes_on_with_the_run(page: Page, visit: Open):
    name, gate = new_gate()
    visit("talking_slowly")
    send(page, talk(name))
    expect(page.get_by_role("listitem")).to_have_text(["hi", "so"])

    page.reload()
    expect(page.get_by_role("listitem")).to_have_text(["hi", "so"])
    says(page, "working")
    gate.open()

    expect(page.get_by_role("listitem")).to_have_text(["hi", "so it goes"])
    says(page, "waiting")


@pytest.mark.requirement("agents:clients:newer-hook")
def test_a_question_is_answered(page: Page, visit: Open):
    visit("asking")

    send(page, {"words": []})
    page.get_by_role("button", name="Answer: which word?").click()

    expect(page.locator("pre")).to_have_text('["blue"]')
    expect(page.get_by_role("button", name="Answer")).to_have_count(0)
    says(page, "waiting")


def test_a_question_is_answered_after_the_page_was_loaded_again(page: Page, visit: Open):
    visit("asking")
    send(page, {"words": []})
    expect(page.get_by_role("button", name="Answer: which word?")).to_be_visible()

    page.reload()
    page.get_by_role("button", name="Answer: which word?").click()

    expect(page.locator("pre")).to_have_text('["blue"]')


@pytest.mark.requirement("agents:clients:newer-hook")
def test_a_run_is_stopped(page: Page, visit: Open, hooked: str):
    visit("waiting")
    send(page, {"words": []})
    page.wait_for_url("**thread=**")
    thread = page.url.split("thread=")[1].split("&")[0]

    def statuses() -> list[str]:
        reply = page.request.get(f"{hooked}/threads/{thread}/runs")
        return [run["status"] for run in reply.json()] if reply.ok else []

    until(lambda: statuses() == ["running"], "the run begins")
    expect(page.locator("pre")).to_have_text("[]")  # the page knows of it
    page.get_by_role("button", name="Stop").click()

    says(page, "waiting")
    until(lambda: statuses() == ["interrupted"], "the run stops")


@pytest.mark.requirement("agents:clients:newer-hook")
def test_a_failure_is_told(page: Page, visit: Open):
    visit("failing")

    send(page, {"words": []})

    expect(page.get_by_role("alert")).to_contain_text("the node does not like this")
