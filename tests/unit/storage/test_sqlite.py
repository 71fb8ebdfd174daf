"""One file, one process, one thread that writes: what is answered is kept."""

import asyncio
import os
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from moorage.errors import Misconfigured, NotFound, Unavailable
from moorage.storage.opening import open_storage
from moorage.storage.sql.statement import Statement, Transaction
from moorage.storage.sql.storage import Terms
from moorage.storage.sqlite import SqliteDatabase
from tests.unit.storage.killing import killing

pytestmark = pytest.mark.anyio

ACCEPTING = "tests.unit.storage.accepting"
DEADLINE = 30
KILLS = 20

Prepare = Callable[[sqlite3.Connection, str], None]


def do(sql: str, **parameters: Any) -> Transaction[list[tuple[Any, ...]]]:
    """One statement; returns its rows."""
    rows = yield Statement(text(sql))(**parameters)
    return [tuple(row.values()) for row in rows]


def add(number: int) -> Transaction[int]:
    yield from do("INSERT INTO numbers (n) VALUES (:n)", n=number)
    return number


def add_and_fail(number: int, error: Exception) -> Transaction[None]:
    yield from add(number)
    raise error


async def numbers(database: SqliteDatabase) -> list[int]:
    rows = await database.read(do("SELECT n FROM numbers ORDER BY n"))
    return [n for (n,) in rows]


def with_table(connection: sqlite3.Connection, _: str) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "moorage.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    async with SqliteDatabase(path, prepare=with_table) as opened:
        yield opened


