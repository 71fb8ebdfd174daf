"""Follows threads: every run of them, from before they are there and for as long as anybody looks.

A thread has a session while it is followed, or was a short while ago. Numbers rise over all runs
of a session, and those of a later session, in this process or another, come after: a thread that
had runs before begins at the time of day in microseconds, which no session comes up with.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from typing import NamedTuple, Self

from moorage.clock import Clock, SystemClock
from moorage.domain.caller import Caller
from moorage.domain.runs import Run, RunStatus
from moorage.domain.search import Filters, Page
from moorage.domain.threads import ThreadStatus
from moorage.engine.access import Access
from moorage.engine.following import Following
from moorage.engine.queue import Queue
from moorage.engine.run_stream import Gap, RunStream, Streamed
from moorage.engine.thread_events import (
    KEPT,
    Ending,
    Numbered,
    ThreadEvents,
    Translate,
    Translation,
)
from moorage.errors import NotFound
from moorage.storage.interface import Storage

_LOOKED_AT = 50
"""A thread's latest runs, of which those are told that are under way or have just ended."""

_MICROSECONDS = 1_000_000
_log = logging.getLogger(__name__)


class Session:
    """One thread that is followed.

    Attributes:
        events: What has happened on it.
        answering: Held by who answers a question of the thread, so that nobody answers it twice.
    """

    def __init__(self) -> None:
        self.events = ThreadEvents()
        self.answering = asyncio.Lock()
        self.is_loaded = asyncio.Event()
        self.turn = asyncio.Lock()  # a run is told to its end before another is begun
        self.users = 0
        self.runs: dict[str, asyncio.Task[None]] = {}  # that are told of
        self.timer: asyncio.TimerHandle | None = None


class Since(NamedTuple):
    """Where a follower was; without either, at the beginning.

    Attributes:
        seq: The number of its latest event.
        event_id: The id of that event, which is good for sessions that are not there any more.
    """

    seq: int = 0
    event_id: str = ""

    def within(self, events: ThreadEvents) -> int:
        """Return the number behind which to go on."""
        return events.seq_of(self.event_id) if self.event_id else self.seq


class Attendance:
    """A thread, as one caller follows it.

    Args:
        sessions: The sessions of the process.
        thread_id: The thread.
        check: Raises NotFound if the caller may not see it; None once that is known.
    """

    def __init__(
        self,
        sessions: "Sessions",
        thread_id: str,
        check: Callable[[], Awaitable[object]] | None,
    ) -> None:
        self._sessions = sessions
        self._thread_id = thread_id
        self._check = check

    async def follow(self, since: Since) -> AsyncGenerator[Numbered | Gap, None]:
        """Yield the thread's events from where the caller was, then those to come, for ever.

        Raises:
            NotFound: The thread was made in the meantime, and is not for the caller to see.
        """
        async with self.opened() as thread:
            behind = since.within(thread)
            async with aclosing(thread.follow(behind)) as events:
                async for one in events:
                    await self.check()
                    yield one

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ThreadEvents]:
        """Give the events of the thread; ``check`` is to be called before any is shown."""
        async with self._sessions.session(self._thread_id) as session:
            yield session.events

    async def check(self) -> None:
        """Raise NotFound if the thread is not for the caller to see."""
        if self._check is not None:
            await self._check()
            self._check = None


