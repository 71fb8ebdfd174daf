"""One run that a thousand clients follow: what gets lost on the way, and what each costs."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from benchmarks.agents.cases import new_thread
from benchmarks.agents.client import connected, run
from benchmarks.agents.runs import run_of, tokens_in
from benchmarks.agents.servers import DEV, AgentPeer, AgentServer, serving
from benchmarks.load import Load
from benchmarks.report import Series
from benchmarks.runnables import TOKENS

NAME = "agent-followers"
FOLLOWERS = 1000
WARM_UP_FOLLOWERS = 10
SECONDS = 60
FROM_THE_START = "last-event-id: -1"


@dataclass(frozen=True)
class Followed:
    """What came of one run."""

    lost: int
    seconds: float
    kilobytes: float


def followers(peers: Mapping[str, AgentPeer], load: Load) -> Iterator[Series]:
    """Follow a run that waits, then let it go; with a new server, and new memory, each time."""
    title = f"{FOLLOWERS} followers of one run"
    lost = Series(NAME, f"{title}: tokens lost", "tokens", beside=(DEV,))
    rate = Series(NAME, title, "tokens/s", beside=(DEV,))
    memory = Series(NAME, f"{title} that waits: memory of each", "KB", beside=(DEV,))
    for _ in range(load.rounds):
        for name, peer in peers.items():
            with serving(peer, NAME, load.core) as server:
                run(_follow(server, WARM_UP_FOLLOWERS), SECONDS)
                followed = run(_follow(server, FOLLOWERS), SECONDS)
            lost.add(name, followed.lost)
            rate.add(name, (FOLLOWERS * len(TOKENS) - followed.lost) / followed.seconds)
            memory.add(name, followed.kilobytes)
    yield from (lost, rate, memory)


async def _follow(server: AgentServer, count: int) -> Followed:
    async with AsyncExitStack() as stack:
        opened = asyncio.Event()
        port = await stack.enter_async_context(_gate(opened))
        path = await _start(server, port)
        before = server.resident_megabytes()
        followers = [await stack.enter_async_context(connected(server.port)) for _ in range(count)]
        streams = [
            asyncio.ensure_future(follower.send("GET", path, b"", FROM_THE_START))
            for follower in followers
        ]
        await asyncio.gather(*(follower.answered.wait() for follower in followers))
        grown = server.resident_megabytes() - before
        released = time.monotonic()
        opened.set()
        bodies = await asyncio.gather(*streams)
        seconds = time.monotonic() - released
    lost = sum(lost_in(tokens_in(body)) for body in bodies)
    return Followed(lost, seconds, grown * 1024 / count)


async def _start(server: AgentServer, gate: int) -> str:
    """Ask for a run that waits at the gate, and give the path of its stream."""
    body = run_of("gated", gate=gate, stream_mode="messages-tuple", stream_resumable=True)
    async with connected(server.port) as connection:
        thread = await new_thread(connection)
        accepted = await connection.post(f"/threads/{thread}/runs", body)
    return f"/threads/{thread}/runs/{accepted['run_id']}/stream"


def lost_in(tokens: list[str]) -> int:
    """How many of the run's tokens did not come, or came again; one if only the order is wrong."""
    wrong = sum(tokens.count(token) != 1 for token in TOKENS)
    return wrong or int(tokens != list(TOKENS))


@asynccontextmanager
async def _gate(opened: asyncio.Event) -> AsyncIterator[int]:
    """Listen on a port where a connection is kept open until the event is set; give the port."""

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await opened.wait()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as gate:
        port: int = gate.sockets[0].getsockname()[1]
        yield port
