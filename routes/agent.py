"""``/agent``: the agent that answers from the documentation."""

from typing import Any

from fastapi import FastAPI
from langchain_core.runnables import Runnable

from app.agents.conversation import Conversation
from moorage import add_routes


def publish(app: FastAPI, agent: Runnable[Any, Any]) -> None:
    """Publish ``agent``, which takes a conversation and returns it with the answer at the end."""
    add_routes(
        app,
        agent,
        path="/agent",
        input_type=Conversation,
        description="Answers questions about moorage from its documentation.",
    )
