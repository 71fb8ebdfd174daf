"""The outbox of webhooks: a row is there from the end of its run until somebody has been told.

Whoever tells one moves the time at which it is due ahead, so that nobody else does meanwhile, and
so that it is due again if its teller dies.
"""

from sqlalchemy import delete, func, insert, select, update

from moorage.domain.runs import Outcome, Run
from moorage.domain.webhooks import Delivery, target_of, told
from moorage.storage.sql.rows import time_of
from moorage.storage.sql.statement import (
    Row,
    Statement,
    Transaction,
    dump,
    engine_now,
    every_column,
    now,
    parameter,
)
from moorage.storage.sql.tables import WEBHOOKS

_at = parameter("at")
_MINE = (WEBHOOKS.c.seq == parameter("of_seq")) & (WEBHOOKS.c.tries == parameter("of_try"))
_ADD = Statement(insert(WEBHOOKS).values(every_column(WEBHOOKS, but=["seq"])))
_CLAIM = Statement(
    update(WEBHOOKS)
    .where(
        WEBHOOKS.c.seq.in_(
            select(WEBHOOKS.c.seq)
            .where(WEBHOOKS.c.next_try_at <= _at)
            .order_by(WEBHOOKS.c.next_try_at, WEBHOOKS.c.seq)
            .limit(parameter("most"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(tries=WEBHOOKS.c.tries + 1, next_try_at=parameter("until"))
    .returning(WEBHOOKS)
)
_REMOVE = Statement(delete(WEBHOOKS).where(_MINE).returning(WEBHOOKS.c.seq))
_POSTPONE = Statement(
    update(WEBHOOKS).where(_MINE).values(next_try_at=parameter("until")).returning(WEBHOOKS.c.seq)
)
_NEXT_DUE = Statement(
    select((func.min(WEBHOOKS.c.next_try_at) - engine_now()).label("left")).select_from(WEBHOOKS)
)


def add(run: Run, outcome: Outcome, time: int) -> Transaction[None]:
    """Leave word of a run that ends, if somebody is to be told."""
    url = target_of(run)
    if url is None:
        return
    body = dump(told(run, outcome, time_of(time)))
    assert body is not None  # noqa: S101 - only None has no text
    yield _ADD(
        run_id=run.run_id,
        url=url,
        body=body.encode(),
        tries=0,
        next_try_at=time,
        created_at=time,
    )


def claim(limit: int, hold: int) -> Transaction[list[Delivery]]:
    """Give up to ``limit`` that are due to one teller, for ``hold`` microseconds."""
    time = yield from now()
    rows = yield _CLAIM(at=time, most=limit, until=time + hold)
    return [_delivery_of(row) for row in sorted(rows, key=lambda row: row["seq"])]


def remove(delivery: Delivery) -> Transaction[bool]:
    """Forget one, and say whether it was still the teller's."""
    return bool((yield _REMOVE(of_seq=delivery.seq, of_try=delivery.tries)))


def postpone(delivery: Delivery, wait: int) -> Transaction[bool]:
    """Have one tried again in ``wait`` microseconds, and say whether it was still the teller's."""
    time = yield from now()
    rows = yield _POSTPONE(of_seq=delivery.seq, of_try=delivery.tries, until=time + wait)
    return bool(rows)


def next_due() -> Transaction[int | None]:
    """Return in how many microseconds the next one is due; None if there is none."""
    rows = yield _NEXT_DUE()
    left: int | None = rows[0]["left"]
    return left


def _delivery_of(row: Row) -> Delivery:
    return Delivery(
        seq=row["seq"],
        run_id=row["run_id"],
        url=row["url"],
        body=row["body"],
        tries=row["tries"],
        created_at=time_of(row["created_at"]),
    )
