"""What one runnable has done since the process started, as far as this process knows."""

from datetime import datetime
from typing import NamedTuple

from moorage.clock import Clock, SystemClock


class RunFailed(NamedTuple):
    """One run that failed.

    Attributes:
        at: When.
        code: The error's code; never what the error says, which is for the run's caller alone.
    """

    at: datetime
    code: str


class Activity:
    """The runs of one runnable, counted.

    Attributes:
        running: How many are in progress.
        begun: How many have begun.
        failed: How many have failed.
        latest_failure: The latest of these.
        is_failing: Whether the latest run to end failed, and not through its caller's fault.

    Args:
        clock: Tells when a run failed.
    """

    __slots__ = ("_clock", "begun", "failed", "is_failing", "latest_failure", "running")

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.running = 0
        self.begun = 0
        self.failed = 0
        self.latest_failure: RunFailed | None = None
        self.is_failing = False

    def begin(self, runs: int) -> None:
        """Count runs that begin together."""
        self.running += runs
        self.begun += runs

    def end(self, runs: int, *, succeeded: bool) -> None:
        """Count runs that have ended together; those that failed are told by ``fail`` as well."""
        self.running -= runs
        if succeeded:
            self.is_failing = False

    def fail(self, code: str, *, by_caller: bool) -> None:
        """Count one run that failed, after it has ended.

        Args:
            code: The code of its error.
            by_caller: Whether its caller has asked for what could not work.
        """
        self.failed += 1
        self.latest_failure = RunFailed(self._clock.now(), code)
        self.is_failing = not by_caller
