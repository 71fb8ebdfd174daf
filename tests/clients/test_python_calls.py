"""Calls and values of ``RemoteRunnable``: LangServe's, unmodified, and our own."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import langserve
import langserve.serialization
import pytest
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompt_values import ChatPromptValueConcrete, StringPromptValue
from langchain_core.runnables import AddableDict, RunnableLambda

from tests.clients.conftest import Call, Connect, everything
from tests.clients.served import CALL, SEPARATORS, UNICODE, Colour, Reversed, add_one

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requirement("langserve:clients:python"),
    # LangServe's client replays events with an attribute that pydantic is to lose in 3.0.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_fields' attribute on the instance"),
]


async def test_invoke_returns_the_output(connect: Connect, call: Call, address: str):
    assert await call(connect(f"{address}/add_one"), "invoke", 1) == 2
    assert await call(connect(f"{address}/add_one/"), "invoke", 1) == 2


async def test_batch_returns_the_outputs_in_order(connect: Connect, call: Call, address: str):
    assert await call(connect(f"{address}/add_one"), "batch", [1, 2, 3]) == [2, 3, 4]


async def test_an_empty_batch_asks_nobody(connect: Connect, call: Call):
    assert await call(connect("http://127.0.0.1:9"), "batch", []) == []


async def test_a_batch_takes_one_config_for_each_input(connect: Connect, call: Call, address: str):
    configs = [{"configurable": {"template": f"{word} {{name}}"}} for word in ("Hi", "Bye")]
    inputs = [{"name": "Ada"}, {"name": "Bob"}]

    outputs = await call(connect(f"{address}/configured"), "batch", inputs, configs)

    assert outputs == ["Hi Ada", "Bye Bob"]


async def test_stream_yields_the_chunks(connect: Connect, call: Call, address: str):
    chunks = await call(connect(f"{address}/chain"), "stream", {"question": "What is it?"})

    assert [chunk for chunk in chunks if chunk] == ["It ", "is ", "forty ", "two."]


async def test_a_thousand_chunks_arrive_in_order(connect: Connect, call: Call, address: str):
    assert await call(connect(f"{address}/count_up"), "stream", 1000) == list(range(1000))


async def test_a_stream_of_nothing_is_empty(connect: Connect, call: Call, address: str):
    assert await call(connect(f"{address}/count_up"), "stream", 0) == []


async def test_dicts_of_a_stream_can_be_added(connect: Connect, call: Call, address: str):
    [chunk] = await call(connect(f"{address}/anything"), "stream", {"a": "b"})

    assert isinstance(chunk, AddableDict)
    assert chunk == {"a": "b"}


@pytest.mark.requirement("langserve:stream:line-separators")
@pytest.mark.parametrize("text", [SEPARATORS, UNICODE])
async def test_any_text_survives_both_ways(connect: Connect, call: Call, address: str, text: str):
    remote = connect(f"{address}/anything")

    assert await call(remote, "invoke", text) == text
    assert await call(remote, "stream", text) == [text]
    assert await call(remote, "batch", [text]) == [text]


async def test_any_text_survives_in_log_and_events(connect: Connect, address: str):
    remote = connect(f"{address}/anything")

    patches = await everything(remote.astream_log(SEPARATORS))
    events = await everything(remote.astream_events(SEPARATORS, version="v2"))

    assert sum(patches[1:], patches[0]).state["final_output"] == SEPARATORS
    assert events[-1]["data"]["output"] == SEPARATORS


async def test_it_is_a_step_like_any_other(connect: Connect, call: Call, address: str):
    chain = RunnableLambda(add_one) | connect(f"{address}/add_one") | RunnableLambda(add_one)

    assert await call(chain, "invoke", 1) == 4
    assert await call(chain, "batch", [1, 2]) == [4, 5]
    assert await call(chain, "stream", 1) == [4]


async def test_messages_make_the_round_trip(connect: Connect, call: Call, address: str):
    messages = [
        SystemMessage("be brief"),
        HumanMessage([{"type": "text", "text": "hello"}], name="ada", id="m1"),
        AIMessage(
            "",
            tool_calls=[CALL],
            usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
            response_metadata={"model_name": "m"},
        ),
        ToolMessage("3", tool_call_id=str(CALL["id"]), status="error"),
        ChatMessage(content="yes", role="critic"),
    ]

    assert await call(connect(f"{address}/messages"), "invoke", messages) == messages


async def test_streamed_messages_add_up(connect: Connect, call: Call, address: str):
    chunks = await call(connect(f"{address}/model"), "stream", {"question": "?"})

    whole = sum(chunks[1:], chunks[0])
    assert isinstance(whole, AIMessageChunk)
    assert whole.content == "Looking. "
    assert whole.tool_calls == [CALL]
    assert whole.usage_metadata is not None


async def test_documents_come_back_as_documents(connect: Connect, call: Call, address: str):
    found = await call(connect(f"{address}/shelf"), "invoke", "tea")

    assert found == [Document(page_content="about tea", metadata={"source": "shelf", "n": 1})]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"root": 1, "other": 2},
        {"nested": [Document(page_content="d"), {"m": AIMessage("x")}]},
        StringPromptValue(text="t"),
        ChatPromptValueConcrete(messages=[HumanMessage("h")]),
    ],
    ids=["nothing", "no items", "a key named root", "nested", "a string prompt", "a chat prompt"],
)
async def test_values_come_back_as_they_were(
    connect: Connect, call: Call, address: str, value: Any
):
    assert await call(connect(f"{address}/anything"), "invoke", value) == value


@pytest.mark.requirement("langserve:inputs:typed-dict")
async def test_inputs_arrive_with_the_types_of_their_fields(
    connect: Connect, call: Call, address: str
):
    visit = {
        "id": UUID(int=7),
        "at": datetime(2026, 11, 2, tzinfo=UTC),
        "day": date(2026, 11, 2),
        "hour": time(12, 30),
        "colour": Colour.RED,
    }

    assert await call(connect(f"{address}/types"), "invoke", visit) == {
        "id": "UUID",
        "at": "datetime",
        "day": "date",
        "hour": "time",
        "colour": "Colour",
    }


async def test_a_dataclass_comes_back_as_a_dict(connect: Connect, call: Call, address: str):
    assert await call(connect(f"{address}/point"), "invoke", 1) == {"x": 1, "y": 2}


async def test_what_json_cannot_hold_kills_nothing(connect: Connect, call: Call, address: str):
    remote = connect(f"{address}/strange")

    assert (await call(remote, "invoke", 0))["n"] == 1
    assert [chunk["n"] for chunk in await call(remote, "stream", 0)] == [1]
    assert (await everything(remote.astream_events(0)))[-1]["data"]["output"]["n"] == 1


@pytest.mark.requirement("langserve:surface:custom-serializer")
async def test_a_serializer_of_the_users_own_writes_and_reads_outputs(
    connect: Connect, call: Call, address: str
):
    remote = connect(f"{address}/reversed", serializer=_InputsAsTheyAre())

    assert await call(remote, "invoke", 11) == 12
    assert await call(remote, "stream", 11) == [12]


class _InputsAsTheyAre(Reversed, langserve.serialization.Serializer):
    """Inputs are read by the schema of the runnable alone, so they are written as JSON."""

    def dumps(self, obj: Any) -> bytes:
        return str(obj).encode()
