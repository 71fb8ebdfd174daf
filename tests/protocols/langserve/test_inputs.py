"""How a body's input arrives at the runnable."""

from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda
from pydantic import BaseModel, RootModel
from typing_extensions import TypedDict

from moorage import CustomUserType
from tests.protocols.langserve.wire import hosting

pytestmark = pytest.mark.anyio


async def received(function: Any, value: Any, **options: Any) -> Any:
    """What ``function`` gets, as a runnable, when ``value`` is posted."""
    got: list[Any] = []

    def keep(value: Any) -> str:
        got.append(value)
        return "kept"

    keep.__annotations__ = {"value": function, "return": str}
    async with hosting(RunnableLambda(keep), **options) as client:
        response = await client.post("/r/invoke", json={"input": value})
    assert response.status_code == 200, response.text
    [one] = got
    return one


class Inner(BaseModel):
    number: int


class Outer(BaseModel):
    inner: Inner
    many: list[Inner] = []
    name: str = "none"


class Kept(CustomUserType):
    number: int
    inner: Inner | None = None


@pytest.mark.requirement("langserve:inputs:models-as-dicts")
async def test_models_arrive_as_dicts_with_defaults_and_without_unknown_keys():
    value = await received(Outer, {"inner": {"number": "1"}, "unknown": 2})

    assert value == {"inner": {"number": 1}, "many": [], "name": "none"}


@pytest.mark.requirement("langserve:inputs:models-as-dicts")
async def test_models_inside_a_list_stay_models():
    value = await received(Outer, {"inner": {"number": 1}, "many": [{"number": 2}]})

    assert value["many"] == [Inner(number=2)]


@pytest.mark.requirement("langserve:inputs:models-as-dicts")
async def test_root_models_are_unwrapped():
    class Names(RootModel[list[str]]):
        pass

    assert await received(Names, ["a", "b"]) == ["a", "b"]


@pytest.mark.requirement("langserve:inputs:objects-kept")
async def test_a_custom_user_type_arrives_as_an_object():
    assert await received(Kept, {"number": 1, "inner": {"number": 2}}) == Kept(
        number=1, inner=Inner(number=2)
    )


@pytest.mark.requirement("langserve:inputs:objects-kept")
async def test_langchains_objects_arrive_as_objects():
    assert await received(Document, {"page_content": "a"}) == Document("a")
    assert await received(HumanMessage, {"content": "a"}) == HumanMessage("a")
    messages = await received(
        list[AnyMessage],
        [
            {"type": "human", "content": "a"},
            {"type": "ai", "content": "", "tool_calls": [{"name": "f", "args": {}, "id": "1"}]},
            {"type": "tool", "content": "b", "tool_call_id": "1"},
        ],
    )
    assert [type(message) for message in messages] == [HumanMessage, AIMessage, ToolMessage]
    assert messages[1].tool_calls[0]["name"] == "f"


@pytest.mark.requirement("langserve:inputs:javascript-messages")
async def test_messages_as_javascript_sends_them_are_accepted():
    sent = [
        {"content": "a", "type": "human", "additional_kwargs": {}, "example": False},
        {"content": "b", "type": "ai", "additional_kwargs": {}, "name": "n", "example": False},
        {"content": "c", "type": "tool", "additional_kwargs": {}, "tool_call_id": "1"},
        {"content": "d", "type": "chat", "additional_kwargs": {}, "role": "user"},
    ]
    messages: list[BaseMessage] = await received(list[AnyMessage], sent)

    assert [(message.type, message.content) for message in messages] == [
        ("human", "a"),
        ("ai", "b"),
        ("tool", "c"),
        ("chat", "d"),
    ]


