"""A model behind the network: an OpenAI-compatible server on loopback that follows a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self, TypeAlias

from langchain_core.messages import AIMessage, ToolCall
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from moorage.testing.gates import Gate, Signal
from moorage.testing.script import Script, ScriptEndedError, steps, tokens
from moorage.testing.serving import serving


@dataclass(frozen=True)
class Cut:
    """The step at which the connection breaks."""


CUT = Cut()


@dataclass(frozen=True)
class Garbage:
    """The step at which something is sent that is not what it should be.

    Attributes:
        text: It goes out as one event's data, or as the rest of the body when nothing is streamed.
    """

    text: str = '{"choices": ['


@dataclass(frozen=True)
class Failure:
    """The reply of a provider that refuses.

    Attributes:
        status: The HTTP status.
        message: For people.
        code: OpenAI's name for it, such as ``context_length_exceeded``.
        headers: More response headers.
    """

    status: int
    message: str = "The server had an error while processing your request."
    code: str = "server_error"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def rate_limited(cls, *, retry_after: int) -> Self:
        """Make the 429 that asks to wait ``retry_after`` seconds."""
        message = "Rate limit reached for requests."
        return cls(429, message, "rate_limit_exceeded", {"Retry-After": str(retry_after)})

    @classmethod
    def context_too_long(cls) -> Self:
        """Make the 400 for a conversation longer than the model's context."""
        message = "This model's maximum context length is 8192 tokens."
        return cls(400, message, "context_length_exceeded")


ServerStep: TypeAlias = str | ToolCall | Gate | Garbage | Cut
ServerReply: TypeAlias = str | AIMessage | Failure | Sequence[ServerStep]


class ModelServer:
    """A provider under the test's control, for ``ChatOpenAI(base_url=server.base_url)``.

        with ModelServer([call("add", a=1, b=2)], "The sum is 3.") as server:
            model = ChatOpenAI(base_url=server.base_url, api_key="unused", model="scripted")

    Each request to ``/v1/chat/completions`` takes the next reply, streamed or whole as it asks.
    After the last reply it answers 500.

    Args:
        *replies: What it answers, in order.

    Attributes:
        requests: The bodies received, in order.
        disconnected: Set when a client went away before its reply was complete.
    """

    def __init__(self, *replies: ServerReply) -> None:
        self.requests: list[dict[str, Any]] = []
        self.disconnected = Signal("no client of the model server went away")
        self._script: Script[ServerReply] = Script(replies)
        self._ids = count(1)
        self._running = ExitStack()
        self._origin = ""

    @property
    def base_url(self) -> str:
        """The URL to give to a client; known while the server runs."""
        return f"{self._origin}/v1"

    def add(self, *replies: ServerReply) -> None:
        """Append to the script."""
        self._script.append(*replies)

    def __enter__(self) -> Self:
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/chat/completions", self._completions, methods=["POST"]),
        ]
        self._origin = self._running.enter_context(serving(Starlette(routes=routes)))
        return self

    def __exit__(self, *_exc: object) -> None:
        self._running.close()

    async def _models(self, _request: Request) -> JSONResponse:
        model = {"id": "scripted", "object": "model", "created": 0, "owned_by": "moorage"}
        return JSONResponse({"object": "list", "data": [model]})

    async def _completions(self, request: Request) -> Any:
        body = await request.json()
        self.requests.append(body)
        try:
            reply = self._script.take()
        except ScriptEndedError as over:
            reply = Failure(500, str(over))
        if isinstance(reply, Failure):
            error = {"message": reply.message, "type": reply.code, "code": reply.code}
            return JSONResponse({"error": error}, reply.status, dict(reply.headers))
        answer = _Answer(f"chatcmpl-{next(self._ids)}", body, steps(reply))
        return _sending(answer, self.disconnected)


