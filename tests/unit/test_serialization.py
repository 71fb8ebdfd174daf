import enum
import functools
import ipaddress
import json
import re
import types
import uuid
from collections import OrderedDict, UserDict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.agents import AgentAction, AgentActionMessageLog, AgentFinish
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    Generation,
    GenerationChunk,
    LLMResult,
    RunInfo,
)
from langchain_core.prompt_values import (
    ChatPromptValue,
    ChatPromptValueConcrete,
    ImagePromptValue,
    StringPromptValue,
)
from langgraph.types import Command, Interrupt, Send
from langserve import serialization as peer
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    Secret,
    SecretStr,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
)

from moorage.serialization import (
    DEEPEST,
    Serializer,
    WellKnownLCSerializer,
    WithErrors,
    single_line,
)

serializer = WellKnownLCSerializer()
upstream = peer.WellKnownLCSerializer()

USAGE: UsageMetadata = {
    "input_tokens": 3,
    "output_tokens": 4,
    "total_tokens": 7,
    "input_token_details": {"cache_read": 1},
}
ANSWER = AIMessage(
    content="It is **22°C**.\u2028",
    id="run-1",
    name="weather",
    tool_calls=[{"name": "ask", "args": {"a": [1, {"b": None}]}, "id": "call-1"}],
    invalid_tool_calls=[
        {"name": "x", "args": "{", "id": None, "error": "bad", "type": "invalid_tool_call"}
    ],
    usage_metadata=USAGE,
    response_metadata={"model_name": "m", "logprobs": None},
    additional_kwargs={"k": [1, 2.5, True]},
)
CHUNK = AIMessageChunk(
    content="par",
    id="run-1",
    tool_call_chunks=[tool_call_chunk(name="f", args='{"a":', id="1", index=0)],
    usage_metadata=USAGE,
    chunk_position="last",
)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Point:
    x: int
    y: list[int] = field(default_factory=list)


class Pair(NamedTuple):
    a: int
    b: int


class Address(BaseModel):
    street: str
    moved: date | None = None


class Person(BaseModel):
    name: str
    addresses: list[Address]
    by_kind: dict[str, Address] = {}
    colour: Colour = Colour.RED
    level: Level = Level.HIGH
    where: Point = Point(1, [2])
    pair: tuple[int, str] = (1, "a")
    mode: Literal["a", "b"] = "a"
    anything: Any = None
    _secret: str = PrivateAttr("private")


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int = 1


class Aliased(BaseModel):
    inner: int = Field(1, alias="in")
    other: int = Field(2, serialization_alias="autre")


class ByAlias(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True)
    inner: int = Field(1, serialization_alias="in")


class Excluding(BaseModel):
    shown: int = 1
    hidden: str = Field("hidden", exclude=True)


class Masking(BaseModel):
    card: str

    @field_serializer("card")
    def mask(self, card: str) -> str:
        return "*" * len(card)


class MaskingItems(BaseModel):
    cards: list[Annotated[str, Field()]]
    nested: Masking

    @field_serializer("cards")
    def mask(self, cards: list[str]) -> list[str]:
        return ["*" for _ in cards]


class ForJsonOnly(BaseModel):
    number: int

    @field_serializer("number", when_used="json")
    def text(self, number: int) -> str:
        return str(number)


class WholeModel(BaseModel):
    a: int = 1

    @model_serializer
    def render(self) -> dict[str, Any]:
        return {"rendered": self.a}


class Computing(BaseModel):
    width: int = 2

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        return self.width**2


class Caching(BaseModel):
    width: int = 2

    @functools.cached_property
    def area(self) -> int:
        return self.width**2


class Overriding(BaseModel):
    a: int = 1

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return {"overridden": True}


class Validated(BaseModel):
    a: int = 1

    @field_validator("a")
    @classmethod
    def double(cls, a: int) -> int:
        return a * 2


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


class Numbers(RootModel[list[int]]):
    pass


class Addresses(RootModel[list[Address]]):
    pass


def caching() -> Caching:
    model = Caching()
    assert model.area == 4
    return model


def moved() -> Address:
    address = Address(street="A")
    address.street = "B"
    return address


NOON = datetime(2026, 11, 21, 12, 0, 0, 123, tzinfo=UTC)

