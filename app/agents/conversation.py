"""What a client sends to the agent: a list of messages, in any of the forms that people use."""

from typing import Annotated, Any, Literal

from langchain_core.messages import AnyMessage, BaseMessage, convert_to_messages
from pydantic import BeforeValidator
from typing_extensions import TypedDict


class RoleMessage(TypedDict):
    """A message as OpenAI's clients write it."""

    role: Literal["user", "assistant", "system"]
    content: str


def _to_message(value: Any) -> Any:
    """Read ``{"role", "content"}``, ``["user", "text"]`` and text; leave the rest to LangChain."""
    if isinstance(value, BaseMessage) or (isinstance(value, dict) and "type" in value):
        return value
    try:
        return convert_to_messages([tuple(value) if isinstance(value, list) else value])[0]
    except (KeyError, NotImplementedError, TypeError, ValueError):
        remedy = '{"role": "user", "content": "…"}'
        raise ValueError(f"a message must have a role and content, such as {remedy}") from None


Message = Annotated[
    AnyMessage, BeforeValidator(_to_message, json_schema_input_type=RoleMessage | AnyMessage)
]


class Conversation(TypedDict):
    """The agent's input: the conversation so far, with the question at the end."""

    messages: list[Message]
