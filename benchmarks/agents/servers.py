"""The servers that are compared, each a process of its own in a copy of the project's folder."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import ROOT, START_SECONDS, BenchmarkError, Running, stopping

PROJECT = Path(__file__).with_name("project")
FOREIGN = ("LANGCHAIN_", "LANGGRAPH_", "LANGSMITH_", "MOORAGE_")
NOWHERE = "http://127.0.0.1:9"
OFFLINE = {
    "LANGCHAIN_TRACING_V2": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGSMITH_TRACING": "false",
    "ALL_PROXY": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
    "PYTHONPATH": str(ROOT),
}
"""For servers that would tell others of themselves: nothing off this machine can be reached."""

ADDRESS = ("--host", "127.0.0.1", "--port")
POLL_SECONDS = 0.005


@dataclass(frozen=True)
class AgentPeer:
    """One Agent Server: the words that start it in the project's folder, but for the port."""

    name: str
    command: tuple[str, ...]


DEV = "langgraph-dev"
LANGGRAPH = str(ROOT / "benchmarks/.langgraph-dev/bin/langgraph")
MOORAGE = str(Path(sys.executable).with_name("moorage"))
AGENT_PEERS = {
    peer.name: peer
    for peer in (
        AgentPeer(DEV, (LANGGRAPH, "dev", "--no-browser", "--no-reload", *ADDRESS)),
        AgentPeer("moorage-serve", (MOORAGE, "serve", "--config", "langgraph.json", *ADDRESS)),
    )
}


@dataclass(frozen=True)
class AgentServer(Running):
    """The process of a peer that serves the project."""

    peer: AgentPeer

    def wait_until_ready(self) -> None:
        """Ask ``/ok`` until it is answered.

        Raises:
            BenchmarkError: The process ended, or did not answer in time.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self.process.poll() is not None:
                raise self.failure(f"ended with status {self.process.returncode}")
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready in {START_SECONDS} s")
            time.sleep(POLL_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(self.url("/ok"), trust_env=False).is_success
        except httpx.TransportError:
            return False


@contextmanager
def starting(peer: AgentPeer, title: str, core: int | None) -> Iterator[AgentServer]:
    """Start a server in a folder of its own and stop it in the end; it need not answer yet.

    Raises:
        BenchmarkError: The peer is not installed.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as folder:
        project = shutil.copytree(PROJECT, Path(folder, "project"))
        port = _free_port()
        try:
            process = subprocess.Popen(
                [*peer.command, str(port)],
                cwd=project,
                env=environment(os.environ),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except FileNotFoundError as error:
            raise BenchmarkError(f"{peer.name} is not installed: {error.filename}") from error
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        with stopping(process):
            yield AgentServer(f"{peer.name}, {title}", port, process, output, peer)


@contextmanager
def serving(peer: AgentPeer, title: str, core: int | None) -> Iterator[AgentServer]:
    """Start a server, wait until it is ready, and stop it in the end.

    Raises:
        BenchmarkError: The peer is not installed, or does not start.
    """
    with starting(peer, title, core) as server:
        server.wait_until_ready()
        yield server


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Leave out what configures either peer, or names a key, and what is not on this machine."""
    kept = {name: value for name, value in variables.items() if not name.startswith(FOREIGN)}
    return kept | OFFLINE


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
