"""The WebSocket at ``/threads/{thread_id}/stream/events``."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from moorage.protocols.agent_server import sockets
from tests.protocols.agent_server.newer import (
    EVERYTHING,
    data,
    has_ended,
    new_thread,
    started,
    told,
)

pytestmark = pytest.mark.anyio


class Socket:
    """A client that sends commands and keeps what it is told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[Any] = []
        self._latest = 0

    async def received(self) -> Any:
        frame = json.loads(await self.connection.recv())
        if frame["type"] == "event":
            self.events.append(frame)
        return frame

    async def command(self, method: str, **params: Any) -> Any:
        """Send a command; give its answer, which comes behind any number of events."""
        self._latest += 1
        sent = {"id": self._latest, "method": method, "params": params}
        await self.connection.send(json.dumps(sent))
        while True:
            frame = await self.received()
            if frame["type"] != "event":
                assert frame["id"] == self._latest
                return frame

    async def until(self, reached: Callable[[Any], bool]) -> list[Any]:
        while not (self.events and reached(self.events[-1])):
            await self.received()
        return self.events


@asynccontextmanager
async def opened(url: str, thread: str, **options: Any) -> AsyncIterator[Socket]:
    address = f"{url.replace('http', 'ws')}/threads/{thread}/stream/events"
    async with connect(address, **options) as connection:
        yield Socket(connection)


@pytest.mark.requirement("agents:newer:sockets")
async def test_everything_goes_over_one_socket(url: str):
    thread = new_thread()

    async with opened(url, thread) as socket:
        subscribed = await socket.command("subscription.subscribe", channels=EVERYTHING)
        run = await socket.command("run.start", assistant_id="asking", input={"words": []})
        await socket.until(has_ended)
        (question,) = data(socket.events, "input.requested")
        answer = await socket.command(
            "input.respond", interrupt_id=question["interrupt_id"], response="blue"
        )
        socket.events.clear()
        await socket.until(has_ended)

    assert subscribed["result"]["replayed_events"] == 0
    assert run["result"]["run_id"] != answer["result"]["run_id"]
    assert data(socket.events, "values")[-1] == {"words": ["blue"]}


@pytest.mark.requirement("agents:newer:replay")
async def test_what_is_kept_comes_before_the_answer(url: str, http: httpx.AsyncClient):
    thread = new_thread()
    await started(http, thread, "steps", input={"words": []})
    found = await told(http, thread)

    async with opened(url, thread) as socket:
        everything = await socket.command("subscription.subscribe", channels=EVERYTHING)
        replayed, socket.events = socket.events, []
        rest = await socket.command(
            "subscription.subscribe", channels=EVERYTHING, since=found[3]["seq"]
        )

    assert everything["result"]["replayed_events"] == len(found)
    assert replayed == found
    assert rest["result"]["replayed_events"] == len(found) - 4
    assert socket.events == found[4:]


async def test_an_event_comes_once_however_many_want_it(url: str):
    thread = new_thread()

    async with opened(url, thread) as socket:
        for channels in (["lifecycle", "input"], ["lifecycle", "values"]):
            await socket.command("subscription.subscribe", channels=channels)
        await socket.command("run.start", assistant_id="steps", input={"words": []})
        found = await socket.until(has_ended)

    ids = [event["event_id"] for event in found]
    assert len(set(ids)) == len(ids)
    assert {event["method"] for event in found} == {"lifecycle", "values"}


@pytest.mark.requirement("agents:newer:unsubscribe")
async def test_who_unsubscribes_is_told_no_more(url: str):
    thread = new_thread()

    async with opened(url, thread) as socket:
        values = await socket.command("subscription.subscribe", channels=["values"])
        await socket.command("subscription.subscribe", channels=["lifecycle"])
        named = {"subscription_id": values["result"]["subscription_id"]}
        gone = await socket.command("subscription.unsubscribe", **named)
        again = await socket.command("subscription.unsubscribe", **named)
        await socket.command("run.start", assistant_id="steps", input={"words": []})
        found = await socket.until(has_ended)

    assert (gone["type"], gone["result"]) == ("success", {})
    assert again["error"] == "no_such_subscription"
    assert {event["method"] for event in found} == {"lifecycle"}


async def test_who_comes_back_learns_what_was_missed(url: str, http: httpx.AsyncClient):
    thread = new_thread()
    run = await started(http, thread, "steps", input={"words": []})
    found = await told(http, thread)

    async with opened(url, thread) as socket:
        subscribed = await socket.command("subscription.subscribe", channels=["lifecycle"])
        named = subscribed["result"]["subscription_id"]
        seen = {"run_id": run, "last_event_id": found[0]["event_id"]}
        known = await socket.command("subscription.reconnect", **seen, subscriptions=[named])
        lost = await socket.command("subscription.reconnect", **seen, subscriptions=["x"])
        wrong = await socket.command("subscription.reconnect", run_id=new_thread())

    assert known["result"] == {"restored": True, "missed_events": len(found) - 1}
    assert lost["result"]["restored"] is False
    assert wrong["error"] == "no_such_run"


async def test_what_is_no_command_leaves_the_socket_open(url: str):
    async with opened(url, new_thread()) as socket:
        answers = []
        for text in ("no json", "[]", '{"id": 3}', ""):
            await socket.connection.send(text)
            answers.append(await socket.received())
        fine = await socket.command("subscription.subscribe", channels=["values"])

    assert [one["id"] for one in answers] == [None, None, 3, None]
    assert {one["error"] for one in answers} == {"invalid_argument"}
    assert fine["type"] == "success"


async def test_subscriptions_are_limited(url: str):
    async with opened(url, new_thread()) as socket:
        for _ in range(sockets.MOST_SUBSCRIPTIONS):
            await socket.command("subscription.subscribe", channels=["values"])
        refused = await socket.command("subscription.subscribe", channels=["values"])

    assert refused["error"] == "invalid_argument"


async def closed(socket: Socket) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        await socket.received()
    received = caught.value.rcvd
    assert received is not None
    return received.code, received.reason


async def test_a_command_may_not_be_endless(url: str):
    async with opened(url, new_thread(), max_size=None) as socket:
        await socket.connection.send("x" * (sockets.LONGEST_FRAME + 1))

        assert (await closed(socket))[0] == 1009


async def test_a_thread_is_named_by_a_uuid(url: str):
    async with opened(url, "x") as socket:
        assert await closed(socket) == (1008, "Invalid thread ID: must be a UUID")
