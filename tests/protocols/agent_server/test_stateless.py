"""Stateless runs whose clients wait for them: found while they go on, and gone afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from langgraph_sdk.errors import NotFoundError

from moorage.testing import Gate
from tests.protocols.agent_server.gates import new_gate

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def awaited(
    http: httpx.AsyncClient, how: str = "wait", **options: Any
) -> AsyncIterator[tuple[httpx.Response, str, Gate]]:
    """Give the answer to a run that stands at its gate, the run's place, and the gate."""
    name, gate = new_gate()
    body = {"assistant_id": "gated", "input": {"words": [], "gate": name}, **options}
    async with http.stream("POST", f"/runs/{how}", json=body) as reply:
        await gate.reached.arrival()
        location = reply.headers["location"]
        yield reply, location.removesuffix("/join").removesuffix("/stream"), gate


async def test_while_it_goes_on_it_and_its_thread_are_found(client: Any, http: httpx.AsyncClient):
    async with awaited(http, metadata={"of": "this"}) as (reply, place, gate):
        _, _, thread, _, run = place.split("/")
        known = await client.threads.get(thread)
        [listed] = await client.runs.list(thread)
        found = await client.runs.get(thread, run)
        running = await client.runs.list(thread, status="pending")
        gate.open()
        values = httpx.Response(200, content=await reply.aread()).json()

    assert (known["status"], known["metadata"]["graph_id"]) == ("busy", "gated")
    assert found == listed
    assert (found["run_id"], found["status"], running) == (run, "running", [])
    assert found["metadata"]["of"] == "this"
    assert found["kwargs"]["config"]["configurable"]["thread_id"] == thread
    assert values["words"] == ["first", "passed", "second"]


async def test_afterwards_nothing_of_it_is_left(client: Any, http: httpx.AsyncClient):
    async with awaited(http) as (reply, place, gate):
        _, _, thread, _, run = place.split("/")
        during = await client.threads.search(ids=[thread])
        gate.open()
        await reply.aread()

    assert during == []
    with pytest.raises(NotFoundError):
        await client.threads.get(thread)
    with pytest.raises(NotFoundError):
        await client.runs.get(thread, run)
    assert (await http.get(f"{place}/join")).status_code == 404


@pytest.mark.parametrize("how", ["wait", "stream"])
async def test_others_join_it_and_see_the_same(http: httpx.AsyncClient, how: str):
    async with (
        awaited(http, how) as (_, place, gate),
        http.stream("GET", f"{place}/stream") as events,
    ):
        gate.open()
        lines = [line async for line in events.aiter_lines() if line.startswith("data")]

    assert '"words":["first","passed","second"]' in lines[-1]


async def test_a_stream_has_every_event_from_the_first(http: httpx.AsyncClient):
    async with awaited(http, "stream", stream_mode=["updates"]) as (reply, _, gate):
        gate.open()
        text = (await reply.aread()).decode()

    names = [line.removeprefix("event: ") for line in text.splitlines() if line[:5] == "event"]
    assert names == ["metadata", "updates", "updates", "updates"]


async def test_it_is_cancelled_like_any_other(client: Any, http: httpx.AsyncClient):
    async with awaited(http) as (reply, place, _):
        _, _, thread, _, run = place.split("/")
        await client.runs.cancel(thread, run, wait=True)
        values = httpx.Response(200, content=await reply.aread()).json()

    assert values["words"] == ["first"]


async def test_deleting_its_thread_stops_it(client: Any, http: httpx.AsyncClient):
    async with awaited(http) as (reply, place, _):
        _, _, thread, _, _ = place.split("/")
        await client.threads.delete(thread)
        answer = httpx.Response(200, content=await reply.aread()).json()

    assert answer["__error__"]["error"] == "NotFound"


async def test_a_client_that_leaves_may_stop_it_or_let_it_go_on(http: httpx.AsyncClient):
    async with awaited(http, on_disconnect="cancel") as (_, stopped, _):
        pass
    async with awaited(http, on_disconnect="continue") as (_, going_on, gate):
        pass

    joined = await http.get(f"{stopped}/join")  # returns, although nobody opens the gate
    async with http.stream("GET", f"{going_on}/join") as reply:
        gate.open()
        values = httpx.Response(200, content=await reply.aread()).json()

    assert joined.status_code == 404 or joined.json()["words"] == ["first"]
    assert values["words"] == ["first", "passed", "second"]


async def test_a_question_is_in_the_result(client: Any):
    values = await client.runs.wait(None, "asking", input={"words": ["a"]})

    assert values["__interrupt__"][0]["value"] == "which word?"


async def test_a_breakpoint_stops_it(client: Any):
    values = await client.runs.wait(None, "steps", input={"words": []}, interrupt_before=["second"])

    assert values == {"words": ["first"]}


async def test_what_is_to_be_kept_is_kept(client: Any, http: httpx.AsyncClient):
    async with awaited(http, on_completion="keep") as (reply, place, gate):
        _, _, thread, _, run = place.split("/")
        gate.open()
        await reply.aread()

    assert (await client.threads.get(thread))["values"]["words"][-1] == "second"
    assert (await client.runs.get(thread, run))["status"] == "success"
