"""The commands and examples on the pages about the CLI and authentication work as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from moorage import Settings
from moorage.auth.custom import Custom
from moorage.auth.key_file import parse_file

ROOT = Path(__file__).parents[2]
AUTHENTICATION = (ROOT / "docs/howto/authentication.md").read_text()
CLI = (ROOT / "docs/reference/cli.md").read_text()
BIN = Path(sys.executable).parent


def blocks(page: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    return [content for kind, content in found if kind == language]


@pytest.mark.parametrize("command", [*blocks(CLI, "sh"), *blocks(AUTHENTICATION, "sh")])
def test_every_command_runs(tmp_path: Path, command: str):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOORAGE_")}

    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=tmp_path,
        env={**clean, "PATH": f"{BIN}:{clean['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""


def test_every_command_is_on_the_page():
    for command in ("moorage --version", "moorage keys new", "moorage keys hash", "moorage config"):
        assert f"\n## `{command}" in CLI


def test_the_key_files_shown_are_valid():
    [lines] = [block for block in blocks(AUTHENTICATION, "") if block.startswith("# name:sha256")]
    [tables] = blocks(AUTHENTICATION, "toml")

    [alice] = parse_file(Path("api_keys"), lines.encode())
    [bob] = parse_file(Path("api_keys.toml"), tables.encode())

    assert str(alice).startswith("alice:sha256:")
    assert alice.scopes == {"invoke", "stream"}
    assert str(bob).startswith("bob:sha256:")
    assert bob.scopes == {"invoke"}


@pytest.mark.parametrize("variable", ["MOORAGE_JWT_ISSUER", "MOORAGE_AUTH_HANDLER"])
def test_the_variables_shown_are_settings_that_work(variable: str):
    [block] = [block for block in blocks(AUTHENTICATION, "") if block.startswith(variable)]

    environ = dict(line.split("=", 1) for line in block.splitlines())

    assert Settings.parse({"MOORAGE_ENVIRONMENT": "production", **environ}).requires_auth


@pytest.mark.anyio
async def test_the_handler_shown_tells_callers_apart():
    [code] = blocks(AUTHENTICATION, "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own page
    handler = Custom(names["authenticate"])  # type: ignore[arg-type]

    def request(*cookies: bytes) -> HTTPConnection:
        headers = [(b"cookie", cookie) for cookie in cookies]
        return HTTPConnection({"type": "http", "headers": headers})

    assert await handler(request()) is None
    caller = await handler(request(b"session=alice"))
    assert caller is not None
    assert caller.identity == "alice"
    assert caller.scopes == {"invoke"}
    assert caller.claims == {"team": "blue"}
