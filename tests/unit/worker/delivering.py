"""A process that tells of the end of one run, for a test to kill: ``delivering FILE URL``."""

import asyncio
import sys

from moorage.engine.addresses import AddressPolicy
from moorage.engine.outbox import Outbox
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.worker.webhooks import Courier, Manner
from tests.unit.worker.ended import end_a_run


async def main(path: str, url: str) -> None:
    async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
        await end_a_run(storage, url)
        manner = Manner(policy=AddressPolicy(disable_loopback=False))
        async with Courier(Outbox(storage), manner):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
