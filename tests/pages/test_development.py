"""`make ui-dev`: the pages from their sources, in front of a service that runs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import Page, expect

from moorage import Settings, add_routes, create_app
from tests.acceptance.processes import free_port, until
from tests.conftest import Serve

ROOT = Path(__file__).parents[2]


def is_up(address: str) -> bool:
    try:
        return httpx.get(address, headers={"Accept": "text/html"}).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def address(npm: str, serve: Serve) -> Iterator[str]:
    app = create_app(Settings.parse({}, title="harbour"))
    add_routes(app, RunnableLambda(str.upper).with_types(input_type=str), path="/upper")
    port = free_port()
    process = subprocess.Popen(
        ["node", "node_modules/vite/bin/vite.js", "--port", str(port), "--strictPort"],
        cwd=ROOT / "ui",
        env={**os.environ, "MOORAGE_DEV_SERVER": serve(app)},
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: is_up(f"http://127.0.0.1:{port}/console/"), "the pages")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def test_pages_and_service_share_one_address(page: Page, address: str):
    page.goto(f"{address}/console/")

    expect(page.get_by_role("article")).to_contain_text("/upper")
    link = page.get_by_role("link", name="Open playground")
    expect(link).to_have_attribute("href", f"{address}/upper/playground/")

    page.goto(f"{address}/upper/c/N4XyA/playground/")

    assert page.evaluate("document.baseURI") == f"{address}/upper/playground/"
    answer = httpx.post(f"{address}/upper/invoke", json={"input": "a"})
    assert answer.json()["output"] == "A"
