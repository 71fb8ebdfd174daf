"""A graph whose thread tells which steps of which runs have been done, in order."""

import asyncio
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict


def add(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class Done(TypedDict, total=False):
    name: str
    steps: Annotated[list[str], add]


def step(number: int) -> Any:
    async def work(state: Done) -> Done:
        await asyncio.sleep(0.005)  # so that there is an inside to be killed in
        return {"steps": [f"{state['name']} {number}"]}

    return work


three_steps = (
    StateGraph(Done)
    .add_node("one", step(1))
    .add_node("two", step(2))
    .add_node("three", step(3))
    .add_edge(START, "one")
    .add_edge("one", "two")
    .add_edge("two", "three")
    .compile()
)


class Rounds(Done, total=False):
    rounds: int


async def go_round(state: Rounds) -> Done:
    await asyncio.sleep(0.02)
    return {"steps": [f"{state['name']} {len(state['steps'])}"]}


def goes_on(state: Rounds) -> str:
    return "go_round" if len(state["steps"]) < state["rounds"] else END


rounds = (
    StateGraph(Rounds)
    .add_node("go_round", go_round)
    .add_edge(START, "go_round")
    .add_conditional_edges("go_round", goes_on, ["go_round", END])
    .compile()
)
