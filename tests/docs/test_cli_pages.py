"""What the pages about the command and about authentication show means what they say."""

from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from moorage import Settings
from moorage.auth.custom import Custom
from moorage.auth.key_file import parse_file
from tests.docs.pages import code, read

AUTHENTICATION = "docs/howto/authentication.md"


def test_every_command_is_on_the_page():
    for command in (
        "moorage --version",
        "moorage dev",
        "moorage serve",
        "moorage migrate",
        "moorage keys new",
        "moorage keys hash",
        "moorage config",
    ):
        assert f"\n## `{command}" in read("docs/reference/cli.md")


def test_the_key_files_shown_are_valid():
    [lines] = [block for block in code(AUTHENTICATION, "text") if block.startswith("# name:sha256")]
    [tables] = code(AUTHENTICATION, "toml")

    [alice] = parse_file(Path("api_keys"), lines.encode())
    [bob] = parse_file(Path("api_keys.toml"), tables.encode())

    assert str(alice).startswith("alice:sha256:")
    assert alice.scopes == {"invoke", "stream"}
    assert str(bob).startswith("bob:sha256:")
    assert bob.scopes == {"invoke"}


@pytest.mark.parametrize("variable", ["MOORAGE_JWT_ISSUER", "MOORAGE_AUTH_HANDLER"])
def test_the_variables_shown_are_settings_that_work(variable: str):
    [block] = [block for block in code(AUTHENTICATION, "ini") if block.startswith(variable)]

    environ = dict(line.split("=", 1) for line in block.splitlines())

    assert Settings.parse({"MOORAGE_ENVIRONMENT": "production", **environ}).requires_auth


@pytest.mark.anyio
async def test_the_handler_shown_tells_callers_apart():
    [handler_code] = code(AUTHENTICATION, "python")
    names: dict[str, object] = {}
    exec(handler_code, names)  # noqa: S102 - our own page
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
