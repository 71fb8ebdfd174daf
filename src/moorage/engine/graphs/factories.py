"""Functions of the user that make a graph for each use."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph_sdk.runtime import (
    AccessContext,
    ServerRuntime,
    _ExecutionRuntime,
    _ReadRuntime,
    _ServerRuntimeBase,
)
from pydantic import TypeAdapter, ValidationError

from moorage.engine.graphs.kinds import is_graph
from moorage.errors import Invalid

Purpose = Literal["run", "update", "read", "describe"]
"""Why a graph is built: to run it, to write its state, to read its state, to describe it."""

_ACCESS: Mapping[Purpose, AccessContext] = {
    "run": "threads.create_run",
    "update": "threads.update",
    "read": "threads.read",
    "describe": "assistants.read",
}

_Slot = Literal["config", "runtime"]
_RUNTIMES = (ServerRuntime, _ServerRuntimeBase, _ExecutionRuntime, _ReadRuntime, Runtime)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Use:
    """What a factory is called for.

    Attributes:
        purpose: Why.
        config: The config of the run or of the request.
        store: The long-term memory.
        context: The run's context, as the client sent it.
    """

    purpose: Purpose
    config: RunnableConfig
    store: BaseStore | None
    context: Any


@dataclass(frozen=True, slots=True)
class Factory:
    """A function that makes a graph, and what it wants to know.

    Attributes:
        function: The function.
        positional: What each of its parameters that have no name for callers takes.
        named: What each of the others takes.
        context_type: The type of the context that the runtime is to have; None for as it is.
    """

    function: Callable[..., Any]
    positional: tuple[_Slot, ...] = ()
    named: tuple[tuple[str, _Slot], ...] = ()
    context_type: Any = None

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Factory":
        """Find out what a function wants to know, by the types or the names of its parameters.

        A lone parameter without a type takes the config, whatever its name is.

        Raises:
            TypeError: It wants something else.
        """
        hints = _hints(function)
        parameters = [one for one in _parameters(function) if one.kind not in _VARIADIC]
        slots = [(one, _slot(one, hints.get(one.name))) for one in parameters]
        open_ones = [one for one, slot in slots if slot is None and one.default is one.empty]
        if len(open_ones) == 1 and len(parameters) == 1 and open_ones[0].name not in hints:
            slots = [(open_ones[0], "config")]
        elif open_ones:
            names = ", ".join(one.name for one in open_ones)
            raise TypeError(
                f"its function wants {names}; a function that makes a graph may take"
                " config: RunnableConfig and runtime: ServerRuntime"
            )
        only = inspect.Parameter.POSITIONAL_ONLY
        return cls(
            _as_manager(function),
            tuple(slot for one, slot in slots if slot and one.kind is only),
            tuple((one.name, slot) for one, slot in slots if slot and one.kind is not only),
            next((_context_type(hints.get(one.name)) for one, s in slots if s == "runtime"), None),
        )

    @asynccontextmanager
    async def open(self, use: Use) -> AsyncIterator[object]:
        """Give what the function makes, and close it in the end, where it is to be closed.

        Functions that are not async, and their context managers, run in threads. They are told of
        an error on leaving, and cannot swallow it.

        Raises:
            Invalid: The run's context does not have the type that the function asks for.
        """
        failure: BaseException | None = None
        async with AsyncExitStack() as stack:
            made = await self._call(use)
            while inspect.isawaitable(made):
                made = await made
            entered = made if is_graph(made) else await _enter(made, stack)
            try:
                yield entered
            except BaseException as error:
                failure = error
                raise
        if failure is not None:
            raise failure

    async def _call(self, use: Use) -> Any:
        values = {slot: self._value(slot, use) for slot in self._slots()}
        arguments = [values[slot] for slot in self.positional]
        keywords = {name: values[slot] for name, slot in self.named}
        if _runs_on_the_loop(self.function):
            return self.function(*arguments, **keywords)
        return await asyncio.to_thread(self.function, *arguments, **keywords)

    def _slots(self) -> set[_Slot]:
        return {*self.positional, *(slot for _, slot in self.named)}

    def _value(self, slot: _Slot, use: Use) -> Any:
        if slot == "runtime":
            return self._runtime(use)
        # A copy, because the run goes on with the original.
        return {**use.config, "configurable": {**use.config.get("configurable", {})}}

    def _runtime(self, use: Use) -> Any:
        user = use.config.get("configurable", {}).get("langgraph_auth_user")
        known: dict[str, Any] = {
            "access_context": _ACCESS[use.purpose],
            "user": user,
            "store": use.store,
        }
        if use.purpose == "run":
            return _ExecutionRuntime(**known, context=self._context(use.context))
        return _ReadRuntime(**known)

    def _context(self, context: Any) -> Any:
        if self.context_type is None or not isinstance(context, Mapping):
            return context
        try:
            return TypeAdapter(self.context_type).validate_python(dict(context))
        except ValidationError as error:
            raise Invalid(
                error.errors(include_url=False, include_context=False, include_input=False)
            ) from None


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError as error:
        raise TypeError(f"the parameters of its function cannot be told: {error}") from error


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of a function's parameters; as text where they cannot be evaluated."""
    plain: Any = inspect.unwrap(function)
    if not inspect.isroutine(plain) and not inspect.isclass(plain):
        plain = getattr(plain, "func", None) or type(plain).__call__
    if inspect.isclass(plain):
        plain = plain.__init__
    try:
        return get_type_hints(plain)
    except (NameError, TypeError, AttributeError):
        return dict(getattr(plain, "__annotations__", {}))


def _slot(parameter: inspect.Parameter, hint: Any) -> _Slot | None:
    if isinstance(hint, str):
        if "RunnableConfig" in hint:
            return "config"
        if "Runtime" in hint:
            return "runtime"
    for part in (hint, *get_args(hint)):
        if part is RunnableConfig:
            return "config"
        if part in _RUNTIMES or get_origin(part) in _RUNTIMES:
            return "runtime"
    named: dict[str, _Slot] = {"config": "config", "runtime": "runtime"}
    return named.get(parameter.name)


def _context_type(hint: Any) -> Any:
    for part in (hint, *get_args(hint)):
        if get_origin(part) in _RUNTIMES:
            return get_args(part)[0]
    return None


def _as_manager(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        return asynccontextmanager(function)
    return contextmanager(function) if inspect.isgeneratorfunction(function) else function


def _runs_on_the_loop(function: Callable[..., Any]) -> bool:
    """Tell whether calling a function runs none of it, or it is meant for the event loop."""
    plain = inspect.unwrap(function)
    return inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain)


async def _enter(made: object, stack: AsyncExitStack) -> object:
    if isinstance(made, AbstractAsyncContextManager):
        return await stack.enter_async_context(made)
    if isinstance(made, AbstractContextManager):
        return await stack.enter_async_context(_InThread(made))
    return made


class _InThread(AbstractAsyncContextManager[object]):
    """A context manager that is entered and left in threads."""

    def __init__(self, manager: AbstractContextManager[object]) -> None:
        self._manager = manager

    async def __aenter__(self) -> object:
        return await asyncio.to_thread(self._manager.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await asyncio.to_thread(self._manager.__exit__, kind, error, trace)
