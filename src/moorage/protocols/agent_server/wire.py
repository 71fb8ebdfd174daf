"""What the Agent Server's clients read: one shape for each noun, and the responses that carry it.

Shapes, names and headers are sections 1 to 10 of the protocol.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.store.base import Item, SearchItem
from langgraph.types import Interrupt, PregelTask, StateSnapshot
from starlette.responses import Response

from moorage.domain.assistants import Assistant
from moorage.domain.caller import without_identity
from moorage.domain.crons import Cron
from moorage.domain.runs import Run
from moorage.domain.search import Hits, Page
from moorage.domain.threads import Lifetime, Thread
from moorage.engine.graphs import Schemas
from moorage.engine.joins import Result
from moorage.engine.usage import Usage
from moorage.serialization import WithErrors

dumps = WithErrors().dumps

Json = dict[str, Any]

_PLACE = ("thread_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map")


class Answer(Response):
    """A response whose body is a value as JSON.

    Args:
        value: Anything; what has no JSON form is described.
        headers: Further headers.
        status: The status.
    """

    media_type = "application/json"

    def __init__(
        self, value: Any, headers: Mapping[str, str] | None = None, status: int = 200
    ) -> None:
        super().__init__(dumps(value), status, headers)


NOTHING_LEFT = 204


def nothing() -> Response:
    """Return the response to what leaves nothing to say."""
    return Response(status_code=NOTHING_LEFT)


def paged(rows: Iterable[Json], hits: Hits[Any], page: Page) -> Answer:
    """Return a page of rows, with the headers that lead to the next one."""
    headers = {"x-pagination-total": str(hits.total)}
    following = page.offset + len(hits.items)
    if following < hits.total:
        headers["x-pagination-next"] = str(following)
    return Answer(list(rows), headers)


def assistant_of(assistant: Assistant) -> Json:
    """Return an assistant as clients read it."""
    return {
        "assistant_id": assistant.assistant_id,
        "graph_id": assistant.graph_id,
        "config": assistant.config,
        "context": assistant.context,
        "metadata": assistant.metadata,
        "name": assistant.name,
        "description": assistant.description,
        "created_at": assistant.created_at,
        "updated_at": assistant.updated_at,
        "version": assistant.version,
    }


def schemas_of(schemas: Schemas, **more: str) -> Json:
    """Return the schemas of a graph as clients read them."""
    return {**more, **asdict(schemas)}


def thread_of(thread: Thread) -> Json:
    """Return a thread as clients read it."""
    return {
        "thread_id": thread.thread_id,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "state_updated_at": thread.state_updated_at,
        "metadata": thread.metadata,
        "status": thread.status.value,
        "config": {"configurable": thread.config} if thread.config else {},
        "values": thread.values,
        "interrupts": thread.interrupts,
        "error": thread.error,
    }


def ttl_of(thread: Thread, lifetime: Lifetime | None) -> Json | None:
    """Return how long a thread lives as clients read it; None is for ever."""
    if lifetime is None:
        return None
    return {
        "strategy": lifetime.expiry.value,
        "ttl_minutes": lifetime.length / timedelta(minutes=1),
        "expires_at": thread.updated_at + lifetime.length,
    }


def state_of(snapshot: StateSnapshot) -> Json:
    """Return a thread's state as clients read it; one that is not there has no checkpoint."""
    checkpoint, parent = (
        _named_checkpoint(snapshot.config),
        _named_checkpoint(snapshot.parent_config),
    )
    return {
        "values": snapshot.values,
        "next": snapshot.next,
        "tasks": [_task_of(task) for task in snapshot.tasks],
        "metadata": snapshot.metadata and {**snapshot.metadata, **_thread_of(snapshot.config)},
        "created_at": snapshot.created_at,
        "checkpoint": checkpoint,
        "parent_checkpoint": parent,
        "interrupts": _interrupts_of(snapshot.interrupts),
        "checkpoint_id": checkpoint and checkpoint["checkpoint_id"],
        "parent_checkpoint_id": parent and parent["checkpoint_id"],
    }


