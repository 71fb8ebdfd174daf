import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from moorage import __version__
from moorage.auth import keys
from moorage.auth.key_file import parse_file

MOORAGE = str(Path(sys.executable).parent / "moorage")
SECRET = "moorage_s3cr3t-do-not-show"


def run(
    *arguments: str, cwd: Path, given: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOORAGE_")}
    return subprocess.run(
        [MOORAGE, *arguments],
        cwd=cwd,
        env={**clean, **environ},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def labelled(output: str) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in output.splitlines()}


def test_the_version_is_shown(tmp_path: Path):
    assert run("--version", cwd=tmp_path).stdout == f"moorage {__version__}\n"


@pytest.mark.parametrize("command", [[], ["keys"], ["--help"], ["keys", "new", "--help"]])
def test_help_lists_what_can_be_done(tmp_path: Path, command: list[str]):
    shown = run(*command, cwd=tmp_path)

    assert shown.returncode == 0
    assert "Usage: moorage" in shown.stdout


def test_the_command_imports_nothing_that_takes_long(tmp_path: Path):
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", MOORAGE, "keys", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )

    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "moorage.auth.keys" in imported
    assert imported.isdisjoint({"fastapi", "langchain_core", "langgraph", "sqlalchemy", "uvicorn"})


@pytest.mark.parametrize(
    ("command", "given", "problem"),
    [
        (["nothing"], "", "No such command 'nothing'."),
        (["keys", "nothing"], "", "No such command 'nothing'."),
        (["keys", "new"], "", "Missing argument 'NAME'."),
        (["keys", "new", "al ice"], "", "a key's name is made of"),
        (["keys", "new", "alice", "--scope", "a,b"], "", "a key's scopes are made of"),
        (["keys", "new", "alice", "--file", "no/such/folder/keys"], "", "cannot be written"),
        (["keys", "hash"], SECRET[:12], "a secret has at least 20"),
        (["keys", "hash"], "", "a secret has at least 20"),
        (["keys", "hash", "--scope", "invoke"], SECRET, "give its NAME too"),
        (["config", "--settings", "nowhere:Settings"], "", "No module named 'nowhere'"),
        (["config", "--settings", "json:loads"], "", "no subclass of moorage.Settings"),
        (["config", "--settings", ""], "", "Empty module name"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    tmp_path: Path, command: list[str], given: str, problem: str
):
    ended = run(*command, cwd=tmp_path, given=given)

    assert ended.returncode == 2
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("moorage: ")
    assert problem in line
    assert SECRET[:12] not in line


def test_a_new_key_is_a_secret_and_its_hash(tmp_path: Path):
    made = run("keys", "new", "alice", "--scope", "stream", "--scope", "invoke", cwd=tmp_path)

    shown = labelled(made.stdout)
    key = keys.parse(shown["hash"])
    assert key.name == "alice"
    assert key.scopes == {"invoke", "stream"}
    assert key.digest == keys.digest(shown["secret"])


@pytest.mark.parametrize("name", ["api_keys", "keys.toml"])
def test_new_keys_are_appended_to_a_private_file(tmp_path: Path, name: str):
    file = tmp_path / name

    made = [
        run("keys", "new", who, *scopes, "--file", name, cwd=tmp_path)
        for who, scopes in (("alice", ["--scope", "invoke"]), ("bob@example.com", []))
    ]

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert parse_file(file, file.read_bytes()) == tuple(
        keys.parse(labelled(shown.stdout)["hash"]) for shown in made
    )
    for shown in made:
        assert labelled(shown.stdout)["secret"] not in file.read_text()


def test_a_key_is_appended_after_a_last_line_without_an_end(tmp_path: Path):
    file = tmp_path / "api_keys"
    file.write_text(f"alice:plain:{SECRET}")

    assert run("keys", "new", "bob", "--file", "api_keys", cwd=tmp_path).returncode == 0

    assert [key.name for key in parse_file(file, file.read_bytes())] == ["alice", "bob"]


@pytest.mark.parametrize("content", [f"alice:plain:{SECRET}\n", f"bob:{SECRET}\n"])
def test_a_file_that_would_not_be_valid_is_left_as_it_is(tmp_path: Path, content: str):
    file = tmp_path / "api_keys"
    file.write_text(content)

    ended = run("keys", "new", "alice", "--file", "api_keys", cwd=tmp_path)

    assert ended.returncode == 2
    assert ended.stderr.startswith("moorage: api_keys: ")
    assert ended.stdout == ""
    assert SECRET not in ended.stderr
    assert file.read_text() == content


def test_a_secret_is_hashed_from_standard_input(tmp_path: Path):
    digest = keys.digest(SECRET)

    assert run("keys", "hash", cwd=tmp_path, given=f"{SECRET}\n").stdout == f"{digest}\n"
    assert (
        run("keys", "hash", "bob", "--scope", "invoke", cwd=tmp_path, given=SECRET).stdout
        == f"bob:sha256:{digest}:invoke\n"
    )


def settings(output: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in output.splitlines()}


def test_the_values_in_effect_are_shown_with_where_they_are_set(tmp_path: Path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/development.env").write_text("MOORAGE_RUN_TIMEOUT=90\n")
    (tmp_path / ".env").write_text("MOORAGE_TITLE=local\n")

    shown = settings(
        run("config", "--stage-dir", "stages", cwd=tmp_path, MOORAGE_WORKERS="3").stdout
    )

    assert shown["MOORAGE_RUN_TIMEOUT"] == ["90s", "stages/development.env"]
    assert shown["MOORAGE_TITLE"] == ["local", ".env"]
    assert shown["MOORAGE_WORKERS"] == ["3", "environment"]
    assert shown["MOORAGE_GRACE_PERIOD"] == ["30s", "default"]
    assert shown["MOORAGE_REDIS_URL"] == ["default"]


def test_no_secret_is_among_the_values_shown(tmp_path: Path):
    shown = run(
        "config",
        cwd=tmp_path,
        MOORAGE_REDIS_URL=f"redis://:{SECRET}@127.0.0.1/0",
        MOORAGE_RATE_LIMIT_STORAGE=f"redis://:{SECRET}@127.0.0.1/1",
        MOORAGE_JWT_JWKS_URL=f"https://user:{SECRET}@login.example.com/jwks.json",
        MOORAGE_JWT_ISSUER="https://login.example.com/",
        MOORAGE_JWT_AUDIENCE="agents",
        MOORAGE_API_KEYS=f"alice:sha256:{keys.digest(SECRET)}",
        MOORAGE_SECRET=SECRET,
    )

    assert shown.returncode == 0
    assert SECRET not in shown.stdout + shown.stderr
    assert keys.digest(SECRET) not in shown.stdout
    values = settings(shown.stdout)
    assert values["MOORAGE_REDIS_URL"] == ["**********", "environment"]
    assert values["MOORAGE_API_KEYS"] == ["**********", "environment"]
    assert values["MOORAGE_JWT_JWKS_URL"][0].endswith("@login.example.com/jwks.json")


def test_settings_that_cannot_work_end_the_command_as_they_would_the_service(tmp_path: Path):
    ended = run("config", cwd=tmp_path, MOORAGE_ENVIRONMENT="production", MOORAGE_CORS_ORIGINS="*")

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert [line.split()[1] for line in ended.stderr.splitlines()] == [
        "MOORAGE_AUTH_REQUIRED:",
        "MOORAGE_CORS_ORIGINS",
    ]


OWN = """
from pydantic import Field, SecretStr
import moorage

class Settings(moorage.Settings):
    model: str = Field(default="", description="The chat model.", examples=["anthropic:claude"])
    provider_key: SecretStr | None = Field(default=None, description="Its key.")
    region: str
"""


def test_a_deployments_own_settings_are_shown_too(tmp_path: Path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/settings.py").write_text(OWN)

    shown = run(
        "config",
        cwd=tmp_path,
        MOORAGE_MODEL="anthropic:claude",
        MOORAGE_PROVIDER_KEY=SECRET,
        MOORAGE_REGION="eu",
    )

    values = settings(shown.stdout)
    assert values["MOORAGE_MODEL"] == ["anthropic:claude", "environment"]
    assert values["MOORAGE_PROVIDER_KEY"] == ["**********", "environment"]
    assert shown.stderr == ""
    example = run("config", "--example", cwd=tmp_path).stdout
    assert "# The chat model.\n# MOORAGE_MODEL=anthropic:claude\n" in example
    assert "\n# MOORAGE_REGION=\n" in example
    page = run("config", "--reference", cwd=tmp_path).stdout
    assert "\n## MOORAGE_PROVIDER_KEY\n\nIts key.\n\n*secret* · unset by default\n" in page
