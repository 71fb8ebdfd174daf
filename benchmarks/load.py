"""Requests per second: wrk against each peer in turn, round after round."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.cases import Case
from benchmarks.peers import Peer
from benchmarks.processes import Server, serving
from benchmarks.report import Series
from benchmarks.wrk import Shot, fire

RATE = "requests/s"
CPU_RATE = "requests/CPU s"
WARM_UP_SECONDS = 1
STREAM_TAIL = r"event: end\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """How hard and how long the peers are asked."""

    rounds: int
    seconds: int
    connections: int
    core: int | None


def measure(case: Case, peers: Mapping[str, Peer], load: Load) -> tuple[Series, Series]:
    """Measure the peers side by side: all of them run, one at a time is asked, in turn.

    Gives the requests per second, and per second of the server's CPU time. The second does not
    suffer when other processes want the same core.

    Raises:
        BenchmarkError: A peer answered wrongly, before or while it was measured.
    """
    rate = Series(case.name, case.title, RATE, is_rate=True)
    cpu_rate = Series(case.name, case.title, CPU_RATE, is_rate=True)
    expected = asyncio.run(case.expected())
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(peer, case, load.core)) for peer in peers.values()]
        for server in servers:
            _verify(server, expected)
            _fire(server, WARM_UP_SECONDS, load.connections)
        for _ in range(load.rounds):
            for server in servers:
                before = server.cpu_seconds()
                shot = _fire(server, load.seconds, load.connections)
                rate.add(server.peer.name, shot.requests / shot.seconds)
                used = server.cpu_seconds() - before
                cpu_rate.add(server.peer.name, shot.requests / used)
    return rate, cpu_rate


def _verify(server: Server, expected: object) -> None:
    answer = server.case.read(server.ask())
    if answer != expected:
        raise server.failure(f"answered {str(answer)[:2000]}\ninstead of {str(expected)[:2000]}")


def _fire(server: Server, seconds: int, connections: int) -> Shot:
    case = server.case
    mark = STREAM_TAIL if case.operation == "stream" else ""
    return fire(server, case.path, case.body, seconds=seconds, connections=connections, mark=mark)
