"""Graphs whose nodes use the long-term memory, and the model that it is searched with."""

from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

WORDS = {"cat": [1.0, 0.0, 0.0], "kitten": [0.9, 0.1, 0.0], "car": [0.0, 0.0, 1.0]}


class State(TypedDict):
    space: str
    key: str
    seen: list[str]


async def embed(texts: list[str]) -> list[list[float]]:
    return [WORDS.get(text, [0.0, 0.0, 0.0]) for text in texts]


def remember(state: State, runtime: Runtime[None]) -> dict[str, Any]:
    assert runtime.store is not None
    runtime.store.put((state["space"],), state["key"], {"text": "kitten"})
    found = runtime.store.search((state["space"],), query="cat")
    return {"seen": [item.key for item in found]}


async def remember_later(state: State, runtime: Runtime[None]) -> dict[str, Any]:
    assert runtime.store is not None
    await runtime.store.aput((state["space"],), state["key"], {"text": "kitten"})
    found = await runtime.store.asearch((state["space"],), query="cat")
    return {"seen": [item.key for item in found]}


def one_node(node: Any) -> Any:
    return StateGraph(State).add_node("node", node).add_edge(START, "node").compile()


remembers = one_node(remember)
remembers_later = one_node(remember_later)
