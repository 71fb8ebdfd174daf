"""What opens over a page: loaded when it is first used, and handing the focus back."""

import re

import pytest
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import Locator, Page, expect

from moorage import Settings, add_routes, create_app
from tests.conftest import Serve
from tests.pages.conftest import Axe


@pytest.fixture
def playground(page: Page, serve: Serve) -> Page:
    app = create_app(Settings.parse({}))
    add_routes(app, RunnableLambda(str.upper).with_types(input_type=str), path="/upper")
    page.goto(f"{serve(app)}/upper/playground/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


@pytest.mark.parametrize("name", ["Share", "History"])
def test_what_a_button_opens_has_the_focus_and_gives_it_back(playground: Page, name: str, axe: Axe):
    button = playground.get_by_role("button", name=re.compile(f"^{name}"))
    for use in ("first", "second"):
        button.focus()
        playground.keyboard.press("Enter")
        opened = playground.get_by_role("dialog")
        expect(opened).to_be_visible()
        expect_focus_within(opened)
        if use == "first":
            axe(playground)

        playground.keyboard.press("Escape")

        expect(opened).to_have_count(0)
        expect(button).to_be_focused()


def expect_focus_within(place: Locator) -> None:
    expect(place.and_(place.page.locator(":focus-within, :focus"))).to_have_count(1)


def test_an_icon_tells_its_name_until_escape(playground: Page):
    button = playground.locator("button[aria-label]:not([role])").first
    name = button.get_attribute("aria-label")

    button.hover()

    expect(playground.get_by_role("tooltip")).to_have_text(str(name))
    playground.keyboard.press("Escape")
    expect(playground.get_by_role("tooltip")).to_have_count(0)
