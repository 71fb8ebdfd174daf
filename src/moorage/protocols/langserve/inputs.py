"""Turns a body's ``input`` into what the runnable takes, by the schema of the runnable.

Protocol facts: LangServe 0.3.3, sections 1.7, 1.8 and 7.3 of the protocol notes. Models arrive as
dicts of their fields, except LangChain's own objects and ``CustomUserType``.
"""

import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any

import orjson
from langchain_core.load.serializable import Serializable
from langchain_core.messages import convert_to_messages
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import BaseModel, RootModel, ValidationError

from moorage.engine.functions import functions_in
from moorage.errors import Invalid

Decode = Callable[[Any], Any]

# What validators raise: pydantic's own error is a ValueError, ToolMessage's raises KeyError, …
_UNFIT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_MESSAGES_DEPTH = 4
"""Levels of an input in which messages are looked for, so that deep nesting costs nothing."""


class CustomUserType(BaseModel):
    """Inherit from this to receive an instance of the model where others arrive as a dict."""


class InputDecoder:
    """Validates inputs for one runnable.

    The schema is made on first use and kept; a request that sets configurable fields is held
    against the schema of the runnable as configured so, the latest 128 of which are kept too.
    """

    def __init__(self, runnable: Runnable[Any, Any]) -> None:
        self._runnable = runnable
        self._configured = lru_cache(maxsize=128)(self._decode_configured)

    @cached_property
    def schema(self) -> type[BaseModel]:
        """The model of the input of the runnable as it is."""
        return self.schema_for(None)

    @cached_property
    def _decode(self) -> Decode:
        return _decoder(self.schema)

    @cached_property
    def _changes(self) -> frozenset[str]:
        """The fields of ``configurable`` on which the schema may depend."""
        return frozenset(spec.id for spec in self._runnable.config_specs)

    def schema_for(self, config: Mapping[str, Any] | None) -> type[BaseModel]:
        """Return the model of the input of the runnable as configured by ``config``."""
        settled = RunnableConfig(**config) if config else None  # type: ignore[typeddict-item]
        return complete(self._runnable.get_input_schema(settled), self._runnable)

    def decode(self, value: Any, config: Mapping[str, Any], *, at: tuple[Any, ...] = ()) -> Any:
        """Return ``value`` as the runnable takes it under ``config``.

        Where it does not fit, messages in it may be of OpenAI's form, told by their ``role``.

        Raises:
            Invalid: It does not fit; locations are relative to the input, after ``at``.
        """
        decode = self._decode
        if chosen := config.get("configurable"):
            decode = self._for_chosen(chosen) or decode
        try:
            return decode(value)
        except _UNFIT as error:
            unfit = error
        read = _with_messages(value, _MESSAGES_DEPTH)
        if read is not value:
            with suppress(*_UNFIT):
                return decode(read)
        raise Invalid(_described(unfit, value, at)) from unfit

    def _for_chosen(self, chosen: Mapping[str, Any]) -> Decode | None:
        relevant = {key: chosen[key] for key in self._changes if key in chosen}
        if not relevant:
            return None
        try:
            key = orjson.dumps(relevant, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return _decoder(self.schema_for({"configurable": relevant}))
        return self._configured(key)

    def _decode_configured(self, key: bytes) -> Decode:
        return _decoder(self.schema_for({"configurable": orjson.loads(key)}))


def complete(schema: type[Any], runnable: Runnable[Any, Any]) -> type[BaseModel]:
    """Resolve names that pydantic could not, in the modules of the user's functions.

    A module with ``from __future__ import annotations`` leaves the names of its own classes as
    strings, which langchain-core looks up in its own modules.

    Raises:
        TypeError: The schema is a model of pydantic 1.
    """
    if not issubclass(schema, BaseModel):
        raise TypeError(f"{schema.__name__} is a model of pydantic 1; use one of pydantic 2.")
    for names in _namespaces(runnable):
        if getattr(schema, "__pydantic_complete__", True):
            break
        schema.model_rebuild(raise_errors=False, _types_namespace=names)
    return schema


def unpack(value: Any) -> Any:
    """Unwrap root models and turn plain models into dicts of their fields, through fields."""
    if not isinstance(value, BaseModel):
        return value
    if isinstance(value, RootModel):
        return unpack(value.root)
    if isinstance(value, Serializable | CustomUserType):
        return value
    return {name: unpack(getattr(value, name)) for name in type(value).model_fields}


def _decoder(schema: type[BaseModel]) -> Decode:
    if issubclass(schema, RootModel):
        if schema.model_fields["root"].annotation is Any:
            return lambda value: value
        validate = schema.__pydantic_validator__.validate_python
        return lambda value: unpack(validate(value).root)
    validate = schema.__pydantic_validator__.validate_python
    return lambda value: unpack(validate(value))


def _namespaces(runnable: Runnable[Any, Any]) -> Iterator[dict[str, Any]]:
    for function in functions_in(runnable):
        closure = inspect.getclosurevars(function)
        yield {**function.__globals__, **closure.nonlocals}


def _with_messages(value: Any, depth: int) -> Any:
    """Return ``value`` with its role dicts as messages; itself if it has none."""
    if isinstance(value, list) and depth:
        read = [_with_messages(item, depth - 1) for item in value]
        return value if all(map(operator.is_, read, value)) else read
    if not isinstance(value, dict):
        return value
    if "role" in value and "type" not in value:
        with suppress(*_UNFIT):
            return convert_to_messages([value])[0]
    elif depth:
        items = {key: _with_messages(item, depth - 1) for key, item in value.items()}
        return value if all(items[key] is value[key] for key in value) else items
    return value


def _described(error: Exception, value: Any, at: tuple[Any, ...]) -> list[Any]:
    if isinstance(error, ValidationError):
        return [_placed(item, at) for item in error.errors()]
    return [_unreadable(value, at)]


def _placed(item: Any, at: tuple[Any, ...]) -> Any:
    return {**item, "loc": (*at, *item["loc"])} if at else item


def _unreadable(value: Any, at: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "type": "value_error",
        "loc": at,
        "msg": "Value error, the input does not fit any type that this runnable accepts",
        "input": value,
    }
