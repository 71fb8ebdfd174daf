"""Conditions on JSON documents: what a search asks for, and what a caller may see."""

from collections.abc import Mapping
from typing import Any


def contains(document: Any, wanted: Any) -> bool:
    """Say whether ``wanted`` is part of ``document``.

    An object is part of one that has all its keys, each with a value of which its own is part; a
    list is part of one that has such a value for each of its items; everything else must be equal.
    This is Postgres' ``@>``, except that a scalar is not part of a list.
    """
    if isinstance(wanted, Mapping):
        return isinstance(document, Mapping) and all(
            key in document and contains(document[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(document, list) and all(
            any(contains(item, one) for item in document) for one in wanted
        )
    return is_same(document, wanted)


def allows(metadata: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    """Say whether a row with ``metadata`` passes what an authorization handler returned.

    Each key is a condition, and all must hold: a value, or ``{"$eq": value}``, must be equal;
    ``{"$contains": value or list}`` asks for values within a list (protocol, section 12). What
    metadata lack is not equal to anything, null included.
    """
    return all(key in metadata and _holds(metadata[key], wanted) for key, wanted in filters.items())


def _holds(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return is_same(value, wanted)
    if "$eq" in wanted:
        return is_same(value, wanted["$eq"])
    needed = wanted.get("$contains")
    needed = needed if isinstance(needed, list) else [needed]
    return isinstance(value, list) and all(
        any(is_same(one, item) for one in value) for item in needed
    )


def is_same(value: Any, wanted: Any) -> bool:
    """Compare as JSON does: 1 and 1.0 are one number, and true is none."""
    return isinstance(value, bool) is isinstance(wanted, bool) and bool(value == wanted)
