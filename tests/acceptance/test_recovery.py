"""Whatever moment the server is killed at: what it has answered happens, and happens once."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request

from moorage.testing import Signal, serving
from tests.acceptance.lives import Lives
from tests.protocols.agent_server.sse import events

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parent / "enduring"
CHANCE = random.Random()  # noqa: S311 - only to vary what is tried
KILLS = 50
MOST_ANSWERS = 25
"""Requests that a life may have answered when it is killed."""

CLIENTS = 6
STEPS = 3
NOTEBOOK = """
CREATE TABLE begun (run_id TEXT, cron TEXT);
CREATE TABLE fired (cron TEXT, due INTEGER, UNIQUE (cron, due));
CREATE TABLE ended (run_id TEXT, status TEXT);
CREATE TABLE wrong (what TEXT, run_id TEXT);
CREATE TRIGGER note_begin AFTER INSERT ON runs BEGIN
    INSERT INTO begun VALUES (
        new.run_id, json_extract(new.kwargs, '$.config.configurable.cron_id'));
END;
CREATE TRIGGER note_fire AFTER UPDATE OF next_run_date ON crons BEGIN
    INSERT INTO fired VALUES (new.cron_id, old.next_run_date);
END;
CREATE TRIGGER note_end AFTER UPDATE OF status ON runs
WHEN new.status NOT IN ('pending', 'running') BEGIN
    INSERT INTO ended VALUES (new.run_id, new.status);
END;
CREATE TRIGGER note_return AFTER UPDATE OF status ON runs
WHEN old.status NOT IN ('pending', 'running') BEGIN
    INSERT INTO wrong VALUES ('begun after its end', new.run_id);
END;
CREATE TRIGGER note_pair AFTER UPDATE OF status ON runs
WHEN new.status = 'running' AND 1 < (
    SELECT count(*) FROM runs WHERE thread_id = new.thread_id AND status = 'running') BEGIN
    INSERT INTO wrong VALUES ('beside another', new.run_id);
