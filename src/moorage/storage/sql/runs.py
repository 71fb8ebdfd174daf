"""Runs as rows: reading and deleting them. What moves them is in ``queue``."""

from sqlalchemy import ColumnElement, delete, select

from moorage.domain.runs import Run, RunStatus
from moorage.domain.search import Page
from moorage.errors import Conflict, NotFound
from moorage.storage.sql.rows import run_of
from moorage.storage.sql.statement import Statement, Transaction, parameter
from moorage.storage.sql.tables import RUNS

_of_run = parameter("of_run")
_of_thread = parameter("of_thread")
_GET = Statement(select(RUNS).where(RUNS.c.run_id == _of_run))
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


def remove(run_id: str, thread_id: str) -> Transaction[None]:
    """Delete a run that has ended. Its checkpoints stay: they are the thread's.

    Raises:
        NotFound: There is none on that thread.
        Conflict: It has not ended.
    """
    run = yield from get(run_id, thread_id)
    if not run.status.is_final:
        raise Conflict(f"Run {run_id} is {run.status.value}; cancel it before you delete it.")
    yield _DELETE(of_run=run_id)
