"""Real server processes: started, watched and ended by the tests in this folder."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
APP = "tests.acceptance.application:app"
PATIENCE = 30.0
CLOSING = {"status_code": 503, "message": "The service is shutting down; try again."}


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Return the first true value of ``condition``."""
    deadline = monotonic() + patience
    while not (value := condition()):
        assert monotonic() < deadline, f"not within {patience} s: {what}"
        threading.Event().wait(0.02)
    return value


class Server:
    """One server, with what it has written so far."""

    def __init__(self, command: list[str], port: int, **environment: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, "MOORAGE_LOG_FORMAT": "json", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.output.append(line)

    def status(self, path: str = "/ready") -> int | None:
        """Return the status of a request on a new connection; None when none was accepted."""
        try:
            return httpx.get(self.base + path, timeout=5).status_code
        except httpx.TransportError:
            return None

    def started(self) -> "Server":
        until(lambda: self.status() == 200 or self.ended, f"a start; it wrote {self.output}")
        assert not self.ended, self.output
        return self

    def send(self, number: signal.Signals, pid: int | None = None) -> None:
        os.kill(pid or self.process.pid, number)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def wait(self, patience: float = PATIENCE) -> int:
        code = self.process.wait(patience)
        self._reader.join(PATIENCE)
        return code

    def stop(self) -> None:
        """End the server and its workers, which would outlive a killed gunicorn."""
        if not self.ended:
            self.send(signal.SIGINT)
        try:
            self.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def workers(self) -> set[int]:
        """Return the processes that have answered, asked until no new one does."""
        found = set()
        for _ in range(60):
            found.add(int(httpx.get(self.base + "/pid").text))
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stream(threading.Thread):
    """A client that reads one stream of events to its end."""

    def __init__(self, base: str, count: int, *, runnable: bool = False) -> None:
        super().__init__(daemon=True)
        self._request = (
            httpx.Request("POST", f"{base}/ticks/stream", json={"input": count})
            if runnable
            else httpx.Request("GET", f"{base}/events?count={count}")
        )
        self._begun = threading.Event()
        self.text = ""
        self.failure: Exception | None = None
        self.start()
        assert self._begun.wait(PATIENCE), "the stream did not begin"

    def run(self) -> None:
        try:
            with httpx.Client(timeout=PATIENCE) as client:
                answer = client.send(self._request, stream=True)
                for piece in answer.iter_text():
                    self.text += piece
                    self._begun.set()
        except httpx.TransportError as error:
            self.failure = error
        finally:
            self._begun.set()

    def ended(self, patience: float = PATIENCE) -> "Stream":
        self.join(patience)
        assert not self.is_alive(), "the stream did not end"
        return self

    @property
    def ticks(self) -> int:
        return self.text.count("tick ")

    @property
    def pid(self) -> int:
        found = re.match(r"data: (\d+)", self.text)
        assert found is not None, self.text
        return int(found[1])

    @property
    def is_complete(self) -> bool:
        return self.failure is None and "event: end" in self.text[-20:]

    @property
    def is_told_to_try_again(self) -> bool:
        end = re.search(r"event: error\r\ndata: (.*)\r\n\r\n$", self.text)
        return self.failure is None and end is not None and json.loads(end[1]) == CLOSING
