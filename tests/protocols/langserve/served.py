"""The runnables that both servers publish in the tests of our client."""

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.runnables import (
    ConfigurableField,
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
)

from moorage.testing import ScriptedChatModel

ANSWER = AIMessage(
    content="hi\u2028there",
    tool_calls=[{"name": "ask", "args": {"a": 1}, "id": "1"}],
    usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
)


def add_one(x: int) -> int:
    if x == 13:
        raise ValueError("secret")
    return x + 1


async def count(inputs: AsyncIterator[int]) -> AsyncIterator[dict[str, str]]:
    async for last in inputs:
        if last == 13:
            yield {"text": "0"}
            raise ValueError("secret")
        for n in range(last):
            yield {"text": str(n)}


def look_up(query: str) -> list[Document]:
    return [Document(page_content=query, metadata={"n": 1})]


def configured(_: Any, config: RunnableConfig) -> dict[str, Any]:
    return {"tags": sorted(config.get("tags") or []), "user": config["metadata"].get("user")}


def served() -> dict[str, tuple[Runnable[Any, Any], dict[str, Any]]]:
    template = PromptTemplate.from_template("hello {x}").configurable_fields(
        template=ConfigurableField(id="template")
    )
    return {
        "/add": (RunnableLambda(add_one), {"include_callback_events": True}),
        "/count": (RunnableGenerator(count), {"input_type": int}),
        "/message": (RunnableLambda(lambda _: ANSWER), {"input_type": Any}),
        "/model": (ScriptedChatModel(responses=["one two three"], repeat=True), {}),
        "/chain": (
            ChatPromptTemplate.from_messages([("human", "{q}")])
            | ScriptedChatModel(responses=["one two three"], repeat=True)
            | StrOutputParser(),
            {},
        ),
        "/look_up": (RunnableLambda(look_up), {"input_type": str}),
        "/template": (template, {}),
        "/config": (
            RunnableLambda(configured),
            {"input_type": Any, "config_keys": ["tags", "metadata"]},
        ),
        "/history": (
            ChatPromptTemplate.from_messages([MessagesPlaceholder("h"), ("human", "{q}")])
            | RunnableLambda(lambda prompt: AIMessage(content=str(len(prompt.to_messages())))),
            {"input_type": dict, "config_keys": ["configurable", "metadata"]},
        ),
    }
