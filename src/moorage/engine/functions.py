"""The user's own functions inside a runnable, found without running it."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_core.runnables import Runnable

_FUNCTIONS = ("func", "afunc", "_transform", "_atransform")
_PARTS = (
    "bound",
    "mapper",
    "runnable",
    "default",
    "first",
    "middle",
    "last",
    "fallbacks",
    "steps__",
)


def functions_in(runnable: Runnable[Any, Any]) -> Iterator[Callable[..., Any]]:
    """Yield the functions that a runnable consists of, those of its first step first."""
    # Not getattr: some runnables look a name that they lack up in what they wrap, and evaluate the
    # type hints of what they find, which fails for functions of langchain-core's own.
    own = vars(runnable)
    for name in _FUNCTIONS:
        if inspect.isfunction(function := own.get(name)):
            yield function
    for part in _parts(own):
        yield from functions_in(part)


def remember_signatures(runnable: Runnable[Any, Any]) -> None:
    """Spare each call of a runnable's functions the search for their parameters.

    langchain-core inspects a function about four times a call, which for a short one is a quarter
    of the time. ``inspect.signature`` returns what it finds in ``__signature__``, as documented.
    """
    for function in functions_in(runnable):
        if not hasattr(function, "__signature__"):
            # A function may be of a kind whose signature Python cannot tell.
            with contextlib.suppress(TypeError, ValueError):
                function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]


def _parts(own: Mapping[str, Any]) -> Iterator[Runnable[Any, Any]]:
    for name in _PARTS:
        match own.get(name):
            case Runnable() as part:
                yield part
            case list() as parts:
                yield from (part for part in parts if isinstance(part, Runnable))
            case dict() as parts:
                yield from (part for part in parts.values() if isinstance(part, Runnable))
