"""What outlives a visit: drafts, the history of runs, and links that were shared."""

from typing import Any

import pytest
from langchain_core.runnables import ConfigurableField, RunnableConfig, RunnableSerializable
from playwright.sync_api import Locator, expect
from typing_extensions import TypedDict

from moorage.testing import Gate
from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage, saying, see_before_end, told
from tests.protocols.langserve.wire import hashed


class Named(TypedDict):
    topic: str


class Greeting(RunnableSerializable[Named, str]):
    """Greets, in a way that may be configured."""

    greeting: str = "Hello"

    def invoke(
        self,
        input: Named,  # noqa: A002 - LangChain calls it so
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> str:
        return self._call_with_config(self._greet, input, config, **kwargs)

    def _greet(self, named: Named) -> str:
        return f"{self.greeting}, {named['topic']}!"


def greeting() -> Any:
    field = ConfigurableField(id="greeting", name="Greeting")
    configurable = Greeting().configurable_fields(greeting=field)
    return configurable.with_types(input_type=Named)


@pytest.fixture
def history(hands: Hands) -> Locator:
    return hands.page.get_by_role("dialog", name="History")


def open_history(hands: Hands) -> None:
    hands.page.get_by_role("button", name="History", exact=True).click()


def shared(hands: Hands, label: str) -> str:
    """Return a link of the menu."""
    hands.page.get_by_role("button", name="Share", exact=True).click()
    hands.page.get_by_role("button", name=f"Copy: {label}").click()
    hands.heard("Copied")
    hands.page.keyboard.press("Escape")
    return str(hands.page.evaluate("navigator.clipboard.readText()"))


# --- Drafts ------------------------------------------------------------------------------------


def test_what_was_typed_survives_a_reload(stage: Stage, hands: Hands):
    topic = told("topic")
    hands.open(stage.add(greeting()))
    hands.input.fill(topic)
    hands.field("Greeting").fill("Salut")
    hands.choose("invoke")

    hands.page.reload()

    expect(hands.input).to_have_value(topic)
    expect(hands.field("Greeting")).to_have_value("Salut")
    expect(hands.method).to_have_value("invoke")


def test_a_reload_in_the_middle_of_a_run_stops_it_and_keeps_the_draft(stage: Stage, hands: Hands):
    gate, first = Gate(), told("first")
    hands.open(stage.add(saying([first, gate, "never"], "later")))
    hands.run("numbers")
    see_before_end(hands, first)

    hands.page.reload()

    expect(hands.input).to_have_value("numbers")
    expect(hands.output).to_contain_text("Nothing yet")
    gate.open()
    hands.run()
    expect(hands.output).to_contain_text("later")


# --- History -----------------------------------------------------------------------------------


def test_runs_are_listed_put_back_and_deleted(
    stage: Stage, hands: Hands, history: Locator, axe: Axe
):
    topics = [told("one"), told("two")]
    hands.open(stage.add(greeting()))
    for number, topic in enumerate(topics):
        hands.field("Greeting").fill(f"Hello{number}")
        hands.run(topic)
        expect(hands.output).to_contain_text(f"Hello{number}, {topic}!")
    hands.page.reload()
    hands.ready()
    open_history(hands)

    expect(history.get_by_role("listitem")).to_have_count(2)
    entry = history.get_by_role("listitem").filter(has_text=topics[0])
    expect(entry).to_contain_text("finished")
    expect(entry).to_contain_text(f"Hello0, {topics[0]}!")
    axe(hands.page)
    entry.get_by_role("button", name="Put into the form").click()
    expect(history).to_have_count(0)
    expect(hands.input).to_have_value(topics[0])
    expect(hands.field("Greeting")).to_have_value("Hello0")
    open_history(hands)
    entry.get_by_role("button", name="Delete").click()
    expect(history.get_by_role("listitem")).to_have_count(1)
    history.get_by_role("button", name="Delete all").click()
    expect(history.get_by_role("listitem")).to_have_count(1)
    history.get_by_role("button", name="Delete 1 run for good").click()
    expect(history).to_contain_text("No runs yet")


def test_two_runs_are_compared(stage: Stage, hands: Hands, history: Locator, axe: Axe):
    hands.open(stage.add(greeting()))
    for word in ("Hello", "Goodbye"):
        hands.field("Greeting").fill(word)
        hands.run("Ada")
        expect(hands.output).to_contain_text(f"{word}, Ada!")
    open_history(hands)
    expect(history.get_by_role("checkbox")).to_have_count(2)
    for box in history.get_by_role("checkbox").all():
        box.check()

    history.get_by_role("button", name="Compare", exact=True).click()

    same = history.get_by_role("region", name="Input", exact=True)
    expect(same).to_contain_text("The same in both")
    output = history.get_by_role("region", name="Output", exact=True)
    expect(output.get_by_role("deletion")).to_have_text("Hello")
    expect(output.get_by_role("insertion")).to_have_text("Goodbye")
    axe(hands.page)


def test_failed_and_stopped_runs_are_kept_too(stage: Stage, hands: Hands, history: Locator):
    gate, first = Gate(), told("first")
    hands.open(stage.add(saying([ValueError("broken")], [first, gate, "never"])))
    hands.run("one")
    hands.heard("Run failed")
    hands.run("two")
    see_before_end(hands, first)
    hands.stop_button.click()
    hands.heard("Run stopped")
    gate.open()

    open_history(hands)

    runs = history.get_by_role("listitem")
    expect(runs.filter(has_text="failed")).to_have_count(1)
    expect(runs.filter(has_text="stopped")).to_contain_text(first)


# --- Links -------------------------------------------------------------------------------------


def test_a_link_brings_the_configuration_without_the_input(
    stage: Stage, hands: Hands, guest: Hands
):
    topic, word = told("topic"), told("Salut")
    hands.open(stage.add(greeting()))
    hands.input.fill(topic)
    hands.field("Greeting").fill(word)
    link = shared(hands, "Link with the configuration")

    guest.page.goto(link)

    expect(guest.field("Greeting")).to_have_value(word)
    expect(guest.input).to_have_value("")
    guest.run("Ada")
    expect(guest.output).to_contain_text(f"{word}, Ada!")


def test_a_link_brings_the_input_where_that_is_wished(stage: Stage, hands: Hands, guest: Hands):
    topic, word = told("tópic ✓ "), told("Salut")
    hands.open(stage.add(greeting()))
    hands.input.fill(topic)
    hands.field("Greeting").fill(word)
    link = shared(hands, "Link with configuration and input")

    guest.page.goto(link)

    expect(guest.input).to_have_value(topic)
    expect(guest.page.get_by_role("main")).to_contain_text("The input came with the link")
    guest.run()
    expect(guest.output).to_contain_text(f"{word}, {topic}!")


def test_the_base_address_of_a_link_serves_other_clients(stage: Stage, hands: Hands):
    word = told("Salut")
    hands.open(stage.add(greeting()))
    hands.field("Greeting").fill(word)

    base = shared(hands, "Base address for clients")

    answer = hands.page.request.post(f"{base}/invoke", data={"input": {"topic": "Ada"}})
    assert answer.json()["output"] == f"{word}, Ada!"


def test_a_link_that_langserve_made_works(stage: Stage, hands: Hands):
    word = told("Salut")
    config = hashed({"configurable": {"greeting": word}})

    hands.open(f"{stage.add(greeting())}/c/{config}")

    expect(hands.field("Greeting")).to_have_value(word)
    hands.run("Ada")
    expect(hands.output).to_contain_text(f"{word}, Ada!")
