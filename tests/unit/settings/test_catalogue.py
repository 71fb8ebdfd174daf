import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr, ValidationError, field_validator

from moorage.errors import Misconfigured
from moorage.settings import Settings

KEY = f"alice:sha256:{64 * 'a'}"
OTHER_KEY = f"bob:sha256:{64 * 'b'}"


def problems(environ: dict[str, str], model: type[Settings] = Settings) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        model.parse(environ)
    return str(caught.value).splitlines()


def test_without_variables_every_field_has_its_default():
    settings = Settings.parse({})

    assert settings.environment == "development"
    assert settings.run_timeout == timedelta(minutes=10)
    assert settings.max_body_bytes == 10 * 1024 * 1024
    assert settings.jwt_algorithms == ("RS256", "ES256")


def test_settings_cannot_be_changed():
    settings = Settings.parse({})

    with pytest.raises(ValidationError, match="frozen"):
        settings.workers = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", timedelta(seconds=30)),
        ("0.5", timedelta(seconds=0.5)),
        ("30s", timedelta(seconds=30)),
        ("250ms", timedelta(milliseconds=250)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("PT30S", timedelta(seconds=30)),
        ("0", timedelta(0)),
    ],
)
def test_durations_are_seconds_or_have_units_or_are_iso_8601(text: str, expected: timedelta):
    assert Settings.parse({"MOORAGE_RUN_TIMEOUT": text}).run_timeout == expected


@pytest.mark.parametrize("text", ["soon", "-5", "-PT5S", "5 fortnights", "1e400", "99999999999d"])
def test_a_duration_that_is_none_is_one_line_naming_variable_and_remedy(text: str):
    [line] = problems({"MOORAGE_RUN_TIMEOUT": text})

    assert line.startswith("MOORAGE_RUN_TIMEOUT (set in environment): ")
    assert line.endswith("write for example MOORAGE_RUN_TIMEOUT=10m")


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example,https://b.example",
        "https://a.example https://b.example",
        " https://a.example,\n https://b.example ,",
        '["https://a.example", "https://b.example"]',
    ],
)
def test_lists_are_separated_by_commas_or_spaces_or_are_json(text: str):
    settings = Settings.parse({"MOORAGE_CORS_ORIGINS": text})

    assert settings.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    "text",
    [
        "/agent=10/minute;500/day /chain=5/second",
        "/agent=10/minute;500/day, /chain=5/second",
        '{"/agent": "10/minute;500/day", "/chain": "5/second"}',
    ],
)
def test_limits_per_path_are_pairs_or_json(text: str):
    settings = Settings.parse({"MOORAGE_RATE_LIMITS": text})

    assert settings.rate_limits == {"/agent": "10/minute;500/day", "/chain": "5/second"}


def test_keys_may_have_several_scopes_between_commas():
    settings = Settings.parse({"MOORAGE_API_KEYS": f"{KEY}:read,runs:write,{OTHER_KEY}:read"})

    assert settings.api_keys == (f"{KEY}:read,runs:write", f"{OTHER_KEY}:read")


def test_an_empty_variable_is_not_set():
    assert Settings.parse({"MOORAGE_WORKERS": "", "MOORAGE_REDIS_URL": ""}) == Settings.parse({})


def test_parsing_reads_nothing_but_the_given_variables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOORAGE_WORKERS", "7")

    assert Settings.parse({}).workers == Settings.model_fields["workers"].default
    assert Settings().workers == 7


def test_overrides_win_over_variables():
    assert Settings.parse({"MOORAGE_WORKERS": "2"}, workers=3).workers == 3


def test_every_problem_gets_a_line_of_its_own():
    lines = problems(
        {"MOORAGE_WORKERS": "many", "MOORAGE_LOG_FORMAT": "xml", "MOORAGE_BIND": "nowhere"}
    )

    assert [line.split(" ")[0] for line in lines] == [
        "MOORAGE_BIND",
        "MOORAGE_WORKERS",
        "MOORAGE_LOG_FORMAT",
    ]


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_outside_development_some_way_to_authenticate_must_be_configured(stage: str):
    [line] = problems({"MOORAGE_ENVIRONMENT": stage})

    assert "none is configured" in line
    assert "MOORAGE_API_KEYS" in line


