"""What a client of the newer protocol wants to be told (sections 7.2 and 7.4)."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from moorage.engine.sessions import Since
from moorage.engine.thread_events import Numbered, ThreadEvent
from moorage.protocols.agent_server.requests import MOST, Body

_CHANNELS = (
    "values",
    "updates",
    "messages",
    "tools",
    "lifecycle",
    "input",
    "tasks",
    "custom",
    "checkpoints",
)
_NAMED = "custom:"


def _channel(name: str) -> str:
    if name not in _CHANNELS and not _is_named(name):
        known = ", ".join((*_CHANNELS, f"{_NAMED}<name>"))
        raise PydanticCustomError("moorage", f"channels must be some of {known}, not {name!r}")
    return name


def _is_named(name: str) -> bool:
    return name.startswith(_NAMED) and name != _NAMED


Channel = Annotated[str, AfterValidator(_channel)]
Namespace = Annotated[tuple[str, ...], Field(max_length=MOST)]


class Subscription(Body):
    """Which events of a thread are wanted.

    Attributes:
        namespaces: Where they happen: there, or below. None is everywhere.
        depth: How far below.
        since: The number of the latest event that the client has.
        since_event_id: Its id.
    """

    channels: Annotated[frozenset[Channel], Field(min_length=1, max_length=MOST)]
    namespaces: Annotated[tuple[Namespace, ...], Field(max_length=MOST)] | None = None
    depth: Annotated[int, Field(ge=0)] | None = None
    since: Annotated[int, Field(ge=0)] | None = None
    since_event_id: str | None = None

    def wants(self, event: ThreadEvent) -> bool:
        """Tell whether an event is wanted."""
        if event.channel not in self.channels and not (
            event.method == "custom" and "custom" in self.channels
        ):
            return False
        prefixes = self.namespaces
        return not prefixes or any(self._is_near(event.namespace, one) for one in prefixes)

    def position(self, last_event_id: str = "") -> Since:
        """Return where the client was.

        Args:
            last_event_id: The header that says so, with a number or an event's id.
        """
        if self.since is not None or self.since_event_id:
            return Since(self.since or 0, self.since_event_id or "")
        if last_event_id.isascii() and last_event_id.isdecimal():
            return Since(int(last_event_id))
        return Since(event_id=last_event_id)

    def _is_near(self, namespace: Sequence[str], prefix: Sequence[str]) -> bool:
        below = len(namespace) - len(prefix)
        return (
            below >= 0
            and (self.depth is None or below <= self.depth)
            and all(_fits(*pair) for pair in zip(namespace, prefix, strict=False))
        )


def said(error: ValidationError) -> str:
    """Say in one sentence what is wrong with what a client has sent."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"]
    return message if message.startswith(place.split(".")[0]) else f"{place}: {message}"


def event_json(one: Numbered) -> bytes:
    """Return an event as it is sent."""
    seq, event = one
    return b'{"type":"event","event_id":"%b","seq":%d,"method":"%b","params":%b}' % (
        event.event_id.encode(),
        seq,
        event.method.encode(),
        event.params,
    )


def _fits(segment: str, wanted: str) -> bool:
    """Tell whether a segment is wanted: itself, or any task of the node that is."""
    return segment == wanted or (":" not in wanted and segment.partition(":")[0] == wanted)


def describe(value: Any) -> str:
    """Return what a client has sent, short enough to be told back."""
    text = repr(value)
    return text if len(text) <= _TOLD_BACK else f"{text[:_TOLD_BACK]}..."


_TOLD_BACK = 100
