"""The user's own functions inside a runnable, found without running it."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from langchain_core.runnables import Runnable

_FUNCTIONS = ("func", "afunc", "_transform", "_atransform")
_PARTS = ("bound", "mapper", "runnable", "default")
_LISTS = ("steps", "fallbacks")


def functions_in(runnable: Runnable[Any, Any]) -> Iterator[Callable[..., Any]]:
    """Yield the functions that a runnable consists of, those of its first step first."""
    for name in _FUNCTIONS:
        function = getattr(runnable, name, None)
        if inspect.isfunction(function):
            yield function
    for part in _parts(runnable):
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


def _parts(runnable: Runnable[Any, Any]) -> Iterator[Runnable[Any, Any]]:
    parts = [getattr(runnable, name, None) for name in _PARTS]
    for name in _LISTS:
        parts += getattr(runnable, name, None) or ()
    branches = getattr(runnable, "steps__", None)
    parts += branches.values() if isinstance(branches, dict) else ()
    yield from (part for part in parts if isinstance(part, Runnable))
