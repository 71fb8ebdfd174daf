"""How long things are kept, and the steps in which what is too old goes."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from moorage.domain.threads import Lifetime
from moorage.storage.interface import Storage

AT_ONCE = 50
"""Of what goes in one step, so that nobody waits long for it."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long things are kept.

    Attributes:
        events: Those of a run after its end.
        runs: Those that have ended; None is for ever.
        threads: Those of which nothing else was said, after their last use; None is for ever.
        most_threads: Threads that go in one round at most.
    """

    events: timedelta = timedelta(minutes=2)
    runs: timedelta | None = None
    threads: Lifetime | None = None
    most_threads: int = 1_000


class Retention:
    """Removes what is not to be kept any longer.

    Args:
        storage: Where it is.
        keeping: How long it is kept.
    """

    def __init__(self, storage: Storage, keeping: Keeping) -> None:
        self._storage = storage
        self._keeping = keeping

    async def sweep(self) -> int:
        """Remove all that is too old, some at a time, and return how much it was."""
        return sum([await _in_steps(step, most) for step, most in self._steps()])

    def _steps(self) -> Iterator[tuple[Callable[[int], Awaitable[int]], int | None]]:
        storage, keeping = self._storage, self._keeping
        yield lambda limit: storage.threads.expire(keeping.threads, limit), keeping.most_threads
        if (age := keeping.runs) is not None:
            yield lambda limit: storage.runs.expire(age, limit), None
        yield lambda limit: storage.events.trim(keeping.events, limit), None


async def _in_steps(step: Callable[[int], Awaitable[int]], most: int | None) -> int:
    removed = 0
    while most is None or removed < most:
        limit = AT_ONCE if most is None else min(AT_ONCE, most - removed)
        count = await step(limit)
        removed += count
        if count < limit:
            break
    return removed
