"""Processes that accept runs for as long as they live, and say which: to be killed by a test.

For each URL on its input this one forks such a process, whose id it writes, then the ids of the
runs that were accepted, and a full stop when the process is dead.
"""

import asyncio
import os
import sys
from uuid import uuid4

from moorage.domain.runs import RunRequest
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms

CLIENTS = 8
MOST = 20_000
"""Of runs that one accepts, should nobody kill it."""


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def accept_runs(url: str) -> None:
    async with open_storage(url, terms=Terms()) as storage:

        async def client() -> None:
            for _ in range(MOST // CLIENTS):
                run_id = str(uuid4())
                request = RunRequest(run_id, run_id, run_id, creates_thread=True)
                accepted = await storage.queue.accept(request, owner=run_id)
                say(accepted.run.run_id)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


def main() -> None:
    for url in sys.stdin:
        child = os.fork()
        if not child:
            say(os.getpid())
            asyncio.run(accept_runs(url.strip()))
            os._exit(0)
        os.waitpid(child, 0)
        say(".")


if __name__ == "__main__":
    main()