@contextmanager
def another_program(path: Path) -> Iterator[None]:
    """Another program writes in the file and takes its time, until the block ends."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE IF NOT EXISTS others (n)")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


class Stop:
    """A transaction that stops the thread that drives it, until the block ends."""

    def __init__(self) -> None:
        self._reached, self._goes_on = threading.Event(), threading.Event()

    def transaction(self) -> Transaction[list[tuple[Any, ...]]]:
        self._reached.set()
        assert self._goes_on.wait(DEADLINE)
        return (yield from do("SELECT 1"))

    async def __aenter__(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, DEADLINE)

    async def __aexit__(self, *_: object) -> None:
        self._goes_on.set()


async def all_at_once(database: SqliteDatabase, *transactions: Transaction[Any]) -> list[Any]:
    """What becomes of transactions that come in while the writer is held up."""
    stop = Stop()
    first = asyncio.create_task(database.write(stop.transaction()))
    async with stop:
        tasks = [asyncio.create_task(database.write(one)) for one in transactions]
        await asyncio.sleep(0)  # so that each is in the queue
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


class TestBatches:
    async def test_what_comes_in_together_is_committed_together(self, path: Path):
        statements: list[str] = []

        def traced(connection: sqlite3.Connection, name: str) -> None:
            with_table(connection, name)
            connection.set_trace_callback(statements.append)

        async with SqliteDatabase(path, prepare=traced) as database:
            added = await all_at_once(database, *(add(n) for n in range(100)))
        assert added == list(range(100))
        assert statements.count("COMMIT") == 2

    async def test_an_error_takes_back_only_its_own_changes(self, database: SqliteDatabase):
        results = await all_at_once(
            database,
            add(1),
            add_and_fail(2, NotFound("two")),
            add(3),
            add(3),
            add_and_fail(4, RecursionError()),
            do("INSERT INTO nowhere (n) VALUES (4)"),
            add(5),
        )
        assert [results[n] for n in (0, 2, 6)] == [1, 3, 5]
        assert [type(results[n]) for n in (1, 3, 4, 5)] == [
            NotFound,
            sqlite3.IntegrityError,
            RecursionError,
            Unavailable,
        ]
        assert await numbers(database) == [1, 3, 5]

    async def test_a_commit_that_fails_fails_everything_in_it(self, path: Path):
        def with_children(connection: sqlite3.Connection, name: str) -> None:
            with_table(connection, name)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(
                "CREATE TABLE children (n REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)"
            )

        async with SqliteDatabase(path, prepare=with_children) as database:
            orphan = do("INSERT INTO children (n) VALUES (7)")
            results = await all_at_once(database, add(1), orphan, add(2))
            assert [type(result) for result in results] == [sqlite3.IntegrityError] * 3
            assert await numbers(database) == []
            assert await database.write(add(3)) == 3
            assert await numbers(database) == [3]

    async def test_a_full_disk_is_told_and_what_is_kept_can_be_read(self, path: Path):
        def small(connection: sqlite3.Connection, name: str) -> None:
            with_table(connection, name)
            connection.execute("CREATE TABLE large (content)")
            connection.execute("PRAGMA max_page_count = 20")

        async with SqliteDatabase(path, prepare=small) as database:
            too_much = do("INSERT INTO large (content) VALUES (zeroblob(200000))")
            results = await all_at_once(database, add(1), too_much, add(2))
            assert isinstance(results[1], Unavailable)
            kept = [result for result in results if isinstance(result, int)]
            assert await numbers(database) == kept
            assert await database.write(add(9)) == 9
            assert await numbers(database) == [*kept, 9]

    async def test_more_than_fit_into_one(self, database: SqliteDatabase):
        added = await all_at_once(database, *(add(n) for n in range(1000)))
        assert added == await numbers(database) == list(range(1000))


class TestWaiters:
    async def test_what_nobody_waits_for_is_not_begun(self, database: SqliteDatabase):
        stop = Stop()
        first = asyncio.create_task(database.write(stop.transaction()))
        async with stop:
            leaving = asyncio.create_task(database.write(add(1)))
            staying = asyncio.create_task(database.write(add(2)))
            await asyncio.sleep(0)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        await first
        assert await staying == 2
        assert await numbers(database) == [2]

    async def test_leaving_while_it_is_done_harms_nobody(self, database: SqliteDatabase):
        stop = Stop()
        leaving = asyncio.create_task(database.write(stop.transaction()))
        async with stop:
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        assert await database.write(add(2)) == 2

    async def test_many_event_loops_at_once(self, database: SqliteDatabase):
        async def adds(loop: int) -> list[int]:
            mine = range(loop * 50, loop * 50 + 50)
            added = await asyncio.gather(*(database.write(add(n)) for n in mine))
            assert set(mine) <= set(await numbers(database))
            return added

        loops = [asyncio.to_thread(asyncio.run, adds(loop)) for loop in range(8)]
        added = [n for some in await asyncio.gather(*loops) for n in some]
        assert added == await numbers(database) == list(range(400))

    async def test_a_loop_that_is_gone_does_not_stop_the_others(self, database: SqliteDatabase):
        stop = Stop()

        async def leaves() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(database.write(stop.transaction()), 0.01)

        gone = asyncio.create_task(asyncio.to_thread(asyncio.run, leaves()))
        async with stop:
            await gone
        assert await database.write(add(2)) == 2

    async def test_reads_do_not_wait_for_writes(self, database: SqliteDatabase, path: Path):
        await database.write(add(1))
        with another_program(path):
            waiting = asyncio.create_task(database.write(add(2)))
            for _ in range(10):
                assert await asyncio.wait_for(numbers(database), 20) == [1]
            assert not waiting.done()
        assert await waiting == 2
        assert await numbers(database) == [1, 2]

    async def test_a_read_sees_one_state(self, database: SqliteDatabase):
        stop = Stop()

        def twice() -> Transaction[tuple[Any, Any]]:
            before = yield from do("SELECT count(*) FROM numbers")
            yield from stop.transaction()
            return before, (yield from do("SELECT count(*) FROM numbers"))

        reading = asyncio.create_task(database.read(twice()))
        async with stop:
            await database.write(add(1))
        assert await reading == ([(0,)], [(0,)])
        assert await numbers(database) == [1]

    async def test_a_read_cannot_write(self, database: SqliteDatabase):
        with pytest.raises(Unavailable):
            await database.read(add(1))


class TestClosing:
    async def test_what_is_queued_is_finished(self, path: Path):
        async with SqliteDatabase(path, prepare=with_table) as database:
            tasks = [asyncio.create_task(database.write(add(n))) for n in range(500)]
            await asyncio.sleep(0)
        assert await asyncio.gather(*tasks) == list(range(500))
        async with SqliteDatabase(path, prepare=with_table) as database:
            assert await numbers(database) == list(range(500))

    async def test_who_comes_later_is_told(self, path: Path):
        async with SqliteDatabase(path, prepare=with_table) as database:
            pass
        for late in (database.write(add(1)), database.read(add(1))):
            with pytest.raises(Unavailable, match="closed"):
                await asyncio.wait_for(late, DEADLINE)

    async def test_the_file_is_free_whichever_thread_closes_it(self, path: Path):
        database = SqliteDatabase(path, prepare=with_table)
        opening = threading.Thread(target=database._open)
        opening.start()
        opening.join()
        database._close()
        async with SqliteDatabase(path, prepare=with_table) as again:
            assert await again.write(add(1)) == 1

    async def test_an_exit_without_closing_ends(self, path: Path):
        script = (
            "import asyncio, pathlib, sys\n"
            "from moorage.storage.sqlite import SqliteDatabase\n"
            "asyncio.run(SqliteDatabase(pathlib.Path(sys.argv[1])).__aenter__())\n"
        )
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, path)
        assert await asyncio.wait_for(process.wait(), DEADLINE) == 0
        async with SqliteDatabase(path, prepare=with_table) as database:
            assert await database.write(add(1)) == 1


@asynccontextmanager
async def refused(path: Path, message: str) -> AsyncIterator[None]:
    """A server that is to use the file does not start, and says why."""
    with pytest.raises(Misconfigured, match=message) as caught:
        await open_storage(f"sqlite:///{path}", terms=Terms()).__aenter__()
    assert str(path.resolve()) in str(caught.value)
    yield


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """For whom the permissions of files hold."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


