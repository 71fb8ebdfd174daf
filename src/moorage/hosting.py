"""Hosts the agents of a project: opens what keeps them, and runs them."""

import os
import socket
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self
from uuid import uuid4

import httpx
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.store.base import IndexConfig, TTLConfig
from starlette.types import ASGIApp

from moorage.domain.threads import Expiry, Lifetime
from moorage.edge.probes import Load
from moorage.engine.access import Access, Rule
from moorage.engine.addresses import AddressPolicy
from moorage.engine.agents import Agents
from moorage.engine.answers import Answers
from moorage.engine.assistants import Assistants
from moorage.engine.cancels import Cancels
from moorage.engine.crons import Crons
from moorage.engine.embeddings import load_embeddings
from moorage.engine.execution import Means
from moorage.engine.firing import Firing
from moorage.engine.following import Following
from moorage.engine.graphs import Graphs
from moorage.engine.items import Items
from moorage.engine.joins import Joins
from moorage.engine.outbox import Outbox, Retries
from moorage.engine.overlay import Overlay
from moorage.engine.queue import Queue
from moorage.engine.recording import Recorder
from moorage.engine.retention import Keeping, Retention
from moorage.engine.runs import Runs
from moorage.engine.sessions import Sessions
from moorage.engine.signing import Signer
from moorage.engine.stateless import Stateless
from moorage.engine.states import States
from moorage.engine.streams import Streams
from moorage.engine.threads import Threads
from moorage.engine.watching import UNWATCHED, Watch
from moorage.project import Project
from moorage.project.sections import Index, ItemTTL, Modules, Serde, Store, ThreadTTL
from moorage.protocols.agent_server.run_bodies import run_of_payload
from moorage.protocols.agent_server.thread_events import RunTranslation
from moorage.serialization import WithErrors
from moorage.settings import Settings
from moorage.storage.interface import Storage
from moorage.storage.items import ItemTerms
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.worker.loop import Pace, Worker
from moorage.worker.scheduler import Scheduler
from moorage.worker.sweeps import Sweeper
from moorage.worker.webhooks import Courier, Manner

DATABASE = Path(".moorage/moorage.db")
"""Where a project's data are, below its folder, unless the settings say otherwise."""

_MINUTE = timedelta(minutes=1)


class Hosting:
    """The agents of a project in this process. Enter it for as long as they are served.

    Making one imports the project's graphs; those that fail are in ``agents.graphs.failures``.

    Args:
        project: What is served.
        settings: How.
        rule: Says what callers may do; without one, everything.
        watch: Counts runs and webhooks.

    Raises:
        Misconfigured: The settings name no database, or there is no such model as the project
            names for its long-term memory.
    """

    def __init__(
        self,
        project: Project,
        settings: Settings,
        *,
        rule: Rule | None = None,
        watch: Watch = UNWATCHED,
    ) -> None:
        project.apply()
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        pace = Pace(slots=settings.run_slots, grace=settings.grace_period)
        self._storage = _storage(project, settings, Terms(lease=pace.lease, sole_owner=name))
        streams = Streams(lasting=settings.stream_ttl)
        self._recorder = Recorder(self._storage.events)
        self._sweepers = _sweepers(project, settings, self._storage)
        graphs = Graphs.load(project.graphs)
        limit = settings.run_timeout or None
        means = Means(
            graphs,
            self._storage.items,
            WithErrors().dumps,
            limit,
            watch,
            settings.recursion_limit,
        )
        self._stateless = Stateless(means, streams, places=pace.slots, grace=pace.grace)
        storage = Overlay(self._storage, self._stateless)
        self._runs, self._places = storage.runs, pace.slots
        queue = Queue(storage, streams)
        self._worker = Worker(name, queue, means, streams, recorder=self._recorder, pace=pace)
        addresses = AddressPolicy(**asdict(project.webhooks.url))
        self._outbox = Outbox(storage, Retries(most=settings.webhook_attempts), watch=watch)
        queue.on_end(self._outbox.tell)
        self._manner = _manner(project, settings, addresses)
        access = Access(rule)
        assistants = Assistants(storage, graphs, access, store=storage.items)
        runs = Runs(
            storage,
            queue,
            streams,
            assistants,
            access,
            worker=self._worker,
            stateless=self._stateless,
            webhooks=None if project.http.disable_webhooks else addresses,
        )
        following = Following(storage, streams, self._recorder)
        threads = Threads(storage, queue, access, lifetime=_lifetime(project))
        self._sessions = Sessions(
            storage,
            following,
            queue,
            access,
            RunTranslation,
            kept=settings.thread_events,
            lasting=settings.stream_ttl,
        )
        crons = Crons(storage, assistants, runs, access, run_of_payload)
        firing = Firing(storage, queue, crons.request)
        self._scheduler = Scheduler(firing) if settings.run_crons else None
        self.agents = Agents(
            graphs=graphs,
            assistants=assistants,
            threads=threads,
            states=States(storage, graphs, threads, access),
            runs=runs,
            joins=Joins(storage, following, access),
            cancels=Cancels(storage, queue, streams, access),
            answers=Answers(storage, runs, self._sessions, access),
            sessions=self._sessions,
            items=Items(storage.items, access),
            crons=crons,
            shows_header=project.http.gives_to_runs,
        )
        self._stack = AsyncExitStack()

    def within(self, app: ASGIApp) -> Self:
        """Have webhooks that go to paths of this server answered by ``app``."""
        self._manner = replace(self._manner, own=httpx.ASGITransport(app))
        return self

    async def load(self) -> Load:
        """Return what there is to do.

        Raises:
            Unavailable: The database does not answer.
        """
        return Load(await self._runs.backlog(), self._places, self._worker.free)

    async def check(self) -> None:
        """Raise Unavailable where the database does not answer."""
        await self._storage.queue.next_due()

    async def __aenter__(self) -> Self:
        """Open the database, and begin to work.

        Raises:
            Misconfigured: The database cannot be opened, or another process has it.
        """
        await self._stack.enter_async_context(self._storage)
        await self.agents.assistants.prepare()
        await self._stack.enter_async_context(self._recorder)
        await self._stack.enter_async_context(Courier(self._outbox, self._manner))
        await self._stack.enter_async_context(self._sessions)
        await self._stack.enter_async_context(self._worker)
        await self._stack.enter_async_context(self._stateless)
        for sweeper in self._sweepers:
            await self._stack.enter_async_context(sweeper)
        if self._scheduler is not None:
            await self._stack.enter_async_context(self._scheduler)
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop every run at the end of its step, and close the database."""
        await self._stack.aclose()


def database_url(project: Project, settings: Settings) -> str:
    """Return where a project's data are kept."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{project.folder / DATABASE}"


