"""Webhooks: what others are told when a run has ended (Agent Server protocol, section 6.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moorage.domain.caller import without_identity
from moorage.domain.runs import Outcome, Run


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of a run that is to be told, in the hands of who tells it.

    Attributes:
        seq: Its number in the outbox.
        body: What is told, as a JSON object.
        tries: How often it has been tried, this time included. A greater number makes it another's.
    """

    seq: int
    run_id: str
    url: str
    body: bytes
    tries: int
    created_at: datetime

    @property
    def message_id(self) -> str:
        """What the receiver knows it by, however often it arrives."""
        # With the time, because a run that was rolled back may come again under its id.
        return f"msg_{self.run_id}_{self.created_at.timestamp() * 1_000_000:.0f}"

    def body_at(self, time: datetime) -> bytes:
        """Return what is told at ``time``, which is part of it."""
        return self.body[:-1] + f',"webhook_sent_at":"{time.isoformat()}"}}'.encode()


def target_of(run: Run) -> str | None:
    """Return whom a run's end is told to."""
    url: str | None = run.kwargs.get("webhook")
    return url


def told(run: Run, outcome: Outcome, ended_at: datetime) -> dict[str, Any]:
    """Return what is told of a run's end: the run, what it has left, and how it has ended.

    A run that was rolled back leaves nothing, and its status is ``rollback``. Beside what the Agent
    Server tells there is ``interrupts``: what the thread asks for now, by the id of the task.
    """
    state = outcome.thread
    return {
        "run_id": run.run_id,
        "thread_id": run.thread_id,
        "assistant_id": run.assistant_id,
        "status": "rollback" if outcome.is_rolled_back else outcome.status.value,
        "created_at": run.created_at.isoformat(),
        "updated_at": ended_at.isoformat(),
        "metadata": run.metadata,
        "kwargs": _without_caller(run.kwargs),
        "multitask_strategy": run.multitask_strategy.value,
        "run_started_at": run.started_at and run.started_at.isoformat(),
        "run_ended_at": ended_at.isoformat(),
        "values": None if outcome.is_rolled_back else state.values,
        "interrupts": {} if outcome.is_rolled_back else state.interrupts,
        "error": outcome.error or state.error,
    }


def _without_caller(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run was asked for, without who asked and what is the server's own business."""
    config = without_identity(kwargs.get("config") or {})
    configurable = {
        name: one
        for name, one in (config.get("configurable") or {}).items()
        if name != "user_id" and not name.startswith("__")
    }
    return {**kwargs, "config": {**config, "configurable": configurable}}
