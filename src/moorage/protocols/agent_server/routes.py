"""All resources of the Agent Server's API, under one router."""

from collections.abc import Collection, Mapping, Sequence

from fastapi import APIRouter

from moorage.protocols.agent_server import (
    assistants,
    crons,
    joins,
    runs,
    states,
    store,
    system,
    thread_streams,
    threads,
)

OPEN = frozenset({"/", "/ok", "/metrics", "/info"})
"""The paths that need no credential (protocol, sections 11 and 12)."""

ROOTS = frozenset({"/", "/ok", "/metrics"})
"""The paths that are there without the prefix of a project too."""

RESOURCES: Mapping[str, Sequence[APIRouter]] = {
    "assistants": [assistants.routes],
    "threads": [threads.routes, states.routes, thread_streams.routes],
    # Crons first: to the runs their paths would be ids.
    "runs": [
        crons.of_threads,
        crons.routes,
        runs.of_threads,
        runs.stateless,
        joins.of_threads,
        joins.stateless,
    ],
    "store": [store.routes],
}
"""What a project may leave out, by name."""


def router(*, disabled: Collection[str] = ()) -> APIRouter:
    """Return the routes; they find the agents under ``AGENTS_KEY``.

    Args:
        disabled: The resources that are left out.
    """
    routes = APIRouter()
    routes.include_router(system.routes)
    for name, parts in RESOURCES.items():
        for part in parts if name not in disabled else ():
            routes.include_router(part)
    return routes
