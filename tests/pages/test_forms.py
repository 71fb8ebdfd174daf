"""Forms of every shape of schema: what people fill in is what the service receives."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import (
    ConfigurableField,
    ConfigurableFieldMultiOption,
    ConfigurableFieldSingleOption,
    Runnable,
    RunnableSerializable,
)
from playwright.sync_api import Page, Route, expect
from pydantic import BaseModel, Field, RootModel, SecretStr, create_model

from app.agents.conversation import Conversation
from moorage.langserve import CustomUserType
from moorage.testing import ScriptedChatModel, serving
from tests.pages.conftest import Axe
from tests.pages.forms import Desk, Door, copy_image
from tests.pages.stage import Hands, Stage, service
from tests.pages.watching import Watch

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccf"
    "c0f01f000501017f2b4e8a5c0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Stage, Door]]:
    """A service behind a door."""
    app = service()
    door = Door(app)
    with serving(door) as url:
        yield Stage(app, url), door


@pytest.fixture
def desk(served: tuple[Stage, Door], hands: Hands) -> Desk:
    return Desk(*served, hands)


# --- Optional fields, defaults, complaints -------------------------------------------------------


class Trip(BaseModel):
    """A trip."""

    city: str
    days: int | None = None
    note: str | None = "by train"
    guide: str | None
    seats: int = 2


def test_optional_fields_can_be_left_out_set_and_null(desk: Desk, axe: Axe):
    desk.open(Trip)
    desk.hands.field("City").fill("Oslo")
    assert desk.sent() == {"city": "Oslo", "note": "by train", "guide": None, "seats": 2}

    desk.press("1 optional field")
    desk.hands.field("Days").fill("3")
    desk.hands.field("Guide").fill("Ada")
    desk.more("Note", "Leave out")
    desk.hands.field("Seats").fill("4")
    assert desk.sent() == {"city": "Oslo", "days": 3, "guide": "Ada", "seats": 4}

    desk.more("Days", "Send null")
    desk.more("Note", "Send empty text")
    axe(desk.page)
    assert desk.sent() == {"city": "Oslo", "days": None, "guide": "Ada", "note": "", "seats": 4}


def test_complaints_come_after_a_visit_or_a_run(desk: Desk):
    desk.open(Trip)
    form = desk.page.get_by_role("tabpanel", name="Form")
    expect(form.get_by_text("Required")).to_have_count(0)

    desk.hands.field("Seats").fill("many")
    expect(form.get_by_text("Must be a number")).to_have_count(0)
    desk.hands.field("City").focus()
    expect(desk.hands.field("Seats")).to_have_accessible_description("Must be a number")
    expect(form.get_by_text("Required")).to_have_count(0)

    before = desk.asked
    desk.hands.run()
    expect(desk.hands.field("City")).to_have_accessible_description("Required")
    expect(desk.hands.field("City")).to_be_focused()
    expect(form).to_contain_text("2 fields may not be accepted.")
    assert desk.asked == before

    desk.hands.field("City").fill("Oslo")
    desk.hands.field("Seats").fill("3")
    expect(form.get_by_text("Required")).to_have_count(0)
    assert desk.sent() == {"city": "Oslo", "note": "by train", "guide": None, "seats": 3}


def test_people_may_insist(desk: Desk, watch: Watch):
    watch.expect("console: .* 422")
    desk.open(Trip)
    desk.hands.field("City").fill("Oslo")
    desk.hands.field("Seats").fill("many")
    desk.hands.run()

    desk.press("Run it as it is")

    expect(desk.hands.alert).to_contain_text("422")
    expect(desk.hands.field("Seats")).to_have_accessible_description(re.compile("integer"))


# --- Unions --------------------------------------------------------------------------------------


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(9, ge=0, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class House(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


def test_discriminated_unions_are_a_choice_of_kinds(desk: Desk, axe: Axe):
    desk.open(House)
    assert desk.sent() == {"pet": {"kind": "cat", "lives": 9}}

    desk.choose("Kind of Pet", "Dog")
    desk.hands.field("Name").fill("Rex")
    axe(desk.page)

    assert desk.sent() == {"pet": {"kind": "dog", "name": "Rex"}}


def test_kinds_keep_what_was_written_in_them(desk: Desk):
    desk.open(House)
    desk.choose("Kind of Pet", "Dog")
    desk.hands.field("Name").fill("Rex")

    desk.choose("Kind of Pet", "Cat")
    desk.choose("Kind of Pet", "Dog")

    expect(desk.hands.field("Name")).to_have_value("Rex")


class Mixed(BaseModel):
    value: int | str | list[str]


def test_plain_unions(desk: Desk):
    desk.open(Mixed)
    desk.hands.field("Whole number").fill("12")
    assert desk.sent() == {"value": 12}

    desk.choose("Kind of Value", "Text")
    expect(desk.hands.field("Text")).to_have_value("")
    desk.hands.field("Text").fill("12")
    assert desk.sent() == {"value": "12"}

    desk.choose("Kind of Value", "List of text")
    desk.press("Add to Value")
    desk.hands.field("Item 1").fill("twelve")
    assert desk.sent() == {"value": ["twelve"]}


# --- Recursion, anything, free objects, tuples, maps ---------------------------------------------


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []
    parent: "Tree | None" = None


def test_recursive_schemas_open_on_demand(desk: Desk):
    desk.open(Tree)
    desk.hands.field("Name").fill("root")
    assert desk.sent() == {"name": "root", "children": []}

    desk.press("Add to Children")
    desk.group("Item 1").get_by_role("textbox", name="Name").fill("leaf")
    desk.page.get_by_role("button", name="1 optional field").last.click()
    desk.press("Set Parent")
    desk.group("Parent").get_by_role("textbox", name="Name").fill("seed")

    assert desk.sent() == {
        "name": "root",
        "children": [{"name": "leaf", "children": []}],
        "parent": {"name": "seed", "children": []},
    }


class Loose(BaseModel):
    label: str
    anything: Any
    free: dict[str, Any]


def test_what_has_no_shape_is_written_as_json_and_nothing_else(desk: Desk, axe: Axe):
    desk.open(Loose)
    desk.hands.field("Label").fill("loose")
    desk.write_json('[1, {"two": null}]', "Anything")
    desk.write_json('{"a": {"b": true}}', "Free")
    axe(desk.page)

    assert desk.sent() == {
        "label": "loose",
        "anything": [1, {"two": None}],
        "free": {"a": {"b": True}},
    }


def test_a_runnable_that_takes_anything(desk: Desk):
    desk.open(Any)
    desk.write_json("hello")
    desk.hands.run()
    expect(desk.page.get_by_text("This is not JSON yet")).to_be_visible()

    desk.press("Use it as text")

    assert desk.sent() == "hello"


class Places(BaseModel):
    point: tuple[int, str]
    distances: dict[str, float]
    aliases: dict[Literal["short", "long"], str] = {}


def test_tuples_and_maps(desk: Desk):
    desk.open(Places)
    desk.hands.field("Item 1").fill("3")
    desk.hands.field("Item 2").fill("north")
    desk.press("Add to Distances")
    desk.hands.field("Key 1").fill("Oslo")
    desk.hands.field("Oslo").fill("12.5")
    desk.press("Add to Distances")
    desk.hands.field("Key 2").fill("Rome")
    desk.hands.field("Rome").fill("0")
    desk.press("Add to Aliases")
    desk.page.get_by_role("combobox", name="Key 1").select_option("long")
    desk.hands.field("long").fill("north pole")

    assert desk.sent() == {
        "point": [3, "north"],
        "distances": {"Oslo": 12.5, "Rome": 0},
        "aliases": {"long": "north pole"},
    }

    desk.press("Remove Oslo")
    assert desk.sent()["distances"] == {"Rome": 0}


class Words(BaseModel):
    words: list[str] = Field(max_length=3)


def test_lists_are_added_to_moved_and_emptied_by_keyboard(desk: Desk):
    desk.open(Words)
    keyboard = desk.page.keyboard
    add = desk.page.get_by_role("button", name="Add to Words")
    for number, word in enumerate(("one", "two", "three"), 1):
        add.press("Enter")
        desk.hands.field(f"Item {number}").fill(word)
    expect(add).to_be_disabled()
    assert desk.sent() == {"words": ["one", "two", "three"]}

    desk.hands.field("Item 3").press("Alt+ArrowUp")
    expect(desk.hands.field("Item 2")).to_have_value("three")
    expect(desk.hands.field("Item 2")).to_be_focused()
    desk.hands.heard("Item 3 moved to place 2")
    desk.page.get_by_role("button", name="Move Item 1 down").press("Enter")
    assert desk.sent() == {"words": ["three", "one", "two"]}

    desk.page.get_by_role("button", name="Remove Item 1").press("Enter")
    desk.hands.heard("Item 1 removed")
    expect(add).to_be_focused()
    keyboard.press("Shift+Tab")
    expect(desk.hands.field("Item 2")).to_be_focused()
    assert desk.sent() == {"words": ["one", "two"]}


# --- Choices, dates, numbers, texts --------------------------------------------------------------


class Color(Enum):
    RED = "red"
    BLUE = "blue"


Country = Enum("Country", {f"C{number}": f"country {number}" for number in range(40)})  # type: ignore[misc]


class Choices(BaseModel):
    color: Color
    size: Literal[1, 2] = 2
    country: Country
    shade: Color | None = None
    tags: list[Literal["a", "b", "c"]]
    loud: bool
    sure: bool | None = None


def test_choices_of_a_few_and_of_many(desk: Desk, axe: Axe):
    desk.open(Choices)
    desk.choose("Color", "blue")
    country = desk.page.get_by_role("combobox", name="Country")
    country.fill("country 3")
    country.fill("country 31")
    desk.page.get_by_role("checkbox", name="c", exact=True).click()
    desk.page.get_by_role("checkbox", name="a", exact=True).click()
    assert desk.sent() == {
        "color": "blue",
        "size": 2,
        "country": "country 31",
        "tags": ["c", "a"],
        "loud": False,
    }

    desk.press("2 optional fields")
    desk.choose("Size", "1")
    desk.page.get_by_role("combobox", name="Shade").select_option("red")
    desk.page.get_by_role("checkbox", name="Loud").click()
    desk.choose("Sure", "No")
    axe(desk.page)
    assert desk.sent() == {
        "color": "blue",
        "size": 1,
        "country": "country 31",
        "shade": "red",
        "tags": ["c", "a"],
        "loud": True,
        "sure": False,
    }


class Times(BaseModel):
    day: date
    moment: datetime
    hour: time


def test_dates_and_times(desk: Desk):
    desk.open(Times)
    desk.page.get_by_label("Day", exact=True).fill("2026-02-28")
    desk.page.get_by_label("Moment", exact=True).fill("2026-02-28T12:30")
    desk.page.get_by_label("Hour", exact=True).fill("07:45")

    sent = desk.sent()

    assert sent["day"] == "2026-02-28"
    assert sent["moment"] == "2026-02-28T12:30:00Z"
    assert time.fromisoformat(sent["hour"]) == time(7, 45)

    desk.page.get_by_label("Moment, time zone").select_option(label="No time zone")
    assert desk.sent()["moment"] == "2026-02-28T12:30:00"


class Numbers(BaseModel):
    share: float = Field(0.5, ge=0, le=1)
    even: int = Field(gt=0, lt=10, multiple_of=2)
    free: float


def test_bounded_numbers_have_a_slider_and_a_box(desk: Desk):
    desk.open(Numbers)
    share = desk.page.get_by_role("slider", name="Share, slider")
    expect(share).to_have_value("0.5")
    share.press("ArrowRight")
    expect(desk.hands.field("Share")).to_have_value("0.51")
    desk.hands.field("Share").fill("0.75")
    expect(share).to_have_value("0.75")
    even = desk.page.get_by_role("slider", name="Even, slider")
    even.press("End")
    desk.hands.field("Free").fill("-1.5e3")
    assert desk.sent() == {"share": 0.75, "even": 8, "free": -1500}

    desk.hands.field("Share").fill("2")
    desk.hands.field("Even").fill("3")
    desk.hands.run()
    expect(desk.hands.field("Share")).to_have_accessible_description("Must be 1 or less")
    expect(desk.hands.field("Even")).to_have_accessible_description("Must be a multiple of 2")


class Texts(BaseModel):
    code: str = Field(pattern="^a", min_length=2, max_length=5, examples=["ab"])
    letter: str = Field(description="As long as you like.")
    secret: SecretStr
    key: UUID


def test_texts(desk: Desk):
    desk.open(Texts)
    expect(desk.hands.field("Letter")).to_have_accessible_description("As long as you like.")
    desk.more("Code", "Use the example: ab")
    desk.hands.field("Letter").fill("one\ntwo")
    secret = desk.page.get_by_label("Secret", exact=True)
    expect(secret).to_have_attribute("type", "password")
    secret.fill("open sesame")
    desk.hands.field("Key").fill("no key")
    desk.hands.run()
    expect(desk.hands.field("Key")).to_have_accessible_description(re.compile("Must be a UUID"))
    desk.hands.field("Key").fill("123e4567-e89b-12d3-a456-426614174000")

    assert desk.sent() == {
        "code": "ab",
        "letter": "one\ntwo",
        "secret": "open sesame",
        "key": "123e4567-e89b-12d3-a456-426614174000",
    }
    stored = desk.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "open sesame" not in stored


# --- Files ---------------------------------------------------------------------------------------


class Upload(CustomUserType):
    file: str = Field(json_schema_extra={"widget": {"type": "base64file"}})
    raw: bytes = b""


def test_a_file_that_is_chosen(desk: Desk, tmp_path: Path, axe: Axe):
    picture = tmp_path / "dot.png"
    picture.write_bytes(PICTURE)
    text = tmp_path / "note.txt"
    text.write_text("grüße", encoding="utf-8")
    desk.open(Upload)
    desk.page.get_by_label("File", exact=True).set_input_files(picture)
    expect(desk.page.get_by_role("img", name="Preview of dot.png")).to_be_visible()
    desk.page.get_by_label("Raw", exact=True).set_input_files(text)
    axe(desk.page)

    assert desk.sent() == {"file": b64encode(PICTURE).decode(), "raw": "grüße"}

    desk.press("Remove the file")
    desk.hands.run()
    expect(desk.page.get_by_label("File", exact=True)).to_have_accessible_description("Required")


def test_a_file_that_is_dropped(desk: Desk):
    desk.open(Upload)
    data = desk.page.evaluate_handle(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "dot.png", {type: "image/png"}));
          return data;
        }""",
        list(PICTURE),
    )
    target = desk.page.get_by_label("File", exact=True)

    target.dispatch_event("dragover", {"dataTransfer": data})
    target.dispatch_event("drop", {"dataTransfer": data})

    expect(desk.page.get_by_role("img", name="Preview of dot.png")).to_be_visible()
    assert desk.sent()["file"] == b64encode(PICTURE).decode()


