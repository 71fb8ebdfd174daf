import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from moorage.observability import logs

Lines = Callable[[], list[dict[str, Any]]]
PAGE = Path(__file__).parents[3] / "docs/reference/logs.md"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    logs.configure(level="INFO", style="json")
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    structlog.reset_defaults()


def test_structlog_and_logging_write_the_same_form(lines: Lines) -> None:
    structlog.get_logger("ours").warning("it happened", times=2)
    logging.getLogger("theirs").warning("it %s", "happened", extra={"times": 2})
    ours, theirs = lines()
    assert ours.pop("timestamp").endswith("Z")
    assert theirs.pop("timestamp").endswith("Z")
    assert ours == {"level": "warning", "event": "it happened", "logger": "ours", "times": 2}
    assert theirs == {**ours, "logger": "theirs"}


def test_lines_below_the_level_are_not_written(lines: Lines) -> None:
    structlog.get_logger("ours").debug("detail")
    logging.getLogger("theirs").debug("detail")
    assert lines() == []


def test_lines_of_a_request_carry_its_id(lines: Lines) -> None:
    token = logs.request_id.set("r-1")
    structlog.get_logger("ours").info("a")
    logging.getLogger("theirs").info("b")
    logs.request_id.reset(token)
    assert [line["request_id"] for line in lines()] == ["r-1", "r-1"]


def test_a_traceback_is_one_line(lines: Lines) -> None:
    try:
        int("sk-abcdefghijklmnopqrstuvwxyz")
    except ValueError:
        logging.getLogger("theirs").exception("it failed")
    (line,) = lines()
    assert "Traceback" in line["exception"]
    assert "invalid literal for int() with base 10: '[redacted]'" in line["exception"]


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcdefghijkl",
        "bearer abcdefghijkl",
        "Basic dXNlcjpwYXNz",
        "https://host/path?api_key=abcdefghijkl&x=1",
        "https://host/path?x=1&access_token=abcdefghijkl",
        "redis://user:abcdefghijkl@host:6379/0",
        "sk-proj-abcdefghijklmnopqrstuvwxyz",
        "sk-ant-api03-abcdefghijklmnopqrstuvwxyz",
        "lsv2_pt_abcdefghijklmnopqrstuvwxyz",
        "moorage_abcdefghijklmnopqrstuvwxyz",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmNkZWZnaGlqa2wifQ.abcdefghijkl",
        "AKIAABCDEFGHIJKLMNOP",
        "{'password': 'abcdefghijkl'}",
        "x-api-key: abcdefghijkl",
        "Cookie: session=abcdefghijkl",
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(secret: str, lines: Lines) -> None:
    structlog.get_logger().info("ours", note=f"sent {secret}", nested={"list": [secret]})
    logging.getLogger("theirs").info("sent %s", secret)
    written = json.dumps(lines())
    assert "[redacted]" in written
    for part in ("abcdefghijkl", "dXNlcjpwYXNz", "ABCDEFGHIJKLMNOP", "eyJzdWIi"):
        assert part not in written


@pytest.mark.parametrize(
    "name", ["authorization", "Cookie", "set-cookie", "x-api-key", "api_key", "password", "token"]
)
def test_the_value_of_a_field_that_names_a_secret_is_hidden(name: str, lines: Lines) -> None:
    structlog.get_logger().info("ours", **{name: "opensesame"})
    structlog.get_logger().info("ours", headers={name: "opensesame"})
    assert "opensesame" not in json.dumps(lines())


def test_ordinary_text_is_left_alone(lines: Lines) -> None:
    note = "used 12 tokens; max_tokens=100, see https://host/path?page=2 in task-force-42"
    structlog.get_logger().info("ours", note=note, max_tokens=100, total_tokens=5)
    (line,) = lines()
    assert (line["note"], line["max_tokens"], line["total_tokens"]) == (note, 100, 5)


def test_what_json_cannot_hold_is_written_all_the_same(lines: Lines) -> None:
    structlog.get_logger().info("odd", value=object, key={1: 2}, text="\ud800")
    assert lines()[0]["event"] == "odd"


def test_servers_write_through_the_same_door_and_no_access_log(lines: Lines) -> None:
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler())
    logs.configure(level="INFO", style="json")
    logging.getLogger("uvicorn.error").warning("Started")
    logging.getLogger("uvicorn.access").warning("GET /?api_key=secret")
    logging.getLogger("httpx").info("POST https://models.example")
    assert [line["event"] for line in lines()] == ["Started"]
    assert logging.getLogger("uvicorn").handlers == []


def test_other_handlers_of_the_root_logger_stay(lines: Lines) -> None:
    mine = logging.NullHandler()
    logging.getLogger().addHandler(mine)
    try:
        logs.configure()
        handlers = logging.getLogger().handlers
        assert mine in handlers
        assert sum(isinstance(handler, logs.LineHandler) for handler in handlers) == 1
    finally:
        logging.getLogger().removeHandler(mine)


def test_in_development_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(style="console")
    structlog.get_logger("ours").info("it happened", api_key="opensesame")
    logs.RequestLines("INFO", "console").write({"path": "/x", "status": 200})
    written = capsys.readouterr().out
    assert "it happened" in written
    assert "status=200" in written
    assert "opensesame" not in written
    structlog.reset_defaults()


def test_every_field_of_a_request_is_documented(lines: Lines) -> None:
    from tests.unit.test_app import FIELDS  # noqa: PLC0415

    page = PAGE.read_text()
    for name in (*FIELDS, "complete", "run_id", "run_error", "exception"):
        assert f"| `{name}` |" in page, name
