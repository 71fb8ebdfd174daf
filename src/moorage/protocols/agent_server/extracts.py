"""Parts of threads that a search returns beside them, named by paths (protocol, section 2)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from moorage.errors import Invalid

_STEP = r"\.([^.\[\]]+)|\[(-?\d+)\]"
_PATH = re.compile(rf"(values|metadata|interrupts|config)(?=\.)(?:{_STEP})+")
_MOST = 10


def _readable(paths: dict[str, str]) -> dict[str, str]:
    for alias, path in paths.items():
        if not _PATH.fullmatch(path):
            raise Invalid(
                f"extract.{alias}: write a path like values.messages[-1].content; it begins with"
                " values, metadata, interrupts or config"
            )
    return paths


Extracts = Annotated[dict[str, str], Field(max_length=_MOST), AfterValidator(_readable)]
"""Paths under the names that what is found there is to have."""


def extracted(row: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    """Return what is at each of the paths within a row; None where there is nothing."""
    return {alias: _at(row, path) for alias, path in paths.items()}


def _at(row: Mapping[str, Any], path: str) -> Any:
    found: Any = row
    for key, index in re.findall(_STEP, f".{path}"):
        found = _item(found, int(index)) if index else _member(found, key)
    return found


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _item(value: Any, index: int) -> Any:
    within = isinstance(value, list) and -len(value) <= index < len(value)
    return value[index] if within else None
