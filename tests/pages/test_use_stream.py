"""A page of others, with ``useStream`` of ``@langchain/langgraph-sdk/react``, unmodified."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from moorage.testing import Gate, serving
from tests.conftest import CLIENTS
from tests.pages.watching import Watch
from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.served import serving_project

pytestmark = pytest.mark.requirement("agents:clients:use-stream")

Open = Callable[..., None]


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("agents") / "moorage.db"
    with serving_project(file, cors_origins=("*",)) as url:
        yield url


@pytest.fixture(scope="module")
def elsewhere(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page, of another origin than the service."""
    folder = tmp_path_factory.mktemp("chat")
    shutil.copy(CLIENTS / "chat/index.html", folder)
    subprocess.run([node, CLIENTS / "chat/bundle.mjs", folder / "chat.js"], check=True)
    with serving(Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])) as url:
        yield url


@pytest.fixture
def talk_to(page: Page, agents: str, elsewhere: str) -> Open:
    """Open a conversation with an assistant."""

    def opened(assistant: str, **options: str) -> None:
        page.goto(f"{elsewhere}/?{urlencode({'api': agents, 'assistant': assistant, **options})}")

    return opened


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send").click()


def shows(page: Page, *messages: str) -> None:
    expect(page.get_by_role("listitem")).to_contain_text(list(messages))
    expect(page.get_by_role("listitem")).to_have_count(len(messages))


def is_ready(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("ready")


def thread_of(page: Page) -> str:
    page.wait_for_url("**thread=*")
    return page.url.rpartition("thread=")[2]


def status_of(agents: str, thread: str) -> str:
    (run, *_) = httpx.get(f"{agents}/threads/{thread}/runs").json()
    return str(run["status"])


@pytest.fixture
def gate() -> Iterator[tuple[str, Gate]]:
    name, gate = new_gate()
    yield name, gate
    gate.open()


def test_an_answer_comes_token_by_token(page: Page, talk_to: Open, gate: tuple[str, Gate]):
    name, stop = gate
    talk_to("telling")

    say(page, name)

    expect(page.get_by_role("listitem").last).to_have_text("ai: Once ")
    expect(page.get_by_role("status")).to_have_text("busy")
    stop.open()
    shows(page, f"human: {name}", "ai: Once upon a time.")
    is_ready(page)


def test_a_conversation_goes_on_and_is_there_after_a_reload(page: Page, talk_to: Open):
    talk_to("echo")
    for text in ("hello", "again"):
        say(page, text)
        expect(page.get_by_role("list")).to_contain_text(f"you said: {text}")
    thread = thread_of(page)

    page.reload()

    shows(page, "human: hello", "ai: you said: hello", "human: again", "ai: you said: again")
    assert thread_of(page) == thread


def test_a_page_that_is_loaded_again_goes_on_with_the_answer(
    page: Page, talk_to: Open, gate: tuple[str, Gate]
):
    name, stop = gate
    talk_to("telling", reconnects="")
    say(page, name)
    expect(page.get_by_role("listitem").last).to_have_text("ai: Once ")
    thread_of(page)

    page.reload()

    expect(page.get_by_role("listitem").last).to_have_text("ai: Once ")
    expect(page.get_by_role("status")).to_have_text("busy")
    stop.open()
    shows(page, f"human: {name}", "ai: Once upon a time.")
    is_ready(page)


def test_a_question_is_answered(page: Page, talk_to: Open):
    talk_to("confirming")
    say(page, "do it")

    page.get_by_role("button", name="Answer Really?").click()

    shows(page, "human: do it", "ai: confirmed with yes")
    expect(page.get_by_role("button", name="Answer")).to_have_count(0)


def test_a_question_is_still_asked_after_a_reload(page: Page, talk_to: Open):
    talk_to("confirming")
    say(page, "do it")
    expect(page.get_by_role("button", name="Answer Really?")).to_be_visible()
    thread_of(page)

    page.reload()
    page.get_by_role("button", name="Answer Really?").click()

    shows(page, "human: do it", "ai: confirmed with yes")


@pytest.mark.parametrize("options", [{}, {"reconnects": ""}])
def test_stopping_stops_the_run(
    page: Page, talk_to: Open, agents: str, gate: tuple[str, Gate], options: dict[str, str]
):
    talk_to("telling", **options)
    say(page, gate[0])
    expect(page.get_by_role("listitem").last).to_have_text("ai: Once ")
    thread = thread_of(page)

    page.get_by_role("button", name="Stop").click()

    is_ready(page)
    (run, *_) = httpx.get(f"{agents}/threads/{thread}/runs").json()
    httpx.get(f"{agents}/threads/{thread}/runs/{run['run_id']}/join")
    assert status_of(agents, thread) == "interrupted"


def test_a_message_is_edited_and_both_ways_are_there(page: Page, talk_to: Open):
    talk_to("echo")
    say(page, "hello")
    shows(page, "human: hello", "ai: you said: hello")
    is_ready(page)

    page.get_by_role("button", name="Edit hello").click()
    shows(page, "human: another way", "ai: you said: another way")
    page.get_by_role("button", name="Branch 1").first.click()

    shows(page, "human: hello", "ai: you said: hello")


def test_a_failure_is_shown(page: Page, talk_to: Open, watch: Watch):
    watch.expect("the node does not like this")  # the hook writes it to the console, too
    talk_to("stumbling")

    say(page, "hello")

    expect(page.get_by_role("alert")).to_contain_text("the node does not like this")
    is_ready(page)
