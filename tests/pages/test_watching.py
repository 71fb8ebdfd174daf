"""The watch over the pages sees what it is there for."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page

from tests.conftest import Serve
from tests.pages.accessibility import findings
from tests.pages.watching import Watch

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self' http://192.0.2.1 ws://192.0.2.1; "
    "img-src http://192.0.2.1; require-trusted-types-for 'script'"
)
SCRIPT = "console.error('said so'); setTimeout(() => { throw new Error('broken'); });"
PAGE = """\
<!doctype html><html lang="en" data-theme="light"><title>t</title>{head}
<body><main><h1>t</h1>{body}</main></body></html>
"""

Open = Callable[..., None]


@pytest.fixture
def open_page(page: Page, serve: Serve) -> Open:
    """Open a page with the given markup under a strict policy."""

    def show(head: str = "", body: str = "") -> None:
        app = FastAPI()

        @app.get("/")
        def root() -> HTMLResponse:
            text = PAGE.format(head=head, body=body)
            return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})

        @app.get("/script.js")
        def script() -> HTMLResponse:
            return HTMLResponse(SCRIPT, media_type="text/javascript")

        page.goto(serve(app))

    return show


def test_a_request_to_another_host_is_stopped_and_told(open_page: Open, watch: Watch):
    watch.expect("outside request: http://192.0.2.1/pixel")
    watch.expect("console: Failed to load resource")

    open_page(body='<img alt="" src="http://192.0.2.1/pixel">')


def test_a_socket_to_another_host_is_stopped_and_told(open_page: Open, page: Page, watch: Watch):
    watch.expect("outside request: ws://192.0.2.1/")
    open_page()

    closed = page.evaluate(
        "new Promise(done => { new WebSocket('ws://192.0.2.1/').onclose = () => done('closed') })"
    )

    assert closed == "closed"


def test_what_the_policy_forbids_is_told(open_page: Open, page: Page, watch: Watch):
    watch.expect("policy: style-src-elem forbids inline")
    watch.expect("console: .*Content Security Policy")

    with page.expect_console_message(lambda message: message.text.startswith("policy:")):
        open_page(head="<style>h1 { color: red }</style>")


def test_errors_of_scripts_are_told(open_page: Open, page: Page, watch: Watch):
    watch.expect("console: said so")
    watch.expect("page error: .*broken")

    with page.expect_event("pageerror"):
        open_page(head='<script src="script.js"></script>')


def test_an_expectation_that_is_not_met_is_a_problem():
    watch = Watch()
    watch.expect("something")

    assert watch.unexpected() == ["did not happen: something"]


def test_an_inaccessible_page_is_found_out(open_page: Open, page: Page):
    open_page(body="<button></button>")

    assert [finding["id"] for finding in findings(page, "light")] == ["button-name"]
