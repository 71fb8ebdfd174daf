"""Runs as rows: reading and deleting them. What moves them is in ``queue``."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, text

from moorage.domain.runs import Backlog, Run, RunStatus
from moorage.domain.search import Page
from moorage.errors import Conflict, NotFound
from moorage.storage.sql.rows import run_of
from moorage.storage.sql.statement import Statement, Transaction, now, parameter
from moorage.storage.sql.tables import RUN_EVENTS, RUNS

_of_run = parameter("of_run")
_of_thread = parameter("of_thread")
_GET = Statement(select(RUNS).where(RUNS.c.run_id == _of_run))
_DELETE_EVENTS = Statement(delete(RUN_EVENTS).where(RUN_EVENTS.c.run_id == _of_run))
_FINISHED = Statement(
    select(RUNS.c.run_id)
    .where(RUNS.c.finished_at < parameter("before"))
    .order_by(RUNS.c.seq)
    .limit(parameter("most"))
)
# Written out, so that the index of those runs is used.
_UNFINISHED = text("status IN ('pending', 'running')")
_BACKLOG = Statement(
    select(
        RUNS.c.status,
        func.count().label("number"),
        func.min(RUNS.c.available_at).label("since"),
    )
    .where(_UNFINISHED)
    .group_by(RUNS.c.status)
)
_DELETE = Statement(delete(RUNS).where(RUNS.c.run_id == _of_run))


def get(run_id: str, thread_id: str | None) -> Transaction[Run]:
    """Return a run; that of another thread than the one named is none.

    Raises:
        NotFound: There is none.
    """
    rows = yield _GET(of_run=run_id)
    if rows and thread_id in (None, rows[0]["thread_id"]):
        return run_of(rows[0])
    raise NotFound("Run not found")


def of_thread(thread_id: str, status: RunStatus | None, page: Page) -> Transaction[list[Run]]:
    """Return a page of a thread's runs, newest first."""
    condition: ColumnElement[bool] = RUNS.c.thread_id == thread_id
    if status is not None:
        condition &= RUNS.c.status == status.value
    newest = select(RUNS).where(condition).order_by(RUNS.c.seq.desc())
    rows = yield Statement(newest.limit(page.limit).offset(page.offset))()
    return [run_of(row) for row in rows]


def with_status(statuses: frozenset[RunStatus], thread_id: str | None) -> Transaction[list[Run]]:
    """Return the runs with one of ``statuses``, of one thread or of all, oldest first."""
    condition: ColumnElement[bool] = RUNS.c.status.in_(sorted(status.value for status in statuses))
    if thread_id is not None:
        condition &= RUNS.c.thread_id == thread_id
    rows = yield Statement(select(RUNS).where(condition).order_by(RUNS.c.seq))()
    return [run_of(row) for row in rows]


def backlog() -> Transaction[Backlog]:
    """Return how many runs have not ended, and how long the oldest that waits does so."""
    rows = {row["status"]: row for row in (yield _BACKLOG())}
    waiting = rows.get(RunStatus.PENDING.value)
    working = rows.get(RunStatus.RUNNING.value)
    wait = 0 if waiting is None else (yield from now()) - waiting["since"]
    return Backlog(
        pending=waiting["number"] if waiting else 0,
        running=working["number"] if working else 0,
        longest_wait=timedelta(microseconds=max(wait, 0)),
    )


def remove(run_id: str, thread_id: str) -> Transaction[None]:
    """Delete a run that has ended. Its checkpoints stay: they are the thread's.

    Raises:
        NotFound: There is none on that thread.
        Conflict: It has not ended.
    """
    run = yield from get(run_id, thread_id)
    if not run.status.is_final:
        raise Conflict(f"Run {run_id} is {run.status.value}; cancel it before you delete it.")
    yield from _forget(run_id)


def finished(before: int, limit: int) -> Transaction[list[str]]:
    """Return up to ``limit`` runs that ended ``before`` microseconds ago, oldest first."""
    time = yield from now()
    rows = yield _FINISHED(before=time - before, most=limit)
    return [row["run_id"] for row in rows]


def remove_finished(run_ids: Sequence[str]) -> Transaction[None]:
    """Delete runs that have ended, and what is kept of them; others are passed over."""
    for run_id in run_ids:
        rows = yield _GET(of_run=run_id)
        if rows and RunStatus(rows[0]["status"]).is_final:
            yield from _forget(run_id)


def _forget(run_id: str) -> Transaction[None]:
    yield _DELETE_EVENTS(of_run=run_id)
    yield _DELETE(of_run=run_id)
