"""Does what a page says, in order, as its reader would: one folder, one shell, one interpreter."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import SyncLangGraphClient

from moorage import Settings
from tests.acceptance.processes import free_port, until
from tests.docs.pages import ROOT, Block

BIN = Path(sys.executable).parent
SHOWN = re.compile(r"127\.0\.0\.1:(?:8000|2024)")
# What a reader has who runs `make` or serves the demo: a clone.
CLONE = re.compile(r"\bmake \w|\bapp\.server:app\b|-m benchmarks")
CLONED = (
    *("Makefile", "pyproject.toml", "hatch_build.py", "requirements.lock"),
    *("requirements-dev.lock", "README.md", ".venv", "app", "benchmarks", "config", "docs"),
    *("routes", "serverless", "src", "ui"),
)
SERVER = re.compile(
    r"^(?:\w+=(?:\$\(.*?\)|\S+) )*"
    r"(?:make serve|(?:\S+/)?(?:(?:uvicorn|gunicorn) |(?P<own>moorage (?:dev|serve)\b)))",
    re.MULTILINE,
)
# Fails on an error status unless the page shows the output, and never draws a progress bar.
CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 60\n"
ANYTHING = "…"


class Reader:
    """One reader of one page.

    The page's ``127.0.0.1:8000`` and ``:2024`` are a free port. What a block exports holds for
    those after it. A block that serves is left running until the next one that does.

    Args:
        folder: Where the reader works; empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = str(free_port())
        self._address = f"127.0.0.1:{self._port}"
        clean = {name: value for name, value in os.environ.items() if "MOORAGE_" not in name}
        self._environment = {
            **clean,
            "PATH": f"{BIN}:{clean['PATH']}",
            "PORT": self._port,
            "UVICORN_PORT": self._port,
            "MOORAGE_BIND": self._address,
            "MOORAGE_WORKERS": "1",
            "WORKERS": "1",
            "CURL_HOME": str(folder.with_name("home")),
            "TMPDIR": str(folder.with_name("home")),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        folder.with_name("home").mkdir()
        (folder.with_name("home") / ".curlrc").write_text(CURLRC)
        self._module = ModuleType("shown")
        self._server: subprocess.Popen[bytes] | None = None
        self._log = folder.with_name("server.log")

    def clone(self) -> None:
        """Get the repository's files into the folder."""
        for name in CLONED:
            (self._folder / name).symlink_to(ROOT / name)

    def follow(self, block: Block) -> None:
        """Do what one block says."""
        text = SHOWN.sub(self._address, block.code)
        if block.file:
            self._write(block, text)
        elif block.language == "sh":
            self._run(block, text)
        elif block.language == "python":
            self._execute(block, text)
        elif block.language == "ini":
            check_settings(block)
        elif block.language == "toml":
            tomllib.loads(text)
        elif block.language == "json":
            json.loads(text)

    def leave(self) -> None:
        """End the server and the clients of the page, as an interpreter's end would."""
        self.stop()
        for value in vars(self._module).values():
            if isinstance(value, SyncLangGraphClient):
                value.close()

    def stop(self) -> None:
        """End the server, if there is one."""
        server, self._server = self._server, None
        if server is None or server.poll() is not None:
            return
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(40)
        until(lambda: not self._answers(), "the end of the server")

    def _write(self, block: Block, text: str) -> None:
        path = self._folder / str(block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if block.is_continued else ""
        path.write_text(before + text)
        if path.suffix == ".py":
            compile(path.read_text(), block.where, "exec")
        if path.name.startswith(".env"):
            check_settings(block)

    def _execute(self, block: Block, text: str) -> None:
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(text, block.where, "exec"), self._module.__dict__)  # noqa: S102 - our page
        if block.output is not None:
            assert_shown(block, printed.getvalue(), "")

    def _run(self, block: Block, text: str) -> None:
        serving = SERVER.search(text)
        command = text[: serving.start()] if serving else text
        if command.strip():
            self._command(block, command)
        if serving:
            self._serve(block, self._placed(serving, text))

    def _placed(self, serving: re.Match[str], text: str) -> str:
        """Return the command that serves; what has no variable for its port is told it."""
        if not serving["own"]:
            return text[serving.start() :]
        end = serving.end("own")
        browser = " --no-browser" if serving["own"].endswith("dev") else ""
        return f"{text[serving.start() : end]} --port {self._port}{browser}{text[end:]}"

    def _command(self, block: Block, command: str) -> None:
        state = self._folder.with_name("environment")
        done = subprocess.run(
            ["bash", "-aeuo", "pipefail", "-c", f"{command}\nenv -0 > {state}"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=90,
        )
        printed, complaint = done.stdout.decode(), done.stderr.decode()
        log = self._log.read_text() if self._log.exists() else ""
        if block.output is None:
            assert done.returncode == 0, f"{block.where}\n{printed}\n{complaint}\n{log}"
            assert not complaint, f"{block.where}\n{complaint}"
        else:
            assert_shown(block, printed, f"{complaint}\n{log}")
        if done.returncode == 0:
            pairs = state.read_text().rstrip("\0").split("\0")
            self._environment = dict(pair.split("=", 1) for pair in pairs)

    def _serve(self, block: Block, command: str) -> None:
        self.stop()
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                ["bash", "-c", command],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        server = self._server
        until(lambda: self._answers() or server.poll() is not None, f"a start: {block.where}", 60)
        assert server.poll() is None, f"{block.where}\n{self._log.read_text()}"

    def _answers(self) -> bool:
        try:
            httpx.get(f"http://{self._address}/ready", timeout=10)
        except httpx.TransportError:
            return False
        return True


@contextmanager
def reading(folder: Path, blocks: list[Block]) -> Iterator[Reader]:
    """Give a reader of these blocks, with a clone where one is needed, and clean up after it."""
    work = folder / "work"
    work.mkdir()
    reader = Reader(work)
    if any(CLONE.search(block.code) for block in blocks if block.language == "sh"):
        reader.clone()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(work)
            yield reader
    finally:
        reader.leave()


def check_settings(block: Block) -> None:
    """Check that a block sets what can be set, to values that work."""
    lines = [line for line in block.code.splitlines() if line and not line.startswith("#")]
    shown = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
    known = {f"MOORAGE_{name.upper()}" for name in Settings.model_fields}
    assert shown, f"{block.where}: no setting"
    assert not shown.keys() - known, f"{block.where}: no settings"
    Settings.parse(shown)


def assert_shown(block: Block, printed: str, complaint: str) -> None:
    """Check that a block printed what the page shows."""
    assert block.output is not None
    said = f"{block.where} printed\n{printed}\n{complaint}"
    try:
        shown = json.loads(block.output)
    except ValueError:
        lines = map(_pattern, block.output.strip().splitlines())
        pattern = "\n".join(lines)
        assert re.fullmatch(pattern, printed.replace("\r", "").strip()), said
    else:
        assert _fits(shown, json.loads(printed)), said


def _pattern(line: str) -> str:
    """Return a regular expression for a line; one of ``…`` alone stands for any number of lines."""
    if line == ANYTHING:
        return "(?s:.*)"
    return re.escape(line).replace(ANYTHING, ".*")


def _fits(shown: Any, value: Any) -> bool:
    if shown == ANYTHING:
        return True
    if isinstance(shown, dict) and isinstance(value, dict):
        is_open = ANYTHING in shown
        keys = shown.keys() - {ANYTHING}
        complete = keys <= value.keys() if is_open else keys == value.keys()
        return complete and all(_fits(shown[key], value[key]) for key in keys)
    if isinstance(shown, list) and isinstance(value, list):
        head = shown[:-1] if ANYTHING in shown[-1:] else shown
        fits = len(head) == len(value) or (head is not shown and len(head) <= len(value))
        return fits and all(map(_fits, head, value))
    return bool(shown == value)