def _manner(project: Project, settings: Settings, addresses: AddressPolicy) -> Manner:
    secret = settings.webhook_secret
    return Manner(
        policy=addresses,
        headers=project.webhook_headers,
        signer=Signer(secret.get_secret_value().split() if secret else ()),
        timeout=settings.webhook_timeout,
    )


def _sweepers(project: Project, settings: Settings, storage: Storage) -> Sequence[Sweeper]:
    ttl = project.checkpointer.ttl or ThreadTTL()
    keeping = Keeping(
        events=settings.stream_ttl,
        runs=settings.run_retention,
        threads=_lifetime(project),
        most_threads=ttl.sweep_limit,
    )
    items = project.store.ttl or ItemTTL()
    return [
        Sweeper(Retention(storage, keeping).sweep, interval=ttl.sweep_interval_minutes or _MINUTE),
        Sweeper(storage.items.sweep_ttl, interval=items.sweep_interval_minutes or _MINUTE),
    ]


def _lifetime(project: Project) -> Lifetime | None:
    ttl = project.checkpointer.ttl
    return Lifetime(ttl.default_ttl, Expiry(ttl.strategy)) if ttl and ttl.default_ttl else None


def _storage(project: Project, settings: Settings, terms: Terms) -> Storage:
    url = database_url(project, settings)
    return open_storage(
        url,
        terms=terms,
        item_terms=_item_terms(project.store),
        serde=_serializer(project.checkpointer.serde),
    )


def _serializer(serde: Serde) -> JsonPlusSerializer:
    return JsonPlusSerializer(
        pickle_fallback=serde.pickle_fallback,
        allowed_json_modules=_modules(serde.allowed_json_modules),
        allowed_msgpack_modules=_modules(serde.allowed_msgpack_modules),
    )


def _modules(said: Modules) -> Iterable[tuple[str, ...]] | Literal[True] | None:
    return None if said is False else said


def _item_terms(store: Store) -> ItemTerms:
    """Return what a project says of its long-term memory, in LangGraph's words."""
    return ItemTerms(
        index=_index(store.index) if store.index else None,
        ttl=_ttl(store.ttl) if store.ttl else None,
    )


def _index(index: Index) -> IndexConfig:
    fields = list(index.fields or ())
    return {"dims": index.dims, "embed": load_embeddings(index.embed), "fields": fields or None}


def _ttl(ttl: ItemTTL) -> TTLConfig:
    default = ttl.default_ttl / _MINUTE if ttl.default_ttl else None
    return {"refresh_on_read": ttl.refresh_on_read, "default_ttl": default}
