"""What a scripted model says: replies, each a sequence of steps."""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import uuid4

from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.tool import tool_call

from moorage.testing.gates import Gate

Step: TypeAlias = str | ToolCall | Gate | Exception
"""One token, one call of a tool, a place to stop, or a failure at this point."""

Reply: TypeAlias = str | AIMessage | Exception | Sequence[Step]
"""The steps of one answer; a text stands for its words, a message for its text and tool calls."""

T = TypeVar("T")

_WORD = re.compile(r"\s*\S+\s*|\s+")


class ScriptEndedError(LookupError):
    """The code under test asked for one reply more than the script has."""


class Script(Generic[T]):
    """Replies in their order, each given out once, or round and round.

    Safe when several threads ask.

    Args:
        replies: What to give out.
        repeat: Whether to begin again after the last one.
    """

    def __init__(self, replies: Iterable[T], *, repeat: bool = False) -> None:
        self._replies = deque(replies)
        self._repeat = repeat

    def append(self, *replies: T) -> None:
        """Add to the end."""
        self._replies.extend(replies)

    def take(self) -> T:
        """Return the next reply.

        Raises:
            ScriptEndedError: There is none.
        """
        try:
            reply = self._replies.popleft()
        except IndexError:
            raise ScriptEndedError(
                "the script has no more replies; give it one for each call"
            ) from None
        if self._repeat:
            self._replies.append(reply)
        return reply


def call(name: str, /, **args: Any) -> ToolCall:
    """Make the step in which the model calls the tool ``name``."""
    return tool_call(name=name, args=args, id=f"call_{uuid4().hex[:12]}")


def tokens(text: str) -> list[str]:
    """Cut a text into words that join to the same text again."""
    return _WORD.findall(text)


def steps(reply: Reply | Sequence[Any]) -> Sequence[Any]:
    """Spell a reply out."""
    if isinstance(reply, str):
        return tokens(reply)
    if isinstance(reply, AIMessage):
        return [*tokens(reply.text), *reply.tool_calls]
    if isinstance(reply, Exception):
        return [reply]
    return reply
