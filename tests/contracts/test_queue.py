"""The run queue's promise: one run at a time on each thread, in order, and none is lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from moorage.domain.runs import (
    ACTIVE,
    Accepted,
    Backlog,
    CancelAction,
    Cancellation,
    Claim,
    Multitask,
    Outcome,
    RunRequest,
    RunStatus,
)
from moorage.domain.search import Page
from moorage.domain.threads import ThreadState, ThreadStatus
from moorage.errors import AlreadyExists, Conflict, NotFound
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

WORKER = "worker-1"
IDLE = ThreadState(ThreadStatus.IDLE, {"answer": 42})
DONE = Outcome(RunStatus.SUCCESS, IDLE)
INTERRUPTED = Outcome(RunStatus.INTERRUPTED, ThreadState(ThreadStatus.INTERRUPTED))
ROLLED_BACK = Outcome(RunStatus.INTERRUPTED, ThreadState(ThreadStatus.IDLE), is_rolled_back=True)


def asked(thread_id: str, **options: Any) -> RunRequest:
    return RunRequest(
        run_id=str(uuid4()),
        thread_id=thread_id,
        assistant_id=str(uuid4()),
        **{"creates_thread": True, **options},
    )


async def accept(storage: Storage, thread_id: str, **options: Any) -> str:
    return (await storage.queue.accept(asked(thread_id, **options))).run.run_id


async def claim(storage: Storage, limit: int = 10) -> list[Claim]:
    return await storage.queue.claim(WORKER, limit)


async def status_of(storage: Storage, run_id: str) -> RunStatus:
    return (await storage.runs.get(run_id)).status


async def thread_status(storage: Storage, thread_id: str) -> ThreadStatus:
    return (await storage.threads.get(thread_id)).status


@pytest.fixture
def thread_id() -> str:
    return str(uuid4())


async def test_a_thread_that_the_filters_hide_is_none(storage: Storage, thread_id: str):
    await storage.threads.create(thread_id, {"owner": "ada"})

    await accept(storage, thread_id, filters={"owner": "ada"})
    for creates in (True, False):
        with pytest.raises(NotFound):
            await accept(storage, thread_id, filters={"owner": "bob"}, creates_thread=creates)

    assert len(await storage.runs.of_thread(thread_id, page=Page())) == 1


async def test_only_a_thread_that_is_made_has_what_new_ones_have(storage: Storage, thread_id: str):
    told = {"thread_metadata": {"graph_id": "g"}, "new_thread_metadata": {"owner": "ada"}}
    known = str(uuid4())
    await storage.threads.create(known, {"owner": "bob"})
    for one in (thread_id, known):
        await accept(storage, one, **told)

    made, found = [(await storage.threads.get(one)).metadata for one in (thread_id, known)]
    assert made == {"owner": "ada", "graph_id": "g"}
    assert found == {"owner": "bob", "graph_id": "g"}


async def test_a_run_goes_from_pending_over_running_to_its_end(storage: Storage, thread_id: str):
    accepted = await storage.queue.accept(
        asked(thread_id, kwargs={"input": {"a": 1}}, thread_metadata={"graph_id": "g"})
    )
    assert accepted.run.status is RunStatus.PENDING
    assert await thread_status(storage, thread_id) is ThreadStatus.BUSY

    [held] = await claim(storage)
    assert (held.run.kwargs, held.attempt, held.is_recovered) == ({"input": {"a": 1}}, 1, False)
    assert await status_of(storage, held.run_id) is RunStatus.RUNNING
    assert await claim(storage) == []

    assert await storage.queue.finish(held, DONE)
    run = await storage.runs.get(held.run_id, thread_id)
    thread = await storage.threads.get(thread_id)
    assert run.status is RunStatus.SUCCESS
    assert run.finished_at is not None
    assert (thread.status, thread.values) == (ThreadStatus.IDLE, {"answer": 42})
    assert thread.metadata == {"graph_id": "g"}


async def test_a_run_that_may_begin_is_claimed_as_it_is_accepted(storage: Storage, thread_id: str):
    first = await storage.queue.accept(asked(thread_id), owner=WORKER)
    second = await storage.queue.accept(asked(thread_id), owner=WORKER)

    assert first.claim is not None
    assert first.run.status is RunStatus.RUNNING
    assert second.claim is None
    assert await claim(storage) == []


async def test_a_thread_that_is_not_there_is_made_only_on_request(storage: Storage, thread_id: str):
    with pytest.raises(NotFound):
        await accept(storage, thread_id, creates_thread=False)
    with pytest.raises(NotFound):
        await storage.threads.get(thread_id)


async def test_runs_of_one_thread_wait_for_one_another_in_order(storage: Storage, thread_id: str):
    ids = [await accept(storage, thread_id) for _ in range(5)]
    order = []
    while held := await claim(storage):
        assert len(held) == 1
        order.append(held[0].run_id)
        busy = await thread_status(storage, thread_id)
        assert busy is ThreadStatus.BUSY
        await storage.queue.finish(held[0], DONE)

    assert order == ids
    assert await thread_status(storage, thread_id) is ThreadStatus.IDLE


async def test_runs_of_different_threads_do_not(storage: Storage, clock: ManualClock):
    ids = []
    for _ in range(5):
        ids.append(await accept(storage, str(uuid4())))
        clock.advance(timedelta(milliseconds=1))

    assert [held.run_id for held in await claim(storage, 3)] == ids[:3]
    assert [held.run_id for held in await claim(storage, 3)] == ids[3:]


async def test_concurrent_claims_share_the_runs(storage: Storage):
    ids = {await accept(storage, str(uuid4())) for _ in range(40)}
    shares = await asyncio.gather(*(storage.queue.claim(f"w{n}", 7) for n in range(8)))
    taken = [held.run_id for share in shares for held in share]

    assert len(taken) == len(set(taken)) == 40
    assert set(taken) == ids


async def test_an_idempotency_key_names_one_run(storage: Storage, thread_id: str):
    both = await asyncio.gather(
        *(storage.queue.accept(asked(thread_id, idempotency_key="k")) for _ in range(2))
    )

    assert both[0].run.run_id == both[1].run.run_id
    assert sorted(one.is_new for one in both) == [False, True]
    assert len(await storage.runs.of_thread(thread_id, page=Page())) == 1


async def test_a_run_id_names_one_run(storage: Storage, thread_id: str):
    first = asked(thread_id)
    await storage.queue.accept(first)
    again = replace(asked(str(uuid4())), run_id=first.run_id)
    with pytest.raises(AlreadyExists, match=first.run_id):
        await storage.queue.accept(again)

    with pytest.raises(NotFound):
        await storage.threads.get(again.thread_id)
    assert [held.run_id for held in await claim(storage)] == [first.run_id]


class TestDelay:
    async def test_a_delayed_run_waits_for_its_time(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        run_id = await accept(storage, thread_id, delay=timedelta(seconds=5))
        assert await claim(storage) == []
        assert await storage.queue.next_due() == timedelta(seconds=5)

        clock.advance(timedelta(seconds=5))
        assert await storage.queue.next_due() == timedelta(0)
        assert [held.run_id for held in await claim(storage)] == [run_id]

    async def test_it_does_not_hold_up_later_ones(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        delayed = await accept(storage, thread_id, delay=timedelta(seconds=5))
        prompt = await accept(storage, thread_id)
        [held] = await claim(storage)
        assert held.run_id == prompt
        await storage.queue.finish(held, DONE)
        assert await thread_status(storage, thread_id) is ThreadStatus.BUSY
        clock.advance(timedelta(seconds=6))
        assert [held.run_id for held in await claim(storage)] == [delayed]

    async def test_it_counts_as_unfinished_for_reject(self, storage: Storage, thread_id: str):
        await accept(storage, thread_id, delay=timedelta(seconds=5))
        with pytest.raises(Conflict):
            await accept(storage, thread_id, multitask_strategy=Multitask.REJECT)


class TestMultitask:
    async def occupied(self, storage: Storage, thread_id: str) -> tuple[Claim, str]:
        """A thread with a running run and a pending one."""
        await accept(storage, thread_id)
        [held] = await claim(storage)
        return held, await accept(storage, thread_id)

    async def arrive(self, storage: Storage, thread_id: str, strategy: Multitask) -> Accepted:
        return await storage.queue.accept(asked(thread_id, multitask_strategy=strategy))

    async def test_reject_writes_nothing(self, storage: Storage, thread_id: str):
        await self.occupied(storage, thread_id)
        with pytest.raises(Conflict):
            await self.arrive(storage, thread_id, Multitask.REJECT)
        assert len(await storage.runs.of_thread(thread_id, page=Page())) == 2

    @pytest.mark.parametrize("strategy", list(Multitask))
    async def test_an_idle_thread_takes_any(
        self, storage: Storage, thread_id: str, strategy: Multitask
    ):
        accepted = await self.arrive(storage, thread_id, strategy)
        assert [held.run_id for held in await claim(storage)] == [accepted.run.run_id]
        assert accepted.cancelled == Cancellation()

    async def test_interrupt_cancels_what_is_unfinished(self, storage: Storage, thread_id: str):
        held, waiting = await self.occupied(storage, thread_id)
        accepted = await self.arrive(storage, thread_id, Multitask.INTERRUPT)

        assert accepted.cancelled == Cancellation((held.run_id,), (waiting,))
        assert await status_of(storage, waiting) is RunStatus.INTERRUPTED
        renewal = await storage.queue.renew(WORKER, [held])
        assert renewal.signals == {held.run_id: CancelAction.INTERRUPT}
        assert await claim(storage) == []  # never beside the old one
        await storage.queue.finish(held, INTERRUPTED)
        assert [one.run_id for one in await claim(storage)] == [accepted.run.run_id]

    async def test_rollback_forgets_what_is_unfinished(self, storage: Storage, thread_id: str):
        held, waiting = await self.occupied(storage, thread_id)
        accepted = await self.arrive(storage, thread_id, Multitask.ROLLBACK)
        await storage.queue.finish(held, ROLLED_BACK)

        for gone in (held.run_id, waiting):
            with pytest.raises(NotFound):
                await storage.runs.get(gone)
        assert [one.run_id for one in await claim(storage)] == [accepted.run.run_id]

    @pytest.mark.parametrize("strategy", [Multitask.INTERRUPT, Multitask.ROLLBACK])
    async def test_a_delayed_run_gives_way_as_well(
        self, storage: Storage, thread_id: str, strategy: Multitask
    ):
        await accept(storage, thread_id, delay=timedelta(hours=1))
        accepted = await self.arrive(storage, thread_id, strategy)
        assert [held.run_id for held in await claim(storage)] == [accepted.run.run_id]

    async def test_eight_clients_at_once_leave_one_line(self, storage: Storage, thread_id: str):
        await asyncio.gather(
            *(
                self.arrive(storage, thread_id, strategy)
                for strategy in (Multitask.ENQUEUE, Multitask.INTERRUPT) * 4
            )
        )
        finished = 0
        while held := await claim(storage):
            assert len(held) == 1
            assert await storage.queue.finish(held[0], DONE)
            finished += 1
        assert finished >= 1
        assert await storage.runs.with_status(ACTIVE) == []
        assert await thread_status(storage, thread_id) is ThreadStatus.IDLE


async def test_what_has_not_ended_is_counted(storage: Storage, thread_id: str, clock: ManualClock):
    assert await storage.runs.backlog() == Backlog(0, 0, timedelta(0))

    for _ in range(3):
        await accept(storage, thread_id)
    await accept(storage, str(uuid4()), delay=timedelta(hours=1))
    [held] = await claim(storage)
    clock.advance(timedelta(seconds=20))

    assert await storage.runs.backlog() == Backlog(3, 1, timedelta(seconds=20))
    await storage.queue.finish(held, DONE)
    assert (await storage.runs.backlog()).running == 0


class TestCancel:
    async def test_a_waiting_run_ends_and_leaves_the_thread_idle(
        self, storage: Storage, thread_id: str
    ):
        run_id = await accept(storage, thread_id)
        done = await storage.queue.cancel([run_id], CancelAction.INTERRUPT)

        assert (done.stopping, done.ended) == ((), (run_id,))
        assert await status_of(storage, run_id) is RunStatus.INTERRUPTED
        assert await thread_status(storage, thread_id) is ThreadStatus.IDLE
        assert await claim(storage) == []

    async def test_the_next_one_moves_up(self, storage: Storage, thread_id: str):
        first, second = [await accept(storage, thread_id) for _ in range(2)]
        await storage.queue.cancel([first], CancelAction.ROLLBACK)
        assert [held.run_id for held in await claim(storage)] == [second]

    async def test_a_running_one_is_told(self, storage: Storage, thread_id: str):
        await accept(storage, thread_id)
        [held] = await claim(storage)
        done = await storage.queue.cancel([held.run_id], CancelAction.ROLLBACK)

        assert done.stopping == (held.run_id,)
        renewal = await storage.queue.renew(WORKER, [held])
        assert renewal.signals == {held.run_id: CancelAction.ROLLBACK}

    async def test_finished_and_unknown_ones_are_passed_over(
        self, storage: Storage, thread_id: str
    ):
        await accept(storage, thread_id)
        [held] = await claim(storage)
        await storage.queue.finish(held, DONE)
        done = await storage.queue.cancel([held.run_id, str(uuid4())], CancelAction.INTERRUPT)
        assert (done.stopping, done.ended) == ((), ())


class TestLeases:
    async def test_a_lost_run_is_taken_over_and_its_first_worker_changes_nothing(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        await accept(storage, thread_id)
        [stale] = await claim(storage)
        clock.advance(timedelta(seconds=31))
        assert await storage.queue.reap() == [stale.run_id]
        [held] = await storage.queue.claim("worker-2", 1)

        assert (held.attempt, held.is_recovered) == (2, True)
        assert not await storage.queue.finish(stale, DONE)
        assert not await storage.queue.release(stale, counts=True)
        assert (await storage.queue.renew(WORKER, [stale])).kept == frozenset()
        assert await status_of(storage, held.run_id) is RunStatus.RUNNING
        assert await storage.queue.finish(held, DONE)
        assert not await storage.queue.finish(held, DONE)

    @pytest.mark.parametrize("action", list(CancelAction))
    async def test_one_that_was_to_stop_is_still_to_stop(
        self, storage: Storage, thread_id: str, clock: ManualClock, action: CancelAction
    ):
        run_id = await accept(storage, thread_id)
        for _ in range(2):
            [held] = await claim(storage)
            assert held.signal is None
            assert await storage.queue.release(held, counts=True)
        [held] = await claim(storage)
        await storage.queue.cancel([run_id], action)
        clock.advance(timedelta(seconds=31))
        assert await storage.queue.reap() == [run_id]
        [held] = await storage.queue.claim("worker-2", 1)
        assert (held.run_id, held.signal) == (run_id, action)

    async def test_one_that_was_to_stop_is_not_begun_for_ever(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        run_id = await accept(storage, thread_id)
        await claim(storage)
        await storage.queue.cancel([run_id], CancelAction.INTERRUPT)
        for _ in range(4):
            clock.advance(timedelta(seconds=31))
            assert await storage.queue.reap() == [run_id]
            await claim(storage)
        assert await status_of(storage, run_id) is RunStatus.ERROR

    async def test_a_renewed_one_is_not_lost(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        await accept(storage, thread_id)
        [held] = await claim(storage)
        for _ in range(5):
            clock.advance(timedelta(seconds=20))
            assert (await storage.queue.renew(WORKER, [held])).kept == {held.run_id}
            assert await storage.queue.reap() == []

    async def test_a_run_that_loses_all_its_workers_fails(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        run_id = await accept(storage, thread_id)
        after = await accept(storage, thread_id)
        for _ in range(3):
            assert [held.run_id for held in await claim(storage)] == [run_id]
            clock.advance(timedelta(seconds=31))
            assert await storage.queue.reap() == [run_id]

        run = await storage.runs.get(run_id)
        assert run.status is RunStatus.ERROR
        assert run.error is not None
        assert run.error["error"] == "WorkerLost"
        assert [held.run_id for held in await claim(storage)] == [after]

    @pytest.mark.parametrize("counts", [True, False])
    async def test_a_run_that_is_handed_back_goes_on_elsewhere(
        self, storage: Storage, thread_id: str, counts: bool
    ):
        await accept(storage, thread_id)
        [held] = await claim(storage)
        assert await storage.queue.release(held, counts=counts)
        [again] = await storage.queue.claim("worker-2", 1)
        assert (again.run_id, again.attempt, again.is_recovered) == (held.run_id, 2, True)

    @pytest.mark.parametrize(
        ("counts", "status"), [(True, RunStatus.ERROR), (False, RunStatus.PENDING)]
    )
    async def test_handing_a_run_back_counts_only_if_it_is_to(
        self,
        storage: Storage,
        thread_id: str,
        clock: ManualClock,
        counts: bool,
        status: RunStatus,
    ):
        run_id = await accept(storage, thread_id)
        for _ in range(3):
            [held] = await claim(storage)
            await storage.queue.release(held, counts=counts)
        await claim(storage)
        clock.advance(timedelta(seconds=31))
        assert await storage.queue.reap() == [run_id]
        assert await status_of(storage, run_id) is status

    async def test_where_one_process_owns_everything_all_others_are_lost_at_once(
        self, tmp_path: Path, thread_id: str, clock: ManualClock
    ):
        url = f"sqlite:///{tmp_path}/moorage.db"
        async with open_storage(url, terms=Terms(), clock=clock) as before:
            run_id = await accept(before, thread_id)
            await before.queue.claim("the process before", 1)
        terms = Terms(sole_owner=WORKER)
        async with open_storage(url, terms=terms, clock=clock) as after:
            assert await after.queue.reap() == [run_id]
            assert [held.run_id for held in await claim(after)] == [run_id]
            assert await after.queue.reap() == []


class TestTemporaryThreads:
    async def test_the_thread_goes_with_the_run(self, storage: Storage, thread_id: str):
        await accept(storage, thread_id, is_temporary=True)
        [held] = await claim(storage)
        assert await storage.queue.finish(held, DONE)
        await self.assert_gone(storage, thread_id, held.run_id)

    @pytest.mark.parametrize("action", list(CancelAction))
    async def test_also_if_the_run_never_begins(
        self, storage: Storage, thread_id: str, action: CancelAction
    ):
        run_id = await accept(storage, thread_id, is_temporary=True)
        assert (await storage.queue.cancel([run_id], action)).ended == (run_id,)
        await self.assert_gone(storage, thread_id, run_id)

    async def test_also_if_its_workers_are_lost(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        run_id = await accept(storage, thread_id, is_temporary=True)
        for _ in range(3):
            await claim(storage)
            clock.advance(timedelta(seconds=31))
            assert await storage.queue.reap() == [run_id]
        await self.assert_gone(storage, thread_id, run_id)

    async def test_it_stays_for_runs_that_still_wait(self, storage: Storage, thread_id: str):
        await accept(storage, thread_id, is_temporary=True)
        after = await accept(storage, thread_id)
        [held] = await claim(storage)
        assert await storage.queue.finish(held, DONE)
        assert [held.run_id for held in await claim(storage)] == [after]

    async def assert_gone(self, storage: Storage, thread_id: str, run_id: str) -> None:
        for gone in (storage.threads.get(thread_id), storage.runs.get(run_id)):
            with pytest.raises(NotFound):
                await gone


class TestTime:
    """The computer's clock may be set back; what waits and who comes first must not change."""

    async def test_setting_the_clock_back_changes_neither_order_nor_delays(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        first = await accept(storage, thread_id)
        delayed = await accept(storage, str(uuid4()), delay=timedelta(seconds=5))
        clock.advance(timedelta(hours=-1))
        second = await accept(storage, thread_id)

        assert await storage.queue.next_due() == timedelta(0)
        [held] = await claim(storage)
        assert held.run_id == first
        await storage.queue.finish(held, DONE)
        assert [held.run_id for held in await claim(storage)] == [second]
        assert await storage.queue.next_due() == timedelta(seconds=5)
        clock.advance(timedelta(hours=1, seconds=5))
        assert [held.run_id for held in await claim(storage)] == [delayed]

    async def test_nor_does_it_between_two_processes(
        self,
        tmp_path: Path,
        thread_id: str,
        clock: ManualClock,
        caplog: pytest.LogCaptureFixture,
    ):
        url = f"sqlite:///{tmp_path}/moorage.db"
        async with open_storage(url, terms=Terms(), clock=clock) as before:
            first = await accept(before, thread_id)
        clock.advance(timedelta(hours=-1))
        async with open_storage(url, terms=Terms(), clock=clock) as after:
            second = await accept(after, thread_id)
            [held] = await claim(after)
            assert held.run_id == first
            await after.queue.finish(held, DONE)
            assert [held.run_id for held in await claim(after)] == [second]
        assert "1:00:00 behind" in caplog.text


async def test_only_ended_runs_are_deleted(storage: Storage, thread_id: str):
    await accept(storage, thread_id)
    [held] = await claim(storage)
    with pytest.raises(Conflict):
        await storage.runs.delete(held.run_id, thread_id)
    await storage.queue.finish(held, DONE)
    with pytest.raises(NotFound):
        await storage.runs.delete(held.run_id, str(uuid4()))
    await storage.runs.delete(held.run_id, thread_id)
    with pytest.raises(NotFound):
        await storage.runs.get(held.run_id)
