"""``threads.stream`` of the official client in Python, with and without asyncio."""

import asyncio
from typing import Any

import pytest
from langgraph_sdk import get_sync_client

from tests.acceptance.processes import until
from tests.protocols.agent_server.gates import new_gate
from tests.protocols.agent_server.newer import new_thread

pytestmark = pytest.mark.anyio

HI: Any = {"messages": [{"role": "user", "content": "hi"}]}
WAYS = pytest.mark.parametrize("transport", ["sse", "websocket"])


@pytest.mark.requirement("agents:clients:newer-python")
@WAYS
async def test_a_run_is_streamed(client: Any, transport: Any):
    async with client.threads.stream(assistant_id="steps", transport=transport) as thread:
        await thread.run.start(input={"words": []})
        values = [one async for one in thread.values]

        assert values[-1] == {"words": ["first", "second"]}
        assert await thread.output == values[-1]


@pytest.mark.requirement("agents:clients:newer-python")
@WAYS
async def test_a_message_is_streamed(client: Any, transport: Any):
    async with client.threads.stream(assistant_id="talking", transport=transport) as thread:
        await thread.run.start(input=HI)
        (message,) = [one async for one in thread.messages]

        assert await message.text == "so it goes"
        assert (await thread.output)["messages"][-1]["id"] == message.message_id


@pytest.mark.requirement("agents:clients:newer-python")
@WAYS
async def test_a_question_is_answered(client: Any, transport: Any):
    async with client.threads.stream(assistant_id="asking", transport=transport) as thread:
        await thread.run.start(input={"words": []})
        [_ async for _ in thread.values]
        await asyncio.to_thread(until, lambda: thread.interrupts, "a question")
        (question,) = thread.interrupts
        await thread.run.respond("blue")

        assert question["value"] == "which word?"
        assert await thread.output == {"words": ["blue"]}


async def test_a_failure_is_raised(client: Any):
    async with client.threads.stream(assistant_id="failing") as thread:
        await thread.run.start(input={"words": []})

        with pytest.raises(RuntimeError, match="the node does not like this"):
            await thread.output


async def test_subgraphs_are_found(client: Any):
    async with client.threads.stream(assistant_id="nested") as thread:
        await thread.run.start(input={"words": []})
        found = [one async for one in thread.subgraphs]

        assert [(one.graph_name, one.status) for one in found] == [("child", "completed")]


async def test_who_comes_back_to_a_thread_goes_on_with_it(client: Any):
    thread_id, (name, gate) = new_thread(), new_gate()
    async with client.threads.stream(thread_id=thread_id, assistant_id="gated") as thread:
        await thread.run.start(input={"words": [], "gate": name})
        await gate.reached.arrival()

    async with client.threads.stream(thread_id=thread_id, assistant_id="gated") as thread:
        events = thread.subscribe(["values", "lifecycle"])
        first = await anext(events)
        gate.open()
        output = await thread.output

    assert first["params"]["data"]["event"] == "running"
    assert output["words"] == ["first", "passed", "second"]


async def test_a_second_run_goes_on_in_the_same_stream(client: Any):
    async with client.threads.stream(assistant_id="steps") as thread:
        for _ in range(2):
            await thread.run.start(input={"words": []})
            values = [one async for one in thread.values]

        assert values[-1]["words"] == ["first", "second"] * 2


@pytest.mark.requirement("agents:clients:newer-python")
@WAYS
def test_it_works_without_asyncio(url: str, transport: Any):
    with (
        get_sync_client(url=url) as client,
        client.threads.stream(assistant_id="asking", transport=transport) as thread,
    ):
        thread.run.start(input={"words": []})
        list(thread.values)
        until(lambda: thread.interrupts, "a question")
        thread.run.respond("blue")

        assert thread.output == {"words": ["blue"]}
