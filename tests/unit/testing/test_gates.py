import asyncio
import threading

import pytest

from moorage.testing import Gate, Signal

pytestmark = pytest.mark.anyio


async def test_a_thread_wakes_the_event_loop_that_waits_for_it() -> None:
    signal = Signal("nothing")
    waiting = asyncio.create_task(signal.arrival())
    await asyncio.sleep(0)
    thread = threading.Thread(target=signal.set)
    thread.start()
    await waiting
    thread.join()
    assert signal.is_set


async def test_a_signal_that_came_before_is_not_waited_for() -> None:
    signal = Signal("nothing")
    signal.set()
    await signal.arrival(0)
    signal.wait(0)


async def test_a_wait_in_vain_says_what_for() -> None:
    signal = Signal("the ship did not come")
    with pytest.raises(TimeoutError, match=r"waited 0\.01 s in vain: the ship did not come"):
        await signal.arrival(0.01)
    with pytest.raises(TimeoutError, match=r"waited 0\.01 s in vain: the ship did not come"):
        signal.wait(0.01)


async def test_a_wait_that_was_given_up_does_not_disturb_the_signal() -> None:
    signal = Signal("nothing")
    given_up = asyncio.create_task(signal.arrival())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    signal.set()
    assert signal.is_set


async def test_a_gate_holds_a_task_until_it_opens() -> None:
    gate = Gate()
    passing = asyncio.create_task(gate.passage())
    await gate.reached.arrival()
    assert not passing.done()
    gate.open()
    await passing


def test_a_gate_holds_a_thread_until_it_opens() -> None:
    gate = Gate()
    thread = threading.Thread(target=gate.enter)
    thread.start()
    gate.reached.wait()
    assert thread.is_alive()
    gate.open()
    thread.join(10)
    assert not thread.is_alive()
