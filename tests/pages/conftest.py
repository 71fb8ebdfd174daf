"""A browser, and pages in it that may load nothing from elsewhere and report no problem."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from moorage.testing import serving
from tests.conftest import Serve, leg_missing
from tests.pages.accessibility import findings
from tests.pages.stage import Hands, Stage, service
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
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

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


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service for all tests of the package, to which each adds runnables."""
    file = tmp_path_factory.mktemp("stage") / "feedback.db"
    app = service(feedback_file=str(file))
    with serving(app) as url:
        yield Stage(app, url)


Person = Callable[[], BrowserContext]


@pytest.fixture
def person(browser: Browser, watch: Watch, serve: Serve) -> Iterator[Person]:
    """Make what the windows of one person share: cookies, storage, theme. Pages are watched.

    They are closed before the servers of the test stop, as pages load parts of themselves late.
    """
    made: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800},
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        watch.over(context)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def context(person: Person) -> BrowserContext:
    return person()


@pytest.fixture
def hands(page: Page) -> Hands:
    """A person with a page."""
    return Hands(page)


@pytest.fixture
def guest(person: Person) -> Hands:
    """Another person, with another browser."""
    return Hands(person().new_page())


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
