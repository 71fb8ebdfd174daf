"""Sessions in a real browser: who can use the cookie, and who cannot."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from moorage import Settings, add_routes, create_app
from moorage.auth.keys import digest
from tests.conftest import Serve
from tests.pages.watching import Watch

KEY = "moorage_test_key_of_ann_0123456789abcdef"
SIGN_IN = """\
async (credential) => (await fetch("/session", {
  method: "POST",
  headers: {"content-type": "application/json"},
  body: JSON.stringify({credential}),
})).status
"""
RUN = """\
async (base) => {
  const invoke = {method: "POST", body: JSON.stringify({input: "a"}), credentials: "include"};
  const json = {headers: {"content-type": "application/json"}};
  const asked = [
    fetch(`${base}/shout/invoke`, {...invoke, ...json}),
    fetch(`${base}/shout/invoke`, invoke),
    fetch(`${base}/shout/playground/about.json`, {credentials: "include"}),
  ];
  return Promise.all(asked.map(async (one) => (await one).status));
}
"""


def shout(text: str) -> str:
    return text.upper()


def service(**values: Any) -> Any:
    app = create_app(Settings.parse({}, api_keys=f"ann:sha256:{digest(KEY)}", **values))
    add_routes(app, RunnableLambda(shout), path="/shout")
    return app


async def _linking(request: Request) -> HTMLResponse:
    return HTMLResponse(f'<link rel="icon" href="data:,"><a href="{request.query_params["to"]}">go')


@pytest.fixture
def elsewhere(serve: Serve) -> str:
    """Another service on this machine: another origin, and by its address the same site."""
    return serve(Starlette(routes=[Route("/", _linking)]))


def signed_in(page: Page, base: str, watch: Watch) -> None:
    watch.expect("401")  # what the page asked for before
    page.goto(f"{base}/shout/playground/")
    expect(page.get_by_label("API key or token")).to_be_visible()
    assert page.evaluate(SIGN_IN, KEY) == 204


def test_no_script_can_read_the_cookie(page: Page, serve: Serve, watch: Watch):
    signed_in(page, serve(service()), watch)

    assert page.evaluate("document.cookie") == ""
    [cookie] = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["expires"] == -1
    assert KEY not in cookie["value"]


def test_a_page_of_another_origin_gets_nothing_by_it_although_cors_lets_it_in(
    page: Page, serve: Serve, elsewhere: str, watch: Watch
):
    base = serve(service(cors_origins=elsewhere, cors_credentials=True))
    signed_in(page, base, watch)
    assert page.evaluate(RUN, base) == [200, 403, 200]
    watch.expect("403")

    page.goto(f"{elsewhere}/?to={base}")

    assert page.evaluate(RUN, base) == [403, 403, 401]


def test_a_link_on_another_site_leads_to_the_page_signed_in(
    page: Page, serve: Serve, elsewhere: str, watch: Watch
):
    base = serve(service())
    signed_in(page, base, watch)
    other_site = elsewhere.replace("127.0.0.1", "localhost")
    page.goto(f"{other_site}/?to={base}/shout/c/N4XyA/playground/")

    page.get_by_role("link", name="go").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("shout")
