"""LangChain and LangGraph objects to JSON and back: the one table of types.

Dumping costs one orjson pass. Values that orjson knows never reach Python; for the others it asks
``_converter`` once per object, and what a class needs is worked out once per class. What orjson
refuses even so (keys that are no strings, integers beyond 64 bits, lone surrogates, cycles) costs a
second pass, in which everything is reduced to plain JSON. Why it is so, and which Python value
becomes what, is in ``docs/decisions/serialization.md``.
"""

import dataclasses
import logging
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, cast
from uuid import UUID

import orjson
from langchain_core.agents import AgentAction, AgentActionMessageLog, AgentFinish
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    Generation,
    GenerationChunk,
    LLMResult,
)
from langchain_core.prompt_values import (
    ChatPromptValue,
    ChatPromptValueConcrete,
    StringPromptValue,
)
from pydantic import AnyUrl, BaseModel, RootModel, Secret, SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

logger = logging.getLogger(__name__)

Converter = Callable[[Any], Any]

DEEPEST = 128
"""Levels of nesting that are kept of a value that orjson refused, and decoded of a value loaded."""

LONGEST_DESCRIPTION = 200
"""Characters that are kept of the ``repr`` of an object that has no JSON form."""

CUT = "..."
"""Stands for what lies in a cycle, or deeper than ``DEEPEST``, of a value that orjson refused."""


class Serializer(ABC):
    """Turns outputs into JSON on the server and back into objects in the client.

    Give the same one to both sides. Inputs do not pass through it on the server: they are
    validated against the runnable's input schema.
    """

    @abstractmethod
    def dumps(self, obj: Any) -> bytes:
        """Render an object as one JSON text in UTF-8, without line breaks."""

    @abstractmethod
    def loadd(self, obj: Any) -> Any:
        """Bring back the objects in data that has been parsed from JSON; leave ``obj`` as it is."""

    def dumpd(self, obj: Any) -> Any:
        """Render an object as JSON data: dicts, lists, strings, numbers, booleans and None."""
        return orjson.loads(self.dumps(obj))

    def loads(self, s: bytes) -> Any:
        """Parse a JSON text and bring back the objects in it."""
        return self.loadd(orjson.loads(s))


class WellKnownLCSerializer(Serializer):
    """LangServe's wire format: models as their fields, LangChain's own objects told by ``type``.

    It is tolerant: ``dumps`` raises for no value. A value without a JSON form is replaced (see
    ``docs/decisions/serialization.md`` for the table), so that one odd value in an intermediate
    step does not cost the user the whole answer. ``loadd`` never raises either: what does not fit
    the class that its ``type`` names stays a dict.
    """

    def dumps(self, obj: Any) -> bytes:
        """Render an object as one JSON text in UTF-8, without line breaks; never raises."""
        try:
            return orjson.dumps(obj, _convert, orjson.OPT_SERIALIZE_NUMPY)
        except TypeError:
            return orjson.dumps(_plain(obj, set()))

    def loadd(self, obj: Any) -> Any:
        """Bring back messages, documents, prompt values, generations and agent steps; never raises.

        Works from the inside out. An object whose ``type`` names one of LangChain's classes and
        whose fields fit it becomes that class; everything else stays as it is.
        """
        return _load(obj, 0)


class WithErrors(WellKnownLCSerializer):
    """The same for the Agent Server's clients, who read exceptions as ``{"error", "message"}``."""

    def dumps(self, obj: Any) -> bytes:
        """Render an object as one JSON text in UTF-8, without line breaks; never raises."""
        try:
            return orjson.dumps(obj, _convert_telling, orjson.OPT_SERIALIZE_NUMPY)
        except TypeError:
            return super().dumps(obj)


def single_line(data: bytes) -> bytes:
    r"""Escape U+2028, U+2029 and U+0085 in a JSON text, as ``\u2028`` and so on.

    LangServe's Python client takes them for line ends and breaks off the stream; JSON readers see
    no difference. Returns ``data`` itself when it holds none of them, found out without a copy.
    """
    if b"\xe2\x80" in data:
        data = data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    if b"\xc2\x85" in data:
        data = data.replace(b"\xc2\x85", b"\\u0085")
    return data


# --- Dumping: one step from an object towards JSON ---------------------------------------------


def _convert(value: Any) -> Any:
    return _converter(type(value))(value)


def _convert_telling(value: Any) -> Any:
    if isinstance(value, BaseException):
        return {"error": type(value).__name__, "message": str(value)}
    return _convert(value)


def _converter_of(cls: type) -> Converter:
    """How objects of this class get one step closer to JSON."""
    if issubclass(cls, BaseModel):
        return _model_converter(cls)
    if dataclasses.is_dataclass(cls):
        return _dataclass_converter(cls)
    if cls.__module__.partition(".")[0] == "numpy" and hasattr(cls, "tolist"):
        return cast("Converter", cls.tolist)
    if (cls.__module__, cls.__qualname__) == ("langgraph.types", "Send"):
        return _send
    return next((convert for types, convert in _CONVERTERS if issubclass(cls, types)), _describe)