def test_a_file_that_is_too_large_is_refused(desk: Desk, tmp_path: Path):
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(11 * 2**20))
    desk.open(Upload)

    desk.page.get_by_label("File", exact=True).set_input_files(large)

    expect(desk.page.get_by_role("alert")).to_contain_text("the limit is 10.0 MiB")


# --- Messages ------------------------------------------------------------------------------------


class Talk(CustomUserType):
    chat_history: list[tuple[str, str]] = Field(
        json_schema_extra={"widget": {"type": "chat", "input": "question"}}
    )
    question: str


def test_the_chat_widget_of_langserve(desk: Desk):
    desk.open(Talk)
    desk.press("Add to Chat History")
    desk.hands.field("Human").fill("Hello")
    desk.hands.field("AI").fill("Hi!")
    desk.hands.field("Question").fill("How are you?")

    assert desk.sent() == {"chat_history": [["Hello", "Hi!"]], "question": "How are you?"}


class Chat(BaseModel):
    """The input of the chain in LangServe's documentation."""

    messages: list[HumanMessage | AIMessage | SystemMessage] = Field(
        description="The chat messages representing the current conversation.",
    )


def test_messages_have_roles_texts_and_images(desk: Desk, tmp_path: Path, axe: Axe):
    picture = tmp_path / "dot.png"
    picture.write_bytes(PICTURE)
    desk.open(Chat)
    desk.page.get_by_role("combobox", name="Role of message 1").select_option(label="System")
    desk.hands.field("Text of message 1").fill("Be kind.")
    desk.press("Add message")
    desk.hands.field("Text of message 2").fill("What is this?")
    desk.page.get_by_label("Attach images or files to message 2").set_input_files(picture)
    desk.press("Add message")
    expect(desk.page.get_by_role("combobox", name="Role of message 3")).to_have_value("ai")
    desk.hands.field("Text of message 3").fill("A dot.")
    axe(desk.page)

    assert desk.sent() == {
        "messages": [
            {"type": "system", "content": "Be kind."},
            {
                "type": "human",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {
                        "type": "image_url",
                        "image_url": {
                            "url": f"data:image/png;base64,{b64encode(PICTURE).decode()}"
                        },
                    },
                ],
            },
            {"type": "ai", "content": "A dot."},
        ]
    }


