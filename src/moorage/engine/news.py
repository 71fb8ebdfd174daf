"""What any number of tasks wait for, and each hears of as it happens."""

import asyncio


class News:
    """Something that happens again and again. It costs nothing while nobody waits for it."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    async def wait(self) -> None:
        """Return when it happens next."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)

    def tell(self) -> None:
        """Let everybody go who waits now."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
