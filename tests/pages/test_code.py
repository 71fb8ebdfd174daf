"""The code that the page writes does what the page does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import expect

from moorage import add_routes
from moorage.auth.keys import digest
from tests.conftest import Serve, leg_missing
from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage, service, told
from tests.pages.test_keeping import greeting
from tests.pages.watching import Watch

KEY = "moorage_test_key_of_ann_0123456789abcdef"
AWKWARD = 'it\'s "quoted" $HOME `id` \\n\n✓ </script>'


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        leg_missing(name, f"install {name}")
    return str(found)


def ran(command: list[str], text: str = "", **environment: str) -> str:
    """Run a program on a text; returns what it wrote."""
    ended = subprocess.run(
        command,
        input=text,
        capture_output=True,
        check=True,
        text=True,
        timeout=110,
        env={**os.environ, **environment},
    )
    return ended.stdout


def code(hands: Hands, language: str, operation: str) -> str:
    """Return a piece of code as it is copied."""
    panel = hands.tab("Code")
    panel.get_by_role("radio", name=language, exact=True).click()
    panel.get_by_label("Operation").select_option(label=operation)
    panel.get_by_role("button", name=f"Copy: Code for {language}").click()
    hands.heard("Copied")
    return str(hands.page.evaluate("navigator.clipboard.readText()"))


@pytest.fixture
def filled(stage: Stage, hands: Hands) -> str:
    """A page with an input and a configuration; returns what a run of them answers."""
    word, topic = told("Salut"), told(AWKWARD)
    hands.open(stage.add(greeting()))
    hands.input.fill(topic)
    hands.field("Greeting").fill(word)
    return f"{word}, {topic}!"


@pytest.mark.parametrize("operation", ["Invoke", "Stream"])
def test_curl(hands: Hands, filled: str, operation: str, axe: Axe):
    text = code(hands, "curl", operation)
    axe(hands.page)

    said = ran([program("sh")], text)

    assert as_json(filled) in said


@pytest.mark.parametrize("operation", ["Invoke", "Stream"])
def test_python(hands: Hands, filled: str, operation: str, tmp_path: Path):
    script = tmp_path / "program.py"
    script.write_text(code(hands, "Python", operation), encoding="utf-8")

    assert filled in ran([sys.executable, str(script)], PYTHONIOENCODING="utf-8")


@pytest.mark.parametrize("operation", ["Invoke", "Stream"])
def test_javascript(hands: Hands, filled: str, operation: str, tmp_path: Path):
    script = tmp_path / "program.mjs"
    script.write_text(code(hands, "JavaScript", operation), encoding="utf-8")

    said = ran([program("node"), str(script)])

    assert (filled if operation == "Invoke" else as_json(filled)) in said


def test_code_for_a_service_with_keys_has_no_key(hands: Hands, serve: Serve, watch: Watch):
    watch.expect("console: .* 401 .*about.json")
    word = told("Salut")
    app = service(api_keys=f"ann:sha256:{digest(KEY)}")
    add_routes(app, greeting(), path="/greet")
    url = f"{serve(app)}/greet"
    hands.page.goto(f"{url}/playground/")
    hands.sign_in(KEY)
    hands.ready()
    hands.input.fill("Ada")
    hands.field("Greeting").fill(word)

    text = code(hands, "curl", "Invoke")

    assert KEY not in text
    expect(hands.page.get_by_role("tabpanel")).to_contain_text("MOORAGE_API_KEY")
    assert f"{word}, Ada!" in ran([program("sh")], text, MOORAGE_API_KEY=KEY)


def as_json(text: str) -> str:
    """Write a text as the service does."""
    return orjson.dumps(text).decode()
