"""Where a process is between its start and its end, and the requests that are open in it.

The server closes its listeners and its connections; this decides when it may, tells readiness
first, and ends what the grace period does not. The states only ever advance:

    starting ── ready ── draining ── expired

A signal that asks the process to stop (SIGTERM, SIGINT) makes it ``draining`` at once: readiness
is false, replies carry ``Connection: close``. After ``drain_delay`` the server's own handler runs:
it stops accepting and waits for the open requests. ``grace_period`` later the state is ``expired``:
every open request's task is cancelled, and its response is ended properly by
``edge.middleware.exchange`` (an error event on a stream of events, otherwise a 503). A second such
signal, or SIGQUIT (what gunicorn sends for its quick shutdown), expires at once.

What a request handler may rely on: its task is cancelled, no earlier than the end of the grace
period; ``is_expired`` is true by then; what it sends afterwards still goes out for up to a second.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], object]

STOPS = (signal.SIGTERM, signal.SIGINT)
# Process managers signal the group and then each process: what follows so closely is an echo.
ECHO = timedelta(milliseconds=300)
# What the clients of cancelled requests are told.
FAREWELL_MESSAGE = "The service is shutting down; try again."
# How long requests may take to send their last frame once cancelled.
FAREWELL = timedelta(seconds=1)


class Phase(Enum):
    """The four states of a process."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    EXPIRED = "expired"


class Lifecycle:
    """The state of one application in this process.

    It may be run again after it has ended, as serverless platforms do.

    Args:
        grace_period: How long open requests may go on after the server stopped accepting.
        drain_delay: How long the server goes on accepting while it already says that it is not
            ready, for load balancers that need time to notice.
    """

    def __init__(self, *, grace_period: timedelta, drain_delay: timedelta = timedelta(0)) -> None:
        self.phase = Phase.STARTING
        self.open: set[asyncio.Task[Any]] = set()
        self._grace = grace_period.total_seconds()
        self._delay = drain_delay.total_seconds()
        self._servers: dict[int, Handler] = {}
        self._timers: list[asyncio.TimerHandle] = []
        self._asked_at = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether new work is welcome."""
        return self.phase is Phase.READY

    @property
    def is_draining(self) -> bool:
        """Whether the process was asked to stop."""
        return self.phase in (Phase.DRAINING, Phase.EXPIRED)

    @property
    def is_expired(self) -> bool:
        """Whether the grace period is over, so that open requests have been cancelled."""
        return self.phase is Phase.EXPIRED

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take over the server's stop signals; on leaving, end what is open and give them back.

        Off the main thread, and under a server that handles no signals, the signals stay untouched.
        """
        self.phase = Phase.STARTING
        self._take_signals()
        try:
            yield
        finally:
            self._give_signals_back()
            await self._end()

    def ready(self) -> None:
        """Say that the start is complete; without effect on a process that was asked to stop."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.READY

    def drain(self) -> None:
        """Stop being ready, and expire when ``drain_delay`` and ``grace_period`` have passed."""
        if not self.is_draining:
            self.phase = Phase.DRAINING
            self._later(self._delay + self._grace, self.expire)

    def expire(self) -> None:
        """End the grace period now: cancel every open request."""
        self.phase = Phase.EXPIRED
        for task in self.open:
            task.cancel(FAREWELL_MESSAGE)

    async def _end(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.expire()
        if self.open:
            await asyncio.wait(self.open, timeout=FAREWELL.total_seconds())

    def _take_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (*STOPS, signal.SIGQUIT):
            handler = signal.getsignal(number)
            if callable(handler) and handler is not signal.default_int_handler:
                self._servers[number] = handler
                signal.signal(number, lambda number, _: self._notice(loop, number))

    def _give_signals_back(self) -> None:
        for number, handler in self._servers.items():
            signal.signal(number, handler)
        self._servers.clear()

    def _notice(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        # Runs between any two bytecodes of the main thread, so the loop does the rest.
        loop.call_soon_threadsafe(self._stop, number)

    def _stop(self, number: int) -> None:
        now = asyncio.get_running_loop().time()
        if number == signal.SIGQUIT:
            self._stop_at_once(signal.SIGTERM)
        elif not self.is_draining:
            self._asked_at = now
            delay = self._delay if self.is_ready else 0
            self.drain()
            self._later(delay, self._tell_server, number)
        elif now - self._asked_at > ECHO.total_seconds():
            self._stop_at_once(number)

    def _stop_at_once(self, number: int) -> None:
        self.expire()
        self._tell_server(number)

    def _tell_server(self, number: int) -> None:
        if handler := self._servers.get(number):
            handler(number, None)

    def _later(self, delay: float, callback: Callable[..., object], *args: object) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay, callback, *args))