SAME_AS_LANGSERVE: dict[str, Any] = {
    "ai": ANSWER,
    "ai-chunk": CHUNK,
    "ai-blocks": AIMessage(content=[{"type": "text", "text": "hi"}, {"type": "image", "url": "u"}]),
    "human": HumanMessage(content="hi"),
    "human-chunk": HumanMessageChunk(content="hi"),
    "system": SystemMessage(content="hi", id="1"),
    "system-chunk": SystemMessageChunk(content="hi"),
    "chat": ChatMessage(content="hi", role="critic"),
    "chat-chunk": ChatMessageChunk(content="hi", role="critic"),
    "function": FunctionMessage(content="hi", name="f"),
    "function-chunk": FunctionMessageChunk(content="hi", name="f"),
    "tool": ToolMessage(content="hi", tool_call_id="1", artifact={"a": [1]}, status="error"),
    "tool-chunk": ToolMessageChunk(content="hi", tool_call_id="1"),
    "remove": RemoveMessage(id="1"),
    "message-with-extra-fields": HumanMessage(content="hi", example=False, more={"a": 1}),
    "document": Document(page_content="text", metadata={"n": 1, "at": NOON}),
    "document-with-id": Document(page_content="text", id="7"),
    "string-prompt": StringPromptValue(text="hi"),
    "chat-prompt": ChatPromptValueConcrete(messages=[SystemMessage(content="s"), ANSWER]),
    "image-prompt": ImagePromptValue(image_url={"url": "http://x", "detail": "low"}),
    "action": AgentAction(tool="t", tool_input={"q": "x"}, log="thinking"),
    "finish": AgentFinish(return_values={"output": ANSWER}, log="done"),
    "generation": Generation(text="hi", generation_info={"a": 1}),
    "generation-chunk": GenerationChunk(text="hi"),
    "result": LLMResult(
        generations=[[Generation(text="a")], [Generation(text="b")]],
        llm_output={"tokens": 3},
        run=[RunInfo(run_id=uuid.UUID(int=7))],
    ),
    "containers": {"a": [ANSWER, (CHUNK, {"d": Document(page_content="")})], "b": OrderedDict(c=1)},
    "scalars": [1, -(2**63), 2**64 - 1, 1.5, float("nan"), float("inf"), True, None, "é\u2028\x85"],
    "uuid": uuid.UUID(int=1),
    "times": [NOON, datetime(2026, 1, 1), date(2026, 1, 1), time(1, 2, 3)],  # noqa: DTZ001
    "enums": [Colour.RED, Level.HIGH],
    "dataclass": Point(1, [2]),
    "model": Person(
        name="Ada",
        addresses=[Address(street="A", moved=date(2026, 1, 1))],
        by_kind={"home": Address(street="B")},
        anything={"list": [Address(street="C")]},
    ),
    "extra-fields": Extra(b=[1], c=Address(street="A")),
    "aliases": Aliased(),
    "by-alias": ByAlias(),
    "excluded-field": Excluding(),
    "field-serializer": Masking(card="1234"),
    "field-serializer-below": MaskingItems(cards=["1", "2"], nested=Masking(card="1234")),
    "json-only-serializer": ForJsonOnly(number=1),
    "model-serializer": WholeModel(),
    "computed-field": Computing(),
    "cached-property": caching(),
    "overridden-dump": Overriding(),
    "validator": Validated(a=4),
    "constructed": Address.model_construct(street="A"),
    "recursive": Tree(value=1, children=[Tree(value=2)]),
    "root-in-model": {"numbers": Addresses([Address(street="A")])},
    "assigned-field": moved(),
    "command": Command(update={"messages": [ANSWER]}, goto="next", resume={"a": 1}),
    "interrupt": Interrupt(value={"question": "sure?"}, id="i1"),
}


@pytest.mark.parametrize("value", SAME_AS_LANGSERVE.values(), ids=SAME_AS_LANGSERVE.keys())
def test_output_is_byte_for_byte_that_of_langserve(value: Any) -> None:
    expected = upstream.dumps(value)
    assert serializer.dumps(value) == expected
    assert serializer.dumps({"in": [value]}) == b'{"in":[' + expected + b"]}"


