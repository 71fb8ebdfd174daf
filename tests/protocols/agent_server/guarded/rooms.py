"""What the callers of this project may run."""

import asyncio
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import get_runtime


def answer(state: MessagesState, config: RunnableConfig) -> Any:
    """Say who is calling, and how much of the secret they brought is there."""
    server = get_runtime().server_info
    assert server
    assert server.user
    configurable = config["configurable"]
    user = configurable["langgraph_auth_user"]
    told = [
        user.identity,
        user["identity"],
        user.display_name,
        ",".join(user.permissions),
        f"{len(user.token)} letters",
        configurable["langgraph_auth_user_id"],
        ",".join(configurable["langgraph_auth_permissions"]),
        configurable["user_id"],
        server.user.identity,
    ]
    return {"messages": [AIMessage(" ".join(told))]}


async def wait(state: MessagesState) -> None:
    """Wait until the run is cancelled."""
    await asyncio.Event().wait()


echo = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer").compile()
waiting = StateGraph(MessagesState).add_node("wait", wait).add_edge(START, "wait").compile()
