"""The graphs under measurement: the same folder for every server, with hardly any work of its own.

The ids of the messages are constant, so that a thread stays as small as after its first run.
"""

import asyncio
import time
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from benchmarks.runnables import TwentyTokens

model = TwentyTokens()


class Gated(MessagesState):
    """A conversation, and the port on which somebody says when it may go on."""

    gate: int


class Timed(MessagesState):
    """A conversation, and when its first step began, in seconds of the machine's clock."""

    began: float


async def answer(state: MessagesState) -> dict[str, Any]:
    """Say what was said."""
    return {"messages": [AIMessage(state["messages"][-1].text, id="answer")]}


async def speak(state: MessagesState) -> dict[str, Any]:
    """Answer in twenty tokens."""
    return {"messages": [await model.ainvoke(state["messages"])]}


async def wait(state: Gated) -> None:
    """Wait until the gate, a server on the loopback, closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", state["gate"])
    await reader.read()
    writer.close()


async def begin(state: Timed) -> dict[str, Any]:
    """Take the time."""
    del state
    return {"began": time.monotonic()}


async def think(state: Timed) -> None:
    """Do nothing."""
    del state


echo = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
tokens = StateGraph(MessagesState).add_node(speak).add_edge(START, "speak").compile()
gated = (
    StateGraph(Gated)
    .add_node(wait)
    .add_node(speak)
    .add_edge(START, "wait")
    .add_edge("wait", "speak")
    .compile()
)
steps = (
    StateGraph(Timed)
    .add_node(begin)
    .add_node(think)
    .add_node(answer)
    .add_edge(START, "begin")
    .add_edge("begin", "think")
    .add_edge("think", "answer")
    .compile()
)
