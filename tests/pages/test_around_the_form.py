"""What is around a form: columns, tabs, JSON from elsewhere, and what may be missing."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import Locator, Page, expect
from pydantic import BaseModel

from moorage import Settings, add_routes, create_app
from tests.acceptance.processes import until
from tests.conftest import Serve
from tests.pages.conftest import Axe
from tests.pages.watching import Watch

NOTHING_IS_KEPT = """\
for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
  Object.defineProperty(window, name, {get() { throw new DOMException("off", "SecurityError"); }});
}
"""
PASTE = """\
(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.body.dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}
"""
DROP = """\
([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  const event = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
  document.body.dispatchEvent(event);
  return event.defaultPrevented;
}
"""


class Person(BaseModel):
    name: str
    age: int = 3


@pytest.fixture
def address(serve: Serve) -> str:
    """The playground of a runnable that greets a person."""
    app: FastAPI = create_app(Settings.parse({}, log_level="CRITICAL"))

    def greet(person: dict[str, Any]) -> str:
        return f"Hello {person['name']}, {person['age']}"

    add_routes(app, RunnableLambda(greet), path="/greet", input_type=Person)
    return f"{serve(app)}/greet/playground/"


def name(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Name")


def width(page: Page) -> float:
    box = name(page).bounding_box()
    assert box is not None
    return box["width"]


def run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()


def test_the_border_between_the_columns_moves_and_stays(page: Page, address: str):
    page.goto(address)
    border = page.get_by_role("separator", name="Width of the columns")
    before = width(page)

    border.focus()
    border.press("ArrowRight")
    border.press("ArrowRight")

    expect(border).to_have_attribute("aria-valuenow", "55")
    until(lambda: width(page) > before, "the field never became wider")
    page.reload()
    expect(border).to_have_attribute("aria-valuenow", "55")

    border.hover()  # waits until it stays where it is
    page.mouse.down()
    page.mouse.move(400, 300, steps=4)
    page.mouse.up()

    expect(border).to_have_attribute("aria-valuenow", "31")
    border.press("End")
    expect(border).to_have_attribute("aria-valuenow", "75")
    border.dblclick()
    expect(border).to_have_attribute("aria-valuenow", "45")


def test_on_a_telephone_there_is_one_column(page: Page, address: str, axe: Axe):
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(address)
    name(page).fill("A" * 300)

    run(page)

    expect(page.get_by_text("Finished ·")).to_be_in_viewport()
    expect(page.get_by_role("separator", name="Width of the columns")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    axe(page)


def test_the_tab_is_in_the_address(page: Page, address: str):
    page.goto(address)
    name(page).fill("Ann")
    page.get_by_role("tab", name="Code").click()
    expect(page).to_have_url(f"{address}?tab=code")
    expect(page.get_by_role("region", name="Code for curl")).to_contain_text("Ann")

    page.go_back()

    expect(page.get_by_role("tab", name="Form")).to_have_attribute("aria-selected", "true")
    expect(name(page)).to_have_value("Ann")
    page.goto(f"{address}?tab=batch")
    expect(page.get_by_role("tab", name="Batch")).to_have_attribute("aria-selected", "true")
    page.goto(f"{address}?tab=elsewhere")
    expect(page.get_by_role("tab", name="Form")).to_have_attribute("aria-selected", "true")


def test_json_is_pasted_and_dropped_anywhere(page: Page, address: str):
    page.goto(address)
    expect(name(page)).to_be_visible()

    page.evaluate(PASTE, json.dumps({"name": "Zoe", "age": 4}))

    expect(name(page)).to_have_value("Zoe")
    assert page.evaluate(DROP, ["person.json", '{"name": "Dora"}'])
    expect(name(page)).to_have_value("Dora")

    assert page.evaluate(DROP, ["person.json", "no json"])
    expect(page.get_by_text("person.json is not JSON")).to_be_visible()
    page.evaluate(PASTE, "a word")
    expect(name(page)).to_have_value("Dora")


def test_without_a_schema_the_input_is_written_as_json(
    page: Page, address: str, watch: Watch, axe: Axe
):
    watch.expect("console: Failed to load resource.*input_schema")
    page.route("**/input_schema", lambda route: route.fulfill(status=500, body="broken"))
    page.goto(address)

    expect(page.get_by_text("The schema of the input could not be loaded")).to_be_visible()
    axe(page)
    editor = page.get_by_role("tabpanel", name="Form").get_by_role("textbox")
    editor.fill('{"name": "Ann", "age": 5}')
    run(page)
    expect(page.get_by_text("Hello Ann, 5")).to_be_visible()

    page.unroute("**/input_schema")
    page.get_by_role("button", name="Try again").click()

    expect(name(page)).to_have_value("Ann")


def test_a_schema_that_does_not_come_holds_nothing_else_up(page: Page, address: str):
    waiting: list[Any] = []
    page.route("**/config_schema", lambda route: waiting.append(route.request))
    page.goto(address)

    name(page).fill("Ann")
    run(page)

    expect(page.get_by_text("Hello Ann, 3")).to_be_visible()
    assert waiting


def test_a_browser_that_keeps_nothing_says_so_and_works(page: Page, address: str, axe: Axe):
    page.add_init_script(NOTHING_IS_KEPT)
    page.goto(address)

    name(page).fill("Ann")

    expect(page.get_by_text("What you type is not kept")).to_be_visible()
    run(page)
    expect(page.get_by_text("Hello Ann, 3")).to_be_visible()
    page.get_by_role("button", name="History").click()
    expect(page.get_by_text("This browser keeps no history")).to_be_visible()
    axe(page)