@pytest.mark.parametrize("value", SAME_AS_LANGSERVE.values(), ids=SAME_AS_LANGSERVE.keys())
def test_the_tolerant_pass_gives_the_same_bytes(value: Any) -> None:
    with_bad_key = serializer.dumps({"in": [value], 1: None})
    assert with_bad_key == b'{"in":[' + serializer.dumps(value) + b'],"1":null}'


def test_fields_of_a_subclass_are_kept_where_the_base_class_is_declared() -> None:
    generation = ChatGeneration(message=ANSWER)
    dumped = serializer.dumpd(generation)
    assert dumped["message"] == serializer.dumpd(ANSWER)
    assert dumped["message"]["tool_calls"][0]["name"] == "ask"
    assert "tool_calls" not in upstream.dumpd(generation)["message"]
    result = serializer.dumpd(LLMResult(generations=[[generation]]))
    assert result["generations"][0][0]["message"]["usage_metadata"] == USAGE
    action = AgentActionMessageLog(tool="t", tool_input="x", log="", message_log=[ANSWER])
    assert serializer.dumpd(action)["message_log"] == [serializer.dumpd(ANSWER)]


def test_fields_of_a_subclass_are_kept_inside_a_customised_model() -> None:
    class Holder(BaseModel):
        address: Address
        hidden: str = Field("h", exclude=True)

    class Flat(Address):
        floor: int = 3

    assert serializer.dumpd(Holder(address=Flat(street="A"))) == {
        "address": {"street": "A", "moved": None, "floor": 3}
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({3, 1}, [1, 3]),
        (frozenset({"a"}), ["a"]),
        (b"\x00\xff", "AP8="),
        (bytearray(b"hi"), "aGk="),
        (memoryview(b"hi"), "aGk="),
        (Decimal("1.10"), "1.10"),
        (timedelta(days=1, seconds=1.5), "P1DT1.5S"),
        (1 + 2j, "(1+2j)"),
        (PurePosixPath("/a/b"), "/a/b"),
        (ipaddress.ip_address("::1"), "::1"),
        (2**64, "18446744073709551616"),
        (-(2**63) - 1, "-9223372036854775809"),
        (deque([1, 2]), [1, 2]),
        (Pair(1, 2), [1, 2]),
        (UserDict(a=1), {"a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (Numbers([1, 2]), [1, 2]),
        (Send("node", {"a": ANSWER}), {"node": "node", "arg": {"a": serializer.dumpd(ANSWER)}}),
        (
            Command(goto=[Send("n", 1)]),
            {"graph": None, "update": None, "resume": None, "goto": [{"node": "n", "arg": 1}]},
        ),
        (ValueError("password=hunter2"), "<ValueError>"),
        (Person, f"<class {__name__}.Person>"),
        (caching, "<function caching>"),
        (print, "<function print>"),
        (ANSWER.pretty_repr, "<function AIMessage.pretty_repr>"),
        (range(3), "range(0, 3)"),
        (time(1, 2, tzinfo=UTC), "01:02:00+00:00"),
        (np.arange(3), [0, 1, 2]),
        (np.arange(6)[::2], [0, 2, 4]),
        (np.array(["a", None], dtype=object), ["a", None]),
        (np.array([1j]), ["1j"]),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\ufffdb"),
        (SecretStr("hunter2"), "**********"),
        (Secret[int](7), "**********"),
    ],
)
def test_values_that_are_not_json_are_replaced(value: Any, expected: Any) -> None:
    assert serializer.dumpd(value) == expected
    assert serializer.dumpd({"deep": [value]}) == {"deep": [expected]}
    assert serializer.dumpd({1: value}) == {"1": expected}


def test_keys_that_are_no_strings_become_strings() -> None:
    day = date(2026, 1, 1)
    keyed = {2: "i", None: "n", True: "b", 1.5: "f", Colour.RED: "e", day: "d", (1, 2): "t"}
    assert serializer.dumpd(keyed) == {
        "2": "i",
        "true": "b",
        "null": "n",
        "1.5": "f",
        "red": "e",
        "2026-01-01": "d",
        "(1, 2)": "t",
    }


def test_a_secret_in_a_model_stays_masked() -> None:
    class Login(BaseModel):
        name: str
        password: SecretStr

    login = Login(name="ada", password=SecretStr("hunter2"))
    assert serializer.dumpd([login, {1: login}]) == [
        {"name": "ada", "password": "**********"},
        {"1": {"name": "ada", "password": "**********"}},
    ]


def test_an_object_without_a_json_form_is_described_without_its_address() -> None:
    class Thing:
        pass

    assert re.fullmatch(r"<.*Thing object>", serializer.dumpd(Thing()))


def test_a_long_description_is_cut() -> None:
    class Verbose:
        def __repr__(self) -> str:
            return "x" * 10_000

    assert serializer.dumpd(Verbose()) == "x" * 200 + "..."


def test_code_that_fails_while_dumping_costs_only_its_own_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    class BrokenModel(BaseModel):
        secret: str = "hunter2"

        @field_serializer("secret")
        def fail(self, secret: str) -> str:
            raise RuntimeError(secret)

    dumped = serializer.dumpd({"a": 1, "bad": Broken(), "model": BrokenModel()})
    assert dumped["a"] == 1
    assert dumped["bad"].endswith("Broken>")
    assert dumped["model"].endswith("BrokenModel>")
    assert "hunter2" not in json.dumps(dumped)
    assert len(caplog.records) == 2


def test_cycles_are_cut() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    tree = Tree(value=1)
    tree.children.append(tree)
    assert serializer.dumpd(ring) == [1, "..."]
    assert serializer.dumpd(tree) == {"value": 1, "children": ["..."]}


def test_a_value_seen_twice_is_no_cycle() -> None:
    shared = {"a": 1}
    assert serializer.dumpd([shared, shared, {2: 3}]) == [{"a": 1}, {"a": 1}, {"2": 3}]


def test_nesting_beyond_measure_is_cut_and_not_refused() -> None:
    deep: Any = 0
    for _ in range(5_000):
        deep = [deep]
    dumped = serializer.dumps(deep)
    assert dumped == b"[" * DEEPEST + b'"..."' + b"]" * DEEPEST


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.decimals(),
    st.text(st.characters()),
    st.text(st.characters(categories=["Cs", "L"])),
    st.binary(),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.ip_addresses(),
    st.sampled_from([Colour.RED, Level.HIGH, object(), Person, print, ValueError("x"), ANSWER]),
    st.functions(),
    st.builds(np.array, st.lists(st.floats() | st.integers(-9, 9))),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(st.text() | st.integers() | st.floats() | st.uuids(), inner),
        st.sets(st.integers() | st.text()),
        st.builds(Point, x=inner, y=inner),
        st.builds(lambda value: Extra(value=value), inner),
        st.builds(Send, node=st.text(), arg=inner),
        st.builds(lambda value: Document(page_content="", metadata={"v": value}), inner),
    ),
)


