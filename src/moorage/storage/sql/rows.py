"""Rows as domain values, and back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from moorage.domain.assistants import Assistant
from moorage.domain.caller import Caller
from moorage.domain.crons import AfterRun, Cron
from moorage.domain.runs import Multitask, Run, RunStatus
from moorage.domain.threads import Expiry, Lifetime, Thread, ThreadStatus
from moorage.storage.sql.statement import Row, dump, load

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def time_of(microseconds: int) -> datetime:
    """Return the time that a column holds."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(time: datetime) -> int:
    """Return what a column holds for ``time``."""
    return (time - _EPOCH) // _MICROSECOND


def microseconds(length: timedelta) -> int:
    """Return a length of time in the unit of the columns."""
    return length // _MICROSECOND


def run_of(row: Row) -> Run:
    """Return the run that a row of ``runs`` describes."""
    return Run(
        run_id=row["run_id"],
        thread_id=row["thread_id"],
        assistant_id=row["assistant_id"],
        status=RunStatus(row["status"]),
        created_at=time_of(row["created_at"]),
        updated_at=time_of(row["updated_at"]),
        metadata=load(row["metadata"]),
        kwargs=load(row["kwargs"]),
        multitask_strategy=Multitask(row["multitask_strategy"]),
        attempt=row["attempt"],
        error=load(row["error"]),
        started_at=_maybe_time(row["started_at"]),
        finished_at=_maybe_time(row["finished_at"]),
    )


def thread_of(row: Row) -> Thread:
    """Return the thread that a row of ``threads`` describes."""
    return Thread(
        thread_id=row["thread_id"],
        created_at=time_of(row["created_at"]),
        updated_at=time_of(row["updated_at"]),
        state_updated_at=time_of(row["state_updated_at"]),
        status=ThreadStatus(row["status"]),
        metadata=load(row["metadata"]),
        config=load(row["config"]),
        values=load(row["state_values"]),
        interrupts=load(row["interrupts"]),
        error=load(row["error"]),
        lifetime=_lifetime_of(row),
    )


def _lifetime_of(row: Row) -> Lifetime | None:
    if row["lifetime"] is None:
        return None
    return Lifetime(timedelta(microseconds=row["lifetime"]), Expiry(row["expiry"]))


def assistant_of(row: Row) -> Assistant:
    """Return the assistant that a row describes; one of a version was last changed when made."""
    return Assistant(
        assistant_id=row["assistant_id"],
        graph_id=row["graph_id"],
        name=row["name"],
        description=row["description"],
        version=row["version"],
        config=load(row["config"]),
        context=load(row["context"]),
        metadata=load(row["metadata"]),
        created_at=time_of(row["created_at"]),
        updated_at=time_of(row.get("updated_at", row["created_at"])),
    )


def cron_of(row: Row) -> Cron:
    """Return the cron that a row of ``crons`` describes."""
    after_run = row["on_run_completed"]
    return Cron(
        cron_id=row["cron_id"],
        assistant_id=row["assistant_id"],
        schedule=row["schedule"],
        created_at=time_of(row["created_at"]),
        updated_at=time_of(row["updated_at"]),
        timezone=row["timezone"],
        thread_id=row["thread_id"],
        end_time=_maybe_time(row["end_time"]),
        next_run_date=_maybe_time(row["next_run_date"]),
        enabled=bool(row["enabled"]),
        on_run_completed=None if after_run is None else AfterRun(after_run),
        metadata=load(row["metadata"]),
        payload=load(row["payload"]),
        owner=_caller_of(load(row["owner"])),
    )


def row_of_cron(cron: Cron) -> dict[str, Any]:
    """Return the row of ``crons`` that describes ``cron``."""
    return {
        "cron_id": cron.cron_id,
        "assistant_id": cron.assistant_id,
        "thread_id": cron.thread_id,
        "schedule": cron.schedule,
        "timezone": cron.timezone,
        "end_time": _maybe_microseconds(cron.end_time),
        "next_run_date": _maybe_microseconds(cron.next_run_date),
        "enabled": cron.enabled,
        "on_run_completed": cron.on_run_completed and cron.on_run_completed.value,
        "metadata": dump(cron.metadata),
        "payload": dump(cron.payload),
        "owner": dump(_description(cron.owner)),
        "created_at": microseconds_of(cron.created_at),
        "updated_at": microseconds_of(cron.updated_at),
    }


def _caller_of(described: dict[str, Any]) -> Caller:
    return Caller(**{**described, "scopes": frozenset(described["scopes"])})


def _description(caller: Caller) -> dict[str, Any]:
    return {
        "identity": caller.identity,
        "method": caller.method,
        "scopes": sorted(caller.scopes),
        "display_name": caller.display_name,
        "claims": caller.claims,
    }


def _maybe_microseconds(time: datetime | None) -> int | None:
    return None if time is None else microseconds_of(time)


def _maybe_time(value: Any) -> datetime | None:
    return None if value is None else time_of(value)
