"""Whatever happens to runs in whatever order, the queue keeps its promise.

A machine accepts, claims, renews, finishes, hands back, cancels and loses runs at random, with
claims that are good and with claims that are not, and knows what should have become of each run.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from moorage.domain.runs import (
    ACTIVE,
    CancelAction,
    Cancellation,
    Claim,
    Multitask,
    Outcome,
    RunRequest,
    RunStatus,
)
from moorage.domain.search import Page
from moorage.domain.threads import ThreadQuery, ThreadState, ThreadStatus
from moorage.errors import Conflict
from moorage.storage.opening import EmbeddedStorage
from moorage.storage.sql.statement import Rows, Statement, Transaction
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

Result = TypeVar("Result")

TERMS = Terms()
OUTCOMES = {
    "success": Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE)),
    "error": Outcome(RunStatus.ERROR, ThreadState(ThreadStatus.ERROR)),
    "interrupted": Outcome(RunStatus.INTERRUPTED, ThreadState(ThreadStatus.INTERRUPTED)),
    "rolled back": Outcome(
        RunStatus.INTERRUPTED, ThreadState(ThreadStatus.IDLE), is_rolled_back=True
    ),
}
EVERYTHING = Page(limit=1000)

threads = st.sampled_from(["thread-a", "thread-b", "thread-c"])
workers = st.sampled_from(["worker-1", "worker-2"])
which = st.integers(0, 1000)


@dataclass
class Known:
    """What should be true of a run."""

    run_id: str
    thread_id: str
    available_at: datetime
    is_prompt: bool
    status: RunStatus = RunStatus.PENDING
    claim: Claim | None = None
    lease_until: datetime | None = None
    counted: int = 0
    signal: CancelAction | None = None

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    def hand_back(self) -> None:
        self.status, self.claim, self.lease_until = RunStatus.PENDING, None, None

    def end(self, status: RunStatus) -> None:
        self.status, self.claim, self.lease_until, self.signal = status, None, None, None


@dataclass
class World:
    """All runs that were accepted and not rolled back, in that order, and all claims ever given."""

    runs: dict[str, Known] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def of(self, thread_id: str) -> list[Known]:
        return [one for one in self.runs.values() if one.thread_id == thread_id and one.is_active]


class Queue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.storage = EmbeddedStorage(None, TERMS, self.clock)
        self.world = World()
        self.do(self.storage.__aenter__())

    def do(self, asked: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.get_loop().run_until_complete(asked)

    def teardown(self) -> None:
        self.do(self.storage.__aexit__())
        self.runner.close()

    @initialize(again=workers, waiting=st.integers(0, 2))
    def runs_were_taken_over_and_delayed_and_wait(self, again: str, waiting: int) -> None:
        for _ in range(1 + waiting):
            self.accept("thread-a", Multitask.ENQUEUE, 0, None)
        self.claim("worker-1", 1)
        self.time_passes(31)
        self.reap()
        self.claim(again, 1)
        self.accept("thread-b", Multitask.ENQUEUE, 5, None)
        for _ in range(2):
            self.accept("thread-c", Multitask.ENQUEUE, 0, None)

    @rule(
        thread_id=threads,
        strategy=st.sampled_from(Multitask),
        delay=st.sampled_from([0, 0, 0, 5]),
        owner=st.none() | workers,
    )
    def accept(self, thread_id: str, strategy: Multitask, delay: int, owner: str | None) -> None:
        others = self.world.of(thread_id)
        request = RunRequest(
            run_id=str(uuid4()),
            thread_id=thread_id,
            assistant_id="assistant",
            multitask_strategy=strategy,
            creates_thread=True,
            delay=timedelta(seconds=delay),
        )
        asked = self.storage.queue.accept(request, owner=owner)
        if strategy is Multitask.REJECT and others:
            with pytest.raises(Conflict):
                self.do(asked)
            return
        accepted = self.do(asked)
        if strategy in (Multitask.INTERRUPT, Multitask.ROLLBACK):
            cancelled = {*accepted.cancelled.stopping, *accepted.cancelled.ended}
            assert cancelled == {one.run_id for one in others}
            self.stop(others, CancelAction(strategy.value))
        else:
            assert accepted.cancelled == Cancellation()
        waits_for = self.world.of(thread_id)
        known = Known(
            request.run_id, thread_id, self.clock.now() + request.delay, is_prompt=not delay
        )
        self.world.runs[request.run_id] = known
        self.world.accepted.append(request.run_id)
        overtakes = all(
            one.status is RunStatus.PENDING and one.available_at > known.available_at
            for one in waits_for
        )
        assert (accepted.claim is not None) == (owner is not None and not delay and overtakes)
        if accepted.claim is not None:
            self.hold(accepted.claim)

    @rule(worker=workers, limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> None:
        due = {
            one.thread_id
            for one in self.world.runs.values()
            if one.is_active and one.available_at <= self.clock.now()
        } - {one.thread_id for one in self.world.runs.values() if one.claim}
        claims = self.do(self.storage.queue.claim(worker, limit))
        assert len(claims) == min(limit, len(due))
        for claim in claims:
            lane = self.world.of(claim.run.thread_id)
            prompt = [one.run_id for one in lane if one.is_prompt]
            assert claim.run_id in {*prompt[:1], *(o.run_id for o in lane if not o.is_prompt)}
            assert claim.run.thread_id in due
            self.hold(claim)

    def hold(self, claim: Claim) -> None:
        known = self.world.runs[claim.run_id]
        assert known.status is RunStatus.PENDING
        assert known.available_at <= self.clock.now()
        assert all(claim.attempt > one.attempt for one in self.claims_of(claim.run_id))
        known.status, known.claim = RunStatus.RUNNING, claim
        known.lease_until = self.clock.now() + TERMS.lease
        known.counted += 1
        self.world.claims.append(claim)

    def claims_of(self, run_id: str) -> list[Claim]:
        return [one for one in self.world.claims if one.run_id == run_id]

    @precondition(lambda self: self.world.claims)
    @rule(number=which, outcome=st.sampled_from(sorted(OUTCOMES)))
    def finish(self, number: int, outcome: str) -> None:
        claim, known = self.some_claim(number)
        done = self.do(self.storage.queue.finish(claim, OUTCOMES[outcome]))
        assert done == (known is not None)
        if known is None:
            return
        if OUTCOMES[outcome].is_rolled_back:
            del self.world.runs[claim.run_id]
        else:
            known.end(OUTCOMES[outcome].status)

    @precondition(lambda self: self.world.claims)
    @rule(number=which, counts=st.booleans())
    def release(self, number: int, counts: bool) -> None:
        claim, known = self.some_claim(number)
        done = self.do(self.storage.queue.release(claim, counts=counts))
        assert done == (known is not None)
        if known is not None:
            known.hand_back()
            known.counted -= not counts

    def some_claim(self, number: int) -> tuple[Claim, Known | None]:
        """Any claim that was ever given, and its run if the claim is still good."""
        claim = self.world.claims[number % len(self.world.claims)]
        known = self.world.runs.get(claim.run_id)
        return claim, known if known and known.claim is claim else None

    @rule(worker=workers)
    def renew(self, worker: str) -> None:
        given = [one for one in self.world.claims if one.owner == worker]
        renewal = self.do(self.storage.queue.renew(worker, given))
        good = [one for one in self.world.runs.values() if one.claim and one.claim.owner == worker]
        assert renewal.kept == {one.run_id for one in good}
        assert renewal.signals == {one.run_id: one.signal for one in good if one.signal}
        for one in good:
            one.lease_until = self.clock.now() + TERMS.lease

    @precondition(lambda self: self.world.accepted)
    @rule(number=which, action=st.sampled_from(CancelAction))
    def cancel(self, number: int, action: CancelAction) -> None:
        run_id = self.world.accepted[number % len(self.world.accepted)]
        known = self.world.runs.get(run_id)
        done = self.do(self.storage.queue.cancel([run_id], action))
        runs = known is not None and known.status is RunStatus.RUNNING
        waits = known is not None and known.status is RunStatus.PENDING
        assert (done.stopping, done.ended) == ((run_id,) * runs, (run_id,) * waits)
        if known is not None and known.is_active:
            self.stop([known], action)

    def stop(self, runs: list[Known], action: CancelAction) -> None:
        for one in runs:
            if one.status is RunStatus.RUNNING:
                one.signal = action
            elif action is CancelAction.ROLLBACK:
                del self.world.runs[one.run_id]
            else:
                one.end(RunStatus.INTERRUPTED)

    @rule()
    def reap(self) -> None:
        lost = [
            one
            for one in self.world.runs.values()
            if one.lease_until is not None and one.lease_until < self.clock.now()
        ]
        assert set(self.do(self.storage.queue.reap())) == {one.run_id for one in lost}
        for one in lost:
            if one.counted < TERMS.most_attempts:
                one.hand_back()
            else:
                one.end(RunStatus.ERROR)

    @rule(seconds=st.sampled_from([1, 5, 31]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @invariant()
    def every_run_is_what_it_should_be(self) -> None:
        """None is lost, none is there that was rolled back, none ends twice."""
        kept = self.do(self.storage.runs.with_status(frozenset(RunStatus)))
        assert {run.run_id: run.status for run in kept} == {
            one.run_id: one.status for one in self.world.runs.values()
        }

    @invariant()
    def threads_are_busy_with_their_runs(self) -> None:
        found = self.do(self.storage.threads.search(ThreadQuery(), EVERYTHING))
        for thread in found.items:
            is_busy = thread.status is ThreadStatus.BUSY
            assert is_busy == bool(self.world.of(thread.thread_id))

    @invariant()
    def each_thread_has_one_head(self) -> None:
        heads = self.do(self.storage._database.read(_heads()))
        active = [one for one in self.world.runs.values() if one.is_active]
        assert sorted(row["thread_id"] for row in heads) == sorted({o.thread_id for o in active})
        running = {one.run_id for one in active if one.status is RunStatus.RUNNING}
        assert running <= {row["run_id"] for row in heads}

    @invariant()
    def the_next_one_is_known(self) -> None:
        due = self.do(self.storage.queue.next_due())
        idle = {o.thread_id for o in self.world.runs.values() if o.is_active} - {
            o.thread_id for o in self.world.runs.values() if o.claim
        }
        waiting = [o for thread_id in idle for o in self.world.of(thread_id)]
        left = [max(one.available_at - self.clock.now(), timedelta(0)) for one in waiting]
        assert due == min(left, default=None)


def _heads() -> Transaction[Rows]:
    return (yield Statement(text("SELECT run_id, thread_id FROM runs WHERE is_head = 1"))())


Queue.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
test_the_queue_keeps_its_promise = Queue.TestCase
