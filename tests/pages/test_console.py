"""The console as people meet it: what is served, how to get there, and what is wrong."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import Page, Route, expect

from moorage import Settings, add_routes, create_app
from moorage.auth.keys import digest
from tests.conftest import Serve
from tests.pages.conftest import Axe
from tests.pages.watching import Watch

KEY = "moorage_test_key_of_ann_0123456789abcdef"
HOSTILE = '<img src="x" onerror="alert(1)">"\'</script><script>alert(2)</script>'


def greet(name: str) -> str:
    """Say hello to somebody."""
    return f"Hello {name}"


def service(**values: Any) -> FastAPI:
    return create_app(Settings.parse({}, title="harbour", **values))


@pytest.fixture
def harbour(serve: Serve) -> str:
    """A service with two runnables, one below a router."""
    app = service()
    add_routes(app, RunnableLambda(greet), path="/greet")
    router = APIRouter(prefix="/quiet")
    add_routes(router, RunnableLambda(greet, name="silent"), disabled_endpoints=["playground"])
    app.include_router(router)
    return serve(app)


def test_home_has_a_card_for_each_runnable_with_the_ways_to_it(page: Page, harbour: str, axe: Axe):
    page.goto(f"{harbour}/console/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page).to_have_title("Home · harbour")
    greeting = page.get_by_role("article").filter(has=page.get_by_role("heading", name="greet"))
    expect(greeting).to_contain_text("/greet")
    expect(greeting).to_contain_text("Say hello to somebody.")
    expect(greeting.get_by_role("list", name="Operations")).to_contain_text("stream_events")
    silent = page.get_by_role("article").filter(has=page.get_by_role("heading", name="silent"))
    expect(silent.get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Home"])
    expect(page.get_by_role("banner")).to_contain_text("connected")
    axe(page)

    greeting.get_by_role("link", name="Open playground of greet").click()

    expect(page).to_have_url(f"{harbour}/greet/playground/")


def test_the_command_that_is_copied_calls_the_runnable(page: Page, harbour: str):
    page.goto(f"{harbour}/console/")

    page.get_by_role("article").nth(0).get_by_role("button", name="Copy curl").click()

    expect(page.get_by_role("status", name="Messages")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == (
        f"curl '{harbour}/greet/invoke' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        """  -d '{"input": "Hello"}'"""
    )


def test_behind_a_prefix_every_address_has_it(page: Page, serve: Serve):
    inner = service()
    add_routes(inner, RunnableLambda(greet), path="/greet")
    outer = FastAPI()
    outer.mount("/a b/api", inner)
    base = serve(outer)

    page.goto(f"{base}/a%20b/api/console/")

    link = page.get_by_role("link", name="Open playground of greet")
    expect(link).to_have_attribute("href", f"{base}/a%20b/api/greet/playground/")
    expect(page.get_by_role("link", name="Home")).to_have_attribute("aria-current", "page")


def test_a_service_without_runnables_says_how_to_begin(page: Page, serve: Serve, axe: Axe):
    page.goto(f"{serve(service())}/console/")

    expect(page.get_by_role("heading", name="Nothing is served yet")).to_be_visible()
    axe(page)
    begun: dict[str, Any] = {}
    example = page.get_by_role("region", name="A first service, server.py").inner_text()
    exec(example, begun)  # noqa: S102 - that the example of our own page works is what is tested
    page.goto(f"{serve(begun['app'])}/console/")
    expect(page.get_by_role("article")).to_contain_text("/upper")


def test_texts_of_runnables_are_shown_as_texts(page: Page, serve: Serve):
    app = service()
    runnable = RunnableLambda(greet, name=HOSTILE)
    runnable.__doc__ = HOSTILE
    add_routes(app, runnable, path="/hostile")

    page.goto(f"{serve(app)}/console/")

    expect(page.get_by_role("heading", level=2)).to_have_text(HOSTILE)
    expect(page.locator("main img, main script")).to_have_count(0)


def test_states_are_shown_and_follow_while_the_page_is_open(
    page: Page, serve: Serve, watch: Watch, axe: Axe
):
    begun, may_end, works = threading.Event(), threading.Event(), [True]

    def wait(word: str) -> str:
        begun.set()
        assert may_end.wait(10)
        if word == "fail":
            raise RuntimeError("a secret")
        return word

    async def database() -> bool:
        return works[0]

    app = create_app(
        Settings.parse({}, log_level="CRITICAL", ready_cache="0s"), checks={"database": database}
    )
    add_routes(app, RunnableLambda(wait), path="/wait")
    base = serve(app)
    page.clock.install()
    page.goto(f"{base}/console/")
    card = page.get_by_role("article")

    def later() -> None:
        page.clock.fast_forward("00:31")

    def run(word: str) -> None:
        httpx.post(f"{base}/wait/invoke", json={"input": word})

    expect(card).to_contain_text("Ready")
    expect(card).to_contain_text("No runs")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, "fail")
        assert begun.wait(10)
        later()
        expect(card).to_contain_text("1 run, 1 in progress")
        may_end.set()
        running.result()
    later()
    expect(card).to_contain_text("Failing")
    expect(card).to_contain_text(re.compile(r"1 run, 1 failed, the last one \(internal\) at \d"))
    expect(page.get_by_role("status").filter(has_text="1 runnable is not well")).to_have_count(1)
    expect(page.get_by_text("secret")).to_have_count(0)
    axe(page)
    run("well")
    works[0] = False
    later()
    expect(card).to_contain_text("Not ready")
    expect(card).to_contain_text("The service is failing: database failed.")

    watch.expect("console: Failed to load resource.*runnables.json")
    page.route("**/console/runnables.json", lambda route: route.abort("connectionrefused"))
    later()
    expect(card).to_contain_text("Unknown")
    page.unroute("**/console/runnables.json")
    works[0] = True
    later()
    expect(card).to_contain_text("Ready")
    expect(card).to_contain_text("2 runs, 1 failed")


def test_a_failure_is_shown_in_full_and_can_be_tried_again(
    page: Page, harbour: str, watch: Watch, axe: Axe
):
    watch.expect("console: Failed to load resource.*runnables.json")
    answers = [{"message": HOSTILE}]

    def fail_once(route: Route) -> None:
        if answers:
            route.fulfill(status=503, json=answers.pop())
        else:
            route.fallback()

    page.route("**/console/runnables.json", fail_once)
    page.goto(f"{harbour}/console/")

    alert = page.get_by_role("alert").filter(has_text="What is served could not be loaded")
    expect(alert).to_contain_text(HOSTILE)
    axe(page)
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("article")).to_have_count(2)
    expect(alert).to_have_count(0)


def test_a_service_that_has_gone_is_told_apart(page: Page, harbour: str, watch: Watch):
    watch.expect("console: Failed to load resource.*runnables.json")
    page.route("**/console/runnables.json", lambda route: route.abort("connectionrefused"))

    page.goto(f"{harbour}/console/")

    expect(page.get_by_role("banner")).to_contain_text("not reachable")
    expect(page.get_by_role("alert")).to_contain_text("The service could not be reached")


def test_people_sign_in_once_and_out_again(page: Page, serve: Serve, watch: Watch, axe: Axe):
    watch.expect(r"console: .* 401 .*runnables.json")
    watch.expect(r"console: .* 401 .*session")
    app = service(api_keys=f"ann:sha256:{digest(KEY)}", environment="production")
    add_routes(app, RunnableLambda(greet), path="/greet")
    page.goto(f"{serve(app)}/console/")

    field = page.get_by_label("API key or token")
    axe(page)
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_text("The service does not accept this credential.")).to_be_visible()
    field.fill(KEY)
    field.press("Enter")

    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("banner")).to_contain_text("Signed in as ann")
    assert KEY not in page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    page.reload()
    expect(page.get_by_role("article")).to_have_count(1)

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_label("API key or token")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(0)


def test_the_keyboard_reaches_everything_and_can_skip_the_frame(page: Page, harbour: str):
    page.goto(f"{harbour}/console/")
    expect(page.get_by_role("article")).to_have_count(2)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Open playground of greet")).to_be_focused()


def test_the_theme_is_chosen_kept_and_shared_by_tabs(page: Page, harbour: str):
    other = page.context.new_page()
    for tab in (other, page):
        tab.emulate_media(color_scheme="light")
        tab.goto(f"{harbour}/console/")
        expect(tab.locator("html")).to_have_attribute("data-theme", "light")

    page.get_by_role("radio", name="Dark").click()

    for tab in (other, page):
        expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
        expect(tab.get_by_role("radio", name="Dark")).to_be_checked()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_on_a_telephone_nothing_is_cut_off(page: Page, serve: Serve, axe: Axe):
    app = service()
    long = "a" * 120
    add_routes(app, RunnableLambda(greet, name=long), path=f"/{long}")
    page.set_viewport_size({"width": 390, "height": 800})

    page.goto(f"{serve(app)}/console/")

    expect(page.get_by_role("article")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe(page)


def test_many_runnables_can_be_filtered(page: Page, serve: Serve):
    app = service()
    for number in range(9):
        add_routes(app, RunnableLambda(greet, name=f"greeting {number}"), path=f"/greet/{number}")
    page.goto(f"{serve(app)}/console/")

    page.get_by_label("Filter").fill("greeting 7")

    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_label("Filter").fill("nothing like it")
    expect(page.get_by_role("main")).to_contain_text(re.compile("No runnable has that"))


def test_an_address_without_a_page_says_so(page: Page, harbour: str):
    page.goto(f"{harbour}/console/nowhere")

    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("article")).to_have_count(2)
