"""Runs: what clients may do with them, on a thread or on one made for the purpose."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Protocol
from uuid import uuid4

from langchain_core.utils.uuid import uuid7

from moorage.domain.caller import Caller
from moorage.domain.runs import Claim, Multitask, Run, RunRequest, RunStatus
from moorage.domain.search import Page
from moorage.engine.access import Access
from moorage.engine.addresses import ANYWHERE_PUBLIC, AddressPolicy, check_url
from moorage.engine.assistants import Assistants
from moorage.engine.joins import Joined
from moorage.engine.queue import Queue
from moorage.engine.run_config import Asked, check_config, configure
from moorage.engine.stateless import Stateless, leaves_nothing
from moorage.engine.streams import Streams
from moorage.storage.interface import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that somebody wants, as the protocol describes it (section 4.2).

    Attributes:
        assistant_id: An assistant's id, or the name of a graph.
        asked: What is said about its config.
        stream_mode: What followers are sent.
        subgraphs: Whether they are sent what happens in subgraphs.
        content_blocks: Whether messages are streamed as content blocks; the modes are ``BLOCKS``.
        is_resumable: Whether they may come back to where they left.
        keeps_thread: Whether a thread that was made for the run stays.
        creates_thread: Whether the thread that is named is made if it is not there.
        delay: How long the run waits at least.
    """

    assistant_id: str
    asked: Asked = field(default_factory=Asked)
    input: Any = None
    command: Mapping[str, Any] | None = None
    stream_mode: Sequence[str] = ("values",)
    subgraphs: bool = False
    content_blocks: bool = False
    is_resumable: bool = False
    interrupt_before: Literal["*"] | Sequence[str] | None = None
    interrupt_after: Literal["*"] | Sequence[str] | None = None
    multitask_strategy: Multitask = Multitask.ENQUEUE
    keeps_thread: bool = False
    creates_thread: bool = False
    delay: timedelta = timedelta(0)
    durability: Literal["sync", "async", "exit"] | None = None
    webhook: str | None = None
    feedback_keys: Sequence[str] = ()


class Worker(Protocol):
    """This process's worker, which begins runs at once if it has a place for them."""

    name: str

    def place(self) -> AbstractContextManager[Callable[[Claim], None] | None]:
        """Keep a place for a run that is about to be accepted, and give what begins it there.

        It gives None where there is no place.
        """


