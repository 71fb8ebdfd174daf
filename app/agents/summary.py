"""A chain that sums a text up."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable

PROMPT = ChatPromptTemplate.from_messages(
    [("system", "Sum up the user's text in at most two sentences."), ("human", "{text}")]
)


def summary_chain(model: BaseChatModel) -> Runnable[dict[str, Any], str]:
    """Make the chain from ``{"text": …}`` to a string."""
    return (PROMPT | model | StrOutputParser()).with_config(run_name="summary")