# Bounded, because a class that is made per request must not be kept for ever.
_converter: Callable[[type], Converter] = lru_cache(maxsize=4096)(_converter_of)


def _model_converter(cls: type[BaseModel]) -> Converter:
    if cls is ChatPromptValue:
        return _chat_prompt
    if cls.model_dump is not BaseModel.model_dump:
        return cls.model_dump
    if not _dumps_as_it_is(cls):
        return _dump_customised
    if issubclass(cls, RootModel):
        return _root
    return _fields_of(cls)


def _fields_of(cls: type[BaseModel]) -> Converter:
    """A reader of the fields of a model's instances, subclasses and extra fields included.

    The instance's own dict is handed out as it is, because orjson only reads it. It has other keys
    than the fields when something else is kept there, such as the value of a cached property.
    """
    names = cls.__pydantic_fields__.keys()
    count = len(names)

    def fields(model: BaseModel) -> dict[str, Any]:
        values = model.__dict__
        if len(values) == count:
            return values
        return {name: value for name, value in values.items() if name in names}

    def fields_and_extra(model: BaseModel) -> dict[str, Any]:
        extra = model.__pydantic_extra__
        return {**fields(model), **extra} if extra else fields(model)

    return fields_and_extra if cls.model_config.get("extra") == "allow" else fields


def _chat_prompt(value: ChatPromptValue) -> dict[str, Any]:
    """As the class that is told by its ``type``; what prompts return has none."""
    return {"messages": value.messages, "type": "ChatPromptValueConcrete"}


def _root(model: RootModel[Any]) -> Any:
    return model.root


def _dump_customised(model: BaseModel) -> Any:
    return model.model_dump(serialize_as_any=True, warnings=False)


def _dumps_as_it_is(cls: type[BaseModel]) -> bool:
    """Whether ``model_dump`` of this class yields its fields unchanged, whatever they hold."""
    if cls.model_config.get("serialize_by_alias"):
        return False
    schema = cls.__dict__.get("__pydantic_core_schema__")
    return isinstance(schema, dict) and not any(_customisations(schema, cls))


def _customisations(schema: Any, cls: type) -> Iterator[bool]:
    """Yield once for each thing in a core schema that changes what ``model_dump`` returns.

    Other models are skipped: they are converted by the rules of their own class.
    """
    if isinstance(schema, (list, tuple)):
        for item in schema:
            yield from _customisations(item, cls)
    elif isinstance(schema, dict) and (schema.get("type") != "model" or schema["cls"] is cls):
        for key, value in schema.items():
            if key in _CUSTOMISING and value and not _is_harmless(value):
                yield True
            elif key not in _FOREIGN:
                yield from _customisations(value, cls)


_CUSTOMISING = frozenset(
    {"serialization", "serialization_exclude", "serialization_exclude_if", "computed_fields"}
)

_FOREIGN = frozenset({"cls", "config", "default", "metadata"})


def _is_harmless(serialization: Any) -> bool:
    """Whether a serializer leaves Python values alone: it is for JSON only, or pydantic's own."""
    if not isinstance(serialization, dict):
        return False
    if str(serialization.get("when_used")).startswith("json"):
        return True
    home = getattr(serialization.get("function"), "__module__", "")
    return home.startswith("pydantic._internal.") or home == "pydantic.functional_validators"


def _dataclass_converter(cls: Any) -> Converter:
    """As orjson does it: fields in order, without those whose names begin with an underscore."""
    names = [f.name for f in dataclasses.fields(cls) if not f.name.startswith("_")]
    return lambda value: {name: getattr(value, name) for name in names if hasattr(value, name)}


def _send(value: Any) -> dict[str, Any]:
    return {"node": value.node, "arg": value.arg}


def _base64(value: Any) -> str:
    return b64encode(value).decode()


def _class_name(value: Any) -> str:
    return f"<{type(value).__qualname__}>"


def _function_name(value: Any) -> str:
    return f"<function {value.__qualname__}>"


def _type_name(value: type) -> str:
    return f"<class {value.__module__}.{value.__qualname__}>"


def _isoformat(value: Any) -> Any:
    return value.isoformat()


def _describe(value: Any) -> str:
    """A short text for an object that has no JSON form: its ``repr`` without memory addresses."""
    text = _ADDRESS.sub("", repr(value))
    return text if len(text) <= LONGEST_DESCRIPTION else text[:LONGEST_DESCRIPTION] + CUT


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

