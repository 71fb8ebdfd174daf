"""The graphs that the clients of this folder use."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.func import entrypoint
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from typing_extensions import TypedDict

from moorage.testing import ScriptedChatModel
from tests.protocols.agent_server.gates import gate


def add(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class Words(TypedDict, total=False):
    words: Annotated[list[str], add]


LOOKED_AT = ("tone", "run_id", "thread_id", "langgraph_request_id", "user_id")


class Seen(TypedDict, total=False):
    chosen: dict[str, Any]
    told: dict[str, Any]
    run_id: str | None
    context: Any


class Gated(Words, total=False):
    gate: str


class Tone(TypedDict, total=False):
    tone: str


@dataclass
class Voice:
    tone: str
    volume: int = 3


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


async def hold(state: Gated) -> Words:
    """Say that the run is here, and wait until the test lets it pass."""
    get_stream_writer()({"at": "gate"})
    await gate(state["gate"]).passage()
    return {"words": ["passed"]}


async def tell(state: MessagesState) -> dict[str, Any]:
    """Stop within the answer, at the gate whose name was said."""
    said = str(state["messages"][-1].content)
    model = ScriptedChatModel(responses=[["Once ", gate(said), "upon a time."]])
    return {"messages": [await model.ainvoke(state["messages"])]}


def confirm(state: MessagesState) -> dict[str, Any]:
    return {"messages": [AIMessage(f"confirmed with {interrupt('Really?')}")]}


def stumble(state: MessagesState) -> dict[str, Any]:
    raise ValueError("the node does not like this")


async def talk(state: MessagesState) -> dict[str, Any]:
    model = GenericFakeChatModel(messages=iter([AIMessage("so it goes")]))
    return {"messages": [await model.ainvoke(state["messages"])]}


class Talk(MessagesState, total=False):
    gate: str


async def talk_slowly(state: Talk) -> dict[str, Any]:
    """Say the first words, and the others when the test lets the run pass."""
    model = ScriptedChatModel(responses=[["so ", gate(state["gate"]), "it goes"]])
    return {"messages": [await model.ainvoke(state["messages"])]}


def ask_another(state: Words) -> Words:
    return {"words": [interrupt("which other word?")]}


def say(state: Any) -> Words:
    return {"words": [state["word"]]}


async def wait(state: Words) -> Words:
    """Wait until the run is cancelled."""
    await asyncio.Event().wait()
    return {}


def look(state: Seen, config: RunnableConfig, runtime: Runtime[Any]) -> Seen:
    """Tell what a node sees of its run."""
    known = {name: one for name, one in config["configurable"].items() if name in LOOKED_AT}
    info = runtime.execution_info
    return {
        "chosen": known,
        "told": dict(config["metadata"]),
        "run_id": info.run_id if info else None,
        "context": asdict(runtime.context)
        if isinstance(runtime.context, Voice)
        else runtime.context,
    }


def one_node(name: str, node: Any, state: Any = Words, context: Any = Tone) -> Any:
    return StateGraph(state, context_schema=context).add_node(name, node).add_edge(START, name)


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


def toned(config: RunnableConfig) -> Any:
    """Make a graph whose only node has the name that the run's config says."""
    return one_node(config["configurable"].get("tone", "plain"), first)


deep = one_node("middle", one_node("child", one_node("ask", ask).compile()).compile()).compile()
gated = (
    StateGraph(Gated)
    .add_node("first", first)
    .add_node("hold", hold)
    .add_node("second", second)
    .add_edge(START, "first")
    .add_edge("first", "hold")
    .add_edge("hold", "second")
    .compile()
)
talking = one_node("talk", talk, MessagesState).compile()
telling = one_node("tell", tell, MessagesState).compile()
confirming = one_node("confirm", confirm, MessagesState).compile()
stumbling = one_node("stumble", stumble, MessagesState).compile()
talking_slowly = one_node("talk", talk_slowly, Talk).compile()
two_asking = (
    StateGraph(Words)
    .add_node("ask", ask)
    .add_node("ask_another", ask_another)
    .add_edge(START, "ask")
    .add_edge(START, "ask_another")
    .compile()
)
routed = (
    StateGraph(Words)
    .add_node("ask", ask)
    .add_node("say", say)
    .add_node("first", first)
    .add_edge(START, "ask")
    .compile()
)


@entrypoint()
def doubling(number: int) -> int:
    return 2 * number


def endless_step(state: Words) -> Words:
    return {"words": ["again"]}


looking = one_node("look", look, Seen).compile()
looking_at_voice = one_node("look", look, Seen, Voice).compile()
patient = (
    StateGraph(Words)
    .add_node("step", endless_step)
    .add_edge(START, "step")
    .add_conditional_edges("step", lambda state: END if len(state["words"]) > 29 else "step")
    .compile()
    .with_config(recursion_limit=40)
)
endless = (
    StateGraph(Words)
    .add_node("step", endless_step)
    .add_edge(START, "step")
    .add_edge("step", "step")
    .compile()
)
