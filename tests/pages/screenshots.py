"""Take the pictures of the documentation: `make ui-screenshots`.

They show the demo as `make serve` serves it. No test compares them: fonts differ from one machine
to the next.
"""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect, sync_playwright

from hatch_build import Pages
from moorage.testing import serving
from tests.pages.conftest import FLAGS
from tests.pages.png import compressed
from tests.pages.stage import Hands

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs/images"
HEAVIEST = 60_000
QUESTION = "How do I stream an answer?"
TEXTS = [
    "moorage hosts runnables and agents as an HTTP service, and speaks LangServe's protocol.",
    "Every runnable has a page in the browser. It streams the answer and shows each step.",
    "A service can ask for API keys. People sign in once, and no script sees the key.",
]


def console(hands: Hands, url: str) -> None:
    """The runnables of a service."""
    hands.page.goto(f"{url}/console/")
    expect(hands.page.get_by_role("article")).to_have_count(3)


def playground(hands: Hands, url: str) -> None:
    """A form, what came of it, and how."""
    hands.open(f"{url}/agent")
    hands.field("Text of message 1").fill(QUESTION)
    run(hands)
    expect(hands.output.get_by_role("blockquote").first).to_be_visible()


def steps(hands: Hands, url: str) -> None:
    """How an answer came about, and what went into one of its steps."""
    hands.open(f"{url}/chain")
    hands.field("Text").fill(TEXTS[1])
    run(hands)
    hands.page.get_by_role("treegrid").get_by_role("row").nth(3).click()


def chat(hands: Hands, url: str) -> None:
    """A conversation."""
    hands.open(f"{url}/agent")
    panel = hands.tab("Chat")
    composer = panel.get_by_role("textbox", name="Message")
    composer.fill(QUESTION)
    composer.press("Enter")
    hands.heard("Run finished")
    expect(panel.get_by_role("blockquote").first).to_be_visible()


def batch(hands: Hands, url: str) -> None:
    """Many inputs at once."""
    hands.open(f"{url}/chain")
    panel = hands.tab("Batch")
    rows = "".join(f'"{text}"\n' for text in TEXTS)
    panel.get_by_label("Inputs as CSV").fill(f"text\n{rows}")
    panel.get_by_role("button", name="Run 3 rows").click()
    hands.heard("Batch finished: 3 done")


def compare(hands: Hands, url: str) -> None:
    """Two runs side by side."""
    hands.open(f"{url}/chain")
    for text in TEXTS[:2]:
        hands.field("Text").fill(text)
        run(hands)
    hands.page.get_by_role("button", name="History", exact=True).click()
    dialog = hands.page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox")).to_have_count(2)
    for choice in dialog.get_by_role("checkbox").all():
        choice.check()
    dialog.get_by_role("button", name="Compare").click()
    expect(dialog.get_by_role("region", name="Output").first).to_be_visible()


VIEWS: list[tuple[str, Callable[[Hands, str], None], Literal["light", "dark"]]] = [
    ("console", console, "light"),
    ("playground", playground, "light"),
    ("steps-dark", steps, "dark"),
    ("chat", chat, "light"),
    ("batch", batch, "light"),
    ("compare", compare, "light"),
]


def run(hands: Hands) -> None:
    """Run what the form holds, and wait for its end."""
    with hands.page.expect_response(lambda answer: answer.request.method == "POST"):
        hands.run()
    hands.heard("Run finished")


def picture(browser: Browser, name: str, url: str) -> bytes:
    """Take the picture of one view."""
    show, scheme = next((show, scheme) for view, show, scheme in VIEWS if view == name)
    page = browser.new_page(
        viewport={"width": 1280, "height": 800},
        locale="en-GB",
        timezone_id="UTC",
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    show(Hands(page), url)
    taken = compressed(page.screenshot(animations="disabled", caret="hide"))
    page.close()
    return taken


def main() -> None:
    """Take all pictures.

    Raises:
        SystemExit: There is no Chromium, or a picture is too heavy for the repository.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("install Chromium, such that chromium is on the path")
    Pages(ROOT).ensure()
    from app.server import app  # noqa: PLC0415 - it reads the pages as they are now

    IMAGES.mkdir(exist_ok=True)
    logging.disable()
    with serving(app) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, _, _ in VIEWS:
            content = picture(browser, name, url)
            if len(content) > HEAVIEST:
                raise SystemExit(f"{name}: {len(content)} bytes are too many")
            (IMAGES / f"{name}.png").write_bytes(content)
        browser.close()


if __name__ == "__main__":
    main()
