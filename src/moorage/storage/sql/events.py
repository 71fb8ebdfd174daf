"""The events of runs, kept for as long as somebody may ask for them again.

A row is what a worker has flushed at once: several events, in the form in which they are sent.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, or_, select, tuple_

from moorage.domain.events import Flush
from moorage.storage.sql.statement import Statement, Transaction, every_column, now, parameter
from moorage.storage.sql.tables import RUN_EVENTS, RUNS

_of_run = parameter("of_run")
_APPEND = Statement(insert(RUN_EVENTS).values(every_column(RUN_EVENTS)))
_AFTER = Statement(
    select(RUN_EVENTS)
    .where(RUN_EVENTS.c.run_id == _of_run, RUN_EVENTS.c.last_id > parameter("after"))
    .order_by(RUN_EVENTS.c.first_id)
)
_before = parameter("before")
_TRIM = Statement(
    delete(RUN_EVENTS)
    .where(
        tuple_(RUN_EVENTS.c.run_id, RUN_EVENTS.c.first_id).in_(
            select(RUN_EVENTS.c.run_id, RUN_EVENTS.c.first_id)
            .outerjoin(RUNS, RUNS.c.run_id == RUN_EVENTS.c.run_id)
            .where(
                RUN_EVENTS.c.created_at < _before,
                or_(RUNS.c.run_id.is_(None), RUNS.c.finished_at < _before),
            )
            .order_by(RUN_EVENTS.c.created_at)
            .limit(parameter("most"))
        )
    )
    .returning(RUN_EVENTS.c.run_id)
)
_OLDEST = Statement(
    select(func.min(RUN_EVENTS.c.first_id).label("first")).where(RUN_EVENTS.c.run_id == _of_run)
)


def append(flushes: Sequence[Flush]) -> Transaction[None]:
    """Keep what has been flushed, of any number of runs."""
    time = yield from now()
    for flush in flushes:
        yield _APPEND(
            run_id=flush.run_id,
            first_id=flush.first_id,
            last_id=flush.last_id,
            events=flush.events,
            created_at=time,
        )


def after(run_id: str, event_id: int) -> Transaction[list[Flush]]:
    """Return what is kept of a run after an event, in order; the first may begin before it."""
    rows = yield _AFTER(of_run=run_id, after=event_id)
    return [Flush(run_id, row["first_id"], row["last_id"], row["events"]) for row in rows]


def oldest(run_id: str) -> Transaction[int | None]:
    """Return the id of the oldest event that is kept of a run."""
    rows = yield _OLDEST(of_run=run_id)
    first: int | None = rows[0]["first"]
    return first


def trim(age: int, limit: int) -> Transaction[int]:
    """Forget up to ``limit`` flushes of runs that ended, and left, ``age`` microseconds ago."""
    time = yield from now()
    return len((yield _TRIM(before=time - age, most=limit)))
