import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.tools import tool

from moorage.testing import Gate, ScriptedChatModel, ScriptEndedError, call

pytestmark = pytest.mark.anyio


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def test_replies_come_in_order_and_the_model_remembers_what_it_was_asked() -> None:
    model = ScriptedChatModel(responses=["one", AIMessage("two")])
    assert [model.invoke("a").text, model.invoke("b").text] == ["one", "two"]
    assert [[m.text for m in messages] for messages in model.calls] == [["a"], ["b"]]


def test_one_call_too_many_is_an_error() -> None:
    model = ScriptedChatModel(responses=["one"])
    model.invoke("a")
    with pytest.raises(ScriptEndedError, match="no more replies"):
        model.invoke("b")


def test_a_repeated_script_begins_again() -> None:
    model = ScriptedChatModel(responses=["one", "two"], repeat=True)
    assert [model.invoke("").text for _ in range(3)] == ["one", "two", "one"]


def test_a_text_streams_word_by_word_with_the_usage_at_the_end() -> None:
    model = ScriptedChatModel(responses=["one two  three\n"])
    chunks = list(model.stream("how many words"))
    assert [chunk.text for chunk in chunks] == ["one ", "two  ", "three\n", ""]
    assert chunks[-1].usage_metadata == {"input_tokens": 3, "output_tokens": 3, "total_tokens": 6}


async def test_the_whole_reply_equals_the_streamed_one() -> None:
    responses = [["I ", "add", call("add", a=1, b=2), call("add", a=3, b=4)]]
    model = ScriptedChatModel(responses=responses, repeat=True)
    whole = await model.ainvoke("x")
    merged = model.invoke("x")
    streamed = AIMessageChunk(content="")
    async for chunk in model.astream("x"):
        streamed += chunk
    for message in (whole, merged, streamed):
        assert message.text == "I add"
        assert [c["args"] for c in message.tool_calls] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
        assert message.usage_metadata == whole.usage_metadata
        assert message.response_metadata["finish_reason"] == "tool_calls"


def test_tools_can_be_bound() -> None:
    model = ScriptedChatModel(responses=[[call("add", a=1, b=2)]])
    message = model.bind_tools([add]).invoke([HumanMessage("1 + 2?")])
    assert add.invoke(message.tool_calls[0]).content == "3"


def test_an_exception_in_the_script_is_raised_where_it_stands() -> None:
    model = ScriptedChatModel(responses=[["one ", ValueError("here")]])
    received: list[str] = []
    with pytest.raises(ValueError, match="here"):
        received.extend(chunk.text for chunk in model.stream("x"))
    assert received == ["one "]


def test_a_failing_model_can_be_backed_by_another() -> None:
    backup = ScriptedChatModel(responses=["still here"])
    model = ScriptedChatModel(responses=[OSError("gone")]).with_fallbacks([backup])
    assert model.invoke("x").text == "still here"


def test_a_gate_stops_a_thread_in_the_middle_of_a_reply() -> None:
    gate = Gate()
    model = ScriptedChatModel(responses=[["one ", gate, "two"]])
    replies: list[str] = []
    thread = threading.Thread(target=lambda: replies.append(model.invoke("x").text))
    thread.start()
    gate.reached.wait()
    assert replies == []
    gate.open()
    thread.join(10)
    assert replies == ["one two"]


async def test_the_model_tells_when_it_was_cancelled_in_the_middle_of_a_reply() -> None:
    gate = Gate()
    model = ScriptedChatModel(responses=[["one ", gate, "two"]])
    reply = asyncio.create_task(model.ainvoke("x"))
    await gate.reached.arrival()
    assert not model.interrupted.is_set
    reply.cancel()
    await model.interrupted.arrival()


async def test_the_model_tells_when_its_stream_was_left() -> None:
    async def first(stream: AsyncIterator[Any]) -> str:
        return str((await anext(stream)).text)

    model = ScriptedChatModel(responses=["one two"] * 2)
    left = model.astream("x")
    assert await first(left) == "one "
    await left.aclose()  # type: ignore[attr-defined]
    assert model.interrupted.is_set

    model = ScriptedChatModel(responses=["one two"])
    list(model.stream("x"))
    assert not model.interrupted.is_set


def test_it_is_a_chat_model_like_any_other() -> None:
    model: BaseChatModel = ScriptedChatModel(responses=["one"])
    assert (model | (lambda message: message.text.upper())).invoke("x") == "ONE"
