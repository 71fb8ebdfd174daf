"""JSON as people write it in configuration: with comments and with commas after the last entry."""

import json
import re
from collections.abc import Mapping
from typing import Any

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_COMMENT = r"//[^\n]*|/\*.*?\*/"
_COMMENTS = re.compile(f"{_STRING}|{_COMMENT}", re.DOTALL)
_LAST_COMMAS = re.compile(rf"{_STRING}|,(?=\s*[}}\]])")


def parse(text: str) -> Any:
    """Return what the text says.

    Raises:
        ValueError: It is not JSON, or a table names a key twice. The message is a sentence with
            the line, and repeats nothing of the text but the key.
    """
    try:
        return json.loads(_plain(text.removeprefix("\ufeff")), object_pairs_hook=_table)
    except json.JSONDecodeError as error:
        # Not chained: the parser's error holds the text.
        raise ValueError(
            f"line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None


def _plain(text: str) -> str:
    """Put blanks where comments and last commas are, so that lines and columns stay right."""
    return _LAST_COMMAS.sub(_blank, _COMMENTS.sub(_blank, text))


def _blank(found: re.Match[str]) -> str:
    token = found[0]
    return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)


def _table(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"a table has the key {key} twice")
        table[key] = value
    return table
