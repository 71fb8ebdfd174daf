"""The steps of a run: what happened inside, in its order, with what went in and out."""

import re
from typing import Any

from langchain.agents import create_agent
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool
from playwright.sync_api import Locator, expect

from moorage.testing import Gate, ScriptedChatModel, call
from tests.acceptance.processes import until
from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage, saying, see_before_end, told


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"Sun in {city}."


@tool
def broken(city: str) -> str:
    """Fail."""
    raise ValueError(f"There is no {city}.")


def agent(*replies: Any) -> Runnable[Any, Any]:
    return create_agent(ScriptedChatModel(responses=list(replies)), [weather, broken])


def steps(hands: Hands) -> Locator:
    return hands.page.get_by_role("treegrid", name="Steps")


def row(hands: Hands, name: str) -> Locator:
    return steps(hands).get_by_role("row").filter(has_text=name)


def level(found: Locator) -> int:
    return int(found.first.get_attribute("aria-level") or 0)


def ask(hands: Hands, text: str) -> None:
    """Put one message into the form of an agent, as JSON."""
    hands.page.get_by_role("radio", name="JSON", exact=True).first.click()
    message = f'{{"messages": [{{"type": "human", "content": "{text}"}}]}}'
    editor = hands.page.get_by_role("tabpanel").get_by_role("textbox").first
    editor.click()
    editor.press("Control+a")
    hands.page.keyboard.insert_text(message)
    hands.run()


def test_the_steps_of_an_agent(stage: Stage, hands: Hands, axe: Axe):
    city, answer = told("Köln"), told("sunny")
    url = stage.add(agent([call("weather", city=city)], answer))
    path = url.removeprefix(stage.url)
    hands.open(url)

    ask(hands, "Weather?")

    hands.heard("Run finished")
    expect(hands.output).to_contain_text(answer)
    tool_row = row(hands, "weather")
    expect(tool_row).to_have_count(1)
    root, tools, inner = (level(row(hands, name)) for name in (path, "tools", "weather"))
    assert root == 1 < tools < inner
    expect(row(hands, "ScriptedChatModel")).to_have_count(2)
    tool_row.click()
    details = hands.page.get_by_role("region", name="Step weather")
    expect(details).to_contain_text(f"Sun in {city}.")
    details.get_by_role("button", name="Input", exact=True).click()
    expect(details).to_contain_text(re.compile(f"city.*{city}"))
    row(hands, "ScriptedChatModel").last.click()
    model = hands.page.get_by_role("region", name="Step ScriptedChatModel")
    expect(model).to_contain_text(re.compile(r"Tokens *\d+ in, 1 out"))
    expect(model).to_contain_text(answer)
    axe(hands.page)


def test_a_step_that_fails(stage: Stage, hands: Hands):
    city = told("Atlantis")
    hands.open(stage.add(agent([call("broken", city=city)])))

    ask(hands, "Weather?")

    hands.heard("Run failed")
    failed = row(hands, "broken")
    expect(failed).to_contain_text("failed")
    failed.click()
    details = hands.page.get_by_role("region", name="Step broken")
    expect(details).to_contain_text(re.compile("State *tool, failed"))


def test_steps_are_there_while_the_run_goes_on(stage: Stage, hands: Hands):
    gate, first = Gate(), told("first")
    hands.open(stage.add(saying([first, gate, " last"])))
    hands.run("numbers")
    see_before_end(hands, first)

    model = row(hands, "ScriptedChatModel")

    expect(model).to_contain_text("running")
    expect(row(hands, "ChatPromptTemplate")).not_to_contain_text("running")
    gate.open()
    hands.heard("Run finished")
    expect(model).not_to_contain_text("running")


def test_steps_are_reached_by_keyboard(stage: Stage, hands: Hands):
    url = stage.add(saying(told("answer")))
    hands.open(url)
    hands.run("numbers")
    hands.heard("Run finished")
    expect(row(hands, "ScriptedChatModel")).to_have_count(1)

    steps(hands).focus()
    for key in ("ArrowDown", "ArrowLeft"):
        steps(hands).press(key)

    expect(row(hands, url.removeprefix(stage.url))).to_have_attribute("aria-expanded", "false")
    expect(row(hands, "ScriptedChatModel")).to_have_count(0)
    steps(hands).press("ArrowRight")
    expect(row(hands, "ScriptedChatModel")).to_have_count(1)


def test_a_long_wait_between_steps_is_folded(stage: Stage, hands: Hands, axe: Axe):
    gate = Gate()
    early, late = (RunnableLambda(str.upper, name=name) for name in ("early", "late"))

    async def wait(text: str) -> str:
        said = await early.ainvoke(text)
        await gate.passage()
        return await late.ainvoke(said)

    hands.page.clock.install()
    hands.open(stage.add(RunnableLambda(wait)))
    hands.text.fill("go on")
    hands.run()
    expect(row(hands, "early")).not_to_contain_text("running")
    hands.page.clock.fast_forward("01:00")
    gate.open()
    hands.heard("Run finished")

    fold = hands.page.get_by_role("checkbox", name=re.compile("Fold the gap of 1 min"))
    expect(fold).to_be_checked()
    axe(hands.page)
    until(lambda: place_of_bar(hands, "late") < 0.9, "the gap was never folded")
    fold.press("Space")

    expect(fold).not_to_be_checked()
    until(lambda: place_of_bar(hands, "late") > 0.9, "the gap stayed folded")


def place_of_bar(hands: Hands, name: str) -> float:
    """Where a step begins on the timeline, as a share of its width."""
    cell = row(hands, name).get_by_role("gridcell").nth(1)
    whole, bar = cell.bounding_box(), cell.locator("span[style]").first.bounding_box()
    assert whole is not None
    assert bar is not None
    return (bar["x"] - whole["x"]) / whole["width"]


def test_events_are_listed_as_they_came(stage: Stage, hands: Hands):
    answer = told("answer")
    hands.open(stage.add(saying(answer)))
    hands.run("numbers")
    hands.heard("Run finished")

    hands.view("Events")

    events = hands.output.get_by_role("listbox", name="Events")
    expect(events.get_by_role("option").first).to_contain_text("on_chain_start")
    events.get_by_role("option").filter(has_text=answer).first.click()
    expect(hands.output.get_by_role("region", name=re.compile(r"Event \d+"))).to_contain_text(
        answer
    )
