"""Agent Servers under load: as many runs as they can do, and how long one takes on its own."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

import orjson

from benchmarks.agents.client import Connection, connected, run
from benchmarks.agents.runs import check_stream, check_values, run_of
from benchmarks.agents.servers import DEV, AgentPeer, AgentServer, serving
from benchmarks.load import Load
from benchmarks.processes import BenchmarkError
from benchmarks.report import Series
from benchmarks.wrk import Shot, fire

RUNS = "runs/s"
CPU_RUNS = "runs/CPU s"
THREADS = 256
ANSWER_SECONDS = 60
WARM_UP_SECONDS = 2
"""More than the second in which a server that polls may answer nothing."""

BUSIEST = 0.9

Round = Callable[[], list[float]]
"""Measures once more, and gives a number for each of the case's series."""


class AgentCase(Protocol):
    """One kind of load."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    def series(self) -> list[Series]:
        """Make a series, still empty, for each thing that is measured."""

    def prepare(self, server: AgentServer, load: Load) -> Round:
        """See that the server answers rightly, warm it up, and give what measures it."""


def measure(case: AgentCase, peers: Mapping[str, AgentPeer], load: Load) -> Iterator[Series]:
    """Measure the peers side by side: all of them run, one at a time is asked, in turn.

    Raises:
        BenchmarkError: A peer did not start, answered wrongly, or was faster than what asks it.
    """
    series = case.series()
    with ExitStack() as stack:
        rounds: dict[str, Round] = {}
        for name, peer in peers.items():
            server = stack.enter_context(serving(peer, case.name, load.core))
            rounds[name] = case.prepare(server, load)
        for _ in range(load.rounds):
            for name, measured in rounds.items():
                with _asking():
                    numbers = measured()
                for one, number in zip(series, numbers, strict=True):
                    one.add(name, number)
    yield from series


@dataclass(frozen=True)
class Requests:
    """One request a run, all of them alike, as many as are answered."""

    name: str
    title: str
    graph: str
    path: str
    mark: str
    """A text that is in an answer only if its run came to the end."""
    connections: int | None = None
    """As many as the load has, if this is None."""

    def series(self) -> list[Series]:
        """The runs by time and by the server's CPU time, and the time of the one in the middle."""
        return [
            Series(self.name, self.title, RUNS, is_rate=True, beside=(DEV,)),
            Series(self.name, self.title, CPU_RUNS, is_rate=True, beside=(DEV,)),
            Series(self.name, f"{self.title}, p50", "ms", beside=(DEV,)),
        ]

    def prepare(self, server: AgentServer, load: Load) -> Round:
        """Look at one answer; where the path has a thread in it, make more than there are users."""
        paths = run(self._paths(server), ANSWER_SECONDS)

        def shoot(seconds: int) -> Shot:
            return fire(
                server,
                paths[0],
                orjson.dumps(self._body()),
                seconds=seconds,
                connections=self.connections or load.connections,
                mark=self.mark,
                paths=paths,
            )

        def measured() -> list[float]:
            before = server.cpu_seconds()
            shot = shoot(load.seconds)
            used = server.cpu_seconds() - before
            return [shot.requests / shot.seconds, _per(shot.requests, used), shot.p50]

        shoot(WARM_UP_SECONDS)
        return measured

    def _body(self) -> dict[str, Any]:
        modes: dict[str, Any] = {"stream_mode": "messages-tuple"} if self._streams else {}
        return run_of(self.graph, **modes)

    @property
    def _streams(self) -> bool:
        return self.path.endswith("/stream")

    async def _paths(self, server: AgentServer) -> list[str]:
        async with connected(server.port) as connection:
            paths = [self.path]
            if "{thread}" in self.path:
                threads = [await new_thread(connection) for _ in range(THREADS)]
                paths = [self.path.format(thread=thread) for thread in threads]
            answer = await connection.send("POST", paths[0], orjson.dumps(self._body()))
        if self._streams:
            check_stream(answer)
        else:
            check_values(orjson.loads(answer))
        return paths


