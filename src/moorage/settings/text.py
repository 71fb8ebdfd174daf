"""How values are written in a variable: durations, lists and tables as text."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = re.compile(r"\d+(?:\.\d+)?")
_PAIRS = re.compile(r"[,\s]+(?=/[^=\s]*=)")
_LISTS = (tuple, list, set, frozenset)


@dataclass(frozen=True)
class Form:
    """Metadata of a field whose text has a form of its own: how to read it."""

    read: Callable[[str], Any]


def read(field: FieldInfo, text: str) -> Any:
    """Read the text of a variable as far as the field's type asks for it.

    What pydantic reads by itself (numbers, booleans, paths, strings) is returned unchanged.

    Raises:
        ValueError: The text is JSON, by its first character, and malformed; or a duration beyond
            what can be represented.
    """
    for metadata in field.metadata:
        if isinstance(metadata, Form):
            return metadata.read(text)
    kinds = {field.annotation, *get_args(field.annotation)}
    origins = {get_origin(kind) or kind for kind in kinds}
    if timedelta in origins:
        return duration(text)
    if origins.intersection(_LISTS):
        return items(text)
    if dict in origins or Mapping in origins:
        return _json(text)
    return text


def duration(text: str) -> timedelta | str:
    """Read seconds (``30``, ``0.5``) or parts with units (``30s``, ``1h30m``).

    Any other text is returned as it is; pydantic then takes it for ISO 8601 (``PT30S``).
    """
    plain = text.strip().lower()
    try:
        if _SECONDS.fullmatch(plain):
            return timedelta(seconds=float(plain))
        if _DURATION.fullmatch(plain):
            parts = _PART.findall(plain)
            return sum(
                (timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts), timedelta()
            )
    except OverflowError as error:
        raise ValueError("too long a duration") from error
    return text


def items(text: str) -> list[Any]:
    """Read a list: JSON when it begins with ``[``, otherwise cut at commas and spaces."""
    if text.lstrip().startswith("["):
        return list(_json(text))
    return [item for item in re.split(r"[,\s]+", text) if item]


def limits(text: str) -> Any:
    """Read a table of rate limits: JSON, or ``/path=10/minute;500/day /other=5/second``."""
    if text.lstrip().startswith("{"):
        return _json(text)
    pairs = (pair.partition("=") for pair in _PAIRS.split(text.strip()))
    return {path.strip(): notation.strip() for path, _, notation in pairs}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # Not chained: the parser's message quotes the text.
        raise ValueError("not valid JSON") from None


def write(value: Any) -> str:
    """Write a value as a variable holds it, so that reading the text gives the value again.

    A secret is written as stars, and the absence of a value as nothing.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return _write_duration(value)
    if isinstance(value, Mapping):
        return json.dumps(value) if value else ""
    if isinstance(value, _LISTS):
        return ",".join(map(str, value))
    return str(value)


def _write_duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
