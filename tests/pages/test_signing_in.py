"""Playgrounds of services that want to know who asks."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import expect

from moorage import add_routes
from moorage.auth.keys import digest
from tests.conftest import Serve
from tests.pages.conftest import Axe
from tests.pages.stage import Hands, service, told
from tests.pages.watching import Watch

KEY = "moorage_test_key_of_ann_0123456789abcdef"
OTHER_KEY = "moorage_test_key_of_bob_0123456789abcdef"
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"

UNTIL_REFUSED = """async () => {
  let status = 0;
  for (let tries = 0; status !== 401 && tries < 100; tries += 1) {
    status = (await fetch("../input_schema")).status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return status;
}"""


class Guarded(NamedTuple):
    """A service with keys: where its runnable is, and the file of the keys."""

    url: str
    keys: Path

    def accept(self, *keys: str) -> None:
        """Let these keys in and no others."""
        entries = [f"key{number}:sha256:{digest(key)}\n" for number, key in enumerate(keys)]
        self.keys.write_text("".join(entries))


@pytest.fixture
def guarded(serve: Serve, tmp_path: Path, watch: Watch) -> Guarded:
    watch.expect("console: .* 401 ")
    return guard(serve, tmp_path / "keys")


def guard(serve: Serve, file: Path, **values: Any) -> Guarded:
    made = Guarded("", file)
    made.accept(KEY)
    app = service(api_keys_file=str(file), environment="production", **values)
    add_routes(app, RunnableLambda(answer), path="/chain", input_type=str)
    return Guarded(f"{serve(app)}/chain", file)


def answer(text: str) -> str:
    return f"answer to {text}"


def sign_in(hands: Hands, url: str, key: str = KEY) -> None:
    hands.page.goto(f"{url}/playground/")
    hands.sign_in(key)
    hands.ready()


def test_people_sign_in_once_and_out_again(hands: Hands, guarded: Guarded, axe: Axe):
    topic = told("topic")
    hands.page.goto(f"{guarded.url}/playground/")
    expect(hands.page.get_by_role("heading", name="Sign in")).to_be_visible()
    axe(hands.page)

    hands.sign_in("wrong")
    expect(hands.page.get_by_text("The service does not accept this credential.")).to_be_visible()
    hands.sign_in(KEY)
    hands.ready()

    hands.text.fill(topic)
    hands.run()
    expect(hands.output).to_contain_text(f"answer to {topic}")
    hands.page.reload()
    hands.ready()
    kept = hands.page.evaluate(STORED)
    assert topic in kept
    assert KEY not in kept
    assert hands.page.evaluate("document.cookie") == ""
    hands.page.get_by_role("button", name="Sign out").click()
    expect(hands.page.get_by_label("API key or token")).to_be_visible()
    assert hands.page.context.cookies() == []


def test_before_signing_in_nothing_of_the_runnable_is_told(hands: Hands, guarded: Guarded):
    hands.page.goto(f"{guarded.url}/playground/")
    expect(hands.page.get_by_label("API key or token")).to_be_visible()

    assert "answer" not in hands.page.content()
    hands.page.goto(f"{guarded.url}-that-is-not-there/playground/")
    expect(hands.page.get_by_label("API key or token")).to_be_visible()


@pytest.mark.parametrize("ended", ["expired", "revoked"])
def test_a_session_that_ends_keeps_what_was_written(
    hands: Hands, guarded: Guarded, ended: str, axe: Axe
):
    topic = told("topic")
    sign_in(hands, guarded.url)
    if ended == "expired":
        hands.page.context.clear_cookies()
    else:
        guarded.accept(OTHER_KEY)
        assert hands.page.evaluate(UNTIL_REFUSED) == 401

    hands.text.fill(topic)
    hands.run()

    dialog = hands.page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_contain_text("what you wrote is still here")
    axe(hands.page)
    hands.sign_in(OTHER_KEY if ended == "revoked" else KEY)
    expect(dialog).to_have_count(0)
    expect(hands.text).to_have_value(topic)
    hands.run()
    expect(hands.output).to_contain_text(f"answer to {topic}")


def test_guessing_is_slowed_down(hands: Hands, serve: Serve, tmp_path: Path, watch: Watch):
    watch.expect("console: .* 401 ")
    watch.expect("console: .* 429 .*/session")
    url = guard(serve, tmp_path / "keys", rate_limits={"/session": "2/minute"}).url
    hands.page.goto(f"{url}/playground/")
    hands.sign_in("guess")
    expect(hands.page.get_by_text("The service does not accept this credential.")).to_be_visible()

    hands.sign_in("another")

    later = hands.page.get_by_text(re.compile(r"Try again in [1-6]?\d seconds?"))
    expect(later).to_be_visible()
    hands.sign_in(KEY)
    expect(later).to_be_visible()
    assert hands.page.context.cookies() == []
