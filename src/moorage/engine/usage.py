"""How much of the database a thread takes."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol


@dataclass(slots=True)
class Amount:
    """How many things of a kind there are, and the bytes of all of them."""

    count: int = 0
    bytes: int = 0

    def add(self, length: int) -> None:
        """Count one more."""
        self.count += 1
        self.bytes += length


@dataclass(slots=True)
class Channel:
    """What is kept of one channel of the state.

    Attributes:
        versions: How many different values it has had.
        bytes: The length of all its values; each checkpoint has its own.
    """

    versions: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Usage:
    """What is kept of a thread.

    Attributes:
        checkpoints: The checkpoints without the values in them.
        values: The values of channels in all checkpoints.
        channels: The same by channel.
        writes: What tasks have written after checkpoints.
    """

    checkpoints: Amount = field(default_factory=Amount)
    values: Amount = field(default_factory=Amount)
    channels: dict[str, Channel] = field(default_factory=dict)
    writes: Amount = field(default_factory=Amount)

    @property
    def bytes(self) -> int:
        """The length of everything."""
        return self.checkpoints.bytes + self.values.bytes + self.writes.bytes


async def measure(saver: BaseCheckpointSaver[Any], thread_id: str) -> Usage:
    """Return what a saver keeps of a thread. It reads all of it."""
    found = [one async for one in saver.alist({"configurable": {"thread_id": thread_id}})]
    return await asyncio.to_thread(_measured, found, saver.serde)


def _measured(found: Iterable[CheckpointTuple], serde: SerializerProtocol) -> Usage:
    def length(value: Any) -> int:
        return len(serde.dumps_typed(value)[1])

    usage = Usage()
    seen: set[tuple[str, Any]] = set()
    for one in found:
        values = one.checkpoint["channel_values"]
        usage.checkpoints.add(length({**one.checkpoint, "channel_values": {}}))
        for name, value in values.items():
            version = (name, one.checkpoint["channel_versions"].get(name))
            size = length(value)
            channel = usage.channels.setdefault(name, Channel())
            channel.versions += version not in seen
            channel.bytes += size
            usage.values.add(size)
            seen.add(version)
        for _, _, value in one.pending_writes or ():
            usage.writes.add(length(value))
    return usage