@given(ANYTHING)
def test_dumping_never_raises_and_yields_json(value: Any) -> None:
    dumped = serializer.dumps(value)
    parsed = json.loads(dumped, parse_constant=pytest.fail)
    assert b"\n" not in dumped
    assert b"\r" not in dumped
    assert serializer.dumps(parsed) is not None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES)
def test_json_is_dumped_as_langserve_does(value: Any) -> None:
    assert serializer.dumps(value) == upstream.dumps(value)


@given(st.text(), st.lists(st.sampled_from(["\u2028", "\u2029", "\x85", "\n", "a", "é", "漢"])))
def test_a_single_line_reads_the_same_and_has_no_line_ends(text: str, parts: list[str]) -> None:
    value = {text: "".join(parts)}
    line = single_line(serializer.dumps(value))
    assert orjson.loads(line) == value
    assert len(line.decode().splitlines()) == 1


def test_a_line_without_separators_is_not_copied() -> None:
    line = serializer.dumps({"text": "“quoted” 漢字"})
    assert single_line(line) is line


LOADABLE = {
    name: value
    for name, value in SAME_AS_LANGSERVE.items()
    if isinstance(value, BaseModel) and hasattr(value, "type") and name != "image-prompt"
}


@pytest.mark.parametrize("value", LOADABLE.values(), ids=LOADABLE.keys())
def test_langchain_objects_come_back(value: Any) -> None:
    if isinstance(value, GenerationChunk):
        value = Generation(**value.model_dump())
    if isinstance(value, Document):
        value = Document(page_content="text", metadata={"at": "2026"}, id="1")
    assert serializer.loads(serializer.dumps(value)) == value
    assert serializer.loads(serializer.dumps({"a": [value]})) == {"a": [value]}


