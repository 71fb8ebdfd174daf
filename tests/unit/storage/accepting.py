"""A process that accepts runs and says which; see ``killing``."""

import asyncio
from uuid import uuid4

from moorage.domain.runs import RunRequest
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from tests.unit.storage.killing import say, serve

CLIENTS = 8
MOST = 20_000
"""Of runs that one accepts, should nobody kill it."""


async def accept_runs(url: str) -> None:
    async with open_storage(url, terms=Terms()) as storage:

        async def client() -> None:
            for _ in range(MOST // CLIENTS):
                run_id = str(uuid4())
                request = RunRequest(run_id, run_id, run_id, creates_thread=True)
                accepted = await storage.queue.accept(request, owner=run_id)
                say(accepted.run.run_id)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


if __name__ == "__main__":
    serve(accept_runs)
