"""The commands on the pages about running the service start one that answers and ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.acceptance.processes import free_port, until

ROOT = Path(__file__).parents[2]
PAGES = ("docs/howto/gunicorn.md", "docs/reference/metrics.md")


def commands() -> list[str]:
    pages = ((ROOT / page).read_text() for page in PAGES)
    return [command for page in pages for command in re.findall(r"^\$ (.+)$", page, re.MULTILINE)]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("command", commands())
def test_every_command_starts_a_service_that_answers_and_ends(command: str, tmp_path: Path) -> None:
    port = str(free_port())
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MOORAGE_BIND": f"127.0.0.1:{port}",
        "UVICORN_PORT": port,
        "PORT": port,
        "WORKERS": "1",
        "MOORAGE_WORKERS": "1",
    }
    with (tmp_path / "output").open("w+") as output:
        service = subprocess.Popen(
            ["bash", "-c", command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            until(lambda: _is_ready(port) or service.poll() is not None, "a start", patience=60)
            assert service.poll() is None, (tmp_path / "output").read_text()
            assert "moorage_requests" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        finally:
            os.killpg(service.pid, signal.SIGTERM)
            service.wait(30)


def _is_ready(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
