from datetime import UTC, datetime, timedelta

from moorage.clock import Clock
from moorage.testing import ManualClock


def test_a_manual_clock_moves_only_when_told_to() -> None:
    clock: Clock = (manual := ManualClock())
    start = clock.now()
    assert clock.now() == start
    manual.advance(timedelta(minutes=1))
    assert clock.now() == start + timedelta(minutes=1)


def test_a_manual_clock_shows_utc_whatever_it_was_given() -> None:
    start = datetime.fromisoformat("2026-05-01T12:00:00+02:00")
    assert ManualClock(start).now() == datetime(2026, 5, 1, 10, tzinfo=UTC)