def test_messages_that_may_be_written_as_openai_does_too(desk: Desk):
    desk.open(Conversation)
    desk.hands.field("Text of message 1").fill("Hello")

    assert desk.sent() == {"messages": [{"type": "human", "content": "Hello"}]}


def test_the_documented_chat_chain_works_as_a_chat(desk: Desk):
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("messages")])
    chain: Runnable[Any, Any] = prompt | ScriptedChatModel(
        responses=["Hello yourself", "Still here"]
    )
    desk.open_runnable(chain.with_types(input_type=Chat))
    panel = desk.hands.tab("Chat")
    panel.get_by_role("textbox", name="Message").fill("Hello")
    panel.get_by_role("textbox", name="Message").press("Enter")
    expect(panel).to_contain_text("Hello yourself")
    desk.hands.heard("Run finished")
    panel.get_by_role("textbox", name="Message").fill("Are you there?")
    panel.get_by_role("button", name="Send").click()
    expect(panel).to_contain_text("Still here")

    said = desk.bodies[-1]["input"]["messages"]

    assert [(one["type"], one["content"]) for one in said] == [
        ("human", "Hello"),
        ("ai", "Hello yourself"),
        ("human", "Are you there?"),
    ]


def kinds_of_parts(desk: Desk) -> list[str]:
    """Send the form; returns the kinds of the parts of its one message."""
    [message] = desk.sent()["messages"]
    return [part["type"] for part in message["content"]]


