"""Replays to local callback handlers what happened at the server (protocol, section 8)."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.callbacks.manager import (
    AsyncParentRunManager,
    ParentRunManager,
    ahandle_event,
    handle_event,
)
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from moorage.client.failures import from_failure
from moorage.serialization import Serializer

logger = logging.getLogger(__name__)


class _UnfitEventError(ValueError):
    """An event that no handler could make sense of."""


class _Kind(NamedTuple):
    """How a type of event is handed to handlers.

    Attributes:
        ignored_by: The attribute by which a handler says that it does not want such events.
        fields: Its positional arguments, in order: the key, and what makes the argument of its
            value.
    """

    ignored_by: str | None
    fields: dict[str, Callable[[Any], Any]]


class Replay:
    """The events of one reply or one item of a batch, made ready for local handlers.

    Runs get new ids, because in one process the server's own tracers may have used theirs. Those
    at the root become children of the local run. Events that make no sense are logged and skipped.

    Args:
        events: As they came over the wire.
        serializer: Brings back the objects in them.
        request: What was asked; errors at the server become httpx's errors about it.
    """

    def __init__(self, events: Any, serializer: Serializer, request: httpx.Request) -> None:
        self._events = events if isinstance(events, list) else []
        self._serializer = serializer
        self._kinds = _kinds(request)
        self._ids: dict[str, UUID] = {}

    def tell(self, run: ParentRunManager) -> None:
        """Call the handlers that the run's children inherit."""
        handlers = run.get_child().handlers
        for kind, name, positional, keywords in self._calls(run.run_id) if handlers else ():
            handle_event(handlers, name, kind.ignored_by, *positional, **keywords)

    async def atell(self, run: AsyncParentRunManager) -> None:
        """Call the handlers that the run's children inherit, and await those that are async."""
        handlers = run.get_child().handlers
        for kind, name, positional, keywords in self._calls(run.run_id) if handlers else ():
            await ahandle_event(handlers, name, kind.ignored_by, *positional, **keywords)

    def _calls(self, root: UUID) -> Iterator[tuple[_Kind, str, list[Any], dict[str, Any]]]:
        for event in self._events:
            try:
                yield self._call(event, root)
            except _UnfitEventError as unfit:
                logger.warning("A callback event of the server is skipped: %s", unfit)

    def _call(self, event: Any, root: UUID) -> tuple[_Kind, str, list[Any], dict[str, Any]]:
        name = event.get("type") if isinstance(event, dict) else None
        kind = self._kinds.get(name) if isinstance(name, str) else None
        if kind is None or not isinstance(name, str):
            raise _UnfitEventError(f"unknown type {name!r}")
        loaded = {key: self._serializer.loadd(value) for key, value in event.items()}
        absent = kind.fields.keys() - loaded.keys()
        if absent:
            raise _UnfitEventError(f"{name} has no {', '.join(sorted(absent))}")
        positional = [make(loaded[key]) for key, make in kind.fields.items()]
        return kind, name, positional, self._keywords(loaded, root)

    def _keywords(self, event: dict[str, Any], root: UUID) -> dict[str, Any]:
        """What every handler is told besides: the run's ids, tags and metadata."""
        more = event.get("kwargs")
        keywords = dict(more) if isinstance(more, dict) else {}
        keywords.update({key: event[key] for key in ("tags", "metadata") if event.get(key)})
        parent = event.get("parent_run_id")
        keywords["run_id"] = self._local_id(event.get("run_id"))
        keywords["parent_run_id"] = root if parent is None else self._local_id(parent)
        return keywords

    def _local_id(self, remote: Any) -> UUID:
        try:
            known = str(UUID(remote))
        except (AttributeError, TypeError, ValueError):
            raise _UnfitEventError(f"{remote!r} is no run id") from None
        return self._ids.setdefault(known, uuid4())


def _kinds(request: httpx.Request) -> dict[str, _Kind]:
    def error(failure: Any) -> BaseException:
        return from_failure(failure, request)

    serialized = {"serialized": _as_is}
    return {
        "on_chain_start": _Kind("ignore_chain", {**serialized, "inputs": _as_is}),
        "on_chain_end": _Kind("ignore_chain", {"outputs": _as_is}),
        "on_chain_error": _Kind("ignore_chain", {"error": error}),
        "on_llm_start": _Kind("ignore_llm", {**serialized, "prompts": _list_of(str)}),
        "on_chat_model_start": _Kind("ignore_chat_model", {**serialized, "messages": _messages}),
        "on_llm_end": _Kind("ignore_llm", {"response": _llm_result}),
        "on_llm_error": _Kind("ignore_llm", {"error": error}),
        "on_tool_start": _Kind("ignore_agent", {**serialized, "input_str": _one(str)}),
        "on_tool_end": _Kind("ignore_agent", {"output": _as_is}),
        "on_tool_error": _Kind("ignore_agent", {"error": error}),
        "on_retriever_start": _Kind("ignore_retriever", {**serialized, "query": _one(str)}),
        "on_retriever_end": _Kind("ignore_retriever", {"documents": _list_of(Document)}),
        "on_retriever_error": _Kind("ignore_retriever", {"error": error}),
        "on_agent_action": _Kind("ignore_agent", {"action": _one(AgentAction)}),
        "on_agent_finish": _Kind("ignore_agent", {"finish": _one(AgentFinish)}),
        "on_custom_event": _Kind("ignore_custom_event", {"name": _one(str), "data": _as_is}),
    }


def _as_is(value: Any) -> Any:
    return value


def _one(cls: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise _UnfitEventError(f"expected {cls.__name__}, got {type(value).__name__}")
        return value

    return check


def _list_of(cls: type) -> Callable[[Any], list[Any]]:
    check = _one(cls)
    return lambda values: [check(value) for value in _one(list)(values)]


def _messages(batches: Any) -> list[list[BaseMessage]]:
    check = _list_of(BaseMessage)
    return [check(batch) for batch in _one(list)(batches)]


def _llm_result(response: Any) -> LLMResult:
    """LangServe's events carry an LLMResult without its ``type``, so it was not brought back."""
    if isinstance(response, LLMResult):
        return response
    try:
        return LLMResult.model_validate(response)
    except ValueError as error:
        raise _UnfitEventError("the response is no LLMResult") from error
