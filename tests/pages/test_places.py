"""The same page wherever its runnable is: routers, mounts, proxies, share links."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import expect

from moorage import add_routes
from tests.conftest import Serve
from tests.pages.conftest import Axe
from tests.pages.proxies import below
from tests.pages.stage import Hands, Stage, service, told
from tests.protocols.langserve.wire import hashed


def answer(text: str) -> str:
    return f"answer to {text}"


def publish(app: Any, path: str = "/chain") -> None:
    add_routes(app, RunnableLambda(answer), path=path, input_type=str)


def below_a_router(serve: Serve) -> str:
    app, router = service(), APIRouter(prefix="/api/v1")
    publish(router)
    app.include_router(router)
    return f"{serve(app)}/api/v1/chain"


def in_a_mounted_service(serve: Serve) -> str:
    outer, inner = FastAPI(), service()
    publish(inner)
    outer.mount("/a b/ü", inner)
    return f"{serve(outer)}/a%20b/%C3%BC/chain"


def at_the_root(serve: Serve) -> str:
    app = FastAPI()
    publish(app, "")
    return serve(app)


def on_a_bare_application(serve: Serve) -> str:
    app = FastAPI()
    publish(app)
    return f"{serve(app)}/chain"


def at_a_path_with_parameters(serve: Serve) -> str:
    app = service()
    publish(app, "/tenants/{tenant}/chain")
    return f"{serve(app)}/tenants/a%20b/chain"


PLACES = [
    below_a_router,
    in_a_mounted_service,
    at_the_root,
    on_a_bare_application,
    at_a_path_with_parameters,
]


def runs_at(hands: Hands, url: str) -> None:
    """Run something there, with every tab opened once."""
    topic = told("topic")
    hands.open(url)
    hands.text.fill(topic)
    hands.run()
    expect(hands.output).to_contain_text(f"answer to {topic}")
    expect(hands.tab("Code")).to_contain_text(f"{url}/")
    expect(hands.tab("Batch")).to_contain_text("No inputs yet")
    hands.tab("Form")


@pytest.mark.parametrize("place", PLACES)
def test_the_page_works(hands: Hands, serve: Serve, place: Callable[[Serve], str]):
    runs_at(hands, place(serve))


@pytest.mark.parametrize("told_by", ["header", "server"])
def test_behind_a_proxy_that_takes_a_prefix_away(hands: Hands, serve: Serve, told_by: str):
    app = service(trusted_proxies="127.0.0.1" if told_by == "header" else "")
    publish(app)
    options = {"root_path": "/outside"} if told_by == "server" else {}
    with below(serve(app, **options), "/outside") as base:
        runs_at(hands, f"{base}/chain")
        hands.settled()


def test_under_the_hash_of_a_configuration(hands: Hands, stage: Stage):
    url = stage.add(RunnableLambda(answer), input_type=str)

    topic = told("topic")

    hands.open(f"{url}/c/{hashed({'tags': ['a']})}")
    hands.text.fill(topic)
    hands.run()

    expect(hands.output).to_contain_text(f"answer to {topic}")


def test_without_the_slash_at_the_end(hands: Hands, stage: Stage):
    url = stage.add(RunnableLambda(answer), input_type=str)

    hands.page.goto(f"{url}/playground")

    hands.ready()
    expect(hands.page).to_have_url(f"{url}/playground/")


def test_head_says_what_get_would(stage: Stage):
    url = stage.add(RunnableLambda(answer), input_type=str)

    head, get = (httpx.request(way, f"{url}/playground/") for way in ("HEAD", "GET"))

    assert head.status_code == get.status_code == 200
    assert head.headers["content-type"] == "text/html; charset=utf-8"
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.content == b""


@pytest.mark.parametrize("kind", ["playground", "console"])
def test_pages_bring_an_icon_so_that_browsers_need_not_guess(hands: Hands, stage: Stage, kind: str):
    url = stage.add(RunnableLambda(answer), input_type=str)
    hands.page.goto(f"{url}/playground/" if kind == "playground" else f"{stage.url}/console/")

    icon = hands.page.evaluate("document.querySelector('link[rel=icon]').href")

    found = httpx.get(icon)
    assert (found.status_code, found.headers["content-type"]) == (200, "image/svg+xml")
    assert found.content.startswith(b"<svg")


def test_on_a_telephone_nothing_is_cut_off(hands: Hands, stage: Stage, axe: Axe):
    hands.page.set_viewport_size({"width": 390, "height": 800})
    long = "a" * 300

    hands.open(stage.add(RunnableLambda(answer, name=long), input_type=str))
    hands.text.fill(long)
    hands.run()

    expect(hands.output).to_contain_text(f"answer to {long}")
    assert hands.page.evaluate("document.documentElement.scrollWidth") <= 390
    axe(hands.page)
