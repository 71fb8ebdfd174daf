"""SQLite: one file, one process, and one thread that writes.

Writes from all over the process come to the writer's queue. It takes what has come in, and commits
it together: a commit that reaches the disk costs the same for one as for forty. Whoever wrote is
told after that commit, so what was answered is on the disk. Reads have threads and connections of
their own, and never wait for a write.
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy.dialects import sqlite

from moorage.clock import Clock, SteadyClock
from moorage.errors import Misconfigured, MoorageError, Unavailable
from moorage.storage.sql.rows import microseconds_of
from moorage.storage.sql.statement import Rows, Statement, Transaction

Result = TypeVar("Result")

READERS = 3
MOST_IN_A_BATCH = 256
BUSY_MILLISECONDS = 5_000
"""How long a write waits for another program that has the file open, such as ``sqlite3``."""

_DIALECT = sqlite.dialect(paramstyle="qmark")
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
    "PRAGMA temp_store = MEMORY",
)
_log = logging.getLogger(__name__)


class SqliteDatabase:
    """Drives transactions on one file, or in memory.

    Use it as an asynchronous context manager. Times are those of ``clock``.

    Args:
        path: The file, which is made with its folder when there is none; None keeps everything in
            memory, and forgets it at the end.
        clock: Tells the engine's time.
        functions: Functions that statements may call, by name, with the number of parameters.
        prepare: Called with the writer's connection and the database's name before anything else.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Clock | None = None,
        functions: Mapping[str, tuple[int, Callable[..., Any]]] | None = None,
        prepare: Callable[[sqlite3.Connection, str], None] = lambda *_: None,
    ) -> None:
        self._path = path and path.resolve()
        self._clock = clock or SteadyClock()
        self._functions = functions or {}
        self._prepare = prepare
        # Not bound to the thread that takes it: the one that closes the file is another.
        self._lock = FileLock(f"{self._path}.lock", thread_local=False) if path else None
        self._writer: _Worker | None = None
        self._readers: _Worker | None = None

    async def __aenter__(self) -> Self:
        """Open the file for this process alone.

        Raises:
            Misconfigured: Another process has it open, or it cannot be opened.
        """
        try:
            await asyncio.to_thread(self._open)
        except BaseException:
            await asyncio.to_thread(self._close)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting, then close the file."""
        await asyncio.to_thread(self._close)

    async def write(self, transaction: Transaction[Result]) -> Result:
        """Drive ``transaction`` to its end; when this returns, it is on the disk.

        Raises:
            Unavailable: The file cannot be written: the disk is full, another program holds it, or
                it has been closed.
            Exception: What the transaction raised. It has changed nothing then.
        """
        assert self._writer is not None, "the database is not open"  # noqa: S101
        return await self._writer.do(transaction)

    async def read(self, transaction: Transaction[Result]) -> Result:
        """Drive ``transaction``, which changes nothing, on one state of the data."""
        worker = self._readers or self._writer
        assert worker is not None, "the database is not open"  # noqa: S101
        return await worker.do(transaction)

    def _open(self) -> None:
        if self._path is not None:
            self._claim_file()
        try:
            self._writer = _Worker(self._connect, 1, "BEGIN IMMEDIATE")
            if self._path is not None:
                self._readers = _Worker(self._connect_for_reading, READERS, "BEGIN")
        except sqlite3.Error as error:
            raise Misconfigured(f"{self._path}: the database cannot be opened ({error})") from error

    def _claim_file(self) -> None:
        assert self._path is not None and self._lock is not None  # noqa: S101, PT018
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            self._path.open("ab").close()  # SQLite would open a file that may only be read
        except Timeout:
            raise Misconfigured(
                f"{self._path} is in use by another server; stop that one, or give this one a "
                "database of its own"
            ) from None
        except OSError as error:
            raise Misconfigured(
                f"{self._path}: the database cannot be opened ({error.strerror})"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        connection = self._connection(str(self._path or ":memory:"))
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            self._prepare(connection, str(self._path or "the database"))
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_for_reading(self) -> sqlite3.Connection:
        assert self._path is not None  # noqa: S101
        connection = self._connection(f"{self._path.as_uri()}?mode=ro", uri=True)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        return connection

    def _connection(self, name: str, *, uri: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            name, isolation_level=None, check_same_thread=False, cached_statements=512, uri=uri
        )
        connection.create_function("engine_now", 0, lambda: microseconds_of(self._clock.now()))
        for function, (count, implementation) in self._functions.items():
            connection.create_function(function, count, implementation, deterministic=True)
        return connection

    def _close(self) -> None:
        for worker in (self._readers, self._writer):
            if worker is not None:
                worker.close()
        if self._lock is not None:
            self._lock.release()


class _Task(Generic[Result]):
    """A transaction, and whom to tell of its end."""

    __slots__ = ("error", "future", "loop", "result", "transaction")

    def __init__(self, transaction: Transaction[Result]) -> None:
        self.transaction = transaction
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Result] = self.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def tell(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class _Worker:
    """Threads with a connection each that take tasks from one queue."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], threads: int, begin: str) -> None:
        self._tasks: queue.SimpleQueue[_Task[Any] | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._is_closed = False
        self._begin = begin
        self._connections = [connect() for _ in range(threads)]
        # Daemons, so that a process whose end is forced ends: what was answered is on the disk.
        self._threads = [
            threading.Thread(
                target=self._work, args=[connection], name="moorage-sqlite", daemon=True
            )
            for connection in self._connections
        ]
        for thread in self._threads:
            thread.start()

    async def do(self, transaction: Transaction[Result]) -> Result:
        task = _Task(transaction)
        with self._door:
            if self._is_closed:
                raise Unavailable("The database is closed.")
            self._tasks.put(task)
        return await task.future

    def close(self) -> None:
        """Finish what is queued, then end. Whoever comes later is told so."""
        with self._door:
            self._is_closed = True
            for _ in self._threads:
                self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()

    def _work(self, connection: sqlite3.Connection) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            batch = [task for task in batch if not task.future.cancelled()]
            if batch:
                self._commit(connection, batch)
                _tell(batch)

    def _next_batch(self) -> tuple[list[_Task[Any]], bool]:
        batch: list[_Task[Any]] = []
        task = self._tasks.get()
        while task is not None:
            batch.append(task)
            if len(batch) == MOST_IN_A_BATCH or len(self._connections) > 1:
                return batch, True
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[_Task[Any]]) -> None:
        try:
            connection.execute(self._begin)
            for task in batch:
                _attempt(connection, task)
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - nothing of the batch has happened
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for task in batch:
                task.error = _told(error)


