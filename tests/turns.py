"""Turns of tests that run side by side: some must have the machine to themselves."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait for the turn of a test, and hold it; one that is ``alone`` runs beside no other.

    It keeps the door shut while it waits, so that no other test enters before it.

    Args:
        folder: Where the processes that run tests meet.
        alone: Whether the test must be the only one that runs.
    """
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with (folder / "door").open("a") as door, (folder / "room").open("a") as room:
        fcntl.flock(door, kind)
        fcntl.flock(room, kind)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)