class _Answer:
    """One reply in OpenAI's words."""

    def __init__(self, name: str, body: Mapping[str, Any], reply: Sequence[Any]) -> None:
        self._name = name
        self._body = body
        self._steps = reply
        self.is_streamed = bool(body.get("stream"))

    @property
    def content_type(self) -> bytes:
        return b"text/event-stream; charset=utf-8" if self.is_streamed else b"application/json"

    async def parts(self) -> AsyncIterator[bytes]:
        """Give the body in pieces.

        Raises:
            ConnectionAbortedError: The script cuts the connection here.
        """
        said: list[str | ToolCall] = []
        for step in self._steps:
            if isinstance(step, Gate):
                await step.passage()
            elif isinstance(step, Cut):
                raise ConnectionAbortedError("cut by the script")
            elif isinstance(step, Garbage):
                yield self._garbage(step)
            else:
                said.append(step)
                for part in self._streamed(step, len(said) - 1):
                    yield part
        for part in self._ending(said):
            yield part

    def _garbage(self, step: Garbage) -> bytes:
        return (f"data: {step.text}\n\n" if self.is_streamed else step.text).encode()

    def _streamed(self, step: str | ToolCall, position: int) -> Iterator[bytes]:
        if not self.is_streamed:
            return
        for delta in _deltas(step, position):
            yield self._event([{"index": 0, "delta": delta, "finish_reason": None}])

    def _ending(self, said: Sequence[str | ToolCall]) -> Iterator[bytes]:
        finish = "tool_calls" if any(isinstance(step, dict) for step in said) else "stop"
        if not self.is_streamed:
            choice = {"index": 0, "message": _message(said), "finish_reason": finish}
            yield self._json("chat.completion", [choice], usage=self._usage(said))
            return
        yield self._event([{"index": 0, "delta": {}, "finish_reason": finish}])
        if (self._body.get("stream_options") or {}).get("include_usage"):
            yield self._event([], usage=self._usage(said))
        yield b"data: [DONE]\n\n"

    def _event(self, choices: list[Any], **more: Any) -> bytes:
        return b"data: " + self._json("chat.completion.chunk", choices, **more) + b"\n\n"

    def _json(self, kind: str, choices: list[Any], **more: Any) -> bytes:
        head = {"id": self._name, "object": kind, "created": 0, "model": self._body.get("model")}
        return json.dumps({**head, "choices": choices, **more}).encode()

    def _usage(self, said: Sequence[Any]) -> dict[str, int]:
        texts = (str(message.get("content") or "") for message in self._body.get("messages", ()))
        asked = sum(len(tokens(text)) for text in texts)
        return {
            "prompt_tokens": asked,
            "completion_tokens": len(said),
            "total_tokens": asked + len(said),
        }


def _deltas(step: str | ToolCall, position: int) -> Iterator[dict[str, Any]]:
    if isinstance(step, str):
        yield {"role": "assistant", "content": step}
        return
    yield {"role": "assistant", "content": None, "tool_calls": [_function(step, position, "")]}
    args = json.dumps(step["args"])
    for piece in (args[: len(args) // 2], args[len(args) // 2 :]):
        yield {"tool_calls": [{"index": position, "function": {"arguments": piece}}]}


def _function(step: ToolCall, position: int, args: str) -> dict[str, Any]:
    function = {"name": step["name"], "arguments": args}
    return {"index": position, "id": step["id"], "type": "function", "function": function}


def _message(said: Sequence[str | ToolCall]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant"}
    message["content"] = "".join(step for step in said if isinstance(step, str)) or None
    calls = [
        _function(step, position, json.dumps(step["args"]))
        for position, step in enumerate(said)
        if isinstance(step, dict)
    ]
    return {**message, "tool_calls": calls} if calls else message


def _sending(answer: _Answer, disconnected: Signal) -> ASGIApp:
    """Make the response that sends the answer, and stops and tells when the client goes away."""

    async def respond(_scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(_send(answer, send))
        leaving = asyncio.create_task(_departure(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                disconnected.set()
                return
            await sending
        finally:
            sending.cancel()
            leaving.cancel()

    return respond


async def _send(answer: _Answer, send: Send) -> None:
    headers = [(b"content-type", answer.content_type)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for part in answer.parts():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
