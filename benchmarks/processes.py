"""Server processes of the peers, each pinned to a core that the load generator does not use."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from benchmarks.cases import HEADERS, Case
from benchmarks.peers import Peer

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
START_SECONDS = 60
STOP_SECONDS = 20
TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """A measurement that means nothing, such as one of wrong answers."""


@dataclass(frozen=True)
class Running:
    """A server process, its port on the loopback and its output."""

    title: str
    port: int
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def url(self, path: str) -> str:
        """The address of a path of the server."""
        return f"http://127.0.0.1:{self.port}{path}"

    def resident_megabytes(self) -> float:
        """The memory of the process that is not swapped out, shared libraries included."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def cpu_seconds(self) -> float:
        """The time that the process has been computing so far, in steps of 10 ms."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        user, system = after_name.split()[11:13]
        return (int(user) + int(system)) / TICKS

    def failure(self, what: str) -> BenchmarkError:
        """Make an error that says what went wrong here, with the end of the server's output."""
        self.output.seek(0)
        tail = self.output.read()[-2000:].decode(errors="replace")
        return BenchmarkError(f"{self.title}: {what}\n{tail}")


@dataclass(frozen=True)
class Server(Running):
    """A process that serves one case, or is about to: its socket accepts connections already."""

    peer: Peer
    case: Case

    def ask(self) -> bytes:
        """Wait for one answer with status 200 and give its body."""
        try:
            reply = httpx.post(
                self.url(self.case.path),
                content=self.case.body,
                headers=HEADERS,
                timeout=START_SECONDS,
            )
        except httpx.TransportError as error:
            raise self.failure(repr(error)) from error
        if reply.status_code != httpx.codes.OK:
            raise self.failure(f"status {reply.status_code}: {reply.text[:500]}")
        return reply.content


@contextmanager
def serving(peer: Peer, case: Case, core: int | None) -> Iterator[Server]:
    """Start a server and stop it in the end. It need not answer yet: ``ask`` waits for it."""
    with tempfile.TemporaryFile() as output:
        with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
            port = listener.getsockname()[1]
            process = _start(peer, case, listener.fileno(), core, output)
        with stopping(process):
            yield Server(f"{peer.name}, {case.name}", port, process, output, peer, case)


@contextmanager
def stopping(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ask the process to end when the block does, and end it if it does not listen."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    peer: Peer, case: Case, descriptor: int, core: int | None, output: IO[bytes]
) -> subprocess.Popen[bytes]:
    command = [peer.python, "-m", "benchmarks.serve", peer.name, case.name, str(descriptor)]
    if core is not None:
        command += ["--core", str(core)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=ENVIRONMENT,
        pass_fds=[descriptor],
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def divide_cores() -> int | None:
    """Keep this process and its load generator on one core; give the other, for the servers.

    None where there is one core only or where processes cannot be pinned.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        return None
    os.sched_setaffinity(0, {cores[0]})
    return cores[1]