def _attempt(connection: sqlite3.Connection, task: _Task[Any]) -> None:
    """Drive a task so that, if it fails, only its own changes are taken back."""
    connection.execute("SAVEPOINT task")
    try:
        task.result = drive(connection, task.transaction)
    except Exception as error:  # noqa: BLE001 - whoever waits for the task is told
        connection.execute("ROLLBACK TO task")
        task.error = _told(error)
    connection.execute("RELEASE task")


def drive(connection: sqlite3.Connection, transaction: Transaction[Result]) -> Result:
    """Execute the statements that ``transaction`` yields, and return what it returns."""
    try:
        statement, parameters = next(transaction)
        while True:
            rows = _execute(connection, statement, parameters)
            statement, parameters = transaction.send(rows)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        transaction.close()


def _execute(connection: sqlite3.Connection, statement: Statement, parameters: Any) -> Rows:
    text, arrange = statement.compiled(_DIALECT)
    cursor = connection.execute(text, arrange(parameters))
    if cursor.description is None:
        return ()
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _told(error: BaseException) -> BaseException:
    """Return what the caller is told: SQLite's errors are the operator's business."""
    if isinstance(error, MoorageError) or not isinstance(error, sqlite3.Error):
        return error
    _log.error("the database failed", exc_info=error)
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable("The database cannot be written at the moment.")
    return error


def _tell(batch: Sequence[_Task[Any]]) -> None:
    """Wake each event loop once, however many of its tasks are done."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Task[Any]]] = {}
    for task in batch:
        by_loop.setdefault(task.loop, []).append(task)
    for loop, tasks in by_loop.items():
        with contextlib.suppress(RuntimeError):  # it has been closed: nobody waits any more
            loop.call_soon_threadsafe(_tell_all, tasks)


def _tell_all(tasks: Sequence[_Task[Any]]) -> None:
    for task in tasks:
        task.tell()