class Runs:
    """The runs of a deployment.

    Args:
        storage: Where they are kept.
        queue: Moves them.
        streams: Where their events are.
        assistants: What they are runs of.
        access: Says who may do what.
        worker: Begins them here, if there is one.
        stateless: Executes those that leave nothing, if they are not to be queued as well.
        webhooks: Where their ends may be told; None tells nobody.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        storage: Storage,
        queue: Queue,
        streams: Streams,
        assistants: Assistants,
        access: Access,
        *,
        worker: Worker | None = None,
        stateless: Stateless | None = None,
        webhooks: AddressPolicy | None = ANYWHERE_PUBLIC,
    ) -> None:
        self._threads = storage.threads
        self._kept = storage.runs
        self._queue = queue
        self._streams = streams
        self._assistants = assistants
        self._access = access
        self._worker = worker
        self._stateless = stateless
        self._webhooks = webhooks

    async def start(self, caller: Caller, wanted: NewRun, thread_id: str | None = None) -> Joined:
        """Take a run on: on a thread, or on one of its own that goes with it.

        Raises:
            NotFound: There is no such assistant or thread, or none that the caller may see.
            Invalid: The assistant's name is none of a graph, or its end may not be told there.
            BadRequest: Both ``configurable`` and ``context`` are given.
            Conflict: The thread has unfinished runs and the strategy is to reject.
        """
        return await self._begin(await self.prepare(caller, wanted, thread_id))

    async def serve(self, caller: Caller, wanted: NewRun, thread_id: str | None = None) -> Joined:
        """Take on a run for whose end the caller waits; raise as ``start``.

        One that leaves nothing is not kept while it goes on either: it is lost with the process.
        """
        request = await self.prepare(caller, wanted, thread_id)
        if self._stateless and leaves_nothing(request):
            return Joined(*self._stateless.begin(request))
        return await self._begin(request)

    async def start_all(self, caller: Caller, wanted: Sequence[NewRun]) -> list[Run]:
        """Take on runs on threads of their own, all of them or none; raise as ``start``."""
        requests = [await self.prepare(caller, one, None) for one in wanted]
        return [(await self._begin(request)).run for request in requests]

    async def prepare(self, caller: Caller, wanted: NewRun, thread_id: str | None) -> RunRequest:
        """Return the run that is to be queued, once the caller may have it; raise as ``start``."""
        assistant = await self._assistants.resolve(wanted.assistant_id)
        run_id = str(uuid7())
        value = _shown(wanted, thread_id, run_id, assistant.assistant_id)
        filters = await self._access.authorise(caller, "threads", "create_run", value)
        own_thread = thread_id or str(uuid4())
        configured = configure(wanted.asked, assistant, caller, run_id=run_id, thread_id=own_thread)
        granted = value["metadata"]
        of_thread = {"graph_id": assistant.graph_id, "assistant_id": assistant.assistant_id}
        return RunRequest(
            run_id=run_id,
            thread_id=own_thread,
            assistant_id=assistant.assistant_id,
            kwargs={
                **value["kwargs"],
                "webhook": self._webhook(value["kwargs"].get("webhook")),
                "config": configured.config,
                "context": configured.context,
            },
            metadata={**configured.metadata, **granted},
            multitask_strategy=wanted.multitask_strategy,
            creates_thread=thread_id is None or wanted.creates_thread,
            thread_metadata=of_thread,
            new_thread_metadata=granted,
            filters={} if thread_id is None else filters,
            thread_config=configured.chosen,
            delay=wanted.delay,
            is_temporary=thread_id is None and not wanted.keeps_thread,
        )

    async def permit(self, caller: Caller, wanted: NewRun) -> None:
        """Refuse a call without a thread, which another protocol carries out; raise as ``start``.

        Raises:
            Forbidden: The caller may not.
        """
        assistant = await self._assistants.resolve(wanted.assistant_id)
        value = _shown(wanted, None, str(uuid7()), assistant.assistant_id)
        await self._access.authorise(caller, "threads", "create_run", value)

    def check(self, wanted: NewRun) -> None:
        """Refuse a run that nobody may have.

        Raises:
            Invalid: Its end may not be told there.
            BadRequest: Both ``configurable`` and ``context`` are given.
        """
        check_config(wanted.asked)
        self._webhook(wanted.webhook)

    async def of_thread(
        self, caller: Caller, thread_id: str, page: Page, status: RunStatus | None = None
    ) -> list[Run]:
        """Return a page of a thread's runs, newest first, or of those with one status.

        Raises:
            NotFound: There is no such thread that the caller may see.
        """
        filters = await self._access.authorise(caller, "threads", "read", {"thread_id": thread_id})
        await self._threads.get(thread_id, filters)
        return await self._kept.of_thread(thread_id, status=status, page=page)

    async def delete(self, caller: Caller, thread_id: str, run_id: str) -> None:
        """Delete a run that has ended. What it has done to its thread stays.

        Raises:
            NotFound: There is none that the caller may delete.
            Conflict: It has not ended.
        """
        value = {"thread_id": thread_id, "run_id": run_id}
        filters = await self._access.authorise(caller, "threads", "delete", value)
        await self._threads.get(thread_id, filters)
        await self._kept.delete(run_id, thread_id)

    async def _begin(self, request: RunRequest) -> Joined:
        if self._worker is None:
            accepted = await self._queue.enqueue(request)
            return Joined(accepted.run, self._streams.of(accepted.run.run_id))
        with self._worker.place() as begin:
            owner = self._worker.name if begin else None
            accepted = await self._queue.enqueue(request, owner=owner)
            stream = self._streams.of(accepted.run.run_id)
            if accepted.claim and begin:
                begin(accepted.claim)
            return Joined(accepted.run, stream)

    def _webhook(self, url: str | None) -> str | None:
        if url is None or self._webhooks is None:
            return None
        check_url(url, self._webhooks)
        return url


def _shown(wanted: NewRun, thread_id: str | None, run_id: str, assistant_id: str) -> dict[str, Any]:
    """Return what the deployment's rule is shown of a run (protocol, section 12)."""
    return {
        "thread_id": thread_id,
        "assistant_id": assistant_id,
        "run_id": run_id,
        "status": "pending",
        "metadata": dict(wanted.asked.metadata),
        "prevent_insert_if_inflight": wanted.multitask_strategy is Multitask.REJECT,
        "multitask_strategy": wanted.multitask_strategy.value,
        "if_not_exists": "create" if wanted.creates_thread else "reject",
        "after_seconds": wanted.delay.total_seconds(),
        "kwargs": {
            "input": wanted.input,
            "command": wanted.command,
            "config": dict(wanted.asked.config),
            "context": dict(wanted.asked.context),
            "stream_mode": list(wanted.stream_mode),
            "subgraphs": wanted.subgraphs,
            "content_blocks": wanted.content_blocks,
            "resumable": wanted.is_resumable,
            "interrupt_before": wanted.interrupt_before,
            "interrupt_after": wanted.interrupt_after,
            "durability": wanted.durability,
            "webhook": wanted.webhook,
            "feedback_keys": list(wanted.feedback_keys),
            "temporary": thread_id is None and not wanted.keeps_thread,
        },
    }
