from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from moorage.clock import SteadyClock
from moorage.testing import ManualClock

START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 100)), max_size=20)


class Ticks:
    """Counts the seconds that a test lets pass."""

    def __init__(self) -> None:
        self.count = 0.0

    def __call__(self) -> float:
        return self.count


def test_it_shows_what_it_reads():
    shown, ticks = ManualClock(START), Ticks()
    steady = SteadyClock(shown, ticks)
    for _ in range(3):
        shown.advance(timedelta(seconds=2))
        ticks.count += 2
        assert steady.now() == shown.now()


def test_it_counts_on_when_the_clock_is_set_back():
    shown, ticks = ManualClock(START), Ticks()
    steady = SteadyClock(shown, ticks)
    shown.advance(timedelta(hours=-1))
    ticks.count += 2
    assert steady.now() == START + timedelta(seconds=2)


def test_it_follows_a_clock_that_is_set_forward_or_has_not_counted_while_the_machine_slept():
    shown, ticks = ManualClock(START), Ticks()
    steady = SteadyClock(shown, ticks)
    shown.advance(timedelta(hours=1))
    assert steady.now() == START + timedelta(hours=1)


def test_it_goes_on_from_where_it_is_told():
    steady = SteadyClock(ManualClock(START), Ticks())
    steady.advance_to(START + timedelta(minutes=1))
    assert steady.now() == START + timedelta(minutes=1)
    steady.advance_to(START)
    assert steady.now() == START + timedelta(minutes=1)


@given(STEPS)
def test_it_never_goes_back_and_no_time_takes_longer(steps: list[tuple[float, float]]):
    shown, ticks = ManualClock(START), Ticks()
    steady = SteadyClock(shown, ticks)
    before = steady.now()
    for step, passed in steps:
        shown.advance(timedelta(seconds=step))
        ticks.count += passed
        now = steady.now()
        assert now - before >= timedelta(seconds=passed) - timedelta(milliseconds=1)
        before = now