class TestOpening:
    async def test_a_second_server_is_refused(self, database: SqliteDatabase, path: Path):
        async with refused(path, "in use by another server; stop that one"):
            assert await database.write(add(1)) == 1

    async def test_also_if_it_calls_the_file_by_another_name(
        self, database: SqliteDatabase, path: Path, tmp_path: Path
    ):
        link = tmp_path / "link.db"
        link.symlink_to(path)
        async with refused(link, "in use by another server"):
            pass

    async def test_a_directory_in_its_place(self, path: Path):
        path.mkdir(parents=True)
        async with refused(path, "cannot be opened"):
            pass

    async def test_a_file_in_the_folders_place(self, tmp_path: Path):
        (tmp_path / "folder").touch()
        async with refused(tmp_path / "folder" / "moorage.db", "cannot be opened"):
            pass

    async def test_a_folder_that_may_not_be_written(self, unprivileged: None):
        async with refused(Path("/moorage.db"), "cannot be opened .Permission denied"):
            pass

    async def test_a_file_that_may_not_be_written(self, unprivileged: None):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "moorage.db"
            async with open_storage(f"sqlite:///{path}", terms=Terms()):
                pass
            path.chmod(0o444)
            async with refused(path, "cannot be opened"):
                pass

    @pytest.mark.parametrize("content", [b"no database", bytes(range(256)) * 64])
    async def test_a_file_that_is_no_database(self, path: Path, content: bytes):
        path.parent.mkdir()
        path.write_bytes(content)
        async with refused(path, "file is not a database"):
            assert path.read_bytes() == content

    async def test_a_damaged_database(self, path: Path):
        async with open_storage(f"sqlite:///{path}", terms=Terms()):
            pass
        content = path.read_bytes()
        path.write_bytes(content[:100] + b"\xff" * 8000 + content[8100:])
        async with refused(path, "cannot be"):
            pass

    async def test_a_database_of_another_program(self, path: Path):
        path.parent.mkdir()
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE threads (n)")
        connection.close()
        async with refused(path, "cannot be brought up to date .table threads already exists"):
            pass

    async def test_a_file_that_a_newer_version_wrote(self, path: Path):
        async with open_storage(f"sqlite:///{path}", terms=Terms()):
            pass
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        async with refused(path, "was written by a newer moorage"):
            pass
        async with refused(path, "was written by a newer moorage"):  # and is not left locked
            pass

    async def test_an_empty_file_is_a_new_one(self, path: Path):
        path.parent.mkdir()
        path.touch()
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            assert (await storage.threads.create("a", {})).thread_id == "a"

    async def test_a_name_with_signs_of_its_own(self, tmp_path: Path):
        path = tmp_path / "a b?mode=memory#%20é.db"
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            await storage.threads.create("a", {})
            assert (await storage.threads.get("a")).thread_id == "a"
        assert path.stat().st_size > 0

    @pytest.mark.parametrize(
        "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "postgres://host/x", "x", ""]
    )
    def test_urls_of_nothing(self, url: str):
        with pytest.raises(Misconfigured, match="write sqlite:///path or memory:"):
            open_storage(url, terms=Terms())


class TestKilling:
    def test_what_was_answered_is_there_after_kill_9(self, path: Path):
        answered: list[str] = []
        with killing(ACCEPTING, 300) as kill:
            for _ in range(KILLS):
                answered += kill(path)

        assert len(answered) == len(set(answered)) > KILLS
        asyncio.run(self.assert_there(answered, path))
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()

    async def assert_there(self, answered: list[str], path: Path) -> None:
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            for run_id in answered:
                assert (await storage.runs.get(run_id)).attempt == 1
