"""A run as people see it: started, watched, stopped, and what is told about it."""

import re

import pytest
from playwright.sync_api import expect

from moorage.testing import Gate, ScriptedChatModel
from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage, saying, see_before_end, speaking, told


@pytest.mark.parametrize("method", ["stream", "events"])
def test_text_appears_while_the_run_goes_on(stage: Stage, hands: Hands, method: str):
    gate, first, last = Gate(), told("first"), told("last")
    hands.open(stage.add(saying([first, gate, f" {last}"])))
    hands.choose(method)

    hands.run("numbers")

    see_before_end(hands, first)
    expect(hands.output).not_to_contain_text(last)
    gate.open()
    hands.heard("Run finished")
    expect(hands.output).to_contain_text(f"{first} {last}")
    expect(hands.output).to_contain_text(re.compile(r"Finished · [\d.]+ m?s"))


def test_what_is_selected_stays_so_while_its_paragraph_grows(stage: Stage, hands: Hands):
    more, rest = Gate(), Gate()
    first, grown, below = (told(word).replace("-", "") for word in ("first", "grown", "below"))
    hands.open(
        stage.add(saying([f"**{first}** and", more, f" **{grown}**\n\n{below}", rest, " end"]))
    )
    hands.run("numbers")
    see_before_end(hands, first)

    hands.output.get_by_text(first, exact=True).dblclick()
    more.open()

    see_before_end(hands, below)
    assert hands.page.evaluate("getSelection().toString().trim()") == first
    expect(hands.output).not_to_contain_text(grown)
    hands.input.click()
    expect(hands.output.get_by_role("strong")).to_have_text([first, grown])
    rest.open()
    hands.heard("Run finished")


@pytest.mark.parametrize("method", ["invoke", "batch"])
def test_an_answer_that_comes_as_a_whole(stage: Stage, hands: Hands, method: str):
    answer = told("answer")
    hands.open(stage.add(saying(answer)))
    hands.choose(method)

    hands.run("numbers")

    hands.heard("Run finished")
    expect(hands.output).to_contain_text(answer)


def test_stopping_reaches_the_server_and_keeps_what_arrived(stage: Stage, hands: Hands, axe: Axe):
    gate, first = Gate(), told("first")
    model = ScriptedChatModel(responses=[[first, gate, "never"]])
    hands.open(stage.add(speaking(model)))
    hands.run("numbers")
    see_before_end(hands, first)

    hands.stop_button.click()

    hands.heard("Run stopped")
    model.interrupted.wait()
    expect(hands.output).to_contain_text(first)
    expect(hands.output).to_contain_text("Stopped")
    expect(hands.alert).to_have_count(0)
    expect(hands.run_button).to_be_enabled()
    axe(hands.page)
    gate.open()


def test_a_run_that_is_left_for_another_is_stopped(stage: Stage, hands: Hands):
    gate, first, second = Gate(), told("first"), told("second")
    model = ScriptedChatModel(responses=[[first, gate, "never"], second])
    hands.open(stage.add(speaking(model)))
    hands.run("one")
    see_before_end(hands, first)

    hands.input.press("Control+Enter")

    model.interrupted.wait()
    hands.heard("Run finished")
    expect(hands.output).to_contain_text(second)
    expect(hands.output).not_to_contain_text(first)
    gate.open()


def test_a_slow_first_token_is_waited_for(stage: Stage, hands: Hands):
    gate, answer = Gate(), told("answer")
    hands.open(stage.add(saying([gate, answer])))

    hands.run("numbers")

    expect(hands.output).to_contain_text("Waiting for the first piece")
    expect(hands.output).to_contain_text(re.compile(r"(Running|Starting) · [\d.]+ m?s"))
    gate.open()
    hands.heard("Run finished")
    expect(hands.output).to_contain_text(answer)


def test_what_is_told_about_a_run(stage: Stage, hands: Hands):
    hands.open(stage.add(saying([told("one"), " two", " three"])))

    hands.run("four words are here")

    hands.heard("Run finished")
    told_of_it = hands.output
    expect(told_of_it).to_contain_text(re.compile(r"first [\d.]+ m?s"))
    expect(told_of_it).to_contain_text("4 → 3 tokens")
    expect(told_of_it).to_contain_text(re.compile(r"\d chunks"))
    shown = told_of_it.get_by_text(re.compile(r"^Run [0-9a-f]{8}$")).inner_text()
    told_of_it.get_by_role("button", name="Copy the run's id").click()
    hands.heard("Copied")
    copied = hands.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(shown.removeprefix("Run "))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", copied)


def test_the_keyboard_runs_it(stage: Stage, hands: Hands):
    answer = told("answer")
    hands.open(stage.add(saying(answer)))

    hands.input.fill("numbers")
    hands.input.press("Control+Enter")

    hands.heard("Run finished")
    expect(hands.output).to_contain_text(answer)


def test_the_output_is_there_as_it_came_too(stage: Stage, hands: Hands):
    word = told("word")
    hands.open(stage.add(saying(f"**{word}**")))
    hands.run("numbers")
    hands.heard("Run finished")
    expect(hands.output.get_by_role("strong")).to_have_text(word)

    hands.view("Raw")

    expect(hands.output).to_contain_text(f'"**{word}**"')


def test_two_tabs_do_not_disturb_one_another(stage: Stage, hands: Hands):
    gates = [Gate(), Gate()]
    words = [told("one"), told("two")]
    replies = [[word, gate, " end"] for word, gate in zip(words, gates, strict=True)]
    url = stage.add(saying(*replies))
    tabs = [hands, Hands(hands.page.context.new_page())]
    for number, tab in enumerate(tabs):
        tab.open(url)
        tab.run(f"topic {number}")
        see_before_end(tab, words[number])

    tabs[0].stop_button.click()

    tabs[0].heard("Run stopped")
    see_before_end(tabs[1], words[1])
    gates[1].open()
    tabs[1].heard("Run finished")
    expect(tabs[1].output).to_contain_text(f"{words[1]} end")
    for number, tab in enumerate(tabs):
        tab.page.reload()
        expect(tab.input).to_have_value(f"topic {number}")
    gates[0].open()
