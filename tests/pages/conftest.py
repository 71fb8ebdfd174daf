"""A browser, and pages in it that may load nothing from elsewhere and report no problem."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import leg_missing
from tests.pages.accessibility import findings
from tests.pages.watching import Watch

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000

Axe = Callable[[Page], None]


# Playwright is in the way of other event loops in its thread, so it ends with this package.
@pytest.fixture(scope="package")
def browser(built_pages: Path) -> Iterator[Browser]:
    """Chromium as the system has it, with the web pages built."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        leg_missing("browser", "install Chromium, such that chromium is on the path")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What went wrong in the pages of the test; it fails at its end if anything unexpected did."""
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def context(browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    """What a person's windows share: cookies, storage, theme. Its pages are watched."""
    made = browser.new_context(
        viewport={"width": 1280, "height": 800},
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    made.set_default_timeout(PATIENCE_MS)
    watch.over(made)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def axe() -> Axe:
    """Demand that a page, as it is now, has no serious accessibility finding, light and dark."""

    def check(page: Page) -> None:
        for scheme in ("light", "dark"):
            assert findings(page, scheme) == []

    return check
