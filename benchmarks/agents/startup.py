"""The price of starting an Agent Server."""

import time
from collections.abc import Iterator, Mapping

from benchmarks.agents.cases import ANSWER_SECONDS
from benchmarks.agents.client import connected, run
from benchmarks.agents.runs import check_values, run_of
from benchmarks.agents.servers import DEV, AgentPeer, starting
from benchmarks.load import Load
from benchmarks.report import Series

NAME = "agent-startup"


def startup(peers: Mapping[str, AgentPeer], load: Load) -> Iterator[Series]:
    """Time until ``/ok`` and until the first answer, with the CPU time and the memory then."""
    ready = Series(NAME, "a new process until /ok", "ms", beside=(DEV,))
    answered = Series(NAME, "a new process until its first answer", "ms", beside=(DEV,))
    cpu = Series(NAME, "a new process until its first answer", "CPU ms", beside=(DEV,))
    memory = Series(NAME, "resident memory at the first answer", "MB", beside=(DEV,))
    for _ in range(load.rounds):
        for name, peer in peers.items():
            started = time.monotonic()
            with starting(peer, NAME, core=None) as server:
                server.wait_until_ready()
                ready.add(name, (time.monotonic() - started) * 1000)
                run(_first_answer(server.port), ANSWER_SECONDS)
                answered.add(name, (time.monotonic() - started) * 1000)
                cpu.add(name, server.cpu_seconds() * 1000)
                memory.add(name, server.resident_megabytes())
    yield from (ready, answered, cpu, memory)


async def _first_answer(port: int) -> None:
    async with connected(port) as connection:
        check_values(await connection.post("/runs/wait", run_of("echo")))
