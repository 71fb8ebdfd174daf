"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A ``Clock`` under the test's control.

    Args:
        start: The time it shows at first; aware. The default is a fixed day, so that what a test
            prints is the same every day.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time it was moved to, aware, in UTC."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move the time forward by ``step``."""
        self._now += step
