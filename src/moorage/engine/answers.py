"""Answers to what the runs of a thread have asked: each is a run that goes on from there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from moorage.domain.caller import Caller
from moorage.domain.runs import ACTIVE
from moorage.domain.search import Page
from moorage.domain.threads import Thread
from moorage.engine.access import Access
from moorage.engine.joins import Joined
from moorage.engine.run_config import Asked
from moorage.engine.run_events import BLOCKS
from moorage.engine.runs import NewRun, Runs
from moorage.engine.sessions import Sessions
from moorage.errors import NotFound
from moorage.storage.interface import Storage


class NoSuchQuestion(NotFound):
    """The thread has not asked this, or has been answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client answers.

    Attributes:
        answers: The answers by the ids of the questions.
        command: What else the run does first: ``update`` and ``goto``.
        asked: What is said about the run's config; the rest is as in the run that asked.
    """

    answers: Mapping[str, Any]
    command: Mapping[str, Any] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)


class Answers:
    """The answers that a deployment takes.

    Args:
        storage: Keeps what is asked.
        runs: Takes the runs on.
        sessions: Has one answer given at a time.
        access: Says who may do what.
    """

    def __init__(self, storage: Storage, runs: Runs, sessions: Sessions, access: Access) -> None:
        self._threads = storage.threads
        self._kept = storage.runs
        self._runs = runs
        self._sessions = sessions
        self._access = access

    async def give(self, caller: Caller, thread_id: str, answer: Answer) -> Joined:
        """Go on with the run that asked.

        Raises:
            NoSuchQuestion: One of the questions is not open.
            NotFound: There is no such thread that the caller may see.
        """
        value = {"thread_id": thread_id}
        filters = await self._access.authorise(caller, "threads", "read", value)
        async with self._sessions.session(thread_id) as session, session.answering:
            thread = await self._threads.get(thread_id, filters)
            open_ones = _asked(thread) - await self._answered(thread_id)
            for question in answer.answers:
                if question not in open_ones:
                    raise NoSuchQuestion(f"Nothing with the interrupt id {question!r} is asked.")
            wanted = await self._wanted(thread, answer)
            return await self._runs.start(caller, wanted, thread_id)

    async def _wanted(self, thread: Thread, answer: Answer) -> NewRun:
        (latest,) = await self._kept.of_thread(thread.thread_id, page=Page(1))
        given = answer.asked.config
        chosen = {**thread.config, **(given.get("configurable") or {})}
        return NewRun(
            assistant_id=latest.assistant_id,
            asked=replace(answer.asked, config={**given, "configurable": chosen}),
            command={**answer.command, "resume": dict(answer.answers)},
            stream_mode=BLOCKS,
            subgraphs=True,
            content_blocks=True,
            is_resumable=True,
        )

    async def _answered(self, thread_id: str) -> set[str]:
        """Return the questions that runs answer which have not ended."""
        runs = await self._kept.with_status(ACTIVE, thread_id)
        given = [(run.kwargs.get("command") or {}).get("resume") for run in runs]
        return {question for answers in given if isinstance(answers, dict) for question in answers}


def _asked(thread: Thread) -> set[str]:
    return {one["id"] for questions in thread.interrupts.values() for one in questions}
