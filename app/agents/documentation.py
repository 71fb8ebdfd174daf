"""The agent that answers questions about moorage from its documentation."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable

from app.tools.knowledge import Knowledge, search_tool

INSTRUCTIONS = (
    "You answer questions about moorage, a framework that hosts LangChain runnables and LangGraph"
    " agents over HTTP. Search its documentation with search_knowledge before you answer, quote"
    " what you found with its source, and say so when the documentation does not answer."
)


def documentation_agent(model: BaseChatModel, knowledge: Knowledge) -> Runnable[Any, Any]:
    """Make the agent; it takes and gives ``{"messages": […]}``."""
    return create_agent(
        model, tools=[search_tool(knowledge)], system_prompt=INSTRUCTIONS, name="documentation"
    )
