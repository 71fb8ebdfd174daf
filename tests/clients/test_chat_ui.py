"""The calls of Agent Chat UI, as its pages make them."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.protocols.agent_server.sse import events

pytestmark = [pytest.mark.anyio, pytest.mark.requirement("agents:clients:chat-ui")]


@pytest.fixture
async def page(agents: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=agents, timeout=20) as page:
        yield page


async def said(page: httpx.AsyncClient, thread: str, **body: Any) -> list[Any]:
    """Send what the hook sends; return the events."""
    asked = {
        "assistant_id": "confirming",
        "stream_mode": ["values", "messages-tuple", "custom"],
        "stream_subgraphs": True,
        "stream_resumable": True,
        "on_disconnect": "continue",
        **body,
    }
    async with page.stream("POST", f"/threads/{thread}/runs/stream", json=asked) as reply:
        assert reply.headers["content-location"].startswith(f"/threads/{thread}/runs/")
        return [part async for part in events(reply)]


async def test_the_service_is_there(page: httpx.AsyncClient):
    reply = await page.get("/info", headers={"x-api-key": ""})

    assert reply.status_code == 200
    assert reply.json()["version"]


async def test_a_conversation_with_a_question(page: httpx.AsyncClient):
    mark = str(uuid4())
    thread = (await page.post("/threads", json={"metadata": {"mark": mark}})).json()["thread_id"]
    message = {"id": str(uuid4()), "type": "human", "content": [{"type": "text", "text": "do it"}]}

    asked = await said(page, thread, input={"messages": [message], "context": {}})
    history = await page.post(f"/threads/{thread}/history", json={"limit": 10})
    found = await page.post(
        "/threads/search", json={"metadata": {"graph_id": "confirming", "mark": mark}, "limit": 100}
    )
    answered = await said(
        page, thread, command={"resume": {"decisions": [{"type": "approve"}]}, "goto": None}
    )

    assert asked[-1].data["__interrupt__"][0]["value"] == "Really?"
    (state, *_) = history.json()
    assert state["tasks"][-1]["interrupts"][0]["value"] == "Really?"
    assert state["values"]["messages"] == [{**state["values"]["messages"][0], **message}]
    (listed,) = found.json()
    assert listed["thread_id"] == thread
    assert listed["values"]["messages"][0]["content"] == message["content"]
    last = answered[-1].data["messages"][-1]
    assert (last["type"], "approve" in json.dumps(last["content"])) == ("ai", True)


async def test_a_conversation_that_is_dropped(page: httpx.AsyncClient):
    """A person ignores the question: the graph goes to its end."""
    thread = (await page.post("/threads", json={})).json()["thread_id"]
    await said(page, thread, input={"messages": [{"type": "human", "content": "do it"}]})

    await said(page, thread, command={"goto": "__end__"})

    state = (await page.get(f"/threads/{thread}/state")).json()
    assert "ai" not in [message["type"] for message in state["values"]["messages"]]
