"""What people are told when a run does not come to its end."""

import re
from operator import itemgetter
from typing import Any

import pytest
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableSerializable
from playwright.sync_api import expect
from pydantic import BaseModel, field_validator

from moorage import add_routes
from moorage.testing import Gate, serving
from tests.conftest import Serve
from tests.pages.conftest import Axe
from tests.pages.proxies import cutting
from tests.pages.stage import Hands, Stage, saying, see_before_end, service, told
from tests.pages.watching import Watch


class Order(BaseModel):
    """Something to be bought."""

    item: str
    count: str

    @field_validator("count")
    @classmethod
    def is_a_dozen(cls, count: str) -> str:
        if count != "12":
            raise ValueError("sold by the dozen")
        return count


def test_a_run_that_fails_before_the_first_piece(stage: Stage, hands: Hands, axe: Axe):
    hands.open(stage.add(saying([ValueError("secret of the server")])))

    hands.run("numbers")

    hands.heard("Run failed")
    expect(hands.alert).to_contain_text("The run failed")
    expect(hands.alert).to_contain_text(re.compile("Request *[0-9a-f]{32}"))
    expect(hands.page.get_by_text("secret of the server")).to_have_count(0)
    expect(hands.output).to_contain_text("Failed")
    axe(hands.page)


def test_a_run_that_fails_in_the_middle_keeps_what_arrived(stage: Stage, hands: Hands):
    first, gate = told("first"), Gate()
    hands.open(stage.add(saying([first, gate, ValueError("broken")])))
    hands.run("numbers")
    see_before_end(hands, first)

    gate.open()

    hands.heard("Run failed")
    expect(hands.alert).to_contain_text("The run failed")
    expect(hands.output).to_contain_text(first)


class Echo(RunnableSerializable[str, str]):
    """Runs without LangChain's callbacks, so that no step of it is told."""

    def invoke(self, input: str, config: RunnableConfig | None = None, **_: Any) -> str:  # noqa: A002
        return f"{input}!"


@pytest.mark.parametrize("hidden", [False, True], ids=["no callbacks", "not allowed"])
def test_a_runnable_that_tells_no_steps_tells_its_output(stage: Stage, hands: Hands, hidden: bool):
    shout: Runnable[str, str] = RunnableLambda(lambda text: f"{text}!")
    options = {"stream_log_name_allow_list": ["none"]} if hidden else {}
    hands.open(stage.add(shout if hidden else Echo(), input_type=str, **options))
    said = told("said")

    hands.text.fill(said)
    hands.run()

    hands.heard("Run finished")
    expect(hands.output).to_contain_text(f"{said}!")


def test_a_link_that_is_broken_is_called_so(stage: Stage, hands: Hands, watch: Watch):
    base = stage.add(saying(["never"]))
    watch.expect("400")

    hands.page.goto(f"{base}/c/1234/playground/")

    expect(hands.page.get_by_role("alert")).to_contain_text("Invalid config hash")


def test_trying_again_runs_it_again(stage: Stage, hands: Hands):
    answer = told("answer")
    hands.open(stage.add(saying([ValueError("broken")], answer)))
    hands.run("numbers")

    hands.alert.get_by_role("button", name="Try again").click()

    hands.heard("Run finished")
    expect(hands.output).to_contain_text(answer)
    expect(hands.alert).to_have_count(0)


def test_a_failure_of_the_service_can_be_copied_in_full(stage: Stage, hands: Hands, watch: Watch):
    watch.expect("console: .* 500 .*/invoke")
    hands.open(stage.add(saying([ValueError("broken")])))
    hands.choose("invoke")

    hands.run("numbers")

    expect(hands.alert).to_contain_text("The run failed (500)")
    hands.alert.get_by_role("button", name="Copy details").click()
    hands.heard("Copied")
    copied = hands.page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"Status: 500\nRequest: [0-9a-f]{32}\n", copied)


def test_too_many_requests_say_when_to_come_back(hands: Hands, serve: Serve, watch: Watch):
    watch.expect("console: .* 429 .*/invoke")
    app = service(rate_limits={"/chain/invoke": "1/minute"})
    add_routes(app, saying("one", "two"), path="/chain")
    hands.open(f"{serve(app)}/chain")
    hands.choose("invoke")
    hands.run("numbers")
    hands.heard("Run finished")

    hands.run()

    expect(hands.alert).to_contain_text("Too many requests (429)")
    expect(hands.alert).to_contain_text(re.compile(r"Try again in [1-6]?\d s\."))