@pytest.mark.parametrize(
    "way",
    [
        {"MOORAGE_API_KEYS": KEY},
        {"MOORAGE_API_KEYS_FILE": __file__},
        {"MOORAGE_AUTH_HANDLER": "app.auth:authenticate"},
        {
            "MOORAGE_JWT_ISSUER": "https://login.example.com/",
            "MOORAGE_JWT_AUDIENCE": "agents",
            "MOORAGE_JWT_JWKS_URL": "https://login.example.com/jwks.json",
        },
    ],
)
def test_any_way_to_authenticate_lets_production_start(way: dict[str, str]):
    assert Settings.parse({"MOORAGE_ENVIRONMENT": "production", **way}).requires_auth


def test_production_refuses_to_run_without_authentication():
    [line] = problems(
        {
            "MOORAGE_ENVIRONMENT": "production",
            "MOORAGE_AUTH_REQUIRED": "false",
            "MOORAGE_API_KEYS": KEY,
        }
    )

    assert line.startswith("MOORAGE_AUTH_REQUIRED (set in environment): production")


def test_production_refuses_to_let_every_site_in():
    production = {"MOORAGE_ENVIRONMENT": "production", "MOORAGE_API_KEYS": KEY}

    [line] = problems({**production, "MOORAGE_CORS_ORIGINS": "*"})

    assert line.startswith("MOORAGE_CORS_ORIGINS (set in environment): production")
    assert Settings.parse({"MOORAGE_CORS_ORIGINS": "*"}).cors_origins == ("*",)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MOORAGE_CORS_ORIGINS", "chat.example.com"),
        ("MOORAGE_CORS_ORIGINS", "https://chat.example.com/path"),
        ("MOORAGE_RATE_LIMIT", "often"),
        ("MOORAGE_RATE_LIMIT", "0/minute"),
        ("MOORAGE_RATE_LIMIT", "10/minute;"),
        ("MOORAGE_RATE_LIMITS", "/agent=often"),
        ("MOORAGE_RATE_LIMITS", "agent=5/minute"),
        ("MOORAGE_RATE_LIMITS", '{"/agent": '),
        ("MOORAGE_RATE_LIMIT_STORAGE", "mysql://host"),
        ("MOORAGE_REDIS_URL", "http://host"),
        ("MOORAGE_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("MOORAGE_TRUSTED_PROXIES", "proxy.internal"),
        ("MOORAGE_JWT_ALGORITHMS", "none"),
        ("MOORAGE_JWT_ALGORITHMS", "RS256,HS256"),
        ("MOORAGE_JWT_ALGORITHMS", "[]"),
        ("MOORAGE_API_KEYS_FILE", "/no/such/file"),
        ("MOORAGE_WEBHOOK_SECRET", "whsec_none"),
        ("MOORAGE_WEBHOOK_ATTEMPTS", "0"),
        ("MOORAGE_WEBHOOK_TIMEOUT", "0"),
        ("MOORAGE_API_KEYS", "alice:secret-in-the-wrong-place"),
        ("MOORAGE_API_KEYS", f"{KEY} {KEY}"),
        ("MOORAGE_AUTH_HANDLER", "not a path"),
        ("MOORAGE_WORKERS", "0"),
        ("MOORAGE_BIND", "localhost"),
    ],
)
def test_a_bad_value_is_one_line_with_variable_and_remedy(variable: str, value: str):
    [line] = problems({variable: value})

    assert line.startswith(f"{variable} (set in environment): ")
    assert "; " in line


def test_a_half_configured_token_check_names_what_is_missing():
    lines = problems({"MOORAGE_JWT_ISSUER": "https://login.example.com/"})

    assert [line.split(":")[0] for line in lines] == [
        "MOORAGE_JWT_AUDIENCE",
        "MOORAGE_JWT_JWKS_URL",
    ]


