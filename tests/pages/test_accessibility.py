"""For everybody: screen readers, keyboards, telephones, high contrast, and a wish for quiet."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import ConfigurableField, Runnable, RunnableLambda
from playwright.sync_api import Page, expect
from pydantic import BaseModel, Field

from moorage.testing import Gate, ScriptedChatModel
from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage, saying, see_before_end, told
from tests.pages.watching import Watch

WIDE = "word" * 100
NARROW = 390


class Order(BaseModel):
    """What is ordered, and how much of it."""

    item: str = Field(description="A thing. " + WIDE)
    count: int = Field(3, ge=1, le=9)
    note: str | None = None
    labels: list[str] = ["one", WIDE]
    extra: dict[str, Any] = {"a": 1}


def answering() -> Runnable[Any, Any]:
    """Make a chain that answers with everything an answer may have, and may be configured."""
    text = f"# Order\n\n{WIDE}\n\n| a | {WIDE} |\n| - | - |\n| 1 | 2 |\n\n```\n{WIDE}\n```\n\n- x"
    model = ScriptedChatModel(responses=[text] * 9).configurable_fields(
        name=ConfigurableField(id="name", name="Name", description="What the model is called.")
    )
    ask = RunnableLambda(json.dumps, name=f"ask {WIDE}")
    return (ask | model).with_types(input_type=Order)


def form(hands: Hands, url: str) -> None:
    hands.open(url)
    hands.page.get_by_role("button", name="1 optional field").first.click()
    hands.field("Item").fill(WIDE)


def done(hands: Hands, url: str) -> None:
    form(hands, url)
    hands.run()
    hands.heard("Run finished")
    hands.page.get_by_role("treegrid").get_by_role("row").last.click()


def complaining(hands: Hands, url: str) -> None:
    hands.open(url)
    hands.run()
    expect(hands.field("Item")).to_be_focused()


def failed(hands: Hands, url: str) -> None:
    form(hands, url)
    hands.page.route("**/stream_events", lambda route: route.fulfill(status=500, body=WIDE))
    hands.run()
    expect(hands.alert).to_be_visible()


def batch(hands: Hands, url: str) -> None:
    hands.open(url)
    panel = hands.tab("Batch")
    panel.get_by_label("Inputs as CSV").fill(f"item,count\n{WIDE},2\nboat,x\n")
    panel.get_by_role("button", name="Run 2 rows").click()
    expect(panel).to_contain_text("2 of 2")


def code(hands: Hands, url: str) -> None:
    form(hands, url)
    expect(hands.tab("Code").get_by_role("region", name="Code for curl")).to_be_visible()


def history(hands: Hands, url: str) -> None:
    done(hands, url)
    hands.page.get_by_role("button", name="History", exact=True).click()
    expect(hands.page.get_by_role("dialog").get_by_role("listitem")).to_have_count(1)


def compared(hands: Hands, url: str) -> None:
    done(hands, url)
    hands.field("Item").fill("boat")
    with hands.page.expect_response(lambda answer: answer.request.method == "POST"):
        hands.field("Item").press("Control+Enter")
    hands.heard("Run finished")
    hands.page.get_by_role("button", name="History", exact=True).click()
    dialog = hands.page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox")).to_have_count(2)
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.get_by_role("button", name="Compare").click()
    expect(dialog.get_by_role("region", name="Input").first).to_be_visible()


def share(hands: Hands, url: str) -> None:
    form(hands, url)
    hands.page.get_by_role("button", name="Share", exact=True).click()
    expect(hands.page.get_by_role("dialog")).to_be_visible()


def console(hands: Hands, url: str) -> None:
    hands.page.goto(f"{url.rsplit('/', 1)[0]}/console/")
    expect(hands.page.get_by_role("article").first).to_be_visible()


VIEWS: dict[str, Callable[[Hands, str], None]] = {
    view.__name__: view
    for view in (done, complaining, failed, batch, code, history, compared, share, console)
}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view(stage: Stage, hands: Hands, axe: Axe, watch: Watch, name: str):
    if name in {"failed", "batch"}:
        watch.expect("console: .* (500|422)")
    page = hands.page

    VIEWS[name](hands, stage.add(answering()))

    axe(page)
    expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_count(1)
    for landmark in ("banner", "main"):
        expect(page.get_by_role(landmark, include_hidden=True)).to_have_count(1)
    assert (
        page.evaluate(
            "[...document.querySelectorAll('[id]')].map(one => one.id)"
            ".filter((id, at, all) => all.indexOf(id) !== at)"
        )
        == []
    )
    page.set_viewport_size({"width": NARROW, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert small_targets(page) == []


def small_targets(page: Page) -> list[str]:
    """Return the buttons and links that fingers miss; links in sentences may be small."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("button, select, [role=tab], input:not(.sr-only)")]
          .map(one => [one, (one.closest("label") ?? one).getBoundingClientRect()])
          .filter(([one, box]) => one.checkVisibility() && box.width > 1
            && (box.width < 23.5 || box.height < 23.5))
          .map(([one, box]) => `${one.outerHTML.slice(0, 150)} ${box.width}x${box.height}`)"""
    )
    return list(found)


def test_a_conversation(stage: Stage, hands: Hands, axe: Axe):
    class Chat(BaseModel):
        messages: list[HumanMessage | AIMessage]

    chain: Runnable[Any, Any] = RunnableLambda(lambda chat: chat["messages"])
    model = ScriptedChatModel(responses=[f"**{WIDE}**"])
    hands.open(stage.add((chain | model).with_types(input_type=Chat)))
    hands.tab("Chat")
    composer = hands.page.get_by_role("textbox", name="Message")
    composer.fill(WIDE)

    composer.press("Enter")

    hands.page.get_by_role("button", name="Ask again").wait_for()
    axe(hands.page)
    hands.page.set_viewport_size({"width": NARROW, "height": 800})
    assert hands.page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert small_targets(hands.page) == []


# --- Keyboards ---------------------------------------------------------------------------------


def tab_to(page: Page, role: Any, name: str) -> None:
    """Go on with Tab until a control has the focus; demand that each one on the way shows it."""
    target = page.get_by_role(role, name=name, exact=True)
    for _ in range(80):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IS_SEEN), page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("one => one === document.activeElement"):
            return
    pytest.fail(f"Tab does not lead to the {role} {name}")


FOCUS_IS_SEEN = """() => {
  const seen = one => {
    const {outlineStyle, outlineWidth} = getComputedStyle(one);
    return outlineStyle !== "none" && parseFloat(outlineWidth) > 1;
  };
  const now = document.activeElement;
  return now === document.body || seen(now) || seen(now.closest(":focus-within:not(body)")) ||
    [...document.querySelectorAll(":focus-within")].some(seen);
}"""


def test_everything_can_be_done_with_the_keyboard(stage: Stage, hands: Hands):
    gate, first, second = Gate(), told("first"), told("second")
    hands.open(stage.add(saying([first, gate, "never"], second)))
    page, keyboard = hands.page, hands.page.keyboard

    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the playground")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the playground")).to_be_in_viewport()
    keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page, "textbox", "Topic")
    keyboard.type("numbers")
    tab_to(page, "button", "Run")
    keyboard.press("Enter")
    see_before_end(hands, first)
    expect(hands.stop_button).to_be_focused()
    keyboard.press("Enter")
    hands.heard("Run stopped")
    gate.open()
    expect(hands.run_button).to_be_focused()
    keyboard.press("Enter")
    expect(hands.output).to_contain_text(second)

    tab_to(page, "radio", "Rendered")
    keyboard.press("ArrowRight", delay=100)  # A key that is let go at once moves the focus only.
    expect(hands.output.get_by_role("radio", name="Raw")).to_be_checked()
    page.reload()
    hands.ready()
    tab_to(page, "button", "History")
    keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(2)
    keyboard.press("Escape")
    expect(page.get_by_role("button", name="History", exact=True)).to_be_focused()
    tab_to(page, "tab", "Form")
    for name in ("Chat", "Batch", "Code"):
        keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=name)).to_be_focused()
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()


# --- What people have told their systems -------------------------------------------------------


def test_nothing_moves_for_people_who_want_quiet(stage: Stage, hands: Hands):
    gate = Gate()
    hands.open(stage.add(saying([gate, "late"])))
    hands.run("numbers")
    expect(hands.output).to_contain_text("Waiting for the first piece")

    moving = hands.page.evaluate(
        "document.getAnimations()"
        ".filter(one => one.effect.getComputedTiming().duration > 20).length"
    )

    assert moving == 0
    gate.open()
    hands.heard("Run finished")


def test_forced_colours_leave_everything_to_be_seen(stage: Stage, hands: Hands):
    hands.page.emulate_media(forced_colors="active")
    done(hands, stage.add(answering()))

    borders = hands.page.evaluate(
        """() => [...document.querySelectorAll("main button, main input, main select")]
          .filter(one => one.checkVisibility() && one.matches(".border"))
          .filter(one => parseFloat(getComputedStyle(one).borderTopWidth) < 1).length"""
    )

    assert borders == 0
    assert hands.page.evaluate("matchMedia('(forced-colors: active)').matches")
    tab = hands.page.get_by_role("tab", name="Form")
    other = hands.page.get_by_role("tab", name="Chat")
    view, another = (hands.output.get_by_role("radio", name=name) for name in ("Rendered", "Raw"))
    look = "one => getComputedStyle(one).backgroundColor"
    assert tab.evaluate(look) != other.evaluate(look)
    assert view.evaluate(look) != another.evaluate(look)