def test_a_service_without_a_free_place_says_so(hands: Hands, serve: Serve, watch: Watch):
    watch.expect("console: .* 503 .*/stream_events")
    gate, first = Gate(), told("first")
    app = service(max_concurrency=1, concurrency_wait="0s")
    add_routes(app, saying([first, gate]), path="/chain")
    url = f"{serve(app)}/chain"
    other = Hands(hands.page.context.new_page())
    for tab in (other, hands):
        tab.open(url)
    other.run("first come")
    see_before_end(other, first)

    hands.run("second come")

    expect(hands.alert).to_contain_text("The service has no capacity now (503)")
    gate.open()
    other.heard("Run finished")


def test_a_complaint_of_the_service_leads_to_the_field(
    stage: Stage, hands: Hands, watch: Watch, axe: Axe
):
    watch.expect("console: .* 422 .*/stream_events")

    hands.open(stage.add(RunnableLambda(itemgetter("item")), input_type=Order))
    item = hands.page.get_by_role("textbox", name="Item", exact=True)
    count = hands.page.get_by_role("textbox", name="Count", exact=True)
    item.fill("eggs")
    count.fill("11")

    hands.run()

    expect(count).to_have_attribute("aria-invalid", "true")
    expect(count).to_have_accessible_description(re.compile("sold by the dozen"))
    expect(count).to_be_focused()
    expect(item).not_to_have_attribute("aria-invalid", "true")
    expect(hands.alert).to_contain_text("sold by the dozen")
    axe(hands.page)
    count.fill("12")
    hands.run()
    hands.heard("Run finished")
    expect(hands.output).to_contain_text("eggs")
    expect(count).not_to_have_attribute("aria-invalid", "true")


def test_a_complaint_of_the_form_keeps_the_run_back(stage: Stage, hands: Hands):
    hands.open(stage.add(RunnableLambda(len), input_type=int))

    hands.run()

    expect(hands.page.get_by_role("main")).to_contain_text("One field may not be accepted.")
    expect(hands.page.get_by_role("textbox").first).to_be_focused()
    expect(hands.output).to_contain_text("Nothing yet")


def test_a_connection_that_is_cut_is_told_from_an_end(stage: Stage, hands: Hands, watch: Watch):
    watch.expect("console: Failed to load resource: net::ERR_INCOMPLETE_CHUNKED_ENCODING")
    first, gate = told("first"), Gate()
    url = stage.add(saying([first, gate]))
    with cutting(stage.url) as (proxied, cut):
        hands.open(url.replace(stage.url, proxied))
        hands.run("numbers")
        see_before_end(hands, first)

        cut.open()

        hands.heard("Run failed")
        expect(hands.alert).to_contain_text("The connection was cut before the run ended")
        expect(hands.output).to_contain_text(first)
        hands.settled()
    gate.open()


def test_what_cannot_be_loaded_any_more_leaves_the_rest_of_the_page(hands: Hands, watch: Watch):
    watch.expect("console: .*net::ERR_CONNECTION_REFUSED")
    watch.expect("console: .*Failed to fetch dynamically imported module")
    app = service()
    add_routes(app, saying("one"), path="/chain")
    topic = told("topic")
    with serving(app) as base:
        hands.open(f"{base}/chain")
        hands.input.fill(topic)

    panel = hands.tab("Code")

    expect(panel).to_contain_text("could not be loaded")
    hands.tab("Form")
    expect(hands.input).to_have_value(topic)


def test_a_service_that_is_gone_is_told(hands: Hands, watch: Watch):
    watch.expect("console: Failed to load resource: net::ERR_CONNECTION_REFUSED")
    app = service()
    add_routes(app, saying("one"), path="/chain")
    topic = told("topic")
    with serving(app) as base:
        hands.open(f"{base}/chain")

    hands.run(topic)

    hands.heard("Run failed")
    expect(hands.alert).to_contain_text("The service could not be reached")
    expect(hands.input).to_have_value(topic)


@pytest.mark.parametrize("status", [502, 200])
def test_an_answer_of_something_in_between_is_told_from_the_services(
    stage: Stage, hands: Hands, watch: Watch, status: int
):
    if status != 200:
        watch.expect(f"console: .* {status} .*/stream_events")
    hands.open(stage.add(saying("one")))
    page = f"<h1>{told('Sign in here')}</h1>"
    hands.page.route(
        "**/stream_events",
        lambda route: route.fulfill(status=status, content_type="text/html", body=page),
    )

    hands.run("numbers")

    expect(hands.alert).to_contain_text("did not come from the service")
    hands.alert.get_by_role("button", name="Details", exact=True).click()
    expect(hands.alert).to_contain_text(page)
