"""Waiting for one another across threads and event loops, with a deadline instead of a sleep."""

import asyncio
import threading
from concurrent.futures import Future

DEADLINE_SECONDS = 20.0


class Signal:
    """Something that happens once, and that threads and event loops alike can wait for.

    Args:
        meaning: What it says when it comes, for the message of a wait that was in vain.
    """

    def __init__(self, meaning: str) -> None:
        self._meaning = meaning
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._waiting: list[Future[None]] = []

    @property
    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._event.is_set()

    def set(self) -> None:
        """Let it happen; safe from any thread, and a second time it does nothing."""
        with self._lock:
            self._event.set()
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def wait(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Block this thread until it happens.

        Raises:
            TimeoutError: It did not happen within ``seconds``.
        """
        if not self._event.wait(seconds):
            raise TimeoutError(self._in_vain(seconds))

    async def arrival(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait without blocking the event loop until it happens.

        Raises:
            TimeoutError: It did not happen within ``seconds``.
        """
        with self._lock:
            if self._event.is_set():
                return
            future: Future[None] = Future()
            self._waiting.append(future)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wrap_future(future)
        except TimeoutError:
            raise TimeoutError(self._in_vain(seconds)) from None

    def _in_vain(self, seconds: float) -> str:
        return f"waited {seconds:g} s in vain: {self._meaning}"


class Gate:
    """A point at which scripted work stops until the test opens it.

    Attributes:
        reached: Set when the work stands before the gate.
    """

    def __init__(self) -> None:
        self.reached = Signal("nothing reached the gate")
        self._opened = Signal("nobody opened the gate")

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self._opened.is_set

    def open(self) -> None:
        """Let everything pass from now on; safe from any thread."""
        self._opened.set()

    def enter(self) -> None:
        """Stand before the gate, blocking this thread, until it opens.

        Raises:
            TimeoutError: Nobody opened it in time.
        """
        self.reached.set()
        self._opened.wait()

    async def passage(self) -> None:
        """Stand before the gate, without blocking the event loop, until it opens.

        Raises:
            TimeoutError: Nobody opened it in time.
        """
        self.reached.set()
        await self._opened.arrival()
