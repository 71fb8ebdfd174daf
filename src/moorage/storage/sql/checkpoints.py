"""Checkpoints, on the tables of LangGraph's own savers: any of them opens the same database.

Their columns are SQLite's here (``langgraph-checkpoint-sqlite`` 3); the transactions know nothing
of LangGraph's objects, which arrive and leave as bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
)

from moorage.domain.runs import Claim, Fenced, RunStatus
from moorage.storage.sql.conditions import containing
from moorage.storage.sql.statement import Row, Rows, Statement, Transaction, every_column, parameter
from moorage.storage.sql.tables import CHECKPOINTS, RUNS, WRITES

_of_thread = parameter("of_thread")
_of_namespace = parameter("of_namespace")
_of_checkpoint = parameter("of_checkpoint")

_HERE = (CHECKPOINTS.c.thread_id == _of_thread) & (CHECKPOINTS.c.checkpoint_ns == _of_namespace)
_GET = Statement(select(CHECKPOINTS).where(_HERE, CHECKPOINTS.c.checkpoint_id == _of_checkpoint))
_GET_LATEST = Statement(
    select(CHECKPOINTS).where(_HERE).order_by(CHECKPOINTS.c.checkpoint_id.desc()).limit(1)
)
_GET_WRITES = Statement(
    select(WRITES).where(
        WRITES.c.thread_id == _of_thread,
        WRITES.c.checkpoint_ns == _of_namespace,
        WRITES.c.checkpoint_id == _of_checkpoint,
    )
)
_PUT = Statement(
    insert(CHECKPOINTS)
    .prefix_with("OR REPLACE", dialect="sqlite")
    .values(every_column(CHECKPOINTS))
)
_PUT_WRITE = Statement(
    insert(WRITES).prefix_with("OR REPLACE", dialect="sqlite").values(every_column(WRITES))
)
_ADD_WRITE = Statement(
    insert(WRITES).prefix_with("OR IGNORE", dialect="sqlite").values(every_column(WRITES))
)
_HELD = Statement(
    select(RUNS.c.run_id)
    .where(
        RUNS.c.run_id == parameter("of_run"),
        RUNS.c.owner == parameter("of_owner"),
        RUNS.c.attempt == parameter("of_attempt"),
        RUNS.c.status == RunStatus.RUNNING.value,
    )
    .with_for_update(read=True)
)
_DELETE_THREAD = (
    Statement(delete(WRITES).where(WRITES.c.thread_id == _of_thread)),
    Statement(delete(CHECKPOINTS).where(CHECKPOINTS.c.thread_id == _of_thread)),
)
_METADATA = cast(CHECKPOINTS.c.metadata, Text)
_OF_RUN = func.json_extract(_METADATA, "$.run_id") == parameter("of_run")
# What a run wrote is after its own checkpoints, or after the one that it took up: one that answers
# an interrupt writes the answer beside the question.
_WRITTEN_BY_RUN = or_(
    WRITES.c.run_id == parameter("of_run"),
    exists().where(
        CHECKPOINTS.c.thread_id == WRITES.c.thread_id,
        CHECKPOINTS.c.checkpoint_ns == WRITES.c.checkpoint_ns,
        CHECKPOINTS.c.checkpoint_id == WRITES.c.checkpoint_id,
        _OF_RUN,
    ),
)
_HAS_DELTAS = func.json_extract(_METADATA, "$.counters_since_delta_snapshot").is_not(None)
_DELETE_OF_RUN = (
    Statement(delete(WRITES).where(_WRITTEN_BY_RUN)),
    Statement(delete(CHECKPOINTS).where(_OF_RUN)),
)
_DELETE_ON_THREAD = (
    Statement(delete(WRITES).where(WRITES.c.thread_id == _of_thread, _WRITTEN_BY_RUN)),
    Statement(delete(CHECKPOINTS).where(CHECKPOINTS.c.thread_id == _of_thread, _OF_RUN)),
)


def put(row: Row, claim: Claim | None) -> Transaction[None]:
    """Keep a checkpoint.

    Raises:
        Fenced: ``claim`` does not hold any more.
    """
    yield from _check(claim)
    yield _PUT(**row)


def put_writes(rows: Rows, claim: Claim | None, *, replaces: bool) -> Transaction[None]:
    """Keep what tasks wrote after a checkpoint; without ``replaces``, the first write stays.

    Raises:
        Fenced: ``claim`` does not hold any more.
    """
    yield from _check(claim)
    statement = _PUT_WRITE if replaces else _ADD_WRITE
    for row in rows:
        yield statement(**row)


def together(transactions: Sequence[Transaction[None]], claim: Claim | None) -> Transaction[None]:
    """Do all that ``transactions`` do, or nothing.

    Raises:
        Fenced: ``claim`` does not hold any more.
    """
    yield from _check(claim)
    for transaction in transactions:
        yield from transaction


def put_all(rows: Rows, writes: Sequence[tuple[Rows, bool]]) -> Transaction[None]:
    """Keep checkpoints, and what was written after each, in the order in which it came.

    Args:
        rows: The checkpoints.
        writes: Rows, each time with whether they take the place of what is there.
    """
    for row in rows:
        yield from put(row, None)
    for group, replaces in writes:
        yield from put_writes(group, None, replaces=replaces)


def get(
    thread_id: str, namespace: str, checkpoint_id: str | None
) -> Transaction[tuple[Row, Rows] | None]:
    """Return a checkpoint, or the latest, with what tasks wrote after it."""
    here = {"of_thread": thread_id, "of_namespace": namespace}
    found = yield (
        _GET(**here, of_checkpoint=checkpoint_id) if checkpoint_id else _GET_LATEST(**here)
    )
    if not found:
        return None
    writes = yield _GET_WRITES(**here, of_checkpoint=found[0]["checkpoint_id"])
    return found[0], writes


def listed(
    place: Mapping[str, str],
    metadata: Mapping[str, Any] | None,
    before: str | None,
    limit: int | None,
) -> Transaction[list[tuple[Row, Rows]]]:
    """Return checkpoints, newest first, each with what tasks wrote after it.

    Args:
        place: ``thread_id``, ``checkpoint_ns`` and ``checkpoint_id``, as far as they matter.
        metadata: What their metadata must contain.
        before: They must be older than this checkpoint.
        limit: How many at most.
    """
    condition: ColumnElement[bool] = true()
    for name, value in place.items():
        condition &= CHECKPOINTS.c[name] == value
    if metadata:
        condition &= containing(_METADATA, metadata)
    if before is not None:
        condition &= CHECKPOINTS.c.checkpoint_id < before
    newest = select(CHECKPOINTS).where(condition).order_by(CHECKPOINTS.c.checkpoint_id.desc())
    found = yield Statement(newest.limit(limit))()
    result: list[tuple[Row, Rows]] = []
    for row in found:
        writes = yield _GET_WRITES(
            of_thread=row["thread_id"],
            of_namespace=row["checkpoint_ns"],
            of_checkpoint=row["checkpoint_id"],
        )
        result.append((row, writes))
    return result


def forget(run_ids: Sequence[str], thread_id: str) -> Transaction[None]:
    """Delete the checkpoints that runs have left on a thread; all of them if no run is named."""
    if not run_ids:
        for statement in _DELETE_THREAD:
            yield statement(of_thread=thread_id)
    for run_id in run_ids:
        for statement in _DELETE_ON_THREAD:
            yield statement(of_run=run_id, of_thread=thread_id)


def forget_runs(run_ids: Sequence[str]) -> Transaction[None]:
    """Delete the checkpoints that runs have left, on whichever threads."""
    for run_id in run_ids:
        for statement in _DELETE_OF_RUN:
            yield statement(of_run=run_id)


def copy(source: str, target: str) -> Transaction[None]:
    """Copy all checkpoints of a thread to another one."""
    for table in (CHECKPOINTS, WRITES):
        others = [column for column in table.c if column.name != "thread_id"]
        rows = select(bindparam(None, target, unique=True), *others).where(
            table.c.thread_id == source
        )
        columns = ["thread_id", *(column.name for column in others)]
        yield Statement(insert(table).from_select(columns, rows))()


def keep_latest(thread_ids: Sequence[str]) -> Transaction[list[str]]:
    """Delete all checkpoints of threads but the newest in each namespace.

    Threads stay whole on which a checkpoint holds only what has changed since an earlier one.

    Returns:
        The ids of the others.
    """
    needed = select(CHECKPOINTS.c.thread_id).where(
        CHECKPOINTS.c.thread_id.in_(thread_ids), _HAS_DELTAS
    )
    newest = (
        select(
            CHECKPOINTS.c.thread_id,
            CHECKPOINTS.c.checkpoint_ns,
            func.max(CHECKPOINTS.c.checkpoint_id),
        )
        .where(CHECKPOINTS.c.thread_id.in_(thread_ids))
        .group_by(CHECKPOINTS.c.thread_id, CHECKPOINTS.c.checkpoint_ns)
    )
    found = yield Statement(needed.distinct())()
    prunable = sorted(set(thread_ids) - {row["thread_id"] for row in found})
    for table in (WRITES, CHECKPOINTS):
        place = tuple_(table.c.thread_id, table.c.checkpoint_ns, table.c.checkpoint_id)
        old = table.c.thread_id.in_(prunable) & place.not_in(newest)
        yield Statement(delete(table).where(old))()
    return prunable


def _check(claim: Claim | None) -> Transaction[None]:
    if claim is None:
        return
    held = yield _HELD(of_run=claim.run_id, of_owner=claim.owner, of_attempt=claim.attempt)
    if not held:
        raise Fenced(f"run {claim.run_id} is no longer held by {claim.owner}")
