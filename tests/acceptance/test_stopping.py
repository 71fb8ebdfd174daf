"""A server that is told to stop in the middle of runs: they go on where it left them."""

import asyncio
import signal
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from tests.acceptance.lives import Lives

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(150)]

PROJECT = Path(__file__).parent / "enduring"
ROUNDS = 60
ASKED: dict[str, Any] = {
    "assistant_id": "rounds",
    "input": {"name": "round", "steps": [], "rounds": ROUNDS},
    "config": {"recursion_limit": 2 * ROUNDS},
}
EVERY_STEP = [f"round {number}" for number in range(ROUNDS)]


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    environment = {
        "MOORAGE_DATABASE_URL": f"sqlite:///{tmp_path / 'moorage.db'}",
        "MOORAGE_LOG_LEVEL": "error",
        "MOORAGE_GRACE_PERIOD": "0.2",  # less than a run takes
    }
    async with Lives.of(PROJECT, **environment) as lives:
        await lives.begin()
        await lives.ready()
        yield lives


async def begin_again(lives: Lives) -> None:
    await lives.end(signal.SIGTERM)
    await lives.begin()
    await lives.ready()


async def test_a_client_that_streams_gets_every_step_over_two_lives(lives: Lives):
    seen: list[list[str]] = []
    async with get_client(url=lives.base) as client:
        thread = await client.threads.create()
        async for part in client.runs.stream(
            thread["thread_id"], **ASKED, stream_mode="values", stream_resumable=True
        ):
            if part.event == "values":
                seen.append(part.data["steps"])
                if len(seen) == 10:
                    stopping = asyncio.create_task(begin_again(lives))
        await stopping
        [run] = await client.runs.list(thread["thread_id"])

    assert run["status"] == "success"
    assert seen[-1] == EVERY_STEP
    counts = [len(steps) for steps in seen]
    grown = [after - before for before, after in pairwise(counts)]
    assert set(grown) <= {0, 1}, "a step was left out, or came again"
    assert grown.count(0) <= 1, "more came twice than the state from which the run went on"


async def test_a_client_that_waits_is_cut_off_and_can_join(lives: Lives):
    async with httpx.AsyncClient(base_url=lives.base, timeout=30) as http:
        thread = (await http.post("/threads", json={})).json()["thread_id"]
        async with http.stream("POST", f"/threads/{thread}/runs/wait", json=ASKED) as waiting:
            with pytest.raises(httpx.TransportError):  # noqa: PT012 - all of it is one wait
                stopping = asyncio.create_task(begin_again(lives))
                await waiting.aread()
        await stopping
        joined = await http.get(waiting.headers["location"])
        assert joined.json()["steps"] == EVERY_STEP


async def test_a_run_in_the_background_goes_on_and_the_stop_does_not_count(lives: Lives):
    async with httpx.AsyncClient(base_url=lives.base, timeout=60) as http:
        thread = (await http.post("/threads", json={})).json()["thread_id"]
        path = f"/threads/{thread}/runs"
        run = (await http.post(path, json=ASKED)).json()["run_id"]
        for _ in range(5):  # more often than a run may be begun
            await begin_again(lives)
        joined = await http.get(f"{path}/{run}/join")
        found = (await http.get(f"{path}/{run}")).json()

    assert found["status"] == "success"
    assert joined.json()["steps"] == EVERY_STEP
