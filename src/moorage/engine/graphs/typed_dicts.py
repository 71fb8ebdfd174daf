"""``typing.TypedDict`` for pydantic, which below Python 3.12 wants ``typing_extensions``' own."""

import types
import typing
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import (
    Annotated,
    Any,
    NotRequired,
    Required,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import ReadOnly, TypedDict, is_typeddict

_QUALIFIERS = (Required, NotRequired, ReadOnly)


def supported(hint: Any) -> Any:
    """Return a type that pydantic accepts in the place of ``hint``; ``hint`` itself if it does.

    What refers to itself is an object of anything there.
    """
    return _supported(hint, {})


def _supported(hint: Any, under_way: Mapping[Any, Any]) -> Any:
    if is_typeddict(hint):
        return under_way[hint] if hint in under_way else _twin(hint, under_way)
    arguments = get_args(hint)
    if not arguments or get_origin(hint) is typing.Literal:
        return hint
    if get_origin(hint) is Annotated:
        return _rebuilt(hint, arguments, (_supported(arguments[0], under_way), *arguments[1:]))
    return _rebuilt(hint, arguments, tuple(_supported(one, under_way) for one in arguments))


def _twin(kind: Any, under_way: Mapping[Any, Any]) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    inner = {**under_way, kind: dict[str, Any]}
    found = {name: _supported(_bare(hint), inner) for name, hint in hints.items()}
    is_supported = type(kind).__module__ != "typing"
    if is_supported and all(found[name] is _bare(hint) for name, hint in hints.items()):
        return kind
    fields = {
        name: Required[one] if name in kind.__required_keys__ else NotRequired[one]
        for name, one in found.items()
    }
    twin = TypedDict(kind.__name__, fields)  # type: ignore[misc]
    twin.__doc__ = kind.__doc__
    return twin


def _bare(hint: Any) -> Any:
    while get_origin(hint) in _QUALIFIERS:
        (hint,) = get_args(hint)
    return hint


def _rebuilt(hint: Any, arguments: tuple[Any, ...], others: tuple[Any, ...]) -> Any:
    if all(one is other for one, other in zip(arguments, others, strict=True)):
        return hint
    origin = get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return reduce(or_, others)
    return (Annotated if origin is Annotated else origin)[others]
