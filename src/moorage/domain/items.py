"""Items of the long-term memory: what is asked of them, and which of them are meant."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Literal

from moorage.domain.filters import is_same

Namespace = tuple[str, ...]

ANY_LABEL = "*"
DEEPEST = 200
"""How deeply values and filters may be nested: what compares and writes them goes down by calls."""

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": gt,
    "$gte": ge,
    "$lt": lt,
    "$lte": le,
}
OPERATORS = ("$eq", "$ne", *_ORDERS)


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is to be kept.

    Attributes:
        index: The paths of the texts to search by meaning; False for none of them, None for those
            of the store.
        ttl: Minutes that it lives; None is the store's default.
    """

    namespace: Namespace
    key: str
    value: Mapping[str, Any]
    index: Literal[False] | list[str] | None = None
    ttl: float | None = None


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items a search is for.

    Attributes:
        prefix: How their namespaces begin.
        filter: What their values must be like; see ``matches``.
        query: What they should be about, where the store can tell.
        refresh_ttl: Whether those that are found live on; None is the store's default.
    """

    prefix: Namespace = ()
    filter: Mapping[str, Any] | None = None
    query: str | None = None
    limit: int = 10
    offset: int = 0
    refresh_ttl: bool | None = None


@dataclass(frozen=True, slots=True)
class NamespaceQuery:
    """Which namespaces are asked for.

    Attributes:
        prefix: How they begin; ``*`` stands for any one label.
        suffix: How they end.
        max_depth: How many labels are told of each at most.
    """

    prefix: Namespace | None = None
    suffix: Namespace | None = None
    max_depth: int | None = None
    limit: int = 100
    offset: int = 0


def matches(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Say whether an item's value has all that a filter wants.

    Each key is a condition: a value must be equal, an object must be part of the item's, and an
    object of operators (``OPERATORS``) compares. An item that lacks the key does not match,
    whatever the condition; what cannot be compared, such as a text with a number, neither.
    """
    return all(key in value and _fits(value[key], one) for key, one in wanted.items())


def unknown_operators(wanted: Any) -> Iterator[str]:
    """Yield what a filter uses as an operator and is none."""
    if isinstance(wanted, list):
        for one in wanted:
            yield from unknown_operators(one)
    elif isinstance(wanted, Mapping):
        for key, one in wanted.items():
            if not _compares(wanted):
                yield from unknown_operators(one)
            elif key not in OPERATORS:
                yield key


def is_too_deep(value: Any) -> bool:
    """Say whether a JSON value is nested more deeply than ``DEEPEST``."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [part for one in level for part in _parts(one)]
        if not level:
            return False
    return True


def begins_with(namespace: Namespace, path: Namespace) -> bool:
    """Say whether a namespace begins with the labels of ``path``; ``*`` is any one label."""
    return len(namespace) >= len(path) and all(
        wanted in (ANY_LABEL, label) for label, wanted in zip(namespace, path, strict=False)
    )


def ends_with(namespace: Namespace, path: Namespace) -> bool:
    """Say whether a namespace ends with the labels of ``path``; ``*`` is any one label."""
    return begins_with(namespace[::-1], path[::-1])


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if _compares(wanted):
            return all(_holds(value, operator, one) for operator, one in wanted.items())
        return isinstance(value, Mapping) and matches(value, wanted)
    if isinstance(wanted, list):
        return (
            isinstance(value, list) and len(value) == len(wanted) and all(map(_fits, value, wanted))
        )
    return is_same(value, wanted)


def _compares(wanted: Mapping[str, Any]) -> bool:
    return any(key.startswith("$") for key in wanted)


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "$eq":
        return is_same(value, wanted)
    if operator == "$ne":
        return not is_same(value, wanted)
    are_texts = isinstance(value, str) and isinstance(wanted, str)
    return (are_texts or (_is_number(value) and _is_number(wanted))) and _ORDERS[operator](
        value, wanted
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
