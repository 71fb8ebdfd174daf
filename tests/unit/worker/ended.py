"""Runs that have ended, and somebody is to be told."""

from uuid import uuid4

from moorage.domain.runs import Outcome, RunRequest, RunStatus
from moorage.domain.threads import ThreadState, ThreadStatus
from moorage.storage.interface import Storage

DONE = Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE, {"answer": 42}))


async def end_a_run(storage: Storage, url: str) -> str:
    """Accept and end a run whose end is to be told to ``url``; returns its id."""
    run_id = str(uuid4())
    asked = RunRequest(run_id, run_id, "a", {"webhook": url}, creates_thread=True)
    accepted = await storage.queue.accept(asked, owner="w")
    assert accepted.claim is not None
    assert await storage.queue.finish(accepted.claim, DONE)
    return run_id
