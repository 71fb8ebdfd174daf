"""What happens when a service cannot start: one line that says why, and an end."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import Start
from tests.acceptance.processes import APP, ROOT, free_port

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.conf.py"]


def run_gunicorn(*options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*GUNICORN, "-b", f"127.0.0.1:{free_port()}", *options],
        cwd=ROOT,
        env={"PATH": "", "MOORAGE_LOG_FORMAT": "json", "MOORAGE_WORKERS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_a_bad_setting_is_one_line_and_status_2() -> None:
    ended = run_gunicorn(APP, MOORAGE_GRACE_PERIOD="soon")
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert "MOORAGE_GRACE_PERIOD" in line


def test_what_is_misconfigured_ends_gunicorn_instead_of_a_loop_of_restarts(tmp_path: Path) -> None:
    (tmp_path / "refusing.py").write_text(
        "from moorage.errors import Misconfigured\n"
        "raise Misconfigured('MOORAGE_MODEL names no model; set it')\n"
    )
    ended = run_gunicorn("--pythonpath", str(tmp_path), "refusing:app")
    assert ended.returncode == 4
    events = [json.loads(line)["event"] for line in ended.stdout.splitlines()]
    assert "MOORAGE_MODEL names no model; set it" in events
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.timeout(90)
def test_processes_answer_for_each_other_when_they_are_asked_for_numbers(gunicorn: Start) -> None:
    server = gunicorn()
    for _ in range(20):
        httpx.get(server.base + "/pid")
    line = 'moorage_requests_total{method="GET",route="/pid",status="200"} 20.0'
    for _ in range(5):
        assert line in httpx.get(server.base + "/metrics").text
