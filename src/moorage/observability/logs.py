"""What the service writes: one line an event, from structlog and from every library's ``logging``.

Lines are JSON in production and readable in development. Both sources share one renderer, the
request id of the request at hand, and the redaction of secrets, so nothing reaches the output by a
side door. The field names are documented in ``docs/reference/logs.md``.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor

Style = Literal["json", "console"]

REDACTED = "[redacted]"

# The id of the request at hand; set by the edge, read by every line that is written meanwhile.
request_id: ContextVar[str | None] = ContextVar("moorage_request_id", default=None)

_SECRET_NAME = re.compile(
    r"authorization|cookie|api[-_]?key|password|passwd|secret|credential|private[-_]?key"
    r"|(^|[-_])token$|^dsn$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"
    r"|(?P<query>[?&][\w-]*(?:key|token|secret|password|signature|sig|code)=)[^&\s\"']+"
    r"|(?P<field>[\"']?(?:authorization|cookie|x-api-key|api[-_]?key|password|secret)[\"']?\s*[:=]\s*)"
    r"(?:(?:bearer|basic)\s+)?[\"']?[^\s\"',;&}]+[\"']?"
    r"|(?P<user>://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JSON web token
    r"|\b(?:sk|pk|rk)-[\w-]{16,}"  # OpenAI, Anthropic, Stripe
    r"|\b(?:moorage|lsv2|ghp|gho|github_pat|xox[abprs]|hf|gsk)[-_][\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{35}",
    re.IGNORECASE,
)

# Libraries that write a line, with the whole URL, for each request that they make.
CLIENTS = ("httpx", "httpcore", "openai", "anthropic")
_CHATTY = (*CLIENTS, "alembic")

# uvicorn's word on a response that the edge has cut off on purpose, and already logged.
_SAID_BEFORE = "ASGI callable returned without completing response."


def redact_text(text: str) -> str:
    """Return ``text`` with everything in it that looks like a credential replaced."""
    return _SECRET_VALUE.sub(_hide, text)


def redact(value: Any, name: str = "") -> Any:
    """Return ``value`` without credentials, by the ``name`` it has and by their shapes."""
    if name and _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return value


def configure(*, level: str = "INFO", style: Style = "json") -> None:
    """Send the lines of structlog and ``logging`` to standard output, in one form.

    It is the process's, so the last call wins; calling it again is cheap and needed after a server
    has set up its own logging. uvicorn's and gunicorn's access logs are switched off, as the edge
    writes one line a request itself.

    Args:
        level: The lowest level that is written, by its name.
        style: JSON for machines, console for people.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            _name,
            *_ENRICH,
            structlog.processors.format_exc_info,
            _redact_event,
            renderer(style),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=Line,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [known for known in root.handlers if isinstance(known, LineHandler)]:
        root.removeHandler(handler)
    root.addHandler(LineHandler(style))
    root.setLevel(number)
    _quieten(number)


class RequestLines:
    """Writes the line that each request leaves, in the form of all others.

    It goes past structlog and the search for secrets, as its fields are chosen one by one: those
    would take three quarters of what the edge adds to a request.

    Args:
        level: The lowest level that is written, by its name.
        style: JSON for machines, console for people.
    """

    def __init__(self, level: str, style: Style) -> None:
        lowest = logging.getLevelNamesMapping()[level.upper()]
        self._writes_info = lowest <= logging.INFO
        self._writes_debug = lowest <= logging.DEBUG
        self._render = renderer(style) if style == "console" else None
        self._second, self._prefix = 0, ""

    def write(self, fields: dict[str, Any], *, is_probe: bool = False) -> None:
        """Write one line with ``fields``; that of a probe only at debug level."""
        if not (self._writes_debug if is_probe else self._writes_info):
            return
        line = {
            "timestamp": self._now(),
            "level": "debug" if is_probe else "info",
            "event": "request",
            "logger": "moorage.requests",
            **fields,
        }
        write(str(self._render(None, "", line)) if self._render else _dump(line))

    def _now(self) -> str:
        # A fifth of the time that datetime takes, most of it saved by writing the second once.
        second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._second = second
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        return f"{self._prefix}{nanoseconds // 1000:06}Z"


def renderer(style: Style) -> Processor:
    """Return the last processor: from an event to the text of its line."""
    if style == "json":
        return _render_json
    return structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def write(line: str) -> None:
    """Write one line to standard output, which is looked up since programs may replace it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Line:
    """A structlog logger whose every message is one line."""

    def __init__(self, name: str = "moorage") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write ``line``."""
        write(line)

    debug = info = warning = error = critical = exception = msg


class LineHandler(logging.Handler):
    """Writes the records of ``logging`` in the form of structlog's events."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.ExtraAdder(),
                    _drop_copies,
                    *_ENRICH,
                ],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    _redact_event,
                    renderer(style),
                ],
            )
        )
        self.addFilter(_is_news)

    def emit(self, record: logging.LogRecord) -> None:
        """Write ``record``."""
        try:
            write(self.format(record))
        except Exception:  # noqa: BLE001 - logging's own contract: a line must not fail its caller
            self.handleError(record)


_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _is_news(record: logging.LogRecord) -> bool:
    return record.msg != _SAID_BEFORE


def _quieten(level: int) -> None:
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING if level > logging.DEBUG else level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi", "gunicorn.error"):
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
    for name in ("uvicorn.access", "gunicorn.access"):
        access = logging.getLogger(name)
        access.handlers.clear()
        access.propagate = False


def _name(logger: Any, _: str, event: EventDict) -> EventDict:
    event["logger"] = logger.name
    return event


def _add_request_id(_: Any, __: str, event: EventDict) -> EventDict:
    if (known := request_id.get()) is not None:
        event.setdefault("request_id", known)
    return event


def _drop_copies(_: Any, __: str, event: EventDict) -> EventDict:
    # What other formatters and uvicorn leave on a record: the message once more.
    for name in ("message", "asctime", "color_message"):
        event.pop(name, None)
    return event


def _redact_event(_: Any, __: str, event: EventDict) -> EventDict:
    return {name: redact(value, name) for name, value in event.items()}


def _render_json(_: Any, __: str, event: EventDict) -> str:
    line = {name: event.pop(name, None) for name in ("timestamp", "level", "event")}
    line.update(event)
    return _dump(line)


def _dump(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # what orjson refuses outright, such as a lone surrogate
        return json.dumps(line, default=repr)


def _hide(found: re.Match[str]) -> str:
    return (found[found.lastgroup] if found.lastgroup else "") + REDACTED


_ENRICH: list[Processor] = [structlog.processors.add_log_level, _add_request_id, _stamp]