def test_token_keys_come_from_one_place(tmp_path: Path):
    jwks = tmp_path / "jwks.json"
    jwks.write_text("{}")

    [line] = problems(
        {
            "MOORAGE_JWT_ISSUER": "https://login.example.com/",
            "MOORAGE_JWT_AUDIENCE": "agents",
            "MOORAGE_JWT_JWKS_URL": "https://login.example.com/jwks.json",
            "MOORAGE_JWT_JWKS_FILE": str(jwks),
        }
    )

    assert line.startswith("MOORAGE_JWT_JWKS_FILE (set in environment): ")


def test_an_unknown_variable_is_warned_about_with_the_nearest_name(
    caplog: pytest.LogCaptureFixture,
):
    of_tools = {"MOORAGE_TEST_REQUIRE": "redis", "MOORAGE_UI": "require", "HOME": "/"}
    Settings.parse({"MOORAGE_RATE_LIMT": "secret", **of_tools})

    [message] = caplog.messages
    assert message == (
        "MOORAGE_RATE_LIMT (set in environment) is not a setting; did you mean MOORAGE_RATE_LIMIT?"
    )


def test_an_unknown_override_is_refused():
    with pytest.raises(Misconfigured, match="MOORAGE_WORKER: there is no such setting"):
        Settings.parse({}, worker=3)


def test_a_handler_and_keys_contradict_each_other():
    [line] = problems({"MOORAGE_AUTH_HANDLER": "app.auth:authenticate", "MOORAGE_API_KEYS": KEY})

    assert line.startswith("MOORAGE_AUTH_HANDLER (set in environment): it takes the place of keys")


def test_credentials_from_every_site_contradict_each_other():
    [line] = problems({"MOORAGE_CORS_ORIGINS": "*", "MOORAGE_CORS_CREDENTIALS": "true"})

    assert line.startswith("MOORAGE_CORS_CREDENTIALS (set in environment): ")


class PickySettings(Settings):
    token: SecretStr | None = None

    @field_validator("token")
    @classmethod
    def _picky(cls, value: SecretStr) -> SecretStr:
        raise ValueError(f"{value.get_secret_value()} is not to my taste")


def test_a_secret_is_not_shown_even_when_a_validator_quotes_it():
    assert problems({"MOORAGE_TOKEN": "s3cr3t"}, PickySettings) == [
        "MOORAGE_TOKEN (set in environment): its value is not accepted; mend it"
    ]


class OwnSettings(Settings):
    model: str = ""
    tools: tuple[str, ...] = ()
    patience: timedelta = timedelta(seconds=1)
    weights: dict[str, float] = Field(default_factory=dict)
    provider_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    region: str


def test_a_subclass_has_fields_of_its_own_that_work_the_same():
    own = OwnSettings.parse(
        {
            "MOORAGE_MODEL": "anthropic:claude",
            "MOORAGE_TOOLS": "search, browse",
            "MOORAGE_PATIENCE": "5m",
            "MOORAGE_WEIGHTS": '{"a": 0.5}',
            "MOORAGE_REGION": "eu",
            "MOORAGE_WORKERS": "2",
            "ANTHROPIC_API_KEY": "sk-provider",
        }
    )

    assert (own.model, own.workers, own.region) == ("anthropic:claude", 2, "eu")
    assert own.tools == ("search", "browse")
    assert own.patience == timedelta(minutes=5)
    assert own.weights == {"a": 0.5}
    assert own.provider_key is not None
    assert own.provider_key.get_secret_value() == "sk-provider"


def test_a_required_field_of_a_subclass_is_missed_by_the_name_of_its_variable():
    assert problems({}, OwnSettings) == ["MOORAGE_REGION: it must be set; mend it"]


def test_no_secret_is_shown_by_settings_or_their_problems():
    secret = "s3cr3t-do-not-show"
    settings = Settings.parse(
        {
            "MOORAGE_REDIS_URL": f"redis://:{secret}@127.0.0.1/0",
            "MOORAGE_RATE_LIMIT_STORAGE": f"redis://:{secret}@127.0.0.1/1",
        }
    )
    wrong = [f"{name.upper()}={secret}" for name in Settings.model_fields]
    lines: list[str] = []
    for name in wrong:
        try:
            Settings.parse({f"MOORAGE_{name.split('=')[0]}": secret})
        except Misconfigured as error:
            lines.append(str(error))

    assert len(lines) > 20
    assert secret not in f"{settings!r} {settings} {lines}"