def usage_of(thread_id: str, usage: Usage) -> Json:
    """Return how much a thread takes as clients read it."""
    channels = {name: asdict(one) for name, one in usage.channels.items()}
    return {
        "thread_id": thread_id,
        "total_bytes": usage.bytes,
        "checkpoints": asdict(usage.checkpoints),
        "channel_values": {**asdict(usage.values), "by_channel": channels},
        "pending_writes": asdict(usage.writes),
    }


def checkpoint_of(configurable: Mapping[str, Any]) -> Json:
    """Return where a checkpoint is, under the names of clients, which are LangGraph's."""
    return {name: configurable[name] for name in _PLACE if configurable.get(name) is not None}


def _named_checkpoint(config: RunnableConfig | None) -> Json | None:
    place = checkpoint_of((config or {}).get("configurable") or {})
    return {"checkpoint_ns": "", **place} if "checkpoint_id" in place else None


def _thread_of(config: RunnableConfig) -> Json:
    """Return what clients find in a checkpoint's metadata, and LangGraph in its place."""
    return {"thread_id": config["configurable"]["thread_id"]}


def _task_of(task: PregelTask) -> Json:
    inner = task.state
    return {
        "id": task.id,
        "name": task.name,
        "path": task.path,
        "error": repr(task.error) if isinstance(task.error, BaseException) else task.error,
        "interrupts": _interrupts_of(task.interrupts),
        "checkpoint": checkpoint_of(inner["configurable"]) if isinstance(inner, dict) else None,
        "state": state_of(inner) if isinstance(inner, StateSnapshot) else None,
        "result": task.result,
    }


def _interrupts_of(interrupts: Iterable[Interrupt]) -> list[Json]:
    return [{"id": one.id, "value": one.value} for one in interrupts]


def run_of(run: Run) -> Json:
    """Return a run as clients read it: without what is known of its caller."""
    return {
        "run_id": run.run_id,
        "thread_id": run.thread_id,
        "assistant_id": run.assistant_id,
        "metadata": run.metadata,
        "status": run.status.value,
        "kwargs": {**run.kwargs, "config": without_identity(run.kwargs.get("config", {}))},
        "multitask_strategy": run.multitask_strategy.value,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "langsmith_session_name": None,
    }


def item_of(item: Item) -> Json:
    """Return an item as clients read it."""
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": item.value,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }


def found_item_of(item: SearchItem) -> Json:
    """Return an item that a search has found, with how near it is to what was asked for."""
    return {**item_of(item), "score": item.score}


def cron_of(cron: Cron) -> Json:
    """Return a cron as clients read it; its payload is the body of each of its runs."""
    config = cron.payload.get("config") or {}
    configurable = {**(config.get("configurable") or {}), "cron_id": cron.cron_id}
    return {
        "cron_id": cron.cron_id,
        "assistant_id": cron.assistant_id,
        "thread_id": cron.thread_id,
        "user_id": cron.user_id,
        "schedule": cron.schedule,
        "timezone": cron.timezone,
        "end_time": cron.end_time,
        "next_run_date": cron.next_run_date,
        "enabled": cron.enabled,
        "on_run_completed": cron.on_run_completed,
        "metadata": cron.metadata,
        "payload": {
            **cron.payload,
            "assistant_id": cron.assistant_id,
            "metadata": cron.metadata,
            "config": {**config, "configurable": configurable},
        },
        "created_at": cron.created_at,
        "updated_at": cron.updated_at,
    }


def place_of(run_id: str, thread_id: str | None) -> str:
    """Return a run's path as clients parse it: without a prefix, and nothing behind the id."""
    return f"/threads/{thread_id}/runs/{run_id}" if thread_id else f"/runs/{run_id}"


def result_of(result: Result) -> Any:
    """Return what comes of a run as those who wait read it: a failure is told in the body."""
    return result.values if result.error is None else {"__error__": result.error}


def selected(row: Json, names: Collection[str] | None) -> Json:
    """Return the part of a row that was asked for, which is all of it where nothing was said."""
    return {name: row[name] for name in row if name in names} if names else row
