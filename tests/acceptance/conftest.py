from collections.abc import Callable, Iterator

import pytest

from tests.acceptance.processes import APP, Server, free_port

Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Callable[[list[str], int, dict[str, str]], Server]]:
    """Start a server process, and end it with the test."""
    running: list[Server] = []

    def launch(command: list[str], port: int, environment: dict[str, str]) -> Server:
        server = Server(command, port, **environment)
        running.append(server)
        return server

    yield launch
    for server in running:
        server.stop()


@pytest.fixture
def uvicorn(start: Start) -> Start:
    """Start the application under uvicorn's command."""

    def launch(*options: str, **environment: str) -> Server:
        port = free_port()
        command = ["uvicorn", APP, "--port", str(port), "--no-access-log", *options]
        return start(command, port, environment).started()

    return launch


@pytest.fixture
def gunicorn(start: Start) -> Start:
    """Start the application under gunicorn with four processes."""

    def launch(*options: str, **environment: str) -> Server:
        port = free_port()
        command = ["gunicorn", "-c", "config/gunicorn.conf.py", APP, *options]
        return start(
            command,
            port,
            {"MOORAGE_BIND": f"127.0.0.1:{port}", "MOORAGE_WORKERS": "4", **environment},
        ).started()

    return launch
