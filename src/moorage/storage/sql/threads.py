"""Threads: rows, searches, and what a state update leaves."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, true, update

from moorage.domain.filters import allows
from moorage.domain.search import Filters, Hits, Page
from moorage.domain.threads import (
    Lifetime,
    Stale,
    Thread,
    ThreadQuery,
    ThreadState,
    ThreadStatus,
)
from moorage.errors import AlreadyExists, Conflict, NotFound
from moorage.storage.sql.conditions import allowed, containing
from moorage.storage.sql.queue import Forget, forget_thread, new_thread_row, settle
from moorage.storage.sql.rows import microseconds, thread_of
from moorage.storage.sql.statement import Statement, Transaction, dump, every_column, now, parameter
from moorage.storage.sql.tables import CHECKPOINTS, RUN_EVENTS, RUNS, THREADS

Mark = tuple[Any, ...]
"""When a thread's state was last written, and its newest checkpoint."""

_of_thread = parameter("of_thread")
_GET = Statement(select(THREADS).where(THREADS.c.thread_id == _of_thread))
_LOCK = Statement(select(THREADS).where(THREADS.c.thread_id == _of_thread).with_for_update())
_INSERT = Statement(insert(THREADS).values(every_column(THREADS)))
_PATCH = Statement(
    update(THREADS)
    .where(THREADS.c.thread_id == _of_thread)
    .values(
        metadata=parameter("new_metadata"),
        lifetime=parameter("new_lifetime"),
        expiry=parameter("new_expiry"),
        updated_at=parameter("at"),
    )
)
_DELETE_EVENTS = Statement(
    delete(RUN_EVENTS).where(
        RUN_EVENTS.c.run_id.in_(select(RUNS.c.run_id).where(RUNS.c.thread_id == _of_thread))
    )
)
_CONFIGURE = Statement(
    update(THREADS).where(THREADS.c.thread_id == _of_thread).values(config=parameter("new_config"))
)
_NEWEST = (
    select(func.max(CHECKPOINTS.c.checkpoint_id))
    .where(CHECKPOINTS.c.thread_id == _of_thread)
    .scalar_subquery()
)
_MARK = Statement(
    select(THREADS.c.state_updated_at, _NEWEST.label("newest")).where(
        THREADS.c.thread_id == _of_thread
    )
)
_ACTIVE_RUNS = Statement(
    select(RUNS.c.run_id).where(
        RUNS.c.thread_id == _of_thread, RUNS.c.status.in_(["pending", "running"])
    )
)


def create(
    thread_id: str,
    metadata: Mapping[str, Any],
    lifetime: Lifetime | None,
    *,
    returns_existing: bool,
    filters: Filters,
) -> Transaction[Thread]:
    """Make a thread.

    Raises:
        AlreadyExists: There is one, and it is not to be returned, or not for this caller to see.
    """
    rows = yield _LOCK(of_thread=thread_id)
    if rows:
        known = thread_of(rows[0])
        if returns_existing and _is_visible(known, filters):
            return known
        raise AlreadyExists(f"Thread with ID {thread_id} already exists")
    time = yield from now()
    row = {**new_thread_row(thread_id, metadata, time), **_lifetime_columns(lifetime)}
    yield _INSERT(**row)
    return thread_of(row)


def get(thread_id: str, filters: Filters) -> Transaction[Thread]:
    """Return a thread.

    Raises:
        NotFound: There is none that the caller may see.
    """
    rows = yield _GET(of_thread=thread_id)
    if rows and _is_visible(thread := thread_of(rows[0]), filters):
        return thread
    raise NotFound(f"Thread with ID {thread_id} not found")


def patch(
    thread_id: str, metadata: Mapping[str, Any], lifetime: Lifetime | None, filters: Filters
) -> Transaction[Thread]:
    """Merge ``metadata`` into a thread's, key by key; a ``lifetime`` takes the place of its own.

    Raises:
        NotFound: There is none that the caller may see.
    """
    yield _LOCK(of_thread=thread_id)
    thread = yield from get(thread_id, filters)
    time = yield from now()
    merged = {**thread.metadata, **metadata}
    columns = _lifetime_columns(lifetime or thread.lifetime)
    yield _PATCH(
        of_thread=thread_id,
        new_metadata=dump(merged),
        new_lifetime=columns["lifetime"],
        new_expiry=columns["expiry"],
        at=time,
    )
    return (yield from get(thread_id, {}))


