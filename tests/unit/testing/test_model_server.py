import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from starlette.types import Receive, Scope, Send

from moorage.testing import CUT, Failure, Garbage, Gate, ModelServer, call, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def client(server: ModelServer, **options: Any) -> ChatOpenAI:
    settings: dict[str, Any] = {"api_key": "unused", "model": "scripted", "max_retries": 0}
    return ChatOpenAI(base_url=server.base_url, **{**settings, **options})


def test_it_lists_its_model(provider: ModelServer) -> None:
    listed = httpx.get(f"{provider.base_url}/models").json()
    assert [model["id"] for model in listed["data"]] == ["scripted"]


def test_it_answers_whole(provider: ModelServer) -> None:
    provider.add("one two")
    message = client(provider).invoke("how many?")
    assert message.text == "one two"
    assert message.usage_metadata
    assert message.usage_metadata["total_tokens"] == 4
    assert provider.requests[0]["messages"] == [{"role": "user", "content": "how many?"}]


async def test_it_streams_token_by_token(provider: ModelServer) -> None:
    provider.add("one two")
    chunks = [chunk async for chunk in client(provider, stream_usage=True).astream("how many?")]
    assert [chunk.text for chunk in chunks if chunk.text] == ["one ", "two"]
    assert next(c.usage_metadata for c in chunks if c.usage_metadata)["total_tokens"] == 4


async def test_tool_calls_arrive_whole_and_in_streamed_pieces(provider: ModelServer) -> None:
    provider.add([call("add", a=1, b=2)], ["so ", call("add", a=1, b=2), call("add", a=3, b=4)])
    whole = await client(provider).ainvoke("1 + 2?")
    assert [(c["name"], c["args"]) for c in whole.tool_calls] == [("add", {"a": 1, "b": 2})]
    streamed = AIMessageChunk(content="")
    async for chunk in client(provider).astream("1 + 2 and 3 + 4?"):
        streamed += chunk
    assert [c["args"] for c in streamed.tool_calls] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert streamed.text == "so "


def test_refusals_have_the_provider_s_status_code_and_headers(provider: ModelServer) -> None:
    provider.add(Failure.rate_limited(retry_after=7), Failure(500), Failure.context_too_long())
    with pytest.raises(openai.RateLimitError) as limited:
        client(provider).invoke("x")
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.InternalServerError):
        client(provider).invoke("x")
    with pytest.raises(openai.BadRequestError) as too_long:
        client(provider).invoke("x")
    assert too_long.value.code == "context_length_exceeded"


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_cut_connection_is_seen_as_one(provider: ModelServer, streaming: bool) -> None:
    provider.add(["one ", CUT])
    model = client(provider, streaming=streaming)
    with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
        await model.ainvoke("x")


async def test_garbage_in_a_stream_is_no_json(provider: ModelServer) -> None:
    provider.add(["one ", Garbage()])
    with pytest.raises(json.JSONDecodeError):
        await client(provider, streaming=True).ainvoke("x")


async def test_nothing_is_sent_before_the_gate_opens(provider: ModelServer) -> None:
    gate = Gate()
    provider.add([gate, "late"])
    reply = asyncio.create_task(client(provider).ainvoke("x"))
    await gate.reached.arrival()
    assert not reply.done()
    gate.open()
    assert (await reply).text == "late"


async def test_it_notices_a_client_that_goes_away(provider: ModelServer) -> None:
    provider.add(["one ", Gate(), "two"])
    first_token = asyncio.Event()

    async def listen() -> None:
        async for _ in client(provider).astream("x"):
            first_token.set()

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        await first_token.wait()
    assert not provider.disconnected.is_set
    listening.cancel()
    await provider.disconnected.arrival()


def test_a_request_too_many_is_told_so(provider: ModelServer) -> None:
    with pytest.raises(openai.InternalServerError, match="no more replies"):
        client(provider).invoke("x")


def test_an_application_that_does_not_start_is_reported() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(RuntimeError, match="failed to start"), serving(broken):
        pass
