"""Hosts the agents of a project: opens what keeps them, and runs them."""

import os
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from uuid import uuid4

from moorage.engine.access import Access, Rule
from moorage.engine.agents import Agents
from moorage.engine.assistants import Assistants
from moorage.engine.execution import Means
from moorage.engine.graphs import Graphs
from moorage.engine.queue import Queue
from moorage.engine.runs import Runs
from moorage.engine.streams import Streams
from moorage.engine.threads import Threads
from moorage.project import Project
from moorage.serialization import WellKnownLCSerializer
from moorage.settings import Settings
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.worker.loop import Pace, Worker

DATABASE = Path(".moorage/moorage.db")
"""Where a project's data are, below its folder, unless the settings say otherwise."""


class Hosting:
    """The agents of a project in this process. Enter it for as long as they are served.

    Making one imports the project's graphs; those that fail are in ``agents.graphs.failures``.

    Args:
        project: What is served.
        settings: How.
        rule: Says what callers may do; without one, everything.

    Raises:
        Misconfigured: The settings name no database.
    """

    def __init__(self, project: Project, settings: Settings, *, rule: Rule | None = None) -> None:
        project.apply()
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        pace = Pace(slots=settings.run_slots, grace=settings.grace_period)
        self._storage = _storage(project, settings, Terms(lease=pace.lease, sole_owner=name))
        streams = Streams()
        queue = Queue(self._storage, streams)
        graphs = Graphs.load(project.graphs)
        limit = settings.run_timeout or None
        means = Means(graphs, None, WellKnownLCSerializer().dumps, limit)
        self._worker = Worker(name, queue, means, streams, pace=pace)
        access = Access(rule)
        assistants = Assistants(self._storage, graphs, access)
        self.agents = Agents(
            graphs=graphs,
            assistants=assistants,
            threads=Threads(self._storage, queue, access),
            runs=Runs(self._storage, queue, streams, assistants, access, worker=self._worker),
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the database, and begin to work.

        Raises:
            Misconfigured: The database cannot be opened, or another process has it.
        """
        await self._stack.enter_async_context(self._storage)
        await self.agents.assistants.prepare()
        await self._stack.enter_async_context(self._worker)
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop every run at the end of its step, and close the database."""
        await self._stack.aclose()


def _storage(project: Project, settings: Settings, terms: Terms) -> Storage:
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    return open_storage(url or f"sqlite:///{project.folder / DATABASE}", terms=terms)
