"""The run queue: one run at a time on each thread, in the order in which they came.

Each thread is a lane, and the run that works on it, or will next, is the lane's head: a unique
index sees to it that there is one. Only heads are claimed. Whoever changes a lane locks the
thread's row first, so the rules below see it whole.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    and_,
    delete,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)

from moorage.domain.caller import without_identity
from moorage.domain.filters import allows
from moorage.domain.runs import (
    Accepted,
    CancelAction,
    Cancellation,
    Claim,
    Multitask,
    Outcome,
    Renewal,
    Run,
    RunRequest,
    RunStatus,
)
from moorage.domain.threads import ThreadState, ThreadStatus
from moorage.errors import AlreadyExists, Conflict, NotFound
from moorage.storage.sql import webhooks
from moorage.storage.sql.rows import microseconds, run_of, thread_of
from moorage.storage.sql.statement import (
    Row,
    Rows,
    Statement,
    Transaction,
    dump,
    engine_now,
    every_column,
    load,
    now,
    parameter,
)
from moorage.storage.sql.tables import CRONS, RUNS, THREADS

_PENDING, _RUNNING = RunStatus.PENDING.value, RunStatus.RUNNING.value
# As literals, because a database that does not see the value does not use an index on such rows.
_IS_PENDING = RUNS.c.status == literal_column(f"'{_PENDING}'")
_IS_RUNNING = RUNS.c.status == literal_column(f"'{_RUNNING}'")
_ACTIVE = RUNS.c.status.in_([literal_column(f"'{_PENDING}'"), literal_column(f"'{_RUNNING}'")])

_of_run = parameter("of_run")
_of_thread = parameter("of_thread")
_of_owner = parameter("of_owner")
_of_attempt = parameter("of_attempt")
_at = parameter("at")

_HELD = and_(
    RUNS.c.run_id == _of_run,
    RUNS.c.owner == _of_owner,
    RUNS.c.attempt == _of_attempt,
    _IS_RUNNING,
)

_BY_KEY = Statement(select(RUNS).where(RUNS.c.idempotency_key == parameter("of_key")))
_BY_ID = Statement(select(RUNS).where(RUNS.c.run_id == _of_run))
_LOCK = Statement(select(THREADS).where(THREADS.c.thread_id == _of_thread).with_for_update())
_LANE = Statement(
    select(RUNS.c.run_id, RUNS.c.status, RUNS.c.is_head, RUNS.c.available_at)
    .where(RUNS.c.thread_id == _of_thread, _ACTIVE)
    .order_by(RUNS.c.available_at, RUNS.c.seq)
)
_INSERT = Statement(insert(RUNS).values(every_column(RUNS, but=["seq"])).returning(RUNS.c.run_id))
_INSERT_THREAD = Statement(
    insert(THREADS).values(every_column(THREADS)).returning(THREADS.c.thread_id)
)
_OCCUPY = Statement(
    update(THREADS)
    .where(THREADS.c.thread_id == _of_thread)
    .values(
        status=ThreadStatus.BUSY.value,
        metadata=parameter("new_metadata"),
        config=parameter("new_config"),
        updated_at=_at,
    )
)
_DEMOTE = Statement(
    update(RUNS).where(RUNS.c.run_id == _of_run).values(is_head=false(), updated_at=_at)
)
_PROMOTE = Statement(
    update(RUNS).where(RUNS.c.run_id == _of_run).values(is_head=true(), updated_at=_at)
)
_SIGNAL = Statement(
    update(RUNS)
    .where(RUNS.c.run_id == _of_run)
    .values(signal=parameter("new_signal"), updated_at=_at)
)
_END = Statement(
    update(RUNS)
    .where(RUNS.c.run_id == _of_run)
    .values(
        status=parameter("new_status"),
        error=parameter("new_error"),
        is_head=false(),
        owner=None,
        lease_until=None,
        signal=None,
        finished_at=_at,
        updated_at=_at,
    )
)
_HOLD = Statement(select(RUNS).where(_HELD).with_for_update())
_FORGET = Statement(delete(RUNS).where(RUNS.c.run_id == _of_run))
_SETTLE = Statement(
    update(THREADS)
    .where(THREADS.c.thread_id == _of_thread)
    .values(
        status=parameter("new_status"),
        state_values=parameter("new_values"),
        interrupts=parameter("new_interrupts"),
        error=parameter("new_error"),
        state_updated_at=_at,
        updated_at=_at,
    )
)
_SET_STATUS = Statement(
    update(THREADS)
    .where(THREADS.c.thread_id == _of_thread)
    .values(status=parameter("new_status"), updated_at=_at)
)
_DELETE_THREAD = Statement(delete(THREADS).where(THREADS.c.thread_id == _of_thread))
_DELETE_RUNS = Statement(delete(RUNS).where(RUNS.c.thread_id == _of_thread))
_DELETE_CRONS = Statement(delete(CRONS).where(CRONS.c.thread_id == _of_thread))
_CLAIM = Statement(
    update(RUNS)
    .where(
        RUNS.c.seq.in_(
            select(RUNS.c.seq)
            .where(RUNS.c.is_head, _IS_PENDING, RUNS.c.available_at <= _at)
            .order_by(RUNS.c.available_at, RUNS.c.seq)
            .limit(parameter("most"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        status=_RUNNING,
        owner=parameter("new_owner"),
        lease_until=parameter("until"),
        attempt=RUNS.c.attempt + 1,
        started_at=func.coalesce(RUNS.c.started_at, _at),
        updated_at=_at,
    )
    .returning(RUNS)
)
_RENEW = Statement(
    update(RUNS)
    .where(_HELD)
    .values(lease_until=parameter("until"))
    .returning(RUNS.c.run_id, RUNS.c.signal)
)
_RELEASE = Statement(
    update(RUNS)
    .where(_HELD)
    .values(
        status=_PENDING,
        owner=None,
        lease_until=None,
        excused=RUNS.c.excused + parameter("excused"),
        updated_at=_at,
    )
    .returning(RUNS.c.run_id)
)
_LOST = Statement(
    select(RUNS.c.run_id, RUNS.c.thread_id)
    .where(
        _IS_RUNNING,
        or_(RUNS.c.lease_until < _at, RUNS.c.owner != parameter("sole_owner")),
    )
    .limit(parameter("most"))
)
_LOST_ONE = Statement(
    select(RUNS)
    .where(
        RUNS.c.run_id == _of_run,
        _IS_RUNNING,
        or_(RUNS.c.lease_until < _at, RUNS.c.owner != parameter("sole_owner")),
    )
    .with_for_update()
)
_RETURN = Statement(
    update(RUNS)
    .where(RUNS.c.run_id == _of_run)
    .values(status=_PENDING, owner=None, lease_until=None, updated_at=_at)
)
_NEXT_DUE = Statement(
    select((func.min(RUNS.c.available_at) - engine_now()).label("left")).where(
        RUNS.c.is_head, _IS_PENDING
    )
)
_LATEST = Statement(select(func.max(THREADS.c.updated_at).label("time")))

Forget = Callable[[Sequence[str], str], Transaction[None]]
"""Removes what runs, or with no run named the whole thread, have left with the savers."""


def accept(
    request: RunRequest, forget: Forget, *, owner: str | None = None, lease: timedelta
) -> Transaction[Accepted]:
    """Take a run on: from here on it will end.

    Args:
        request: The run.
        forget: Removes the checkpoints of what is rolled back.
        owner: Who would begin it at once. It is then claimed in the same step, if it may begin.
        lease: How long such a claim holds.

    Raises:
        NotFound: There is no such thread.
        AlreadyExists: There is a run with that id.
        Conflict: The thread is busy and the strategy is to reject.
    """
    if request.idempotency_key is not None and (
        known := (yield _BY_KEY(of_key=request.idempotency_key))
    ):
        return Accepted(run_of(known[0]), is_new=False)
    if (yield _BY_ID(of_run=request.run_id)):
        raise AlreadyExists(f"Run {request.run_id} exists already; choose another run_id.")
    thread = yield from _locked_for(request)
    time = yield from now()
    lane = yield _LANE(of_thread=request.thread_id)
    cancelled, lane = yield from _make_way(request, lane, forget, time)
    available = time + microseconds(request.delay)
    is_head = yield from _takes_the_lead(lane, available, time)
    begins = owner is not None and is_head and available <= time
    run = _row(request, time, available, is_head=is_head)
    if begins:
        run |= {
            "status": _RUNNING,
            "owner": owner,
            "lease_until": time + microseconds(lease),
            "attempt": 1,
            "started_at": time,
        }
    yield _INSERT(**run)
    yield _OCCUPY(
        of_thread=request.thread_id,
        new_metadata=dump({**load(thread["metadata"]), **request.thread_metadata}),
        new_config=dump(_config(request, thread)),
        at=time,
    )
    accepted = run_of(run)
    claim = Claim(accepted, owner, 1, request.is_temporary) if begins and owner else None
    return Accepted(accepted, claim, cancelled=cancelled)


def claim(owner: str, limit: int, lease: timedelta) -> Transaction[list[Claim]]:
    """Give ``owner`` up to ``limit`` runs that are due, the one that has waited longest first."""
    time = yield from now()
    rows = yield _CLAIM(at=time, most=limit, new_owner=owner, until=time + microseconds(lease))
    rows = sorted(rows, key=lambda row: (row["available_at"], row["seq"]))
    return [_claim_of(row, owner) for row in rows]


def _claim_of(row: Row, owner: str) -> Claim:
    signal = CancelAction(row["signal"]) if row["signal"] else None
    return Claim(run_of(row), owner, row["attempt"], bool(row["is_temporary"]), signal)


def renew(owner: str, held: Iterable[Claim], lease: timedelta) -> Transaction[Renewal]:
    """Extend the leases of runs that ``owner`` holds, and tell which are to be cancelled."""
    time = yield from now()
    kept: dict[str, str | None] = {}
    for one in held:
        rows = yield _RENEW(
            of_run=one.run_id,
            of_owner=owner,
            of_attempt=one.attempt,
            until=time + microseconds(lease),
        )
        kept.update({row["run_id"]: row["signal"] for row in rows})
    signals = {run_id: CancelAction(signal) for run_id, signal in kept.items() if signal}
    return Renewal(frozenset(kept), signals)


def finish(held: Claim, outcome: Outcome, forget: Forget) -> Transaction[bool]:
    """End a run and let the next one of its thread begin.

    Returns:
        Whether the claim was still good; if not, nothing has been changed.
    """
    thread_id = held.run.thread_id
    yield _LOCK(of_thread=thread_id)
    fence = {"of_run": held.run_id, "of_owner": held.owner, "of_attempt": held.attempt}
    found = yield _HOLD(**fence)
    if not found:
        return False
    time = yield from now()
    if outcome.is_rolled_back:
        yield from forget([held.run_id], thread_id)
        yield _FORGET(of_run=held.run_id)
    else:
        yield _END(
            of_run=held.run_id,
            new_status=outcome.status.value,
            new_error=dump(outcome.error),
            at=time,
        )
    yield from webhooks.add(run_of(found[0]), outcome, time)
    is_last = yield from _promote(thread_id, time)
    if held.is_temporary and is_last:
        yield from forget_thread(thread_id, forget)
        return True
    yield from settle(thread_id, outcome.thread, time, is_busy=not is_last)
    return True


def release(held: Claim, *, counts: bool) -> Transaction[bool]:
    """Hand a run back, for another worker to begin where this one stopped.

    Args:
        held: The run.
        counts: Whether the attempt counts. A worker that is asked to leave has not failed.
    """
    time = yield from now()
    rows = yield _RELEASE(
        of_run=held.run_id,
        of_owner=held.owner,
        of_attempt=held.attempt,
        excused=int(not counts),
        at=time,
    )
    return bool(rows)


def cancel(
    run_ids: Iterable[str], action: CancelAction, forget: Forget
) -> Transaction[Cancellation]:
    """Stop runs: those that work are told to, those that wait end here.

    Unknown and finished ones are passed over.
    """
    stopping: list[str] = []
    ended: list[str] = []
    for run_id in run_ids:
        found = yield _BY_ID(of_run=run_id)
        if not found:
            continue
        thread_id = found[0]["thread_id"]
        yield _LOCK(of_thread=thread_id)
        time = yield from now()
        lane = yield _LANE(of_thread=thread_id)
        active = {row["run_id"]: row["status"] for row in lane}
        if active.get(run_id) == _RUNNING:
            yield _SIGNAL(of_run=run_id, new_signal=action.value, at=time)
            stopping.append(run_id)
        elif run_id in active:
            yield from _end_unbegun(run_id, thread_id, action, forget, time)
            is_last = yield from _promote(thread_id, time)
            if is_last and found[0]["is_temporary"]:
                yield from forget_thread(thread_id, forget)
            elif is_last:
                yield _SET_STATUS(of_thread=thread_id, new_status=ThreadStatus.IDLE.value, at=time)
            ended.append(run_id)
    return Cancellation(tuple(stopping), tuple(ended))


def reap(
    limit: int, most_attempts: int, sole_owner: str | None, forget: Forget
) -> Transaction[list[str]]:
    """Return runs whose worker is gone to the queue; those that were tried too often fail.

    Args:
        limit: How many at most.
        most_attempts: How often a run is begun.
        sole_owner: Where a database belongs to one process: that one. All others are gone.
        forget: Removes the checkpoints of threads that go with their run.
    """
    time = yield from now()
    lost = yield _LOST(at=time, most=limit, sole_owner=sole_owner)
    reaped: list[str] = []
    for one in lost:
        [thread] = yield _LOCK(of_thread=one["thread_id"])
        rows = yield _LOST_ONE(of_run=one["run_id"], at=time, sole_owner=sole_owner)
        if not rows:
            continue
        reaped.append(one["run_id"])
        # One that is to be cancelled is begun once more, to end as it was told.
        most = most_attempts + bool(rows[0]["signal"])
        if rows[0]["attempt"] - rows[0]["excused"] < most:
            yield _RETURN(of_run=one["run_id"], at=time)
            continue
        error = {
            "error": "WorkerLost",
            "message": f"The run was begun {most} times; each time its worker was lost.",
        }
        yield from _give_up(rows[0], thread, error, forget, time)
    return reaped


def _give_up(
    run: Row, thread: Row, error: Mapping[str, Any], forget: Forget, time: int
) -> Transaction[None]:
    """Fail a run that nobody holds; its thread stays in the state that it is known to have."""
    thread_id = run["thread_id"]
    known = thread_of(thread)
    left = ThreadState(ThreadStatus.ERROR, known.values, known.interrupts, error)
    outcome = Outcome(RunStatus.ERROR, left, error)
    yield from webhooks.add(run_of(run), outcome, time)
    yield _END(
        of_run=run["run_id"], new_status=outcome.status.value, new_error=dump(error), at=time
    )
    is_last = yield from _promote(thread_id, time)
    if run["is_temporary"] and is_last:
        yield from forget_thread(thread_id, forget)
    else:
        yield from _fail(thread_id, error, time, is_busy=not is_last)


def next_due() -> Transaction[int | None]:
    """Return in how many microseconds the next run may begin; None if none waits."""
    rows = yield _NEXT_DUE()
    left: int | None = rows[0]["left"]
    return left


def latest_time() -> Transaction[int | None]:
    """Return the latest time at which a run was accepted or ended; None if there was none."""
    rows = yield _LATEST()
    time: int | None = rows[0]["time"]
    return time


def settle(thread_id: str, state: ThreadState, time: int, *, is_busy: bool) -> Transaction[None]:
    """Write on a thread what a run or an update has left."""
    yield _SETTLE(
        of_thread=thread_id,
        new_status=ThreadStatus.BUSY.value if is_busy else state.status.value,
        new_values=dump(state.values),
        new_interrupts=dump(state.interrupts),
        new_error=dump(state.error),
        at=time,
    )


_FAIL = Statement(
    update(THREADS)
    .where(THREADS.c.thread_id == _of_thread)
    .values(status=parameter("new_status"), error=parameter("new_error"), updated_at=_at)
)


def _fail(
    thread_id: str, error: Mapping[str, Any], time: int, *, is_busy: bool
) -> Transaction[None]:
    status = ThreadStatus.BUSY if is_busy else ThreadStatus.ERROR
    yield _FAIL(of_thread=thread_id, new_status=status.value, new_error=dump(error), at=time)


def _locked_for(request: RunRequest) -> Transaction[Row]:
    rows = yield _LOCK(of_thread=request.thread_id)
    if rows and allows(load(rows[0]["metadata"]), request.filters):
        return rows[0]
    if rows or not request.creates_thread:
        raise NotFound("Thread or assistant not found.")
    time = yield from now()
    row = new_thread_row(request.thread_id, request.new_thread_metadata, time)
    yield _INSERT_THREAD(**row)
    return row


def new_thread_row(thread_id: str, metadata: Mapping[str, Any], time: int) -> dict[str, Any]:
    """Return the row of a thread on which nothing has happened."""
    return {
        "thread_id": thread_id,
        "status": ThreadStatus.IDLE.value,
        "metadata": dump(metadata),
        "config": dump({}),
        "state_values": None,
        "interrupts": dump({}),
        "error": None,
        "lifetime": None,
        "expiry": None,
        "swept_at": None,
        "created_at": time,
        "updated_at": time,
        "state_updated_at": time,
    }


def _config(request: RunRequest, thread: Row) -> Any:
    return load(thread["config"]) if request.thread_config is None else request.thread_config


def _make_way(
    request: RunRequest, lane: Rows, forget: Forget, time: int
) -> Transaction[tuple[Cancellation, Rows]]:
    """Do with a thread's unfinished runs what the strategy says; return those, and what is left."""
    strategy = request.multitask_strategy
    if not lane or strategy is Multitask.ENQUEUE:
        return Cancellation(), lane
    if strategy is Multitask.REJECT:
        raise Conflict(
            f"Thread {request.thread_id} has unfinished runs; wait for them, or ask for another "
            "multitask_strategy than reject."
        )
    action = CancelAction(strategy.value)
    working = [row for row in lane if row["status"] == _RUNNING]
    waiting = [row["run_id"] for row in lane if row["status"] != _RUNNING]
    for row in working:
        yield _SIGNAL(of_run=row["run_id"], new_signal=action.value, at=time)
    for run_id in waiting:
        yield from _end_unbegun(run_id, request.thread_id, action, forget, time)
    stopping = tuple(row["run_id"] for row in working)
    return Cancellation(stopping, tuple(waiting)), working