@dataclass(frozen=True)
class Background:
    """Runs that are accepted at once and joined, by clients that have a thread each."""

    name: str
    title: str

    def series(self) -> list[Series]:
        """The runs by time and by the server's CPU time."""
        return [
            Series(self.name, self.title, RUNS, is_rate=True, beside=(DEV,)),
            Series(self.name, self.title, CPU_RUNS, is_rate=True, beside=(DEV,)),
        ]

    def prepare(self, server: AgentServer, load: Load) -> Round:
        """Warm up."""

        def measured(seconds: float = load.seconds) -> list[float]:
            before = server.cpu_seconds()
            work = self._clients(server.port, load.connections, seconds)
            runs, lasted = run(work, seconds + ANSWER_SECONDS)
            return [runs / lasted, _per(runs, server.cpu_seconds() - before)]

        measured(WARM_UP_SECONDS)
        return measured

    async def _clients(self, port: int, clients: int, seconds: float) -> tuple[int, float]:
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(connected(port)) for _ in range(clients)]
            threads = [await new_thread(connection) for connection in connections]
            started = time.monotonic()
            counts = await asyncio.gather(
                *(
                    self._client(connection, thread, started + seconds)
                    for connection, thread in zip(connections, threads, strict=True)
                )
            )
            return sum(counts), time.monotonic() - started

    async def _client(self, connection: Connection, thread: str, until: float) -> int:
        runs = 0
        while time.monotonic() < until:
            accepted = await connection.post(f"/threads/{thread}/runs", run_of("echo"))
            check_values(await join(connection, accepted))
            runs += 1
        return runs


@dataclass(frozen=True)
class Dispatch:
    """Runs one at a time: how long until each is accepted, and from then until it begins."""

    name: str

    def series(self) -> list[Series]:
        """The two times, and the two of them together up to the joined result."""
        titles = (
            "a background run is accepted, p50",
            "from its acceptance to the graph's first step, p50",
            "from the request to the joined result, p50",
        )
        return [Series(self.name, title, "ms", beside=(DEV,)) for title in titles]

    def prepare(self, server: AgentServer, load: Load) -> Round:
        """Warm up."""

        def measured(seconds: float = load.seconds) -> list[float]:
            work = self._client(server.port, seconds)
            times = run(work, seconds + ANSWER_SECONDS)
            return [median(column) * 1000 for column in zip(*times, strict=True)]

        measured(WARM_UP_SECONDS)
        return measured

    async def _client(self, port: int, seconds: float) -> list[tuple[float, float, float]]:
        times = []
        async with connected(port) as connection:
            thread = await new_thread(connection)
            until = time.monotonic() + seconds
            while (sent := time.monotonic()) < until:
                run_ = await connection.post(f"/threads/{thread}/runs", run_of("steps"))
                accepted = time.monotonic()
                values = await join(connection, run_)
                check_values(values)
                joined = time.monotonic()
                times.append((accepted - sent, values["began"] - accepted, joined - sent))
        return times


async def new_thread(connection: Connection) -> str:
    """Make a thread and give its id."""
    thread: str = (await connection.post("/threads", {}))["thread_id"]
    return thread


async def join(connection: Connection, accepted: Mapping[str, Any]) -> Any:
    """Wait for the end of a run and give its values."""
    return await connection.get(f"/threads/{accepted['thread_id']}/runs/{accepted['run_id']}/join")


def _per(runs: int, cpu_seconds: float) -> float:
    """Runs by CPU time, which is counted in steps of 10 ms."""
    return runs / max(cpu_seconds, 0.01)


@contextmanager
def _asking() -> Iterator[None]:
    """See that the asking is not what takes the time."""
    started, used = time.monotonic(), _cpu_seconds()
    yield
    share = (_cpu_seconds() - used) / (time.monotonic() - started)
    if share > BUSIEST:
        raise BenchmarkError(f"the load generator was busy for {share:.0%} of the time")


def _cpu_seconds() -> float:
    """Of this process and of those that it started and which have ended: wrk's."""
    return sum(os.times()[:4])