def test_the_derived_answers_follow_the_stage():
    development = Settings.parse({})
    production = Settings.parse({"MOORAGE_ENVIRONMENT": "production", "MOORAGE_API_KEYS": KEY})

    def answers(settings: Settings) -> tuple[bool, ...]:
        return (
            settings.is_development,
            settings.requires_auth,
            settings.shows_docs,
            settings.opens_metrics,
            settings.logs_json,
        )

    assert answers(development) == (True, False, True, True, False)
    assert answers(production) == (False, True, False, False, True)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "memory://"),
        ({"MOORAGE_REDIS_URL": "redis://h/0"}, "redis://h/0"),
        (
            {"MOORAGE_REDIS_URL": "redis://h/0", "MOORAGE_RATE_LIMIT_STORAGE": "memory://"},
            "memory://",
        ),
    ],
)
def test_requests_are_counted_in_redis_when_there_is_one(environ: dict[str, str], expected: str):
    assert Settings.parse(environ).counter_url == expected


def run(code: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOORAGE_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


LOAD = "from moorage import Settings; s = Settings.load(); print(s.title, s.workers, s.log_level)"


def write(folder: Path, files: dict[str, Any]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_files_are_layered_under_the_process_environment(tmp_path: Path):
    write(
        tmp_path,
        {
            "config/staging.env": (
                "MOORAGE_TITLE=stage\nMOORAGE_WORKERS=2\nMOORAGE_LOG_LEVEL=ERROR\n"
                "MOORAGE_AUTH_REQUIRED=false\n"
            ),
            ".env": "MOORAGE_ENVIRONMENT=staging\nMOORAGE_WORKERS=3\nMOORAGE_TITLE=local\n",
            ".env.staging": "export MOORAGE_TITLE='nearest # one'\n# a comment\n",
            "config/development.env": "MOORAGE_TITLE=wrong\n",
        },
    )

    assert run(LOAD, tmp_path).stdout == "nearest # one 3 ERROR\n"
    assert run(LOAD, tmp_path, MOORAGE_WORKERS="5").stdout == "nearest # one 5 ERROR\n"
    assert run(LOAD, tmp_path, MOORAGE_ENVIRONMENT="development").stdout == "local 3 INFO\n"


def test_a_bad_value_ends_the_program_with_one_line_and_status_2(tmp_path: Path):
    write(tmp_path, {"config/development.env": "MOORAGE_WORKERS=s3cr3t\n"})

    ended = run(LOAD, tmp_path)

    assert ended.returncode == 2
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("moorage: MOORAGE_WORKERS (set in config/development.env): ")
    assert "s3cr3t" not in line


def test_an_unknown_variable_is_one_warning_line_and_no_error(tmp_path: Path):
    ended = run(LOAD, tmp_path, MOORAGE_WORKER="3")

    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "MOORAGE_WORKER (set in environment) is not a setting; did you mean MOORAGE_WORKERS?"
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"MOORAGE_TITLE=a\nwhat is 's3cr3t\n", ".env: line 2 is not of the form NAME=value"),
        (b"\xff\xfe\x00s3cr3t", ".env: cannot be read (it is not UTF-8 text)"),
    ],
)
def test_a_malformed_file_ends_the_program_with_its_name(
    tmp_path: Path, content: bytes, problem: str
):
    (tmp_path / ".env").write_bytes(content)

    ended = run(LOAD, tmp_path)

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"moorage: {problem}")
    assert "Traceback" not in ended.stderr
    assert "s3cr3t" not in ended.stderr


def test_a_file_that_cannot_be_opened_ends_the_program_with_its_name(tmp_path: Path):
    (tmp_path / ".env").mkdir()

    ended = run(LOAD, tmp_path)

    assert ended.returncode == 2
    assert ended.stderr.startswith("moorage: .env: cannot be read (Is a directory)")


def test_importing_settings_loads_no_web_framework_and_no_langchain():
    code = (
        "import sys, moorage.settings; "
        "print([m for m in ('fastapi', 'starlette', 'langchain_core', 'langgraph', 'joserfc')"
        " if m in sys.modules])"
    )

    assert run(code, Path()).stdout == "[]\n"