@pytest.mark.parametrize(
    "value",
    [
        ChatGeneration(message=ANSWER),
        ChatGenerationChunk(message=CHUNK),
        LLMResult(generations=[[ChatGeneration(message=ANSWER)]]),
        AgentActionMessageLog(tool="t", tool_input="x", log="", message_log=[ANSWER]),
        RemoveMessage(id="1"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects_that_langserve_loses_something_of_come_back_whole(value: Any) -> None:
    assert serializer.loads(serializer.dumps(value)) == value


def test_a_generation_chunk_is_known_by_its_class_name() -> None:
    loaded = serializer.loadd({"type": "GenerationChunk", "text": "hi"})
    assert loaded == GenerationChunk(text="hi")


@pytest.mark.parametrize(
    "data",
    [
        {"type": "tool"},
        {"type": "tool", "content": "x"},
        {"type": "remove"},
        {"type": "remove", "id": "1", "content": "x"},
        {"type": "ai", "content": 7},
        {"type": "human", "name": "Bob"},
        {"type": "Document"},
        {"type": "chat", "content": "no role"},
        {"type": ["ai"]},
        {"type": None},
        {"type": "unknown", "content": "x"},
        {"type": "ChatGeneration", "message": {"type": "tool"}},
        {"type": "LLMResult", "generations": [[{"type": "Generation"}]]},
        {"type": "GenerationChunk"},
    ],
    ids=str,
)
def test_data_that_fits_no_class_stays_data(data: Any) -> None:
    assert serializer.loadd(data) == data


LOADED_FIELDS = ("content", "id", "tool_calls", "page_content", "metadata")
TAGS = st.sampled_from(
    ["ai", "human", "chat", "tool", "remove", "Document", "AgentFinish", "LLMResult", "?"]
)


@given(
    st.recursive(
        JSON_VALUES,
        lambda inner: st.fixed_dictionaries(
            {"type": TAGS},
            optional=dict.fromkeys(
                ("content", "id", "tool_calls", "page_content", "metadata"), inner
            ),
        ),
    )
)
def test_loading_never_raises(value: Any) -> None:
    serializer.loadd(value)


def test_loading_leaves_its_argument_alone() -> None:
    data = serializer.dumpd({"a": [ANSWER]})
    before = orjson.dumps(data)
    serializer.loadd(data)
    assert orjson.dumps(data) == before


def test_data_nested_beyond_measure_is_left_as_it_is() -> None:
    text = b"[" * 1000 + b"]" * 1000
    assert serializer.dumps(serializer.loads(text)).startswith(b"[[[")


@pytest.mark.parametrize("value", LOADABLE.values(), ids=LOADABLE.keys())
def test_loading_gives_what_langserve_gives(value: Any) -> None:
    data = upstream.dumpd({"a": [value]})
    ours, theirs = serializer.loadd(data), upstream.loadd(data)
    if not isinstance(value, RemoveMessage):
        assert ours == theirs


def test_a_serializer_of_the_users_own_needs_two_methods() -> None:
    class Reversing(Serializer):
        def dumps(self, obj: Any) -> bytes:
            return orjson.dumps(obj[::-1])

        def loadd(self, obj: Any) -> Any:
            return obj[::-1]

    assert Reversing().dumpd("abc") == "cba"
    assert Reversing().loads(b'"cba"') == "abc"


def test_a_prompt_value_keeps_its_messages() -> None:
    prompt = ChatPromptValue(messages=[HumanMessage(content="hi"), ANSWER])
    assert serializer.dumpd(prompt)["messages"][1] == serializer.dumpd(ANSWER)


@pytest.mark.parametrize("around", ["a", 1, (1, 2)], ids=str)
def test_the_agent_servers_clients_read_what_an_exception_says(around: Any):
    dumped = WithErrors().dumpd({"plain": [ValueError("too long")]})
    odd = WithErrors().dumps({around: KeyError("x")})

    assert dumped == {"plain": [{"error": "ValueError", "message": "too long"}]}
    assert b"KeyError" in odd