@pytest.mark.requirement("langserve:inputs:role-messages")
async def test_messages_are_told_by_their_role_wherever_messages_are_expected():
    class Talk(CustomUserType):
        messages: list[AnyMessage]
        role: str = "none"

    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    sent = [
        {"role": "system", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "c", "tool_call_id": "1"},
        {"type": "human", "content": "d"},
    ]
    talk = await received(Talk, {"messages": sent})
    single = await received(AnyMessage, {"role": "assistant", "content": "a"})

    kinds = [SystemMessage, HumanMessage, AIMessage, ToolMessage, HumanMessage]
    assert [type(message) for message in talk.messages] == kinds
    assert talk.messages[2].tool_calls[0]["args"] == {"a": 1}
    assert single == AIMessage("a")


@pytest.mark.requirement("langserve:inputs:role-messages")
async def test_data_with_a_role_stays_data_where_none_are_expected():
    class Person(BaseModel):
        role: str
        content: str

    value = {"role": "user", "content": "a"}
    assert await received(Person, value) == await received(Any, value) == value
    async with hosting(RunnableLambda(lambda x: x), input_type=list[Person]) as client:
        response = await client.post("/r/invoke", json={"input": [value, {"role": 3}]})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == [1, "role"]


@pytest.mark.requirement("langserve:inputs:any")
async def test_under_a_schema_of_any_the_data_arrives_as_it_was_sent():
    value = {"type": "human", "content": "a", "more": [1, None, {"type": "ai"}]}

    assert await received(Any, value) == value
    assert type((await received(Any, value))["more"][2]) is dict


class Colour(Enum):
    RED = "red"


class Facts(TypedDict):
    id: UUID
    at: datetime
    on: date
    when: time
    colour: Colour


@pytest.mark.requirement("langserve:inputs:typed-dict")
async def test_a_typed_dict_arrives_with_the_types_of_its_fields():
    sent = {
        "id": "2b4a7d4e-7c1e-4a53-9d52-6a4e2c9e0b11",
        "at": "2026-11-02T03:04:05",
        "on": "2026-11-02",
        "when": "03:04:05",
        "colour": "red",
    }

    assert await received(Facts, sent) == {
        "id": UUID(sent["id"]),
        "at": datetime(2026, 11, 2, 3, 4, 5),  # noqa: DTZ001 - as it was sent, without a zone
        "on": date(2026, 11, 2),
        "when": time(3, 4, 5),
        "colour": Colour.RED,
    }


@pytest.mark.requirement("langserve:surface:input-output-type")
async def test_a_given_input_type_takes_the_place_of_the_inferred_one():
    assert await received(Any, "3", input_type=int) == 3
    async with hosting(RunnableLambda(lambda x: x), input_type=int, output_type=float) as client:
        schemas = [
            (await client.get(f"/r/{name}_schema")).json()["type"] for name in ("input", "output")
        ]
    assert schemas == ["integer", "number"]


@pytest.mark.requirement("langserve:inputs:configured")
@pytest.mark.parametrize("operation", ["invoke", "batch", "stream"])
async def test_an_input_is_held_against_the_runnable_as_configured(operation: str):
    template = PromptTemplate.from_template("say {name}").configurable_fields(
        template=ConfigurableField(id="template")
    )
    config = {"configurable": {"template": "hi {who}"}}

    def body(value: Any, given: Any) -> Any:
        return (
            {"inputs": [value], "config": given}
            if operation == "batch"
            else {"input": value, "config": given}
        )

    async with hosting(template) as client:
        statuses = [
            (await client.post(f"/r/{operation}", json=body(value, given))).status_code
            for value, given in (
                ({"who": "Ann"}, config),
                ({"name": "Ann"}, config),
                ({"name": "Ann"}, {}),
                ({"who": "Ann"}, {}),
            )
        ]

    assert statuses == [200, 422, 200, 422]


async def test_a_prompt_of_messages_takes_them_as_data():
    prompt = ChatPromptTemplate.from_messages([("placeholder", "{history}"), ("human", "{text}")])
    async with hosting(prompt | RunnableLambda(lambda value: value.to_string())) as client:
        value = {"text": "b", "history": [{"type": "ai", "content": "a"}]}
        response = await client.post("/r/invoke", json={"input": value})

    assert response.json()["output"] == "AI: a\nHuman: b"
