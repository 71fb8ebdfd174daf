"""A chat model without a language model: it searches and quotes, and needs no network."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import TypeAdapter, ValidationError

from app.agents import answers
from app.tools.knowledge import Found
from app.tools.terms import words

_PASSAGES = TypeAdapter(list[Found])
SEARCH = "search_knowledge"
_TOKEN = re.compile(r"\s*\S+\s*|\s+")
_GREETING = re.compile(
    r"\W*(hi|hello|hey|good (morning|evening|day)|thanks?( you)?)\b\W*", re.IGNORECASE
)
_FOLLOW_UP = re.compile(
    r"\W*(and|but|what about|how about|why)\b|\b(it|that|this|they|them)\b", re.IGNORECASE
)


class OfflineModel(BaseChatModel):
    """Deterministic: the same conversation gets the same answer, at once.

    Bound to the tool ``search_knowledge`` it calls it with the words of the question (and, for a
    follow-up, of the question before) and answers in quotations. Without the tool it sums up what
    it is given. Usage is counted in words.
    """

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,  # noqa: ARG002  # it knows one tool, and when to use it
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Accept tools; ``search_knowledge`` is the one it can use."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(_chunks(messages, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(_chunks(messages, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, **kwargs):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, **kwargs):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _chunks(
    messages: list[BaseMessage], *, tools: Sequence[dict[str, Any]] = (), **_ignored: Any
) -> Iterator[ChatGenerationChunk]:
    can_search = any(tool["function"]["name"] == SEARCH for tool in tools)
    reply = _reply(messages, can_search=can_search)
    said = _TOKEN.findall(reply.text)
    for token in said:
        yield ChatGenerationChunk(message=AIMessageChunk(content=token))
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=0)
        for call in reply.tool_calls
    ]
    asked = sum(len(message.text.split()) for message in messages)
    total = asked + len(said) + len(calls)
    usage = UsageMetadata(input_tokens=asked, output_tokens=total - asked, total_tokens=total)
    last = AIMessageChunk(
        content="", tool_call_chunks=calls, usage_metadata=usage, chunk_position="last"
    )
    yield ChatGenerationChunk(message=last)


def _reply(messages: Sequence[BaseMessage], *, can_search: bool) -> AIMessage:
    questions = [message.text for message in messages if isinstance(message, HumanMessage)]
    question = questions[-1] if questions else ""
    if messages and isinstance(messages[-1], ToolMessage):
        return AIMessage(answers.quote(_topic(questions), _found(messages)))
    if not can_search:
        return AIMessage(answers.summarise(question))
    if _GREETING.fullmatch(question) or not (topic := _topic(questions)):
        return AIMessage(answers.GREETING)
    call = {"name": SEARCH, "args": {"query": topic}, "id": f"call_{uuid4().hex[:12]}"}
    return AIMessage("", tool_calls=[call])


def _topic(questions: Sequence[str]) -> str:
    """Return the words to search for; a follow-up is about what was asked before, too."""
    recent = questions[-2:] if questions and _FOLLOW_UP.match(questions[-1]) else questions[-1:]
    return " ".join(dict.fromkeys(word for question in recent for word in words(question)))


def _found(messages: Sequence[BaseMessage]) -> list[Found]:
    """Read what the last call of the tool returned; an error message holds no passages."""
    try:
        return _PASSAGES.validate_json(messages[-1].text)
    except ValidationError:
        return []