def test_an_image_is_pasted_and_the_parts_of_a_message_moved(desk: Desk, axe: Axe):
    desk.open(Chat)
    text = desk.hands.field("Text of message 1")
    text.fill("What is this?")
    expect(desk.page.get_by_role("button", name="Move Part")).to_have_count(0)

    copy_image(desk.page)
    text.press("ControlOrMeta+V")

    expect(desk.page.get_by_role("img", name="Preview of image")).to_be_visible()
    assert kinds_of_parts(desk) == ["text", "image_url"]
    axe(desk.page)
    desk.press("Move Part 2 of message 1 up")
    desk.hands.heard("Part 2 of message 1 moved to place 1")
    assert kinds_of_parts(desk) == ["image_url", "text"]
    text.press("Alt+ArrowUp")
    desk.hands.heard("Part 2 of message 1 moved to place 1")
    assert kinds_of_parts(desk) == ["text", "image_url"]
    expect(text).to_be_focused()
    expect(text).to_have_value("What is this?")


def test_text_that_is_pasted_into_a_message_is_no_image(desk: Desk):
    desk.open(Chat)
    desk.hands.field("Text of message 1").focus()

    paste(desk.page, "Hello there")

    expect(desk.hands.field("Text of message 1")).to_have_value("Hello there")
    assert desk.sent() == {"messages": [{"type": "human", "content": "Hello there"}]}