def remove(thread_id: str, filters: Filters, forget: Forget) -> Transaction[None]:
    """Delete a thread with its runs, checkpoints and crons. A worker of a run finds out.

    Raises:
        NotFound: There is none that the caller may see.
    """
    yield _LOCK(of_thread=thread_id)
    yield from get(thread_id, filters)
    yield from remove_whole(thread_id, forget)


def remove_whole(thread_id: str, forget: Forget) -> Transaction[None]:
    """Delete a thread with all that is kept of its runs."""
    yield _DELETE_EVENTS(of_thread=thread_id)
    yield from forget_thread(thread_id, forget)


def begin_draft(thread_id: str) -> Transaction[Mark]:
    """Return in which state a thread is, for ``keep_draft`` to know whether it still is.

    Raises:
        NotFound: There is no such thread.
        Conflict: Runs are working on it, or about to; the message names them.
    """
    yield from get(thread_id, {})
    active = yield _ACTIVE_RUNS(of_thread=thread_id)
    if active:
        ids = [row["run_id"] for row in active]
        raise Conflict(f"Thread {thread_id} has in-flight runs: {ids}")
    rows = yield _MARK(of_thread=thread_id)
    return tuple(rows[0].values())


def keep_draft(
    thread_id: str, mark: Mark, drafted: Transaction[None], state: ThreadState
) -> Transaction[Thread]:
    """Write what an update of a thread's state has drafted, and what it leaves on the thread.

    Raises:
        NotFound: There is no such thread.
        Conflict: Runs are working on it, or about to; the message names them.
        Stale: It is not in the state any more that ``mark`` is of.
    """
    yield _LOCK(of_thread=thread_id)
    if (yield from begin_draft(thread_id)) != mark:
        raise Stale(thread_id)
    yield from drafted
    time = yield from now()
    yield from settle(thread_id, state, time, is_busy=False)
    return (yield from get(thread_id, {}))


def copy(
    source_id: str,
    target_id: str,
    metadata: Mapping[str, Any],
    filters: Filters,
    copied: Transaction[None],
) -> Transaction[Thread]:
    """Make a thread like another one; ``copied`` does the same with the checkpoints.

    Raises:
        NotFound: There is no such thread that the caller may see.
        AlreadyExists: There is one of the new id.
    """
    yield _LOCK(of_thread=source_id)
    source = yield from get(source_id, filters)
    whole = {**source.metadata, **metadata}
    yield from create(target_id, whole, source.lifetime, returns_existing=False, filters={})
    yield from copied
    left = ThreadState(ThreadStatus.IDLE, source.values, source.interrupts)
    time = yield from now()
    yield _CONFIGURE(of_thread=target_id, new_config=dump(source.config))
    yield from settle(target_id, left, time, is_busy=False)
    return (yield from get(target_id, {}))


def search(query: ThreadQuery, page: Page) -> Transaction[Hits[Thread]]:
    """Return a page of the threads that ``query`` is for."""
    condition = _condition(query)
    column = THREADS.c[page.sort_by]
    order = column.desc() if page.descending else column.asc()
    found = select(THREADS).where(condition).order_by(order, THREADS.c.thread_id)
    rows = yield Statement(found.limit(page.limit).offset(page.offset))()
    total = yield from count(query)
    return Hits([thread_of(row) for row in rows], total)


def count(query: ThreadQuery) -> Transaction[int]:
    """Return how many threads ``query`` is for."""
    counting = select(func.count().label("count")).select_from(THREADS).where(_condition(query))
    rows = yield Statement(counting)()
    number: int = rows[0]["count"]
    return number


def _condition(query: ThreadQuery) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if query.ids is not None:
        condition &= THREADS.c.thread_id.in_(query.ids)
    if query.status is not None:
        condition &= THREADS.c.status == query.status.value
    if query.metadata:
        condition &= containing(THREADS.c.metadata, query.metadata)
    if query.values:
        condition &= containing(THREADS.c.state_values, query.values)
    if query.filters:
        condition &= allowed(THREADS.c.metadata, query.filters)
    return condition


def _is_visible(thread: Thread, filters: Filters) -> bool:
    return allows(thread.metadata, filters)


def _lifetime_columns(lifetime: Lifetime | None) -> dict[str, Any]:
    return {
        "lifetime": lifetime and microseconds(lifetime.length),
        "expiry": lifetime and lifetime.expiry.value,
    }
