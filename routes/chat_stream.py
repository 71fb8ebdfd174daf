"""``POST /chat/stream``: the agent's words as plain server-sent events, written by hand.

Each frame is ``data: {"content": "…"}``; a failure is ``data: {"error": "…"}``; the last one is
``data: [DONE]``.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from app.agents.conversation import Message
from app.agents.provider_errors import explain

log = logging.getLogger(__name__)

# Neither caches nor proxies may hold the words back.
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class ChatRequest(BaseModel):
    """The conversation so far, with the question at the end."""

    messages: list[Message]


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def publish(app: FastAPI, agent: Runnable[Any, Any]) -> None:
    """Publish ``agent``; a client that goes away cancels its run."""

    @app.post("/chat/stream", response_class=EventStream, summary="Chat, streamed")
    async def chat_stream(request: ChatRequest) -> EventStream:
        return EventStream(_frames(agent, request), headers=UNBUFFERED)


async def _frames(agent: Runnable[Any, Any], request: ChatRequest) -> AsyncIterator[str]:
    try:
        async with aclosing(_words(agent, request)) as words:
            async for word in words:
                yield _frame({"content": word})
    except Exception as error:
        log.exception("the agent failed")
        reason = explain(error)
        yield _frame({"error": str(reason) if reason else "The agent failed; try again later."})
    yield "data: [DONE]\n\n"


async def _words(agent: Runnable[Any, Any], request: ChatRequest) -> AsyncGenerator[str]:
    words: asyncio.Queue[str | None] = asyncio.Queue()

    async def talk() -> None:
        try:
            conversation = {"messages": request.messages}
            async for chunk, _ in agent.astream(conversation, stream_mode="messages"):
                if isinstance(chunk, AIMessageChunk) and chunk.text:
                    words.put_nowait(chunk.text)
        finally:
            words.put_nowait(None)

    # In a task of its own: Starlette cancels a response again and again until it ends, and a graph
    # that is cancelled while it ends leaves its model call running.
    run = asyncio.create_task(talk())
    try:
        while (word := await words.get()) is not None:
            yield word
        await run
    finally:
        run.cancel()


def _frame(data: dict[str, str]) -> str:
    return f"data: {json.dumps(data)}\n\n"