def _end_unbegun(
    run_id: str, thread_id: str, action: CancelAction, forget: Forget, time: int
) -> Transaction[None]:
    if action is CancelAction.INTERRUPT:
        yield _END(of_run=run_id, new_status=RunStatus.INTERRUPTED.value, new_error=None, at=time)
        return
    # It may have been begun before, and handed back.
    yield from forget([run_id], thread_id)
    yield _FORGET(of_run=run_id)


def _takes_the_lead(lane: Rows, available: int, time: int) -> Transaction[bool]:
    """Say whether a run that is available then becomes its lane's head, and make it so.

    A head that only waits for its time gives way to a run whose time comes before.
    """
    head = next((row for row in lane if row["is_head"]), None)
    if head is None:
        return True
    if head["status"] == _RUNNING or head["available_at"] <= available:
        return False
    yield _DEMOTE(of_run=head["run_id"], at=time)
    return True


def _promote(thread_id: str, time: int) -> Transaction[bool]:
    """Make the next run of a lane without a head its head; say whether there was none."""
    lane = yield _LANE(of_thread=thread_id)
    if lane and not any(row["is_head"] for row in lane):
        yield _PROMOTE(of_run=lane[0]["run_id"], at=time)
    return not lane


def forget_thread(thread_id: str, forget: Forget) -> Transaction[None]:
    """Delete a thread with its checkpoints, its runs, and the crons that would run on it."""
    yield from forget([], thread_id)
    yield _DELETE_RUNS(of_thread=thread_id)
    yield _DELETE_CRONS(of_thread=thread_id)
    yield _DELETE_THREAD(of_thread=thread_id)


def _row(request: RunRequest, time: int, available: int, *, is_head: bool) -> dict[str, Any]:
    return {
        "run_id": request.run_id,
        "thread_id": request.thread_id,
        "assistant_id": request.assistant_id,
        "status": _PENDING,
        "is_head": is_head,
        "available_at": available,
        "owner": None,
        "lease_until": None,
        "attempt": 0,
        "excused": 0,
        "signal": None,
        "multitask_strategy": request.multitask_strategy.value,
        "is_temporary": request.is_temporary,
        "idempotency_key": request.idempotency_key,
        "metadata": dump(request.metadata),
        "kwargs": dump(request.kwargs),
        "error": None,
        "created_at": time,
        "updated_at": time,
        "started_at": None,
        "finished_at": None,
    }


def _configurable(request: RunRequest) -> Mapping[str, Any]:
    """Return what a thread keeps of its last run's config, which anybody who sees it may read."""
    config = without_identity(request.kwargs.get("config") or {})
    return config.get("configurable") or {}


def runs_in(rows: Rows) -> list[Run]:
    """Return the runs that rows describe."""
    return [run_of(row) for row in rows]
