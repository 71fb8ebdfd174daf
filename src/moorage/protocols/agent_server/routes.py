"""All resources of the Agent Server's API, under one router."""

from fastapi import APIRouter

from moorage.protocols.agent_server import assistants, runs, store, threads


def router(prefix: str = "") -> APIRouter:
    """Return the routes, below ``prefix``; they find the agents under ``AGENTS_KEY``."""
    routes = APIRouter(prefix=prefix)
    for resource in (
        assistants.routes,
        threads.routes,
        runs.of_threads,
        runs.stateless,
        store.routes,
    ):
        routes.include_router(resource)
    return routes