def test_what_chat_models_take(desk: Desk):
    """A text, or messages; their envelopes (ChatPromptValue) can be pasted and are not offered."""
    desk.open_runnable(ScriptedChatModel(responses=["a", "b", "c"]))
    kinds = desk.page.get_by_role("radiogroup", name=re.compile("^Kind of "))
    expect(kinds.get_by_role("radio")).to_have_text(["Text", "Messages"])
    desk.hands.field("Text").fill("Hello")
    assert desk.sent() == "Hello"

    kinds.get_by_role("radio", name="Messages").click()
    desk.hands.field("Text of message 1").fill("Hello again")
    assert desk.sent() == [{"type": "human", "content": "Hello again"}]

    value = {
        "messages": [{"type": "human", "content": "enveloped"}],
        "type": "ChatPromptValueConcrete",
    }
    desk.tell_whole(json.dumps(value))
    desk.choose("Edit as", "Form")
    expect(desk.hands.field("Text of message 1")).to_have_value("enveloped")
    assert desk.sent() == value


# --- Configuration -------------------------------------------------------------------------------


def test_config_keys_that_leave_langserves_page_blank(desk: Desk):
    desk.open(Trip, config_keys=("run_id", "tags", "max_concurrency", "configurable"))
    desk.hands.field("City").fill("Oslo")
    desk.press("Configuration")
    desk.press("Settings of the run")
    desk.hands.field("Run Id").fill("123e4567-e89b-12d3-a456-426614174000")
    desk.press("Set Tags")
    desk.press("Add to Tags")
    desk.hands.field("Item 1").fill("tried")

    body = desk.sent_whole()

    assert body["config"]["run_id"] == "123e4567-e89b-12d3-a456-426614174000"
    assert body["config"]["tags"] == ["tried"]


