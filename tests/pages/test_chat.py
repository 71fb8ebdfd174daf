"""Conversations on the page of a runnable: what is sent, what is shown, and what is kept."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from langchain_core.messages import AnyMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from playwright.sync_api import Locator, Page, expect
from pydantic import BaseModel
from typing_extensions import TypedDict

from moorage import Settings, add_routes, create_app
from moorage.testing import Gate, ScriptedChatModel, call
from tests.conftest import Serve
from tests.pages.conftest import Axe
from tests.pages.forms import copy_image
from tests.pages.watching import Watch

THREAD = re.compile("^Thread [0-9a-f]")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


class Conversation(BaseModel):
    messages: list[AnyMessage]


class Question(BaseModel):
    """The history of a conversation, and what is asked now."""

    history: list[AnyMessage]
    question: str


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


Publish = Callable[..., str]


@pytest.fixture
def publish(serve: Serve) -> Publish:
    """Serve one runnable; returns the address of its playground."""

    def add(runnable: Runnable[Any, Any], **options: Any) -> str:
        app: FastAPI = create_app(Settings.parse({}, log_level="CRITICAL"))
        add_routes(app, runnable, path="/talk", **options)
        return f"{serve(app)}/talk/playground/"

    return add


def talking(model: ScriptedChatModel) -> Runnable[Any, Any]:
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("messages")])
    runnable: Runnable[Any, Any] = prompt | model
    return runnable.with_types(input_type=Conversation)


def agent(model: ScriptedChatModel, **options: Any) -> Any:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    bound = model.bind_tools([add])

    async def answer(state: State) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke(state["messages"])]}

    graph = StateGraph(State)
    graph.add_node("model", answer)
    graph.add_node("tools", ToolNode([add]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(**options)


def texts(model: ScriptedChatModel, number: int = -1) -> list[str]:
    """What the model was told in one of its calls."""
    return [str(message.text) for message in model.calls[number]]


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def say(page: Page, text: str) -> None:
    """Send a message, once the answer to the one before is whole."""
    expect(page.get_by_role("button", name="Send", exact=True)).to_have_count(1)
    composer(page).fill(text)
    composer(page).press("Enter")


def bubbles(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversation").get_by_role("article")


def finished(page: Page) -> None:
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_conversation_is_streamed_and_sent_as_a_whole(page: Page, publish: Publish, axe: Axe):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Good ", gate, "**day**"], "Again"])
    page.goto(publish(talking(model), playground_type="chat"))
    axe(page)

    say(page, "Hello")

    expect(bubbles(page).nth(1)).to_contain_text("Good")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    gate.open()
    finished(page)
    expect(bubbles(page).nth(1).get_by_text("day")).to_have_css("font-weight", "700")

    say(page, "More")

    expect(bubbles(page)).to_have_count(4)
    expect(bubbles(page).nth(3)).to_contain_text("Again")
    assert texts(model) == ["Hello", "Good **day**", "More"]
    axe(page)


def test_a_line_is_begun_with_shift(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=["Yes"])
    page.goto(publish(talking(model), playground_type="chat"))

    composer(page).press_sequentially("one")
    composer(page).press("Shift+Enter")
    composer(page).press_sequentially("two")
    composer(page).press("Enter")

    expect(bubbles(page)).to_have_count(2)
    assert texts(model) == ["one\ntwo"]


def kinds_of_parts(model: ScriptedChatModel) -> list[str]:
    """The kinds of the parts of the last message that the model was told."""
    content = model.calls[-1][-1].content
    return [part if isinstance(part, str) else part["type"] for part in content]


def test_an_image_is_pasted_and_kept_when_the_message_is_edited(
    page: Page, publish: Publish, axe: Axe
):
    model = ScriptedChatModel(responses=["A cat", "A dog"])
    page.goto(publish(talking(model), playground_type="chat"))
    composer(page).fill("What is this?")
    copy_image(page)
    composer(page).press("ControlOrMeta+V")
    expect(page.get_by_role("img", name="Preview of image")).to_be_visible()
    axe(page)

    composer(page).press("Enter")

    expect(bubbles(page).nth(1)).to_contain_text("A cat")
    expect(bubbles(page).nth(0).get_by_role("img")).to_be_visible()
    expect(page.get_by_role("img", name="Preview of image")).to_have_count(0)
    expect(composer(page)).to_be_focused()
    assert kinds_of_parts(model) == ["text", "image_url"]
    image = model.calls[-1][-1].content[1]

    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("img", name="Preview of image")).to_be_visible()
    page.get_by_role("button", name="Move Part 2 of the message up").click()
    composer(page).first.fill("And this?")
    composer(page).first.press("Enter")

    expect(bubbles(page).nth(1)).to_contain_text("A dog")
    assert texts(model) == ["And this?"]
    assert model.calls[-1][-1].content == [image, {"type": "text", "text": "And this?"}]


def test_files_alone_are_a_message(page: Page, publish: Publish, tmp_path: Path):
    model = ScriptedChatModel(responses=["Read"])
    page.goto(publish(talking(model), playground_type="chat"))
    note = tmp_path / "note.txt"
    note.write_text("Hello")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()

    page.get_by_label("Attach images or files").set_input_files([note])
    page.get_by_role("button", name="Send").click()

    expect(bubbles(page).nth(1)).to_contain_text("Read")
    file = {"base64": "SGVsbG8=", "mime_type": "text/plain", "filename": "note.txt"}
    assert model.calls[-1][-1].content == [{"type": "file", **file}]


def test_a_conversation_too_large_to_be_kept_says_so(page: Page, publish: Publish, tmp_path: Path):
    model = ScriptedChatModel(responses=["Read"])
    page.goto(publish(talking(model), playground_type="chat"))
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(400_000))
    page.get_by_label("Attach images or files").set_input_files([large])
    expect(page.get_by_text("too large to be here after a reload")).to_have_count(0)

    page.get_by_role("button", name="Send").click()

    expect(bubbles(page).nth(1)).to_contain_text("Read")
    expect(page.get_by_text("too large to be here after a reload")).to_be_visible()


def test_history_and_question_are_told_apart_where_the_input_does(page: Page, publish: Publish):
    prompt = ChatPromptTemplate.from_messages(
        [MessagesPlaceholder("history"), ("human", "{question}")]
    )
    model = ScriptedChatModel(responses=["First", "Second"])
    page.goto(publish(prompt | model, input_type=Question, playground_type="chat"))

    expect(page.get_by_label("Attach images or files")).to_have_count(0)
    say(page, "one")
    finished(page)
    say(page, "two")

    expect(bubbles(page).nth(3)).to_contain_text("Second")
    assert texts(model) == ["one", "First", "two"]


def test_stopping_keeps_what_was_said(page: Page, publish: Publish):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Half ", gate, "never"]])
    page.goto(publish(talking(model), playground_type="chat"))
    say(page, "Hello")
    expect(bubbles(page).nth(1)).to_contain_text("Half")

    page.get_by_role("button", name="Stop").click()

    model.interrupted.wait()
    expect(page.get_by_text("Stopped here")).to_be_visible()
    expect(bubbles(page).nth(1)).to_contain_text("Half")
    finished(page)
    gate.open()


def test_a_question_is_asked_in_other_words_and_once_more(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=["First", "Second", "Third", "Fourth"])
    page.goto(publish(talking(model), playground_type="chat"))
    say(page, "one")
    expect(bubbles(page).nth(1)).to_contain_text("First")
    say(page, "two")
    expect(bubbles(page).nth(3)).to_contain_text("Second")

    page.get_by_role("button", name="Ask again").click()

    expect(bubbles(page).nth(3)).to_contain_text("Third")
    assert texts(model) == ["one", "First", "two"]

    page.get_by_role("button", name="Edit").first.click()
    page.get_by_role("textbox", name="Message").first.fill("uno")
    page.get_by_role("button", name="Send again").click()

    expect(bubbles(page).nth(1)).to_contain_text("Fourth")
    expect(bubbles(page)).to_have_count(2)
    assert texts(model) == ["uno"]


def test_an_answer_that_failed_can_be_asked_for_again(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=[["Half ", ValueError("no")], "Whole"])
    page.goto(publish(talking(model), playground_type="chat"))

    say(page, "Hello")

    expect(page.get_by_role("alert").filter(has_text="The run failed")).to_be_visible()
    expect(bubbles(page).nth(1)).to_contain_text("Half")
    page.get_by_role("button", name="Try again").click()

    expect(bubbles(page).nth(1)).to_contain_text("Whole")
    expect(bubbles(page)).to_have_count(2)
    assert texts(model) == ["Hello"]


def test_tools_and_their_results_are_shown(page: Page, publish: Publish, axe: Axe):
    model = ScriptedChatModel(responses=[[call("add", a=2, b=3)], "It is 5."])
    page.goto(f"{publish(agent(model))}?tab=chat")

    say(page, "How much is 2 + 3?")

    expect(bubbles(page).filter(has_text="Tool · add")).to_contain_text("5")
    expect(page.get_by_role("article", name="Calls add")).to_contain_text("a: 2")
    expect(bubbles(page).last).to_contain_text("It is 5.")
    axe(page)


def test_a_thread_remembers_so_that_only_what_is_new_is_sent(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=["First", "Second", "Third", "Fourth"])
    page.goto(f"{publish(agent(model, checkpointer=InMemorySaver()))}?tab=chat")
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json or None))
    say(page, "one")
    expect(bubbles(page).nth(1)).to_contain_text("First")
    say(page, "two")
    expect(bubbles(page).nth(3)).to_contain_text("Second")
    page.reload()
    expect(bubbles(page)).to_have_count(4)

    say(page, "three")

    expect(bubbles(page).nth(5)).to_contain_text("Third")
    assert texts(model) == ["one", "First", "two", "Second", "three"]
    runs = [body for body in sent if body and "input" in body]
    assert [len(run["input"]["messages"]) for run in runs] == [1, 1, 1]
    assert len({run["config"]["configurable"]["thread_id"] for run in runs}) == 1

    page.get_by_role("button", name="New thread").click()
    expect(bubbles(page)).to_have_count(0)
    say(page, "anew")

    expect(bubbles(page).nth(1)).to_contain_text("Fourth")
    assert texts(model) == ["anew"]


def test_editing_in_a_thread_begins_another_with_what_was_before(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=["First", "Second", "Third", "Fourth"])
    page.goto(f"{publish(agent(model, checkpointer=InMemorySaver()))}?tab=chat")
    say(page, "one")
    expect(bubbles(page).nth(1)).to_contain_text("First")
    say(page, "two")
    expect(bubbles(page).nth(3)).to_contain_text("Second")
    before = page.get_by_text(THREAD).inner_text()

    page.get_by_role("button", name="Edit").last.click()
    page.get_by_role("textbox", name="Message").first.fill("due")
    page.get_by_role("button", name="Send again").click()

    expect(bubbles(page).nth(3)).to_contain_text("Third")
    assert texts(model) == ["one", "First", "due"]
    assert page.get_by_text(THREAD).inner_text() != before
    say(page, "three")
    expect(bubbles(page).nth(5)).to_contain_text("Fourth")
    assert texts(model) == ["one", "First", "due", "Third", "three"]


def test_two_tabs_talk_in_two_threads(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=["First", "Second"])
    address = f"{publish(agent(model, checkpointer=InMemorySaver()))}?tab=chat"
    page.goto(address)
    say(page, "one")
    expect(bubbles(page).nth(1)).to_contain_text("First")
    other = page.context.new_page()
    other.goto(address)

    say(other, "two")

    expect(bubbles(other).nth(1)).to_contain_text("Second")
    assert texts(model) == ["two"]


def test_without_a_place_for_messages_there_is_the_form(page: Page, publish: Publish, axe: Axe):
    def double(number: int) -> int:
        return number * 2

    page.goto(publish(RunnableLambda(double), playground_type="chat"))

    expect(page.get_by_text("no place for a conversation")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    axe(page)


def test_what_is_said_is_text_whatever_it_looks_like(page: Page, publish: Publish):
    model = ScriptedChatModel(responses=[HOSTILE])
    page.goto(publish(talking(model), playground_type="chat"))

    say(page, HOSTILE)

    expect(bubbles(page).nth(0)).to_contain_text(HOSTILE)
    finished(page)
    expect(page.locator("main img, main script")).to_have_count(0)


def test_a_service_that_has_gone_keeps_the_question(page: Page, publish: Publish, watch: Watch):
    watch.expect("console: Failed to load resource.*stream_events")
    model = ScriptedChatModel(responses=["Here again"])
    page.goto(publish(talking(model), playground_type="chat"))
    expect(composer(page)).to_be_visible()
    page.route("**/stream_events", lambda route: route.abort("connectionrefused"))

    say(page, "Hello")

    expect(page.get_by_role("alert").filter(has_text="could not be reached")).to_be_visible()
    expect(bubbles(page)).to_have_count(1)
    page.unroute("**/stream_events")
    page.get_by_role("button", name="Try again").click()
    expect(bubbles(page).nth(1)).to_contain_text("Here again")
