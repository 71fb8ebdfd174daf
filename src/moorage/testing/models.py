"""Chat models that say what a test tells them to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import (
    BaseChatModel,
    agenerate_from_stream,
    generate_from_stream,
)
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

from moorage.testing.gates import Gate, Signal
from moorage.testing.script import Reply, Script, Step, steps, tokens


class ScriptedChatModel(BaseChatModel):
    """A chat model that gives scripted replies, one a call, token by token when streamed.

    It takes tools (``bind_tools``), reports usage in words, and never sleeps: a ``Gate`` in a
    reply stops it until the test opens the gate.

        model = ScriptedChatModel(responses=[[call("add", a=1, b=2)], "The sum is 3."])

    Raises on a call after the last reply: ``ScriptEndedError``, unless ``repeat`` is set.

    Attributes:
        responses: The replies in their order.
        repeat: Whether to begin again after the last reply.
    """

    responses: Sequence[Any] = Field(exclude=True, repr=False)
    repeat: bool = False

    _script: Script[Reply] = PrivateAttr()
    _calls: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _interrupted: Signal = PrivateAttr(
        default_factory=lambda: Signal("no reply of the model was interrupted")
    )

    def model_post_init(self, context: Any, /) -> None:
        """Lay the script ready."""
        super().model_post_init(context)
        self._script = Script(self.responses, repeat=self.repeat)

    @property
    def calls(self) -> list[list[BaseMessage]]:
        """The messages of every call so far."""
        return self._calls

    @property
    def interrupted(self) -> Signal:
        """Set when a caller went away, or was cancelled, in the middle of a reply."""
        return self._interrupted

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,  # noqa: ARG002  # the script chooses
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Accept tools; which of them is called is for the script to say."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> Iterator[ChatGenerationChunk]:
        try:
            for part in self._parts(messages):
                if isinstance(part, Gate):
                    part.enter()
                    continue
                if run_manager:
                    run_manager.on_llm_new_token(part.text, chunk=part)
                yield part
        except GeneratorExit:
            self._interrupted.set()
            raise

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncIterator[ChatGenerationChunk]:
        try:
            for part in self._parts(messages):
                if isinstance(part, Gate):
                    await part.passage()
                    continue
                if run_manager:
                    await run_manager.on_llm_new_token(part.text, chunk=part)
                yield part
        except (asyncio.CancelledError, GeneratorExit):
            self._interrupted.set()
            raise

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, **kwargs))

    def _parts(self, messages: list[BaseMessage]) -> Iterator[ChatGenerationChunk | Gate]:
        self._calls.append(messages)
        reply = steps(self._script.take())
        for position, step in enumerate(reply):
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Gate):
                yield step
            else:
                yield from _spoken(step, position)
        yield _last(messages, reply)


def _spoken(step: str | ToolCall, position: int) -> Iterator[ChatGenerationChunk]:
    if isinstance(step, str):
        yield _chunk(AIMessageChunk(content=step))
        return
    args = json.dumps(step["args"])
    opening = tool_call_chunk(name=step["name"], args="", id=step["id"], index=position)
    yield _chunk(AIMessageChunk(content="", tool_call_chunks=[opening]))
    for piece in (args[: len(args) // 2], args[len(args) // 2 :]):
        part = tool_call_chunk(args=piece, index=position)
        yield _chunk(AIMessageChunk(content="", tool_call_chunks=[part]))


def _last(messages: Iterable[BaseMessage], reply: Sequence[Step]) -> ChatGenerationChunk:
    has_calls = any(isinstance(step, dict) for step in reply)
    asked = sum(len(tokens(message.text)) for message in messages)
    said = sum(isinstance(step, str | dict) for step in reply)
    return _chunk(
        AIMessageChunk(
            content="",
            chunk_position="last",
            response_metadata={"finish_reason": "tool_calls" if has_calls else "stop"},
            usage_metadata=UsageMetadata(
                input_tokens=asked, output_tokens=said, total_tokens=asked + said
            ),
        )
    )


def _chunk(message: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message)