def configurable() -> Any:
    template = ChatPromptTemplate.from_messages([("human", "say {word} in {tongue}")])
    other = ChatPromptTemplate.from_messages([("human", "spell {word}, {times} times")])
    prompt = template.configurable_alternatives(
        ConfigurableField(id="prompt", name="Prompt"), default_key="say", spell=other
    )
    model = ScriptedChatModel(responses=["one", "two", "three"]).configurable_fields(
        name=ConfigurableField(id="model_name", name="Model name", description="Of the model."),
    )
    return prompt | model


def test_alternatives_change_the_form_and_keep_what_fits(desk: Desk, axe: Axe):
    desk.open_runnable(configurable())
    desk.hands.field("Word").fill("ahoy")
    desk.hands.field("Tongue").fill("Dutch")
    desk.press("1 optional field")
    expect(desk.hands.field("Model name")).to_have_accessible_description("Of the model.")
    desk.hands.field("Model name").fill("small")
    expect(desk.page.get_by_text("1 changed")).to_be_visible()

    desk.choose("Prompt", "spell")

    expect(desk.hands.field("Times")).to_be_visible()
    expect(desk.hands.field("Word")).to_have_value("ahoy")
    expect(desk.page.get_by_text("2 changed")).to_be_visible()
    axe(desk.page)
    desk.hands.field("Times").fill("3")
    body = desk.sent_whole()
    assert body["input"] == {"word": "ahoy", "times": "3"}
    assert body["config"]["configurable"] == {"prompt": "spell", "model_name": "small"}

    desk.choose("Prompt", "say")
    expect(desk.hands.field("Tongue")).to_be_visible()
    expect(desk.hands.field("Word")).to_have_value("ahoy")
    desk.press("Back to the defaults")
    expect(desk.page.get_by_text(re.compile(r"^\d changed"))).to_have_count(0)


class Spoken(RunnableSerializable[str, str]):
    """Says how it would speak."""

    tone: str
    parts: list[str]

    def invoke(self, input: str, config: Any = None, **_: Any) -> str:  # noqa: A002
        return self._call_with_config(
            lambda text: f"{text} {self.tone} {self.parts}", input, config
        )


def test_configurable_options(desk: Desk):
    runnable = Spoken(tone="kind", parts=["a"]).configurable_fields(
        tone=ConfigurableFieldSingleOption(
            id="tone", name="Tone", options={"kind": "kindly", "short": "briefly"}, default="kind"
        ),
        parts=ConfigurableFieldMultiOption(
            id="parts", name="Parts", options={"x": "X", "y": "Y"}, default=["x"]
        ),
    )
    desk.open_runnable(runnable)
    desk.page.get_by_role("tabpanel", name="Form").get_by_role("textbox").first.fill("hello")
    desk.choose("Tone", "short")
    desk.page.get_by_role("checkbox", name="y", exact=True).click()

    body = desk.sent_whole()

    assert body["config"]["configurable"] == {"tone": "short", "parts": ["x", "y"]}
    expect(desk.hands.output).to_contain_text("briefly")


# --- JSON in place of a form ---------------------------------------------------------------------


