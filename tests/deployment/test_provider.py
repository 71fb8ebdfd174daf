"""The agent with a model over the network, and what a client sees when that model fails."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient

from app.agents.documentation import documentation_agent
from app.agents.provider_errors import explain
from app.tools.knowledge import Knowledge
from app.tools.passages import split
from config.settings import Settings
from moorage import create_app
from moorage.testing import CUT, Failure, Garbage, Gate, ModelServer, ServerReply, call
from routes import agent, chat_stream
from tests.conftest import Serve

pytestmark = pytest.mark.anyio

DOCUMENTATION = "# moorage\n\n## Streaming\n\nPost to `/stream`."
QUESTION = {"messages": [{"role": "user", "content": "How do I stream?"}]}
SEARCH = [call("search_knowledge", query="streaming")]
SILENCE = "Internal Server Error"
FAILURES: dict[str, tuple[ServerReply, int, str]] = {
    "limited": (Failure.rate_limited(retry_after=7), 429, "asked too often"),
    "broken": (Failure(500), 502, "provider failed"),
    "too long": (Failure.context_too_long(), 400, "too long for the model"),
    "unauthorised": (Failure(401, "Bad key sk-123.", "invalid_api_key"), 500, SILENCE),
    "cut": (["one ", CUT], 500, SILENCE),
}


@pytest.fixture
def provider() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def url(provider: ModelServer, serve: Serve) -> str:
    connections = DefaultAsyncHttpxClient()
    model = ChatOpenAI(
        base_url=provider.base_url,
        api_key="unused",
        model="scripted",
        max_retries=0,
        http_async_client=connections,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with connections:
            yield

    documentation = documentation_agent(model, Knowledge(list(split(DOCUMENTATION, "a.md"))))
    app = create_app(Settings.parse({}), error_mapper=explain, lifespan=lifespan)
    agent.publish(app, documentation)
    chat_stream.publish(app, documentation)
    return serve(app)


def frames(body: str) -> list[Any]:
    """Read ``data:`` frames: JSON, or the text that is none."""
    data = [frame.removeprefix("data: ") for frame in body.split("\n\n") if frame]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def events(body: str) -> list[tuple[str, Any]]:
    """Read named events with their data."""
    found = []
    for frame in body.split("\r\n\r\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if line[:1] != ":")
        if "event" in lines:
            found.append((lines["event"], json.loads(lines.get("data", "null"))))
    return found


def test_the_model_calls_the_tool_and_answers_with_what_it_found(provider: ModelServer, url: str):
    provider.add(SEARCH, "Post to /stream.")
    reply = httpx.post(f"{url}/agent/invoke", json={"input": QUESTION})
    assert reply.status_code == 200
    messages = reply.json()["output"]["messages"]
    assert [message["type"] for message in messages] == ["human", "ai", "tool", "ai"]
    assert messages[-1]["content"] == "Post to /stream."
    told = provider.requests[1]["messages"][-1]
    assert told["role"] == "tool"
    assert json.loads(told["content"]) == [
        {"source": "a.md", "heading": "moorage > Streaming", "text": "Post to `/stream`."}
    ]


def test_the_stream_shows_every_step_of_the_agent(provider: ModelServer, url: str):
    provider.add(SEARCH, "Post to /stream.")
    reply = httpx.post(f"{url}/agent/stream", json={"input": QUESTION})
    data = [data for event, data in events(reply.text) if event == "data"]
    assert [list(step) for step in data] == [["model"], ["tools"], ["model"]]
    assert data[-1]["model"]["messages"][0]["content"] == "Post to /stream."


def test_chat_streams_the_tokens_of_the_provider(provider: ModelServer, url: str):
    provider.add(SEARCH, "Post to /stream.")
    reply = httpx.post(f"{url}/chat/stream", json=QUESTION)
    assert reply.headers["content-type"].startswith("text/event-stream")
    words = [{"content": word} for word in ("Post ", "to ", "/stream.")]
    assert frames(reply.text) == [*words, "[DONE]"]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_provider_is_a_status_on_invoke(provider: ModelServer, url: str, failure: str):
    scripted, status, message = FAILURES[failure]
    provider.add(scripted)
    reply = httpx.post(f"{url}/agent/invoke", json={"input": QUESTION})
    assert reply.status_code == status
    assert message in reply.text
    assert "sk-123" not in reply.text
    assert reply.headers.get("retry-after") == ("7" if status == 429 else None)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_provider_is_an_error_event_on_a_stream(
    provider: ModelServer, url: str, failure: str
):
    scripted, status, message = FAILURES[failure]
    provider.add(scripted)
    reply = httpx.post(f"{url}/agent/stream", json={"input": QUESTION})
    assert reply.status_code == 200
    event, data = events(reply.text)[-1]
    assert (event, data["status_code"]) == ("error", status)
    assert message in data["message"]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_provider_is_an_error_frame_in_a_chat(
    provider: ModelServer, url: str, failure: str
):
    scripted, status, message = FAILURES[failure]
    provider.add(scripted)
    reply = httpx.post(f"{url}/chat/stream", json=QUESTION)
    *_, error, done = frames(reply.text)
    assert (message if status != 500 else "The agent failed") in error["error"]
    assert done == "[DONE]"


def test_the_words_before_a_failure_are_kept(provider: ModelServer, url: str):
    provider.add(["one ", "two ", Garbage()])
    reply = httpx.post(f"{url}/chat/stream", json=QUESTION)
    *words, error, done = frames(reply.text)
    assert words == [{"content": "one "}, {"content": "two "}]
    assert list(error) == ["error"]
    assert done == "[DONE]"


async def test_the_first_words_arrive_while_the_provider_still_talks(
    provider: ModelServer, url: str
):
    gate = Gate()
    provider.add(["one ", gate, "two"])
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{url}/chat/stream", json=QUESTION) as reply,
    ):
        lines = reply.aiter_lines()
        assert await anext(lines) == 'data: {"content": "one "}'
        await gate.reached.arrival()
        gate.open()
        rest = [line async for line in lines if line]
    assert rest == ['data: {"content": "two"}', "data: [DONE]"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/stream", QUESTION),
        ("/agent/stream", {"input": QUESTION}),
        ("/agent/stream_events", {"input": QUESTION}),
        ("/agent/invoke", {"input": QUESTION}),
    ],
)
@pytest.mark.parametrize("said", [[], ["one "]], ids=["before the first token", "in the middle"])
async def test_a_client_that_goes_away_ends_the_call_of_the_provider(
    provider: ModelServer, url: str, path: str, body: dict[str, Any], said: list[str]
):
    gate = Gate()
    provider.add([*said, gate, "never said"])
    async with httpx.AsyncClient() as client:
        reading = asyncio.create_task(client.post(f"{url}{path}", json=body))
        await gate.reached.arrival()
        reading.cancel()
        await asyncio.wait([reading])
    await provider.disconnected.arrival()


def test_what_is_no_conversation_is_refused(url: str):
    for body in ({}, {"messages": "x"}, {"messages": [{"role": "user"}]}):
        assert httpx.post(f"{url}/chat/stream", json=body).status_code == 422
        assert httpx.post(f"{url}/agent/invoke", json={"input": body}).status_code == 422
