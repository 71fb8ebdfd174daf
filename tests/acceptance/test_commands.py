"""``moorage dev``, ``serve`` and ``migrate`` as processes, on a project in a folder."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_sync_client

from tests.acceptance.processes import Server, free_port, until

MOORAGE = str(Path(sys.executable).parent / "moorage")
GRAPH = """
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

class State(TypedDict, total=False):
    said: str

def say(state):
    return {"said": "one"}

graph = StateGraph(State).add_node("say", say).add_edge(START, "say").compile()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "agent.py").write_text(GRAPH)
    (tmp_path / "langgraph.json").write_text(
        '{"dependencies": ["."], "graphs": {"agent": "./agent.py:graph"}}'
    )
    return tmp_path


@pytest.fixture(params=["dev", "serve"])
def served(project: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    port = free_port()
    more = ["--no-browser"] if request.param == "dev" else []
    server = Server(
        ["moorage.cli", request.param, "-c", str(project), "--port", str(port), *more], port
    )
    try:
        yield server.started()
    finally:
        server.stop()


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MOORAGE, *command], cwd=cwd, capture_output=True, text=True, check=False, timeout=110
    )


def new_thread(base: str) -> str:
    with get_sync_client(url=base) as client:
        return client.threads.create()["thread_id"]


def said(base: str, thread: str | None = None) -> Any:
    """Return what the agent says; None where nobody answers, as it is starting again."""
    try:
        with get_sync_client(url=base) as client:
            return client.runs.wait(thread, "agent", input={})
    except httpx.TransportError:
        return None


def test_a_project_is_served_and_kept(served: Server, project: Path):
    assert said(served.base, new_thread(served.base)) == {"said": "one"}
    assert (project / ".moorage/moorage.db").is_file()
    told = "".join(served.output)
    for path in ("", "/docs", "/console/"):
        assert f"{served.base}{path}" in told


def test_a_change_is_served_and_the_data_are_kept(project: Path):
    port = free_port()
    server = Server(
        ["moorage.cli", "dev", "-c", str(project), "--port", str(port), "--no-browser"], port
    ).started()
    try:
        thread = new_thread(server.base)
        (project / "agent.py").write_text(GRAPH.replace("one", "two"))
        until(
            lambda: server.status("/ok") and said(server.base, thread) == {"said": "two"},
            "the change was never served",
        )
    finally:
        server.stop()


def test_a_graph_that_cannot_be_imported_is_told_and_the_others_are_served(project: Path):
    (project / "broken.py").write_text("import nothing_of_this_name\n")
    (project / "langgraph.json").write_text(
        '{"dependencies": ["."], "graphs":'
        ' {"agent": "./agent.py:graph", "broken": "./broken.py:graph"}}'
    )
    port = free_port()
    server = Server(
        ["moorage.cli", "serve", "-c", str(project), "--port", str(port)], port
    ).started()
    try:
        assert said(server.base) == {"said": "one"}
        told = "".join(server.output)
        assert "broken: ModuleNotFoundError: No module named 'nothing_of_this_name'" in told
        assert 'broken.py", line 1' in told
    finally:
        server.stop()


def test_it_stops_although_a_shell_has_it_ignore_interrupts(project: Path):
    port = free_port()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = Server(
            ["moorage.cli", "dev", "-c", str(project), "--port", str(port), "--no-browser"], port
        )
    finally:
        signal.signal(signal.SIGINT, before)
    server.started().stop()

    assert server.ended
    assert "Traceback" not in "".join(server.output)


@pytest.mark.parametrize("command", ["dev", "serve"])
def test_an_address_that_is_taken_is_refused_in_one_line(project: Path, command: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(command, "--port", port, cwd=project)

    assert ended.returncode == 2
    assert re.fullmatch(r"moorage: --host 127.0.0.1 --port \d+: .*--port\n", ended.stderr)


@pytest.mark.parametrize("command", ["dev", "serve", "migrate"])
def test_a_project_that_is_not_there_is_refused_in_one_line(tmp_path: Path, command: str):
    ended = run(command, cwd=tmp_path)

    assert ended.returncode == 2
    assert ended.stderr == (
        "moorage: langgraph.json: there is no such file; make it or name another\n"
    )


def test_a_second_server_on_one_database_is_refused(served: Server, project: Path):
    ended = run("serve", "--port", str(free_port()), cwd=project)

    assert ended.returncode == 2
    assert "in use" in ended.stderr


def test_a_database_is_brought_up_to_date(project: Path):
    ended = run("migrate", cwd=project)

    assert (ended.returncode, ended.stdout) == (0, "The database is up to date.\n")
    assert (project / ".moorage/moorage.db").is_file()
