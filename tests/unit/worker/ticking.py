"""A process in which a minute passes as soon as all crons have fired; see ``killing``.

It says so for each minute, and goes on where the one before it has stopped.
"""

import asyncio
from datetime import timedelta
from uuid import uuid4

from moorage.domain.assistants import Assistant
from moorage.domain.caller import ANONYMOUS
from moorage.domain.crons import Cron, CronQuery, CronRequest
from moorage.domain.runs import RunRequest
from moorage.domain.search import Page
from moorage.engine.firing import Firing
from moorage.engine.queue import Queue
from moorage.engine.streams import Streams
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock
from moorage.worker.scheduler import Scheduler
from tests.unit.storage.killing import say, serve

CRONS = 10
MINUTE = timedelta(minutes=1)
MOST = 5_000
"""Minutes, should nobody kill it."""


async def prepare(cron: Cron) -> RunRequest:
    return RunRequest(
        str(uuid4()), str(uuid4()), "a", {}, {"cron_id": cron.cron_id}, creates_thread=True
    )


async def make_crons(storage: Storage, clock: ManualClock) -> None:
    await storage.assistants.create(Assistant("a", "g", "A", clock.now(), clock.now()))
    for number in range(CRONS):
        wanted = CronRequest("a", "* * * * *")
        await storage.crons.create(wanted, str(number), ANONYMOUS)


async def crons_in(storage: Storage) -> list[Cron]:
    return list((await storage.crons.search(CronQuery(), Page(limit=CRONS))).items)


async def tick(url: str) -> None:
    clock = ManualClock()
    async with open_storage(url, terms=Terms(), clock=clock) as storage:
        if not await storage.crons.count(CronQuery()):
            await make_crons(storage, clock)
        waiting = [cron.next_run_date for cron in await crons_in(storage) if cron.next_run_date]
        clock.advance(min(waiting) - clock.now())
        firing = Firing(storage, Queue(storage, Streams()), prepare)
        schedulers = [Scheduler(firing), Scheduler(firing)]
        for _ in range(MOST):
            await asyncio.gather(*(scheduler.tick() for scheduler in schedulers))
            say(clock.now().isoformat())
            clock.advance(MINUTE)


if __name__ == "__main__":
    serve(tick)
