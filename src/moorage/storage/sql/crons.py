"""Crons: rows, searches, and the one transaction that makes a run when a time has come.

Whoever needs both a thread's row and a cron's locks the thread's first.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, true, update

from moorage.domain.caller import Caller
from moorage.domain.crons import Cron, CronChange, CronQuery, CronRequest, changed, fired, made
from moorage.domain.filters import allows
from moorage.domain.runs import Accepted, RunRequest
from moorage.domain.search import Filters, Hits, Page
from moorage.errors import NotFound
from moorage.storage.sql import assistants, queue, threads
from moorage.storage.sql.conditions import allowed, containing
from moorage.storage.sql.rows import cron_of, microseconds_of, row_of_cron, time_of
from moorage.storage.sql.statement import (
    Statement,
    Transaction,
    engine_now,
    every_column,
    names_of,
    now,
    parameter,
)
from moorage.storage.sql.tables import CRONS, THREADS

_of_cron = parameter("of_cron")
_LOCK = Statement(select(CRONS).where(CRONS.c.cron_id == _of_cron).with_for_update())
_LOCK_THREAD = Statement(
    select(THREADS.c.thread_id)
    .where(THREADS.c.thread_id == parameter("of_thread"))
    .with_for_update()
)
_GET = Statement(select(CRONS).where(CRONS.c.cron_id == _of_cron))
_INSERT = Statement(insert(CRONS).values(every_column(CRONS)))
_REPLACE = Statement(
    update(CRONS)
    .where(CRONS.c.cron_id == _of_cron)
    .values({name: parameter(f"new_{name}") for name in names_of(CRONS)})
)
_DELETE = Statement(delete(CRONS).where(CRONS.c.cron_id == _of_cron))
_DUE = Statement(
    select(CRONS)
    .where(CRONS.c.enabled, CRONS.c.next_run_date <= parameter("at"))
    .order_by(CRONS.c.next_run_date, CRONS.c.cron_id)
    .limit(parameter("most"))
)
_STILL_DUE = Statement(
    select(CRONS)
    .where(CRONS.c.cron_id == _of_cron, CRONS.c.enabled, CRONS.c.next_run_date == parameter("time"))
    .with_for_update()
)
_NEXT_DUE = Statement(
    select((func.min(CRONS.c.next_run_date) - engine_now()).label("left")).where(CRONS.c.enabled)
)


def create(
    wanted: CronRequest, cron_id: str, owner: Caller, thread_filters: Filters
) -> Transaction[Cron]:
    """Keep a new cron.

    Raises:
        NotFound: There is no such assistant, or no such thread that the caller may see.
        Invalid: Its schedule or time zone is none.
    """
    if wanted.thread_id is not None:
        yield _LOCK_THREAD(of_thread=wanted.thread_id)
        yield from threads.get(wanted.thread_id, thread_filters)
    yield from assistants.get(wanted.assistant_id, {})
    time = yield from now()
    cron = made(wanted, cron_id, owner, time_of(time))
    yield _INSERT(**row_of_cron(cron))
    return cron


def get(cron_id: str, filters: Filters) -> Transaction[Cron]:
    """Return a cron.

    Raises:
        NotFound: There is none that the caller may see.
    """
    rows = yield _GET(of_cron=cron_id)
    if rows and allows((cron := cron_of(rows[0])).metadata, filters):
        return cron
    raise NotFound(f"Cron with ID {cron_id} not found")


def change(cron_id: str, wanted: CronChange, filters: Filters) -> Transaction[Cron]:
    """Change a cron, and find its next time anew if that may be another.

    Raises:
        NotFound: There is none that the caller may see.
        Invalid: Its schedule or time zone is none.
    """
    yield _LOCK(of_cron=cron_id)
    known = yield from get(cron_id, filters)
    time = yield from now()
    cron = changed(known, wanted, time_of(time))
    yield from _replace(cron)
    return cron


def remove(cron_id: str, filters: Filters) -> Transaction[None]:
    """Delete a cron. Runs that it has begun go on.

    Raises:
        NotFound: There is none that the caller may see.
    """
    yield _LOCK(of_cron=cron_id)
    yield from get(cron_id, filters)
    yield _DELETE(of_cron=cron_id)


def search(query: CronQuery, page: Page) -> Transaction[Hits[Cron]]:
    """Return a page of the crons that ``query`` is for; a time that is absent comes last."""
    column = CRONS.c[page.sort_by]
    order = (column.desc() if page.descending else column.asc()).nulls_last()
    found = select(CRONS).where(_condition(query)).order_by(order, CRONS.c.cron_id)
    rows = yield Statement(found.limit(page.limit).offset(page.offset))()
    total = yield from count(query)
    return Hits([cron_of(row) for row in rows], total)


def count(query: CronQuery) -> Transaction[int]:
    """Return how many crons ``query`` is for."""
    counting = select(func.count().label("count")).select_from(CRONS).where(_condition(query))
    rows = yield Statement(counting)()
    number: int = rows[0]["count"]
    return number


def due(limit: int) -> Transaction[list[Cron]]:
    """Return up to ``limit`` crons whose time has come, the one that has waited longest first."""
    time = yield from now()
    rows = yield _DUE(at=time, most=limit)
    return [cron_of(row) for row in rows]


def next_due() -> Transaction[int | None]:
    """Return in how many microseconds the next time comes; None if none does."""
    rows = yield _NEXT_DUE()
    left: int | None = rows[0]["left"]
    return left


def fire(
    cron: Cron, request: RunRequest | None, forget: queue.Forget, lease: timedelta
) -> Transaction[Accepted | None]:
    """Make a run of the time that ``cron`` waited for, unless somebody has done so before.

    The cron waits for its next time if and only if the run is accepted: both are one transaction.

    Args:
        cron: As it was when its time had come.
        request: The run; None lets the time pass.
        forget: Removes the checkpoints of what is rolled back for the run.
        lease: How long claims hold.

    Returns:
        None if no run was made: the time was another's, or the cron has been changed or deleted.

    Raises:
        NotFound: The thread is gone.
        Conflict: The thread is busy and the strategy is to reject.
    """
    assert cron.next_run_date is not None, "a cron fires when it is due"  # noqa: S101
    if request is not None:
        yield _LOCK_THREAD(of_thread=request.thread_id)
    rows = yield _STILL_DUE(of_cron=cron.cron_id, time=microseconds_of(cron.next_run_date))
    if not rows:
        return None
    time = yield from now()
    yield from _replace(fired(cron_of(rows[0]), time_of(time)))
    return (yield from queue.accept(request, forget, lease=lease)) if request else None


def _replace(cron: Cron) -> Transaction[None]:
    row = row_of_cron(cron)
    yield _REPLACE(of_cron=cron.cron_id, **{f"new_{name}": row[name] for name in row})


def _condition(query: CronQuery) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if query.assistant_id is not None:
        condition &= CRONS.c.assistant_id == query.assistant_id
    if query.thread_id is not None:
        condition &= CRONS.c.thread_id == query.thread_id
    if query.enabled is not None:
        condition &= CRONS.c.enabled == query.enabled
    if query.metadata:
        condition &= containing(CRONS.c.metadata, query.metadata)
    if query.filters:
        condition &= allowed(CRONS.c.metadata, query.filters)
    return condition
