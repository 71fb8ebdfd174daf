import asyncio
import threading
from datetime import timedelta

import anyio
import pytest

from moorage.lifecycle import Lifecycle, Phase

pytestmark = pytest.mark.anyio
LONG = timedelta(hours=1)


async def test_the_states_advance_in_order() -> None:
    lifecycle = Lifecycle(grace_period=LONG)
    async with lifecycle.running():
        assert lifecycle.phase is Phase.STARTING
        lifecycle.ready()
        assert lifecycle.is_ready
        lifecycle.drain()
        assert not lifecycle.is_ready
        assert lifecycle.is_draining
        lifecycle.ready()
        assert lifecycle.phase is Phase.DRAINING
    assert lifecycle.is_expired


async def test_what_is_open_when_the_grace_period_ends_is_cancelled() -> None:
    lifecycle = Lifecycle(grace_period=timedelta(milliseconds=20))
    async with lifecycle.running():
        request = asyncio.create_task(asyncio.Event().wait())
        lifecycle.open.add(request)
        request.add_done_callback(lifecycle.open.discard)
        lifecycle.ready()
        lifecycle.drain()
        with anyio.fail_after(20), pytest.raises(asyncio.CancelledError):
            await request
        assert lifecycle.is_expired


async def test_leaving_waits_for_the_last_words_of_open_requests() -> None:
    lifecycle = Lifecycle(grace_period=LONG)
    said = []

    async def request() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            said.append(lifecycle.is_expired)

    async with lifecycle.running():
        task = asyncio.create_task(request())
        lifecycle.open.add(task)
        await asyncio.sleep(0)
    assert said == [True]


async def test_it_can_run_again_after_it_has_ended() -> None:
    lifecycle = Lifecycle(grace_period=LONG)
    for _ in range(2):
        async with lifecycle.running():
            lifecycle.ready()
            assert lifecycle.is_ready


def test_it_runs_off_the_main_thread() -> None:
    phases = []

    async def life() -> None:
        lifecycle = Lifecycle(grace_period=LONG)
        async with lifecycle.running():
            lifecycle.ready()
            phases.append(lifecycle.phase)

    thread = threading.Thread(target=asyncio.run, args=(life(),))
    thread.start()
    thread.join(10)
    assert phases == [Phase.READY]
