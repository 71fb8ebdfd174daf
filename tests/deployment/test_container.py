"""No container engine is needed: what an image would be made of is checked here."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile as pairs of instruction and argument, with continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1].strip()) for line in lines]


def arguments(name: str) -> list[str]:
    return [argument for instruction, argument in instructions() if instruction == name]


def copied() -> list[str]:
    own = [shlex.split(argument) for argument in arguments("COPY") if "--from" not in argument]
    return [source for words in own for source in words[:-1]]


def ignored(path: str) -> bool:
    """Whether ``.dockerignore`` keeps a path out; enough of its grammar for the file we have."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    names = [path, *(str(parent) for parent in Path(path).parents)]
    return any(
        fnmatch(name, pattern) or fnmatch(f"/{name}", pattern.replace("**/", "*/"))
        for pattern in patterns
        if not pattern.startswith("#")
        for name in names
    )


@pytest.fixture
def compose() -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text()
    return dict(yaml.safe_load(text))


def test_everything_the_image_copies_is_there_and_not_ignored():
    assert {"requirements.lock", "app", "routes", "config", "docs", "README.md"} <= set(copied())
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert [source for source in copied() if ignored(source)] == []


@pytest.mark.parametrize(
    "path", [".env", ".env.production", "config/.env", "app/tls.key", ".git/config", "tests/x.py"]
)
def test_secrets_and_what_only_developers_need_stay_out(path: str):
    assert ignored(path)


def test_the_image_runs_without_root_and_stops_on_sigterm():
    assert arguments("USER") == ["10001"]
    assert arguments("STOPSIGNAL") == ["SIGTERM"]
    assert any("--uid 10001" in command for command in arguments("RUN"))


def test_the_image_has_two_slim_stages_and_installs_the_lock():
    assert [re.sub(" AS .*", "", image) for image in arguments("FROM")] == ["python:3.12-slim"] * 2
    assert any("-r requirements.lock" in command for command in arguments("RUN"))
    assert not any("apt-get" in command for command in arguments("RUN"))


def test_the_image_starts_a_server_that_its_health_check_can_reach():
    command = arguments("CMD")[-1]
    assert "app.server:app" in command
    assert (ROOT / "config" / "gunicorn.conf.py").exists()
    assert "config/gunicorn.conf.py" in command
    assert any("MOORAGE_BIND=0.0.0.0:8000" in variables for variables in arguments("ENV"))
    assert "http://127.0.0.1:8000/health" in arguments("HEALTHCHECK")[0]


def test_compose_publishes_on_loopback_only(compose: dict[str, Any]):
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8000:8000"]


def test_compose_starts_the_service_when_redis_answers(compose: dict[str, Any]):
    services = compose["services"]
    assert services["app"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert services["redis"]["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    assert services["app"]["environment"]["MOORAGE_REDIS_URL"] == "redis://redis:6379/0"


def test_compose_gives_requests_time_to_finish(compose: dict[str, Any]):
    assert int(compose["services"]["app"]["stop_grace_period"].removesuffix("s")) > 30
