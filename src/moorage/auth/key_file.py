"""Files of API keys.

A file whose name ends in ``.toml`` has a table for each key, with ``secret`` or ``sha256``, and
``scopes`` if the key is not to allow everything::

    [alice]
    secret = "a-long-random-secret"
    scopes = ["invoke", "stream"]

Any other file has one entry a line, hashed (``name:sha256:<64 hex digits>[:scope,scope]``) or
plain (``name:plain:<secret>[:scope,scope]``, no colon in the secret); empty lines and lines that
begin with ``#`` are passed over.
"""

import tomllib
from pathlib import Path
from typing import Any

from moorage.auth import keys
from moorage.auth.keys import ApiKey
from moorage.errors import Misconfigured


def parse_file(path: Path, content: bytes) -> tuple[ApiKey, ...]:
    """Read the keys of a file; its name decides between TOML and lines.

    Raises:
        Misconfigured: The content is malformed. The message says where and repeats no content.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Misconfigured("it is not UTF-8 text") from error
    return _tables(text) if path.suffix == ".toml" else _lines(text)


def _lines(text: str) -> tuple[ApiKey, ...]:
    found: list[ApiKey] = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            try:
                found.append(keys.parse(entry, allow_plain=True))
            except Misconfigured as error:
                raise Misconfigured(f"line {number}: {error}") from error
    return tuple(found)


def _tables(text: str) -> tuple[ApiKey, ...]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Not chained: the parser's message can quote the text.
        raise Misconfigured("it is not valid TOML") from None
    return tuple(
        _key(number, name, table) for number, (name, table) in enumerate(tables.items(), 1)
    )


def _key(number: int, name: str, table: Any) -> ApiKey:
    try:
        return _from_table(name, table)
    except Misconfigured as error:
        raise Misconfigured(f"key {number}: {error}") from error


def _from_table(name: str, table: Any) -> ApiKey:
    if not isinstance(table, dict) or len(table.keys() & {"secret", "sha256"}) != 1:
        raise Misconfigured("a key is a table with either secret or sha256")
    if table.keys() - {"secret", "sha256", "scopes"}:
        raise Misconfigured("a key has secret or sha256, and scopes, and nothing else")
    scopes = table.get("scopes")
    if scopes is not None and not _is_list_of_text(scopes):
        raise Misconfigured("scopes are a list of strings; leave it out to allow everything")
    return ApiKey(name, _digest(table), frozenset(scopes or ()))


def _digest(table: dict[str, Any]) -> str:
    form = "sha256" if "sha256" in table else "secret"
    value = table[form]
    if not isinstance(value, str):
        raise Misconfigured(f"{form} is a string")
    return value.lower() if form == "sha256" else keys.digest_of_plain(value)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
