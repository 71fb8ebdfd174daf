"""Threads whose time has come: which they are, and what becomes of them.

Looking for them is reading, which no writer waits for; each is dealt with in a transaction of its
own, which looks again, because somebody may have used it in between.
"""

from sqlalchemy import ColumnElement, and_, false, literal_column, or_, select, update

from moorage.domain.filters import allows
from moorage.domain.search import Filters
from moorage.domain.threads import Expiry, Lifetime, Pruned, ThreadStatus
from moorage.storage.sql import checkpoints, threads
from moorage.storage.sql.rows import microseconds, thread_of
from moorage.storage.sql.statement import Row, Statement, Transaction, now, parameter
from moorage.storage.sql.tables import THREADS

_of_thread = parameter("of_thread")
_BUSY = ThreadStatus.BUSY.value
_IDLE = and_(
    THREADS.c.status != literal_column(f"'{_BUSY}'"),
    or_(THREADS.c.swept_at.is_(None), THREADS.c.swept_at <= THREADS.c.updated_at),
)
_LOCK = Statement(select(THREADS).where(THREADS.c.thread_id == _of_thread).with_for_update())
_SWEPT = Statement(
    update(THREADS).where(THREADS.c.thread_id == _of_thread).values(swept_at=parameter("at"))
)


def expired(default: Lifetime | None, limit: int) -> Transaction[list[str]]:
    """Return the ids of up to ``limit`` threads whose time has come."""
    time = yield from now()
    own = and_(THREADS.c.lifetime.is_not(None), THREADS.c.updated_at + THREADS.c.lifetime < time)
    common: ColumnElement[bool] = false()
    if default is not None:
        latest = time - microseconds(default.length)
        common = and_(THREADS.c.lifetime.is_(None), THREADS.c.updated_at < latest)
    found: list[str] = []
    for condition in (own, common):
        rows = yield Statement(
            select(THREADS.c.thread_id).where(condition, _IDLE).limit(limit - len(found))
        )()
        found += [row["thread_id"] for row in rows]
    return found


def expire(thread_id: str, default: Lifetime | None) -> Transaction[None]:
    """Do with a thread what is to be done, if its time has still come."""
    rows = yield _LOCK(of_thread=thread_id)
    lifetime = (thread_of(rows[0]).lifetime or default) if rows else None
    if lifetime is None or rows[0]["status"] == _BUSY:
        return
    time = yield from now()
    if rows[0]["updated_at"] + microseconds(lifetime.length) < time:
        yield from _deal_with(rows[0], lifetime.expiry)


def prune(thread_id: str, expiry: Expiry, filters: Filters) -> Transaction[Pruned]:
    """Do with a thread at once what else is done when its time has come."""
    rows = yield _LOCK(of_thread=thread_id)
    if not rows or rows[0]["status"] == _BUSY:
        return Pruned()
    if not allows(thread_of(rows[0]).metadata, filters):
        return Pruned()
    return (yield from _deal_with(rows[0], expiry))


def _deal_with(thread: Row, expiry: Expiry) -> Transaction[Pruned]:
    thread_id = thread["thread_id"]
    if expiry is Expiry.DELETE:
        yield from threads.remove_whole(thread_id, checkpoints.forget)
        return Pruned(done=(thread_id,))
    done = yield from checkpoints.keep_latest([thread_id])
    time = yield from now()
    yield _SWEPT(of_thread=thread_id, at=time)
    return Pruned(done=tuple(done)) if done else Pruned(whole=(thread_id,))