END;
"""
"""Has the database note what nobody could see afterwards."""


@dataclass
class Sent:
    """A run that a client has asked for.

    Attributes:
        run_id: None where the server was killed before it answered: there may be such a run.
    """

    name: str
    strategy: str
    is_delayed: bool
    has_webhook: bool
    run_id: str | None = None
    status: str | None = None


@dataclass
class Thread:
    """What one client has asked for on a thread of its own."""

    thread_id: str
    sent: list[Sent] = field(default_factory=list)


class Hooks:
    """Hears of the ends of runs."""

    def __init__(self) -> None:
        self._told: defaultdict[str, Signal] = defaultdict(lambda: Signal("nobody was told"))
        self.app = FastAPI()

        @self.app.post("/")
        async def hook(request: Request) -> None:
            self._told[(await request.json())["run_id"]].set()

    async def of(self, run_id: str) -> None:
        """Return when the end of a run has been told."""
        await self._told[run_id].arrival()


class Client:
    """One of those who go on while the server is killed again and again."""

    def __init__(self, lives: Lives, hook: str) -> None:
        self._lives = lives
        self._hook = hook
        self._http = httpx.AsyncClient(base_url=lives.base, timeout=60)
        self.threads: list[Thread] = []
        self.stateless: list[Sent] = []
        self.followed: dict[str, Any] = {}

    async def work(self, enough: asyncio.Event) -> None:
        async with self._http:
            await self._make_cron()
            while not enough.is_set():
                thread = await self._new_thread()
                for _ in range(CHANCE.randint(1, 3)):
                    await self._burst(thread)
                    await self._update(thread)
                    await self._stateless()
                    await self._follow_one(thread)

    async def _make_cron(self) -> None:
        body = {"assistant_id": "three_steps", "schedule": "* * * * * *", "input": {"name": "cron"}}
        await self._insistently("POST", "/runs/crons", body)

    async def _new_thread(self) -> Thread:
        thread = Thread(str(uuid4()))
        body = {
            "thread_id": thread.thread_id,
            "metadata": {"graph_id": "three_steps"},
            "if_exists": "do_nothing",
        }
        await self._insistently("POST", "/threads", body)
        self.threads.append(thread)
        return thread

    async def _burst(self, thread: Thread) -> None:
        for _ in range(CHANCE.randint(1, 4)):
            await self._run(thread)

    async def _run(self, thread: Thread, **more: Any) -> Sent:
        strategy = CHANCE.choice(["enqueue", "enqueue", "enqueue", "interrupt", "rollback"])
        delay = CHANCE.choice([0, 0, 0, 0.1])
        sent, body = self._body(multitask_strategy=strategy, after_seconds=delay, **more)
        sent.strategy, sent.is_delayed = strategy, delay > 0
        thread.sent.append(sent)
        reply = await self._once("POST", f"/threads/{thread.thread_id}/runs", body)
        sent.run_id = reply.json()["run_id"] if reply else None
        return sent

    async def _update(self, thread: Thread) -> None:
        """Write to a thread as if its last node had; one that is busy refuses."""
        sent = Sent(str(uuid4()), "update", is_delayed=False, has_webhook=False)
        values = {"name": sent.name, "steps": [f"{sent.name} 0"]}
        body = {"values": values, "as_node": "three"}
        reply = await self._once("POST", f"/threads/{thread.thread_id}/state", body)
        if reply is None or reply.is_success:
            sent.status = "written" if reply else None
            thread.sent.append(sent)

    async def _stateless(self) -> None:
        sent, body = self._body()
        self.stateless.append(sent)
        reply = await self._once("POST", "/runs", body)
        sent.run_id = reply.json()["run_id"] if reply else None

    async def _follow_one(self, thread: Thread) -> None:
        """Follow a run from its first event to its last, over as many lives as it takes."""
        sent = await self._run(thread, stream_resumable=True)
        if sent.run_id is None:
            return
        path = f"/threads/{thread.thread_id}/runs/{sent.run_id}/stream"
        last = 0
        while True:
            with suppress(httpx.TransportError):
                await self._lives.is_up.wait()
                headers = {"last-event-id": str(last or -1)}
                async with self._http.stream("GET", path, headers=headers) as reply:
                    if reply.status_code == 404:
                        return
                    async for event in events(reply):
                        assert int(event.id) > last, "an event came twice, or out of order"
                        last = int(event.id)
                        self.followed[sent.run_id] = event.data
                await self._lives.note()
                return

    def _body(self, **more: Any) -> tuple[Sent, dict[str, Any]]:
        sent = Sent(str(uuid4()), "enqueue", is_delayed=False, has_webhook=CHANCE.random() < 0.5)
        return sent, {
            "assistant_id": "three_steps",
            "input": {"name": sent.name, "steps": [f"{sent.name} 0"]},
            "durability": CHANCE.choice(["sync", "async", "async", "exit"]),
            "webhook": self._hook if sent.has_webhook else None,
            **more,
        }

    async def _once(self, method: str, path: str, body: Any) -> httpx.Response | None:
        """Ask for something; return None if the server was killed before it answered."""
        await self._lives.is_up.wait()
        try:
            reply = await self._http.request(method, path, json=body)
        except httpx.TransportError:
            return None
        assert reply.is_success or reply.status_code == 409, reply.text
        await self._lives.note()
        return reply

    async def _insistently(self, method: str, path: str, body: Any) -> httpx.Response:
        while (reply := await self._once(method, path, body)) is None:
            pass
        return reply


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
def hook(hooks: Hooks) -> Iterator[str]:
    with serving(hooks.app) as url:
        yield f"{url}/"


@asynccontextmanager
async def enduring(database: Path) -> AsyncIterator[Lives]:
    environment = {
        "MOORAGE_DATABASE_URL": f"sqlite:///{database}",
        "MOORAGE_LOG_LEVEL": "error",
        "MOORAGE_WEBHOOK_TIMEOUT": "1",
    }
    migrating = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moorage.cli", "migrate", "-c", str(PROJECT)),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await migrating.wait() == 0
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(NOTEBOOK)
    async with Lives.of(PROJECT, **environment) as lives:
        yield lives


async def test_what_was_answered_happens_once_however_often_the_server_is_killed(
    tmp_path: Path, hooks: Hooks, hook: str
):
    database = tmp_path / "moorage.db"
    async with enduring(database) as lives:
        clients = [Client(lives, hook) for _ in range(CLIENTS)]
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.work(enough))
            for _ in range(KILLS):
                await live_and_die(lives)
            await lives.begin()
            await lives.ready()
            enough.set()
        async with httpx.AsyncClient(base_url=lives.base, timeout=60) as http:
            await stop_crons(http)
            for client in clients:
                await see_ends(http, client)
                for thread in client.threads:
                    await check_thread(http, thread)
        for client in clients:
            check_followed(client)
            await hear(hooks, client)
        await lives.end(signal.SIGTERM)
    check_database(database, clients)


async def live_and_die(lives: Lives) -> None:
    """Let the server answer some requests, and kill it; some lives end before they have begun."""
    await lives.begin()
    if answers := CHANCE.randint(0, MOST_ANSWERS):
        await lives.ready()
        await lives.answers(answers)
    await lives.end(signal.SIGKILL)


async def stop_crons(http: httpx.AsyncClient) -> None:
    for cron in (await http.post("/runs/crons/search", json={"limit": 100})).json():
        (await http.delete(f"/runs/crons/{cron['cron_id']}")).raise_for_status()


async def see_ends(http: httpx.AsyncClient, client: Client) -> None:
    """Wait for every run whose id was answered, and note how it has ended."""
    for thread in client.threads:
        for sent in filter(has_run, thread.sent):
            path = f"/threads/{thread.thread_id}/runs/{sent.run_id}"
            if (await http.get(f"{path}/join")).status_code == 200:
                sent.status = (await http.get(path)).json().get("status")
    for sent in filter(has_run, client.stateless):
        await http.get(f"/runs/{sent.run_id}/join")


def has_run(sent: Sent) -> bool:
    return sent.run_id is not None


async def check_thread(http: httpx.AsyncClient, thread: Thread) -> None:
    """Compare what a thread says has been done with what was asked for."""
    found = (await http.get(f"/threads/{thread.thread_id}")).json()
    assert found["status"] != "busy"
    groups: dict[str, list[int]] = {}
    for line in (found["values"] or {}).get("steps", []):
        name, number = line.rsplit(" ", 1)
        assert name not in groups or name == list(groups)[-1], "two runs worked beside one another"
        groups.setdefault(name, []).append(int(number))
    for steps in groups.values():
        assert steps == list(range(len(steps))), "a step was done twice, or left out"
    for sent in thread.sent:
        check_run(sent, len(groups.get(sent.name, [])), thread)
    undelayed = [sent.name for sent in thread.sent if not sent.is_delayed]
    assert [name for name in groups if name in undelayed] == [
        name for name in undelayed if name in groups
    ], "runs have worked in another order than they came"


def check_run(sent: Sent, steps: int, thread: Thread) -> None:
    """Compare what a run, or an update, has done with how it has ended."""
    later = {other.strategy for other in thread.sent[thread.sent.index(sent) + 1 :]}
    match sent.status:
        case "written":
            assert steps == 1
        case "success":
            assert steps == STEPS + 1
        case "interrupted":
            assert "interrupt" in later
        case None if sent.run_id:
            assert "rollback" in later
            assert not steps
        case _:  # it was killed too often, as `check_database` sees, or nobody knows of it
            assert sent.status in {None, "error"}


def check_followed(client: Client) -> None:
    """See that whoever follows a run to its end has been sent its last step."""
    for thread in client.threads:
        for sent in thread.sent:
            if sent.status == "success" and sent.run_id in client.followed:
                assert client.followed[sent.run_id]["steps"][-1] == f"{sent.name} {STEPS}"


async def hear(hooks: Hooks, client: Client) -> None:
    """Wait until the ends of runs have been told that were to be."""
    on_threads = [sent for thread in client.threads for sent in thread.sent]
    for sent in filter(has_run, on_threads + client.stateless):
        if sent.has_webhook and (sent.status == "success" or sent in client.stateless):
            await hooks.of(str(sent.run_id))


def check_database(database: Path, clients: list[Client]) -> None:
    """See that nothing has happened twice, and that nothing is left over."""
    with closing(sqlite3.connect(database)) as connection:

        def rows(statement: str) -> list[Any]:
            return connection.execute(statement).fetchall()

        assert rows("PRAGMA integrity_check") == [("ok",)]
        assert not rows("SELECT * FROM wrong")
        assert not rows("SELECT run_id FROM ended GROUP BY run_id HAVING count(*) > 1")
        assert not rows(
            "SELECT 1 FROM checkpoints GROUP BY thread_id, checkpoint_ns, parent_checkpoint_id"
            " HAVING count(*) > 1"
        ), "a thread's history is more than one line"
        fired = "SELECT cron, count(*) FROM fired GROUP BY cron ORDER BY cron"
        begun = "SELECT cron, count(*) FROM begun WHERE cron IS NOT NULL GROUP BY cron ORDER BY 1"
        assert rows(begun) == rows(fired) != [], "a cron began other than one run at each time"
        ended = {run_id for (run_id,) in rows("SELECT run_id FROM ended")}
        assert {sent.run_id for client in clients for sent in client.stateless if sent.run_id} <= (
            ended
        )
        errors = rows("SELECT error FROM runs WHERE status = 'error'")
        assert {json.loads(error)["error"] for (error,) in errors} <= {"WorkerLost"}
        named = {thread.thread_id for client in clients for thread in client.threads}
        assert {thread_id for (thread_id,) in rows("SELECT thread_id FROM threads")} == named
