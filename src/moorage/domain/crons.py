"""Crons: runs that are begun again and again, when their time comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.schedules import next_time
from moorage.domain.search import Filters
from moorage.errors import Invalid


class AfterRun(StrEnum):
    """What becomes of the thread that a run of a cron has to itself."""

    DELETE = "delete"
    """It goes when the run has ended."""
    KEEP = "keep"
    """It stays, with what the run has left."""


@dataclass(frozen=True, slots=True)
class CronRequest:
    """A cron that somebody wants.

    Attributes:
        schedule: When, as ``domain.schedules`` reads it.
        thread_id: Where all runs happen; None gives each a thread of its own.
        end_time: After which no run begins.
        on_run_completed: What becomes of such a thread of its own.
        metadata: Of the cron, of its runs, and of the threads that are made for them.
        payload: What each run is asked for, as in the body of a request for one.
    """

    assistant_id: str
    schedule: str
    timezone: str | None = None
    thread_id: str | None = None
    end_time: datetime | None = None
    enabled: bool = True
    on_run_completed: AfterRun = AfterRun.DELETE
    metadata: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cron:
    """A run that is begun whenever its time comes.

    Attributes:
        next_run_date: When that is next; None if never again. A cron that is not enabled has one
            too, and lets it pass.
        on_run_completed: None where all runs happen on one thread.
        owner: Who made it. Its runs are this caller's.
    """

    cron_id: str
    assistant_id: str
    schedule: str
    created_at: datetime
    updated_at: datetime
    timezone: str | None = None
    thread_id: str | None = None
    end_time: datetime | None = None
    next_run_date: datetime | None = None
    enabled: bool = True
    on_run_completed: AfterRun | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    owner: Caller = ANONYMOUS

    @property
    def user_id(self) -> str | None:
        """Who made it, by name; None if nobody knows."""
        return self.owner.identity if self.owner.is_authenticated else None


@dataclass(frozen=True, slots=True)
class CronChange:
    """What becomes different; None leaves a thing as it is.

    Attributes:
        is_endless: Whether the time of its end goes.
        metadata: Merged into the metadata, key by key.
        payload: Merged into the payload, key by key.
    """

    schedule: str | None = None
    timezone: str | None = None
    end_time: datetime | None = None
    is_endless: bool = False
    enabled: bool | None = None
    on_run_completed: AfterRun | None = None
    metadata: Mapping[str, Any] | None = None
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CronQuery:
    """Which crons a search is for; all conditions that are given must hold.

    Attributes:
        metadata: What their metadata must contain.
        filters: What the caller may see.
    """

    assistant_id: str | None = None
    thread_id: str | None = None
    enabled: bool | None = None
    metadata: Mapping[str, Any] | None = None
    filters: Filters | None = None


def made(wanted: CronRequest, cron_id: str, owner: Caller, time: datetime) -> Cron:
    """Return the cron that ``wanted`` becomes.

    Raises:
        Invalid: Its schedule or time zone is none.
    """
    cron = Cron(
        cron_id=cron_id,
        assistant_id=wanted.assistant_id,
        schedule=wanted.schedule,
        created_at=time,
        updated_at=time,
        timezone=wanted.timezone,
        thread_id=wanted.thread_id,
        end_time=wanted.end_time,
        enabled=wanted.enabled,
        on_run_completed=None if wanted.thread_id else wanted.on_run_completed,
        metadata=wanted.metadata,
        payload=wanted.payload,
        owner=owner,
    )
    return advanced(cron, time)


def changed(cron: Cron, wanted: CronChange, time: datetime) -> Cron:
    """Return what a change makes of a cron.

    What it has missed while it was not enabled stays missed.

    Raises:
        Invalid: Its schedule or time zone is none.
    """
    given: dict[str, Any] = {
        "schedule": wanted.schedule,
        "timezone": wanted.timezone,
        "end_time": wanted.end_time,
        "enabled": wanted.enabled,
        "on_run_completed": wanted.on_run_completed if cron.on_run_completed else None,
        "metadata": _merged(cron.metadata, wanted.metadata),
        "payload": _merged(cron.payload, wanted.payload),
    }
    new = replace(cron, **{name: value for name, value in given.items() if value is not None})
    new = replace(new, updated_at=time, end_time=None if wanted.is_endless else new.end_time)
    if _rhythm(new) == _rhythm(cron) and cron.next_run_date is not None:
        return _within_end(new, cron.next_run_date)
    return advanced(replace(new, next_run_date=None), time)


def advanced(cron: Cron, time: datetime) -> Cron:
    """Return a cron that waits for its first time after ``time``, and after the one it waited for.

    Times that were missed are passed over: however many there were, what is begun now is enough.

    Raises:
        Invalid: Its schedule or time zone is none.
    """
    after = max(time, cron.next_run_date or time)
    return _within_end(cron, next_time(cron.schedule, cron.timezone, after))


def fired(cron: Cron, time: datetime) -> Cron:
    """Return a cron whose time has come, as it waits for the next one; it may have no other."""
    try:
        return advanced(cron, time)
    except Invalid:  # it was valid once: time zones are renamed
        return replace(cron, next_run_date=None)


def _within_end(cron: Cron, time: datetime) -> Cron:
    is_over = cron.end_time is not None and time > cron.end_time
    return replace(cron, next_run_date=None if is_over else time)


def _rhythm(cron: Cron) -> tuple[object, ...]:
    return cron.schedule, cron.timezone, cron.enabled


def _merged(known: Mapping[str, Any], given: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if given is None else {**known, **given}
