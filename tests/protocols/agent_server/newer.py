"""The newer protocol by hand: commands, and what happens on threads."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests.protocols.agent_server.sse import events

EVERYTHING = [
    "values",
    "updates",
    "messages",
    "tools",
    "lifecycle",
    "input",
    "tasks",
    "custom",
    "checkpoints",
]
ENDED = ("completed", "failed", "interrupted")

Event = Any
Until = Callable[[Event], bool]


def new_thread() -> str:
    """Return the id of a thread that is not there."""
    return str(uuid4())


async def command(http: httpx.AsyncClient, thread: str, method: str, **params: Any) -> Any:
    """Have a command carried out; give its answer."""
    body = {"id": 7, "method": method, "params": params}
    reply = await http.post(f"/threads/{thread}/commands", json=body)
    assert reply.status_code == 200
    assert reply.json()["id"] == 7
    return reply.json()


async def started(http: httpx.AsyncClient, thread: str, graph: str, **params: Any) -> str:
    """Begin a run; give its id."""
    answer = await command(http, thread, "run.start", assistant_id=graph, **params)
    return str(answer["result"]["run_id"])


@asynccontextmanager
async def following(
    http: httpx.AsyncClient, thread: str, *channels: str, headers: Any = None, **wanted: Any
) -> AsyncIterator[AsyncIterator[Event]]:
    """Give what happens on a thread, as it happens."""
    body = {"channels": channels or EVERYTHING, **wanted}
    path = f"/threads/{thread}/stream/events"
    async with http.stream("POST", path, json=body, headers=headers) as reply:
        assert reply.status_code == 200

        async def told() -> AsyncIterator[Event]:
            async for part in events(reply):
                assert part.event == part.data["method"]
                assert part.id == str(part.data["seq"])
                yield part.data

        yield told()


async def taken(stream: AsyncIterator[Event], until: Until | None = None) -> list[Event]:
    """Return events up to the first that ``until`` is for, which is else a run's end."""
    found = []
    async for event in stream:
        found.append(event)
        if (until or has_ended)(event):
            break
    return found


async def told(
    http: httpx.AsyncClient, thread: str, *channels: str, until: Until | None = None, **wanted: Any
) -> list[Event]:
    """Return what happens on a thread up to the end of a run."""
    async with following(http, thread, *channels, **wanted) as stream:
        return await taken(stream, until)


def has_ended(event: Event) -> bool:
    """Tell whether an event ends a run."""
    return is_root(event) and event["params"]["data"]["event"] in ENDED


def is_root(event: Event) -> bool:
    """Tell whether an event is about the life of a run as a whole."""
    return event["method"] == "lifecycle" and not event["params"]["namespace"]


def data(found: list[Event], method: str) -> list[Any]:
    """Return what the events of one kind say."""
    return [event["params"]["data"] for event in found if event["method"] == method]


def lives(found: list[Event]) -> list[tuple[str, str]]:
    """Return where each graph of a run was in its life, by its node."""
    return [
        ("/".join(one.partition(":")[0] for one in event["params"]["namespace"]), said["event"])
        for event in found
        if event["method"] == "lifecycle"
        for said in [event["params"]["data"]]
    ]
