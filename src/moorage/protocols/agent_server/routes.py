"""All resources of the Agent Server's API."""

from collections.abc import Collection, Mapping, Sequence

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute

from moorage.protocols.agent_server import (
    assistants,
    commands,
    crons,
    event_streams,
    joins,
    runs,
    sockets,
    states,
    store,
    system,
    thread_streams,
    threads,
)
from moorage.protocols.agent_server.index import Index

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
        commands.routes,
        event_streams.routes,
        sockets.routes,
    ],
    "store": [store.routes],
}
"""What a project may leave out, by name."""


def publish(service: FastAPI, *, disabled: Collection[str] = ()) -> None:
    """Add the routes to an application; they find the agents under ``AGENTS_KEY``.

    Args:
        service: The application.
        disabled: The resources that are left out.
    """
    parts = [part for name, of in RESOURCES.items() if name not in disabled for part in of]
    published = [route for part in (system.routes, *parts) for route in part.routes]
    routes = [route for route in published if isinstance(route, APIRoute)]
    over_sockets = [route for route in published if isinstance(route, APIWebSocketRoute)]
    router = APIRouter(routes=[Index(routes), *routes, *over_sockets])
    if service.router.dependencies:
        service.include_router(router)  # which asks them, and tries one route after the other
    else:
        service.router.routes.extend(router.routes)
