"""The user's own functions inside a runnable, found without running it."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_core.runnables import Runnable

_FUNCTIONS = ("func", "afunc", "_transform", "_atransform")
# What the classes of langchain-core hand to ``Runnable._acall_with_config`` and its like.
_METHODS = ("_ainvoke", "_atransform", "_aformat_prompt_with_error_handling")
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
    for part in _tree(runnable):
        yield from _own_functions(part)


def remember_signatures(runnable: Runnable[Any, Any]) -> None:
    """Spare each call of a runnable the search for the parameters of what it calls.

    langchain-core inspects the user's function, and its own method around it, twice a call each:
    for a short one that is a third of the time. ``inspect.signature`` returns what it finds in
    ``__signature__``, as documented; what is put there is what it would find otherwise.
    """
    for part in _tree(runnable):
        for function in (*_own_functions(part), *_methods(type(part))):
            if "__signature__" not in vars(function):
                # The parameters of some functions cannot be told, or not before all names of their
                # annotations are known: those are searched for at each call, as ever.
                with contextlib.suppress(TypeError, ValueError, NameError, AttributeError):
                    function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]


def _tree(runnable: Runnable[Any, Any]) -> Iterator[Runnable[Any, Any]]:
    yield runnable
    for part in _parts(vars(runnable)):
        yield from _tree(part)


def _own_functions(runnable: Runnable[Any, Any]) -> Iterator[Callable[..., Any]]:
    # Not getattr: some runnables look a name that they lack up in what they wrap, and evaluate the
    # type hints of what they find, which fails for functions of langchain-core's own.
    own = vars(runnable)
    for name in _FUNCTIONS:
        if inspect.isfunction(function := own.get(name)):
            yield function


def _methods(kind: type[Runnable[Any, Any]]) -> Iterator[Callable[..., Any]]:
    for name in _METHODS:
        if inspect.isfunction(method := getattr(kind, name, None)):
            yield method


def _parts(own: Mapping[str, Any]) -> Iterator[Runnable[Any, Any]]:
    for name in _PARTS:
        match own.get(name):
            case Runnable() as part:
                yield part
            case list() as parts:
                yield from (part for part in parts if isinstance(part, Runnable))
            case dict() as parts:
                yield from (part for part in parts.values() if isinstance(part, Runnable))
