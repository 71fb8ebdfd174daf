"""The runnables that the clients of this folder call, published on a bare application."""

import threading
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

from fastapi import FastAPI, HTTPException
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    ConfigurableField,
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
)
from langchain_core.tools import tool
from typing_extensions import TypedDict

from moorage import Rejected, Serializer, add_routes
from moorage.testing import ScriptedChatModel, call

SEPARATORS = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\r\nh\ti\n\nj"
"""Everything that one reader or another takes for the end of a line."""

UNICODE = "Grüße, 世界 👩‍👩‍👧 \U0001f680"

CALL = call("look_up", key="a", depth=2)


class Colour(Enum):
    RED = "red"


class Visit(TypedDict):
    """An input whose fields JSON has no types for."""

    id: UUID
    at: datetime
    day: date
    hour: time
    colour: Colour


@dataclass
class Point:
    x: int
    y: int


class TooBusyError(Exception):
    """What a provider of models raises; the application maps it to 429."""


class Shelf(BaseRetriever):
    """Finds one document about anything."""

    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        return [Document(page_content=f"about {query}", metadata={"source": "shelf", "n": 1})]


@tool
def look_up(key: str) -> str:
    """Look a key up."""
    return f"value of {key}"


class Reversed(Serializer):
    """Writes numbers backwards, to be told apart from every other serializer."""

    def dumps(self, obj: Any) -> bytes:
        return f'"{str(obj)[::-1]}"'.encode()

    def loadd(self, obj: Any) -> Any:
        return int(obj[::-1])


def add_one(x: int) -> int:
    return x + 1


def double(x: int) -> int:
    return x * 2


def anything(x: Any) -> Any:
    return x


def seen(_: Any, config: RunnableConfig) -> dict[str, Any]:
    """Return what of its config a runnable sees."""
    return {
        "tags": config["tags"],
        "metadata": config["metadata"],
        "configurable": config.get("configurable", {}),
        "recursion_limit": config.get("recursion_limit"),
    }


def kinds(messages: list[AnyMessage]) -> list[str]:
    """Return the classes and texts of messages, as they arrived."""
    return [f"{type(message).__name__}: {message.content}" for message in messages]


def types_of(visit: Visit) -> dict[str, str]:
    """Return the names of the types that arrived."""
    return {key: type(value).__name__ for key, value in visit.items()}


def point(x: int) -> Point:
    return Point(x, x + 1)


def strange(_: Any) -> Any:
    """Return something that no JSON can hold."""
    return {"lock": threading.Lock(), "n": 1}


async def echo_messages(messages: list[AnyMessage]) -> list[AnyMessage]:
    return messages


async def answer_in_turn(messages: list[AnyMessage]) -> BaseMessage:
    return AIMessage(f"You said {messages[-1].text!r} after {len(messages) - 1} others.")


def break_down(_: Any) -> Any:
    raise RuntimeError("the password is 1234")


def be_busy(_: Any) -> Any:
    raise TooBusyError


def refuse(_: Any) -> Any:
    raise HTTPException(404, "no such customer")


async def break_off(parts: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for _ in parts:
        yield "one"
        yield "two"
        raise RuntimeError("the password is 1234")


async def be_busy_late(parts: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for _ in parts:
        yield "one"
        raise TooBusyError


async def count_up(parts: AsyncIterator[Any]) -> AsyncIterator[int]:
    async for last in parts:
        for number in range(last):
            yield number


def conversation(replies: Iterable[Any]) -> Runnable[Any, Any]:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
    return prompt | ScriptedChatModel(responses=list(replies), repeat=True)


def research() -> Runnable[Any, Any]:
    """One run with a retriever, a chat model that calls a tool, and the tool, in it."""
    documents = Shelf()
    model = conversation([["Looking. ", CALL]])

    async def run(question: str, config: RunnableConfig) -> str:
        found = await documents.ainvoke(question, config)
        said = await model.ainvoke({"question": found[0].page_content}, config)
        return str(await look_up.ainvoke(said.tool_calls[0]["args"]["key"], config))

    return RunnableLambda(run).with_types(input_type=str, output_type=str)


def too_busy(error: BaseException) -> Rejected | None:
    if isinstance(error, TooBusyError):
        return Rejected(429, "The model is busy; try again.", headers={"Retry-After": "7"})
    return None


def build(**models: ScriptedChatModel) -> FastAPI:
    """Return the application; each of ``models`` is published below its name."""
    app = FastAPI()
    functions: dict[str, Callable[[Any], Any]] = {
        "add_one": add_one,
        "anything": anything,
        "kinds": kinds,
        "types": types_of,
        "point": point,
        "strange": strange,
        "messages": echo_messages,
        "answer": answer_in_turn,
        "broken": break_down,
        "refused": refuse,
    }
    for name, function in functions.items():
        add_routes(app, RunnableLambda(function), path=f"/{name}")
    generators = {"breaks_off": break_off, "count_up": count_up}
    for name, generator in generators.items():
        add_routes(app, RunnableGenerator(generator), path=f"/{name}")
    busy = {"busy": RunnableLambda(be_busy), "busy_late": RunnableGenerator(be_busy_late)}
    for name, runnable in busy.items():
        add_routes(app, runnable, path=f"/{name}", error_mapper=too_busy)
    add_routes(app, conversation(["It is forty two."]) | StrOutputParser(), path="/chain")
    add_routes(app, conversation([["Looking. ", CALL]]), path="/model")
    add_routes(app, Shelf(), path="/shelf")
    add_routes(app, research(), path="/research", include_callback_events=True)
    recovering = RunnableLambda(break_down).with_fallbacks([RunnableLambda(anything)])
    add_routes(app, recovering, path="/recovering", include_callback_events=True)
    add_routes(app, RunnableLambda(add_one) | RunnableLambda(double), path="/steps")
    add_routes(app, RunnableLambda(strange) | RunnableLambda(anything), path="/strange_steps")
    add_routes(app, RunnableLambda(add_one), path="/reversed", serializer=Reversed())
    add_routes(app, RunnableLambda(seen), path="/seen")
    add_routes(
        app,
        RunnableLambda(seen),
        path="/seen_all",
        config_keys=["tags", "metadata", "recursion_limit", "max_concurrency", "configurable"],
        configurable_passthrough="all",
    )
    add_routes(app, configurable(), path="/configured")
    for name, model in models.items():
        add_routes(app, model | StrOutputParser(), path=f"/{name}")
    return app


def configurable() -> Runnable[Any, Any]:
    prompt = PromptTemplate.from_template("Tell {name} a joke.").configurable_fields(
        template=ConfigurableField(id="template", name="Template")
    )
    return prompt | RunnableLambda(lambda value: value.to_string())
