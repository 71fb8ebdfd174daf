"""LangGraph's checkpoints in moorage's database: its saver, written through our transactions.

The official saver has one connection, one lock, and a commit for each checkpoint and each write.
Here they join the commits of everything else that is written at the time.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Self, TypeVar, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.base import id as checkpoint_ids
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.checkpoint.sqlite.utils import load_pending_writes

from moorage.domain.runs import Claim
from moorage.storage.interface import Checkpoints
from moorage.storage.sql import checkpoints
from moorage.storage.sql.statement import Database, Row, Rows

Result = TypeVar("Result")

_TIME_ORDERED = 6
_LAST = "_last_v6_timestamp"
"""Where langgraph keeps the time of the last id that it made. There is no public way to it."""


class Saver(AsyncSqliteSaver, Checkpoints):
    """Keeps checkpoints in moorage's database, for one run or for whoever asks.

    It is made in the event loop that runs the graphs. Its tables are the official saver's. Graphs
    that a node calls synchronously, in a thread of its own, may use it too, as they may its parent.

    Args:
        database: Where they are kept.
        claim: The run that writes. When it is no longer its worker's, writing raises ``Fenced``.
        serde: LangGraph's serializer, where it is not the default one.
    """

    def __init__(
        self,
        database: Database,
        *,
        claim: Claim | None = None,
        serde: SerializerProtocol | None = None,
    ) -> None:
        # Not the parent's, which wants the connection that this one does without.
        BaseCheckpointSaver.__init__(self, serde=serde)
        self.loop = asyncio.get_running_loop()
        self._database = database
        self._claim = claim

    async def written(self) -> None:
        """Return at once: what was given is kept."""

    async def setup(self) -> None:
        """Do nothing: the tables are made with all others, by a migration."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that ``config`` names, or its thread's latest."""
        await self._caught_up()
        place = config["configurable"]
        found = await self._found(
            str(place["thread_id"]), place.get("checkpoint_ns", ""), get_checkpoint_id(config)
        )
        return self._tuple_of(*found) if found else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the parent's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, newest first."""
        await self._caught_up()
        found = await self._database.read(
            checkpoints.listed(
                _place_of(config),
                filter,
                get_checkpoint_id(before) if before else None,
                limit,
            )
        )
        for row, writes in found:
            yield self._tuple_of(row, writes)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - the parent's parameter
    ) -> RunnableConfig:
        """Keep a checkpoint, and return the config that names it."""
        place = config["configurable"]
        kind, content = self.serde.dumps_typed(checkpoint)
        facts = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        named = {
            "thread_id": str(place["thread_id"]),
            "checkpoint_ns": place["checkpoint_ns"],
            "checkpoint_id": checkpoint["id"],
        }
        row = {
            **named,
            "parent_checkpoint_id": place.get("checkpoint_id"),
            "type": kind,
            "checkpoint": content,
            "metadata": facts.encode("utf-8", "ignore"),
        }
        await self._keep(row)
        return {"configurable": {**named, "thread_id": place["thread_id"]}}

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Keep what a task wrote after a checkpoint."""
        place = config["configurable"]
        rows = [
            {
                "thread_id": str(place["thread_id"]),
                "checkpoint_ns": str(place["checkpoint_ns"]),
                "checkpoint_id": str(place["checkpoint_id"]),
                "task_id": task_id,
                "task_path": task_path,
                "idx": WRITES_IDX_MAP.get(channel, index),
                "channel": channel,
                "type": kind,
                "value": content,
                "run_id": self._claim.run_id if self._claim else None,
            }
            for index, (channel, value) in enumerate(writes)
            for kind, content in [self.serde.dumps_typed(value)]
        ]
        replaces = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        await self._keep_writes(rows, replaces=replaces)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all checkpoints of a thread."""
        await self._database.write(checkpoints.forget([], str(thread_id)))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that runs have left."""
        await self._database.write(checkpoints.forget_runs([str(run_id) for run_id in run_ids]))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints of a thread to another one."""
        await self._database.write(checkpoints.copy(str(source_thread_id), str(target_thread_id)))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete all checkpoints of threads, or all but the newest in each namespace.

        Nothing is lost that the newest need: threads with ``DeltaChannel``s stay whole.
        """
        if strategy == "delete":
            for thread_id in thread_ids:
                await self.adelete_thread(thread_id)
        elif strategy == "keep_latest":
            await self._database.write(checkpoints.keep_latest([str(one) for one in thread_ids]))
        else:
            raise ValueError(f"{strategy!r} is no strategy; use 'delete' or 'keep_latest'")

    aget_delta_channel_history = BaseCheckpointSaver.aget_delta_channel_history

    def with_allowlist(self, extra_allowlist: Collection[tuple[str, ...]]) -> Self:
        """Return a saver that also reads objects of the classes named."""
        return cast(Self, BaseCheckpointSaver.with_allowlist(self, extra_allowlist))

    async def _found(
        self, thread_id: str, namespace: str, checkpoint_id: str | None
    ) -> tuple[Row, Rows] | None:
        return await self._database.read(checkpoints.get(thread_id, namespace, checkpoint_id))

    async def _caught_up(self) -> None:
        """Return when what was given can be found."""

    async def _keep(self, row: Row) -> None:
        await self._database.write(checkpoints.put(row, self._claim))

    async def _keep_writes(self, rows: Rows, *, replaces: bool) -> None:
        await self._database.write(checkpoints.put_writes(rows, self._claim, replaces=replaces))

    def _tuple_of(self, row: Row, writes: Rows) -> CheckpointTuple:
        place = {
            "thread_id": row["thread_id"],
            "checkpoint_ns": row["checkpoint_ns"],
        }
        _advance_past(row["checkpoint_id"])
        parent = row["parent_checkpoint_id"]
        return CheckpointTuple(
            {"configurable": {**place, "checkpoint_id": row["checkpoint_id"]}},
            self.serde.loads_typed((row["type"], row["checkpoint"])),
            json.loads(row["metadata"]) if row["metadata"] is not None else {},
            {"configurable": {**place, "checkpoint_id": parent}} if parent else None,
            load_pending_writes(
                [
                    (
                        one["task_id"],
                        one["channel"],
                        one["type"],
                        one["value"],
                        one["task_path"],
                        one["idx"],
                    )
                    for one in writes
                ],
                self.serde,
            ),
        )


def _place_of(config: RunnableConfig | None) -> Mapping[str, str]:
    if config is None:
        return {}
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    place = config["configurable"]
    return {name: str(place[name]) for name in names if place.get(name) is not None}


def _advance_past(checkpoint_id: str) -> None:
    """Have every checkpoint that this process makes from now on come after this one.

    The latest checkpoint is the one with the highest id, and ids begin with the maker's time. A
    process whose clock is behind would otherwise continue a thread where nobody sees it.
    """
    try:
        made = checkpoint_ids.UUID(hex=checkpoint_id)
    except ValueError:
        return
    last: int | None = getattr(checkpoint_ids, _LAST)
    if made.version == _TIME_ORDERED and (last is None or made.time > last):
        setattr(checkpoint_ids, _LAST, made.time)
