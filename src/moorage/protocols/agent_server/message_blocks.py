"""Messages as content blocks, for runs that were begun by an older client and stream them whole.

The events are those of section 7.3 of the Agent Server's protocol: ``message-start``, for each
block its start, what is added to it and its end, ``message-finish``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_ROLES = {"ai": "ai", "AIMessageChunk": "ai", "human": "human", "system": "system"}
_CHUNK = "AIMessageChunk"


@dataclass(slots=True)
class _Open:
    """A message of which there may be more."""

    text: str = ""
    calls: dict[Any, Json] = field(default_factory=dict)
    usage: Any = None


class MessageBlocks:
    """The messages of one run, of which some may have begun and not ended."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._ended: set[str] = set()

    def add(self, message: Mapping[str, Any], *, is_so_far: bool = False) -> Iterator[Json]:
        """Yield what a message, or a chunk of one, is in blocks.

        Args:
            message: The message.
            is_so_far: Whether it is a chunk with all that came before it.
        """
        message_id = str(message.get("id"))
        if message.get("type") not in _ROLES or message_id in self._ended:
            return
        if message["type"] != _CHUNK and not is_so_far:
            if message_id not in self._open:
                self._ended.add(message_id)
                yield from whole(message)
            return
        known = self._open.get(message_id)
        if known is None:
            known = self._open[message_id] = _Open()
            yield _started(message)
            yield _block("start", 0, {"type": "text", "text": ""})
        yield from _added(known, message, is_so_far=is_so_far)
        if message.get("chunk_position") == "last":
            yield from self._close(message_id)

    def close(self) -> Iterator[Json]:
        """Yield the ends of all messages that have begun."""
        for message_id in list(self._open):
            yield from self._close(message_id)

    def _close(self, message_id: str) -> Iterator[Json]:
        known = self._open.pop(message_id)
        self._ended.add(message_id)
        yield _block("finish", 0, {"type": "text", "text": known.text})
        for index, call in enumerate(known.calls.values(), start=1):
            yield _block("start", index, call)
            yield _block("finish", index, call)
        yield _finished(known.usage)


def whole(message: Mapping[str, Any]) -> Iterator[Json]:
    """Yield the events of a message that did not stream; none for what is no chat."""
    if message.get("type") not in _ROLES:
        return
    yield _started(message)
    for index, block in enumerate(_blocks(message)):
        yield _block("start", index, block)
        yield _block("finish", index, block)
    yield _finished(message.get("usage_metadata"))


def _added(known: _Open, message: Mapping[str, Any], *, is_so_far: bool) -> Iterator[Json]:
    text = _text(message.get("content"))
    new = text[len(known.text) :] if is_so_far else text
    if new:
        known.text += new
        yield {
            "event": "content-block-delta",
            "index": 0,
            "delta": {"type": "text-delta", "text": new},
        }
    known.usage = message.get("usage_metadata") or known.usage
    for call in message.get("tool_calls") or ():
        if call.get("name"):
            known.calls[call.get("id")] = {"type": "tool_call", **call}


def _started(message: Mapping[str, Any]) -> Json:
    return {"event": "message-start", "role": _ROLES[message["type"]], "id": message.get("id")}


def _finished(usage: Any) -> Json:
    return {"event": "message-finish", **({"usage": usage} if usage else {})}


def _block(event: str, index: int, content: Json) -> Json:
    return {"event": f"content-block-{event}", "index": index, "content": content}


def _blocks(message: Mapping[str, Any]) -> Iterator[Json]:
    content = message.get("content")
    parts = [content] if isinstance(content, str) else content or []
    for part in parts:
        if part:
            yield {"type": "text", "text": part} if isinstance(part, str) else part
    if not any(isinstance(part, dict) and part.get("type") == "tool_call" for part in parts):
        for call in message.get("tool_calls") or ():
            yield {**call, "type": "tool_call"}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(
        part if isinstance(part, str) else part.get("text", "") for part in content or ()
    )
