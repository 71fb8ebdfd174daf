import asyncio
import threading

import pytest

from moorage.engine.thread_pool import default_threads

pytestmark = pytest.mark.anyio


async def test_what_is_not_async_runs_in_the_services_own_threads() -> None:
    loop = asyncio.get_running_loop()
    with default_threads(2):
        name = await loop.run_in_executor(None, lambda: threading.current_thread().name)
    assert name.startswith("moorage-run")


async def test_no_more_threads_run_at_once_than_were_asked_for() -> None:
    loop = asyncio.get_running_loop()
    both = threading.Barrier(2)
    others = set(threading.enumerate())  # of services that other tests have running
    with default_threads(2):
        meeting = [loop.run_in_executor(None, both.wait, 5) for _ in range(2)]
        third = loop.run_in_executor(None, threading.active_count)
        await asyncio.gather(*meeting, third)
        own = [thread.name for thread in set(threading.enumerate()) - others]
    assert len([name for name in own if name.startswith("moorage-run")]) == 2
