"""The graphs that the clients of this folder use."""

import asyncio
from typing import Annotated, Any

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


def add(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class Words(TypedDict, total=False):
    words: Annotated[list[str], add]


class Tone(TypedDict, total=False):
    tone: str


def answer(state: MessagesState) -> dict[str, Any]:
    return {"messages": [AIMessage(f"you said: {state['messages'][-1].content}")]}


def first(state: Words) -> Words:
    return {"words": ["first"]}


def second(state: Words) -> Words:
    return {"words": ["second"]}


def ask(state: Words) -> Words:
    return {"words": [interrupt("which word?")]}


def fail(state: Words) -> Words:
    raise ValueError("the node does not like this")


async def wait(state: Words) -> Words:
    """Wait until the run is cancelled."""
    await asyncio.Event().wait()
    return {}


def one_node(name: str, node: Any, state: Any = Words) -> Any:
    return StateGraph(state, context_schema=Tone).add_node(name, node).add_edge(START, name)


echo = one_node("answer", answer, MessagesState).compile()
steps = (
    StateGraph(Words)
    .add_node("first", first)
    .add_node("second", second)
    .add_edge(START, "first")
    .add_edge("first", "second")
    .compile()
)
asking = one_node("ask", ask).compile()
failing = one_node("fail", fail).compile()
waiting = one_node("wait", wait).compile()
nested = one_node("child", one_node("inner", first).compile()).compile()