class Sessions:
    """The sessions of this process. Use it as an asynchronous context manager.

    Args:
        storage: Where threads and runs are kept.
        following: Shows the events of runs.
        queue: Tells of new runs.
        access: Says who may see what.
        translate: Turns the events of runs into those of threads.
        kept: Events of each thread that are kept.
        lasting: How long a session stays after its last follower has gone.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        storage: Storage,
        following: Following,
        queue: Queue,
        access: Access,
        translate: Translate,
        *,
        kept: int = KEPT,
        lasting: timedelta = timedelta(minutes=2),
        clock: Clock | None = None,
    ) -> None:
        self._threads = storage.threads
        self._runs = storage.runs
        self._following = following
        self._access = access
        self._translate = translate
        self._kept = kept
        self._lasting = lasting
        self._clock = clock or SystemClock()
        self._sessions: dict[str, Session] = {}
        queue.on_accept(self._expect)

    def __len__(self) -> int:
        return len(self._sessions)

    async def __aenter__(self) -> Self:
        """Do nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Follow nothing any more."""
        tasks = [task for session in self._sessions.values() for task in session.runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def attend(self, caller: Caller, thread_id: str) -> Attendance:
        """Let a caller follow a thread, which may yet have to be made.

        Raises:
            NotFound: It is there, and not for the caller to see.
            Forbidden: The caller may not see threads.
        """
        filters = await self._access.authorise(caller, "threads", "read", {"thread_id": thread_id})
        is_seen = not filters or await self._is_there(thread_id, filters)

        async def check() -> None:
            await self._threads.get(thread_id, filters)

        return Attendance(self, thread_id, None if is_seen else check)

    @asynccontextmanager
    async def session(self, thread_id: str) -> AsyncIterator[Session]:
        """Give the session of a thread, which stays at least as long as it is used."""
        session = self._sessions.get(thread_id)
        is_new = session is None
        if session is None:
            session = self._sessions[thread_id] = Session()
        session.users += 1
        try:
            if is_new:
                await self._load(session, thread_id)
            await session.is_loaded.wait()
            yield session
        finally:
            session.users -= 1
            self._forget_later(session, thread_id)

    async def _is_there(self, thread_id: str, filters: Filters) -> bool:
        """Tell whether there is a thread that may be seen; raise NotFound if it may not be."""
        try:
            await self._threads.get(thread_id)
        except NotFound:
            return False
        await self._threads.get(thread_id, filters)
        return True

    async def _load(self, session: Session, thread_id: str) -> None:
        """Begin a session with what is kept of the thread's latest runs."""
        try:
            runs = await self._runs.of_thread(thread_id, page=Page(_LOOKED_AT))
            base = int(self._clock.now().timestamp() * _MICROSECONDS) if runs else 0
            session.events = ThreadEvents(base, kept=self._kept)
            for run in reversed(runs):
                if not run.status.is_final:
                    self._begin(session, run)
                elif run.run_id not in session.runs and self._has_just_ended(run):
                    await self._carry(session, run, is_over=True)
        except BaseException:
            self._sessions.pop(thread_id, None)
            raise
        finally:
            session.is_loaded.set()

    def _has_just_ended(self, run: Run) -> bool:
        return run.finished_at is None or self._clock.now() - run.finished_at < self._lasting

    def _expect(self, run: Run) -> None:
        session = self._sessions.get(run.thread_id)
        if session is not None:
            self._begin(session, run)

    def _begin(self, session: Session, run: Run) -> None:
        if run.run_id not in session.runs:
            task = asyncio.create_task(self._tell(session, run))
            session.runs[run.run_id] = task

    async def _tell(self, session: Session, run: Run) -> None:
        await session.is_loaded.wait()
        try:
            await self._carry(session, run)
        except Exception:  # noqa: BLE001 - the thread's other runs are still to be told of
            _log.exception("what happens in a run cannot be told")
        finally:
            session.runs.pop(run.run_id, None)

    async def _carry(self, session: Session, run: Run, *, is_over: bool = False) -> None:
        """Tell what happens in a run; of one that is over, only if anything of it is kept."""
        translation = self._translate(run)
        stream = await self._following.stream_of(run.run_id)
        async with AsyncExitStack() as stack:
            events = await stack.enter_async_context(
                aclosing(self._following.follow(run.run_id, 0))
            )
            is_told = False
            async for one in events:
                if not is_told:
                    await stack.enter_async_context(session.turn)
                    is_told = True
                if isinstance(one, Streamed):
                    session.events.publish(translation.feed(one))
            if not is_told and not is_over:
                await stack.enter_async_context(session.turn)
            if is_told or not is_over:
                await self._end(session, run, stream, translation)

    async def _end(
        self, session: Session, run: Run, stream: RunStream, translation: Translation
    ) -> None:
        session.events.publish(translation.end(await self._ending(run, stream)))

    async def _ending(self, run: Run, stream: RunStream) -> Ending:
        outcome = stream.outcome
        if outcome is not None:
            waits = outcome.thread.status is ThreadStatus.INTERRUPTED
            return Ending(outcome.status, outcome.error, waits)
        try:
            left = await self._runs.get(run.run_id)
        except NotFound:
            return Ending(RunStatus.INTERRUPTED)
        return Ending(left.status if left.status.is_final else RunStatus.INTERRUPTED, left.error)

    def _forget_later(self, session: Session, thread_id: str) -> None:
        if session.timer is not None:
            session.timer.cancel()
        loop = asyncio.get_running_loop()
        session.timer = loop.call_later(
            self._lasting.total_seconds(), self._forget, session, thread_id
        )

    def _forget(self, session: Session, thread_id: str) -> None:
        if session.users:
            return
        if session.runs:
            self._forget_later(session, thread_id)
        else:
            self._sessions.pop(thread_id, None)
