"""What the tests of the web pages are given: real streams, and messages that LangChain merged.

``python -m tests.pages.recordings`` writes them anew into ``ui/recordings``.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk, HumanMessageChunk
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_core.runnables.utils import AddableDict
from langchain_core.tools import tool

from moorage import add_routes
from moorage.serialization import WellKnownLCSerializer
from moorage.testing import ScriptedChatModel, call
from tests.protocols.langserve.wire import hosting

FOLDER = Path(__file__).parents[2] / "ui" / "recordings"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CALL = re.compile(r"call_[0-9a-f]{12}")


# --- Streams -----------------------------------------------------------------------------------


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"Sun in {city}."


@tool
def broken(city: str) -> str:
    """Fail."""
    raise ValueError(f"There is no {city}.")


def agent() -> Runnable[Any, Any]:
    model = ScriptedChatModel(
        responses=[
            ["Let me ", "look.", call("weather", city="Köln")],
            "It is **sunny** in Köln.",
        ]
    )
    return create_agent(model, [weather])


def failing_agent() -> Runnable[Any, Any]:
    model = ScriptedChatModel(responses=[[call("broken", city="Atlantis")]])
    return create_agent(model, [broken])


def chain() -> Runnable[Any, Any]:
    prompt = ChatPromptTemplate.from_messages([("human", "{topic}")])
    return prompt | ScriptedChatModel(responses=["one two three"]) | StrOutputParser()


def fallback() -> Runnable[Any, Any]:
    def fail(_: Any) -> str:
        raise ValueError("not this one")

    def succeed(_: Any) -> str:
        return "the other one"

    return RunnableLambda(fail).with_fallbacks([RunnableLambda(succeed)])


def parallel() -> Runnable[Any, Any]:
    first = ScriptedChatModel(responses=["one two"]) | StrOutputParser()
    return RunnableParallel(text=first, number=RunnableLambda(lambda _: 3))


def growing() -> Runnable[Any, Any]:
    text = '{"name": "Ada", "age": 36, "tags": ["a", "bc"]}'
    parts = [text[at : at + 3] for at in range(0, len(text), 3)]
    return ScriptedChatModel(responses=[parts]) | JsonOutputParser()


def messages(text: str) -> dict[str, Any]:
    return {"messages": [{"type": "human", "content": text}]}


STREAMS: dict[str, tuple[Runnable[Any, Any], str, Any]] = {
    "agent": (agent(), "stream_events", messages("Weather in Köln?")),
    "agent-updates": (agent(), "stream", messages("Weather in Köln?")),
    "failing-agent": (failing_agent(), "stream_events", messages("Weather in Atlantis?")),
    "chain": (chain(), "stream_events", {"topic": "numbers"}),
    "chain-messages": (ScriptedChatModel(responses=["one two"]), "stream", "count"),
    "fallback": (fallback(), "stream_events", 1),
    "parallel": (parallel(), "stream", "count"),
    "growing": (growing(), "stream", "a person"),
}


async def _recorded(runnable: Runnable[Any, Any], operation: str, body: Any) -> str:
    async with hosting(runnable, input_type=Any) as client:
        response = await client.post(f"/r/{operation}", json={"input": body})
    assert response.status_code == 200, response.text
    return _steady(response.content.decode())


def _steady(text: str) -> str:
    """Put numbers in place of ids that are others each time."""
    for pattern, form in ((_UUID, "00000000-0000-4000-8000-{:012x}"), (_CALL, "call_{:012x}")):
        found = dict.fromkeys(pattern.findall(text))
        for number, told in enumerate(found, 1):
            text = text.replace(told, form.format(number))
    return text


# --- Merged chunks -----------------------------------------------------------------------------


def _usage(given: int, made: int, **details: Any) -> Any:
    return {"input_tokens": given, "output_tokens": made, "total_tokens": given + made, **details}


def _call(index: int | None, **fields: Any) -> Any:
    return {"name": None, "args": None, "id": None, "type": "tool_call_chunk", **fields} | {
        "index": index
    }


def _ai(content: Any, **fields: Any) -> AIMessageChunk:
    return AIMessageChunk(content=content, **fields)


MERGED: dict[str, Sequence[Any]] = {
    "texts": ["a", "", "b"],
    "lists": [[1], [2, "x"], []],
    "a dictionary that adds up": [
        AddableDict({"a": "x", "b": None}),
        AddableDict({"b": [1]}),
        AddableDict({"a": "y", "b": [2]}),
    ],
    "texts of messages": [_ai("Hel", id="lc_run--1"), _ai("lo", id="msg_1"), _ai("", id="msg_1")],
    "content that becomes a list": [_ai("a"), _ai([{"type": "text", "text": "b"}]), _ai("c")],
    "an empty text before a list": [_ai(""), _ai([{"type": "text", "text": "b", "index": 0}])],
    "blocks by their index": [
        _ai([{"type": "thinking", "thinking": "Hm", "index": 0}]),
        _ai([{"type": "thinking", "thinking": ", well", "index": 0}]),
        _ai([{"type": "text", "text": "It ", "index": 1}]),
        _ai([{"type": "text", "text": "is.", "index": 1}]),
        _ai([{"type": "text", "text": "!"}]),
    ],
    "blocks by LangChain's index": [
        _ai([{"type": "text", "text": "a", "index": "lc_txt_0"}]),
        _ai([{"type": "text", "text": "b", "index": "lc_txt_0"}]),
    ],
    "calls by their index": [
        _ai("", tool_call_chunks=[_call(0, name="add", id="call_1", args="")]),
        _ai("", tool_call_chunks=[_call(0, args='{"a": 1'), _call(1, name="sub", id="call_2")]),
        _ai("", tool_call_chunks=[_call(0, args=', "b": 2}'), _call(1, args="{}")]),
    ],
    "calls of one index and other ids": [
        _ai("", tool_call_chunks=[_call(0, name="add", id="call_1", args="{}")]),
        _ai("", tool_call_chunks=[_call(0, name="add", id="call_2", args="{}")]),
    ],
    "usage with details": [
        _ai("a", usage_metadata=_usage(5, 0, input_token_details={"cache_read": 3})),
        _ai("b", usage_metadata=_usage(0, 7, output_token_details={"reasoning": 4})),
        _ai("c", usage_metadata=_usage(0, 1, output_token_details={"reasoning": 1})),
    ],
    "what is known of the response": [
        _ai("a", response_metadata={"model_provider": "x", "created": 1, "n": 1}),
        _ai("b", response_metadata={"model_provider": "x", "created": 2, "n": 2}),
        _ai("c", response_metadata={"finish_reason": "stop"}, chunk_position="last"),
    ],
    "further arguments": [
        _ai("", additional_kwargs={"function_call": {"name": "f", "arguments": None}}),
        _ai("", additional_kwargs={"function_call": {"arguments": '{"a"'}}),
        _ai("", additional_kwargs={"function_call": {"arguments": ": 1}"}}),
    ],
    "other messages": [HumanMessageChunk(content="a", id="1"), HumanMessageChunk(content="b")],
    "documents, of which the last wins": [Document("a"), Document("b")],
}


def _merged() -> Iterable[dict[str, Any]]:
    dumpd = WellKnownLCSerializer().dumpd
    for name, chunks in MERGED.items():
        try:
            whole = reduce(add, chunks)
        except TypeError:
            whole = chunks[-1]
        yield {"name": name, "chunks": [dumpd(one) for one in chunks], "whole": dumpd(whole)}


# --- Models ------------------------------------------------------------------------------------


def models() -> list[dict[str, Any]]:
    """Name the fields of each body and answer that a runnable's OpenAPI document has."""
    app = FastAPI()
    add_routes(app, RunnableLambda(str), path="/r", enable_feedback_endpoint=True)
    schemas = app.openapi()["components"]["schemas"]
    return [
        {"name": name, "fields": sorted(schema["properties"])}
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def _lines(items: Iterable[Any]) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


async def record() -> None:
    """Write all recordings."""
    FOLDER.mkdir(exist_ok=True)
    for name, (runnable, operation, body) in STREAMS.items():
        stream = await _recorded(runnable, operation, body)
        (FOLDER / f"{name}.sse").write_text(stream, encoding="utf-8", newline="")
    (FOLDER / "merged.jsonl").write_text(_lines(_merged()), encoding="utf-8")
    (FOLDER / "models.jsonl").write_text(_lines(models()), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record())