# The first row that fits decides. Of types that orjson knows, only subclasses come here in the
# first pass; in the second everything does.
_CONVERTERS: tuple[tuple[type | tuple[type, ...], Converter], ...] = (
    (Enum, lambda value: value.value),
    (bool, bool),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    ((SecretStr, SecretBytes, Secret), str),
    ((datetime, date, time), _isoformat),
    (timedelta, to_jsonable_python),
    ((UUID, Decimal, complex, PurePath, AnyUrl), str),
    (
        (IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network),
        str,
    ),
    ((bytes, bytearray, memoryview), _base64),
    (Mapping, dict),
    ((list, tuple, AbstractSet, deque), list),
    # The text of an exception is internal; its class tells the client enough.
    (BaseException, _class_name),
    (type, _type_name),
    ((FunctionType, MethodType, BuiltinFunctionType), _function_name),
)


# --- Dumping: the second pass ------------------------------------------------------------------


def _plain(value: Any, above: set[int]) -> Any:
    """Reduce a value to JSON data of exact types that orjson accepts without asking.

    Args:
        value: Anything.
        above: The ids of the objects that contain this one, from the root down.
    """
    if value is None or type(value) in {bool, float}:
        return value
    if type(value) is str:
        return _well_formed(value)
    if type(value) is int:
        return value if -(2**63) <= value < 2**64 else _opened(value, str)
    if id(value) in above or len(above) >= DEEPEST:
        return CUT
    above.add(id(value))
    try:
        return _plain_children(value, above)
    finally:
        above.discard(id(value))


def _plain_children(value: Any, above: set[int]) -> Any:
    inner = value if type(value) in {dict, list} else _opened(value, _convert)
    if type(inner) is dict:
        return {_key(key): _plain(item, above) for key, item in list(inner.items())}
    if type(inner) is list:
        return [_plain(item, above) for item in list(inner)]
    return _plain(inner, above)


def _key(key: Any) -> str:
    plain = _plain(key, set())
    if isinstance(plain, str):
        return plain
    if isinstance(plain, (dict, list)):
        return _well_formed(_opened(key, _describe))
    return orjson.dumps(plain).decode()


def _opened(value: Any, convert: Converter) -> Any:
    """Convert a value by code that is not ours, such as a ``repr``, and that may fail."""
    try:
        return convert(value)
    except Exception:
        name = _class_name(value)
        logger.warning("An object of %s could not be rendered as JSON", name, exc_info=True)
        return name


def _well_formed(text: str) -> str:
    """Join surrogates that form a pair and replace the lone ones, which UTF-8 cannot carry."""
    if text.isascii():
        return str.__str__(text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- Loading -----------------------------------------------------------------------------------


def _generation_chunk(fields: dict[str, Any]) -> GenerationChunk:
    return GenerationChunk.model_validate({**fields, "type": "Generation"})


_LOADERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ai": AIMessage.model_validate,
    "human": HumanMessage.model_validate,
    "chat": ChatMessage.model_validate,
    "system": SystemMessage.model_validate,
    "function": FunctionMessage.model_validate,
    "tool": ToolMessage.model_validate,
    "remove": RemoveMessage.model_validate,
    "AIMessageChunk": AIMessageChunk.model_validate,
    "HumanMessageChunk": HumanMessageChunk.model_validate,
    "ChatMessageChunk": ChatMessageChunk.model_validate,
    "SystemMessageChunk": SystemMessageChunk.model_validate,
    "FunctionMessageChunk": FunctionMessageChunk.model_validate,
    "ToolMessageChunk": ToolMessageChunk.model_validate,
    "Document": Document.model_validate,
    "StringPromptValue": StringPromptValue.model_validate,
    "ChatPromptValueConcrete": ChatPromptValueConcrete.model_validate,
    "AgentAction": AgentAction.model_validate,
    "AgentActionMessageLog": AgentActionMessageLog.model_validate,
    "AgentFinish": AgentFinish.model_validate,
    "Generation": Generation.model_validate,
    "GenerationChunk": _generation_chunk,
    "ChatGeneration": ChatGeneration.model_validate,
    "ChatGenerationChunk": ChatGenerationChunk.model_validate,
    "LLMResult": LLMResult.model_validate,
}


def _load(value: Any, depth: int) -> Any:
    if depth >= DEEPEST:
        return value
    if isinstance(value, dict):
        return _load_dict(value, depth)
    if isinstance(value, list):
        return [_load(item, depth + 1) if type(item) in _NESTING else item for item in value]
    return value


_NESTING = frozenset({dict, list})


def _load_dict(value: dict[str, Any], depth: int) -> Any:
    loaded = {
        key: _load(item, depth + 1) if type(item) in _NESTING else item
        for key, item in value.items()
    }
    tag = loaded.get("type")
    load = _LOADERS.get(tag) if isinstance(tag, str) else None
    if load is None:
        return loaded
    try:
        return load(loaded)
    except (AttributeError, LookupError, TypeError, ValueError):
        # The validators of LangChain's classes raise all of these for data that does not fit.
        return loaded
