"""All resources of the Agent Server's API, under one router."""

from fastapi import APIRouter

from moorage.protocols.agent_server import assistants, crons, joins, runs, store, threads


def router(prefix: str = "") -> APIRouter:
    """Return the routes, below ``prefix``; they find the agents under ``AGENTS_KEY``."""
    routes = APIRouter(prefix=prefix)
    for resource in (
        assistants.routes,
        threads.routes,
        crons.of_threads,  # before the runs, to which its paths would be ids
        crons.routes,
        runs.of_threads,
        runs.stateless,
        joins.of_threads,
        joins.stateless,
        store.routes,
    ):
        routes.include_router(resource)
    return routes


def open_paths(prefix: str) -> frozenset[str]:
    """Return the paths that need no credential (protocol, sections 11 and 12).

    Args:
        prefix: What all paths are below; those of probes are there without it too.
    """
    always = {"/", "/ok", "/metrics"}
    return frozenset(always | {f"{prefix}{path}" for path in (*always, "/info")})