def paste(page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("ControlOrMeta+V")


def test_pasted_json_is_taken_apart(desk: Desk):
    desk.open(Trip)
    desk.hands.field("Seats").fill("4")
    desk.hands.field("City").focus()

    paste(desk.page, '{"city": "Oslo", "days": 3, "extra": [1]}')

    desk.hands.heard("taken apart")
    expect(desk.hands.field("City")).to_have_value("Oslo")
    expect(desk.hands.field("Days")).to_have_value("3")
    expect(desk.page.get_by_text("Also sent: extra.")).to_be_visible()
    sent = desk.sent()
    assert sent == {
        "city": "Oslo",
        "days": 3,
        "note": "by train",
        "guide": None,
        "seats": 4,
        "extra": [1],
    }
    desk.press("Undo")
    expect(desk.hands.field("City")).to_have_value("")
    expect(desk.hands.field("Seats")).to_have_value("4")


def test_text_that_is_pasted_stays_text(desk: Desk):
    desk.open(Trip)
    desk.hands.field("City").focus()

    paste(desk.page, "[Oslo")

    expect(desk.hands.field("City")).to_have_value("[Oslo")


def test_the_whole_form_is_json_and_fields_again(desk: Desk, axe: Axe):
    desk.open(Trip)
    desk.hands.field("City").fill("Oslo")
    desk.tell_whole('{"city": "Rome", "days": 2, "guide": null, "more": {"a": 1}}')
    axe(desk.page)
    sent = {"city": "Rome", "days": 2, "guide": None, "more": {"a": 1}}
    assert desk.sent() == sent

    desk.choose("Edit as", "Form")
    expect(desk.hands.field("City")).to_have_value("Rome")
    expect(desk.hands.field("Days")).to_have_value("2")
    assert desk.sent() == sent

    desk.tell_whole("[1")
    expect(desk.page.get_by_role("radio", name="Form", exact=True)).to_be_disabled()
    desk.press("Reset")
    expect(desk.hands.field("City")).to_have_value("")


BROKEN: dict[str, dict[str, Any]] = {
    "no such reference": {"$ref": "#/$defs/Gone"},
    "a circle": {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
    "no such type": {"type": "banana"},
    "not a schema": {"type": 12, "properties": [1]},
}


@pytest.mark.parametrize("shape", BROKEN)
def test_a_schema_that_is_broken_leaves_an_editor(desk: Desk, shape: str):
    class Broken(RootModel[Any]):
        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return dict(BROKEN[shape])

    desk.open(Broken)

    desk.write_json('{"a": 1}')
    assert desk.sent() == {"a": 1}


def test_a_schema_that_is_not_published_leaves_an_editor(desk: Desk):
    desk.open(Trip, disabled_endpoints=["input_schema"])
    desk.write_json('{"city": "Oslo", "guide": null}')

    assert desk.sent() == {"city": "Oslo", "guide": None}


def test_a_schema_that_cannot_be_loaded_leaves_an_editor(desk: Desk, watch: Watch):
    watch.expect("console: .* 503 .*input_schema")
    answers = [503]

    def fail_once(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), json={"message": "Not now"})
        else:
            route.fallback()

    desk.page.route("**/input_schema", fail_once)
    desk.open(Trip)
    form = desk.page.get_by_role("tabpanel", name="Form")
    expect(form).to_contain_text("Not now")
    desk.write_json('{"city": "Oslo", "guide": null}')
    assert desk.sent() == {"city": "Oslo", "guide": None}

    desk.press("Try again")

    expect(desk.hands.field("City")).to_have_value("Oslo")


# --- Size ----------------------------------------------------------------------------------------

Large: Any = create_model(
    "Large",
    **{f"field_{number}": (str, ...) for number in range(300)},  # type: ignore[call-overload]
)
Many = Enum("Many", {f"N{number}": f"choice {number}" for number in range(2000)})  # type: ignore[misc]


class Wide(BaseModel):
    choice: Many
    other: Many


def slowest_key(page: Page) -> float:
    """Return how long the slowest key press took to be seen, in milliseconds."""
    return float(
        page.evaluate(
            """() => new Promise(done => {
              const slowest = [];
              new PerformanceObserver(list => {
                for (const {duration, name} of list.getEntries())
                  if (name === "keydown" || name === "input") slowest.push(duration);
              }).observe({type: "event", buffered: true, durationThreshold: 16});
              requestAnimationFrame(() => requestAnimationFrame(() =>
                setTimeout(() => done(Math.max(0, ...slowest)))));
            })"""
        )
    )


def test_three_hundred_fields_stay_quick(desk: Desk):
    desk.open(Large)
    last = desk.hands.field("Field 299")
    expect(last).to_be_visible()

    for number in (0, 150, 299):
        desk.hands.field(f"Field {number}").fill("filled")
    last.press_sequentially(" in full")

    expect(last).to_have_value("filled in full")
    assert slowest_key(desk.page) < 200


def test_two_thousand_choices_stay_quick(desk: Desk):
    desk.open(Wide)
    for name, text in (("Choice", "choice 1999"), ("Other", "choice 7")):
        box = desk.page.get_by_role("combobox", name=name)
        box.press_sequentially(text)
        expect(box).to_have_value(text)
    assert slowest_key(desk.page) < 200

    assert desk.sent() == {"choice": "choice 1999", "other": "choice 7"}
