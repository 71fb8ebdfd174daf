"""The console: one page for all of a service, and the list of what the service hosts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope
from typing_extensions import TypedDict

from moorage.clock import SystemClock
from moorage.edge.probes import Readiness
from moorage.ui.files import ASSETS
from moorage.ui.open_pages import is_console_page
from moorage.ui.pages import CONSOLE, Place, WebPages, path_for_browser


class Failed(TypedDict):
    """A run that failed: when, and the code of its error."""

    at: str
    code: str


class State(TypedDict):
    """How a runnable does, and what it did since the process that answers has started.

    ``status`` is ``unready`` while the service takes no requests, ``faulty`` where a schema cannot
    be made, ``failing`` when the latest run that ended failed through no fault of its caller.
    ``reason`` says more about the first two.
    """

    status: Literal["ready", "failing", "faulty", "unready"]
    reason: str | None
    running: int
    runs: int
    failed: int
    latest_failure: Failed | None


class Hosted(TypedDict):
    """One runnable of the service.

    ``path`` is below the service. ``playground`` is the page's address as the browser sees it; null
    where there is none, or none that can be named because the path has parameters.
    """

    path: str
    name: str
    description: str
    playground: str | None
    operations: list[str]
    state: State


class Overview(TypedDict):
    """What the console's first page shows.

    The process that answers counts its own runs, and has done so since ``counted_since``.
    """

    title: str
    version: str
    environment: str
    counted_since: str
    runnables: list[Hosted]
    warnings: list[str]


def router(
    pages: WebPages,
    about: Mapping[str, str],
    *,
    readiness: Readiness,
    runnables: Callable[[], Sequence[Hosted]],
    warnings: Sequence[str],
) -> APIRouter:
    """Return ``/console/`` with everything below it.

    Args:
        pages: The pages of the service.
        about: The title, the version and the environment of the service.
        readiness: Whether it can do its work now.
        runnables: Lists what is hosted when it is asked for; ``playground`` is a path within the
            application. It is called in a thread, as it may make schemas.
        warnings: What the operator should know.
    """
    routes = APIRouter(tags=["service"])
    began = SystemClock().now().isoformat()

    @routes.get(f"{CONSOLE}runnables.json", response_model=Overview)
    async def overview(request: Request) -> Response:
        """List the runnables with their states, and what is not as it should be."""
        unready = _why_unready(*await readiness.report())
        hosted = [_shown(one, request.scope, unready) for one in await run_in_threadpool(runnables)]
        told: Overview = {
            "title": about["title"],
            "version": about["version"],
            "environment": about["environment"],
            "counted_since": began,
            "runnables": hosted,
            "warnings": list(warnings),
        }
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    async def console(request: Request) -> Response:
        """Show the console, or one of its files."""
        name = request.path_params["name"]
        if is_console_page(f"{CONSOLE}{name}"):
            return pages.page("console", request, Place(CONSOLE))
        found = pages.file(name, request) if name.startswith(ASSETS) else None
        if found is None:
            raise HTTPException(404)
        return found

    routes.add_api_route(
        f"{CONSOLE}{{name:path}}", console, methods=["GET", "HEAD"], include_in_schema=False
    )
    return routes


def _shown(one: Hosted, scope: Scope, unready: str | None) -> Hosted:
    """Name the page as the browser sees it, and let the service's state come first."""
    playground = one["playground"] and path_for_browser(scope, one["playground"])
    state = one["state"]
    if unready:
        state = State(**{**state, "status": "unready", "reason": unready})
    return Hosted(**{**one, "playground": playground, "state": state})


def _why_unready(is_ready: bool, report: Mapping[str, Any]) -> str | None:
    if is_ready:
        return None
    failing = [f"{name} {told}" for name, told in report["checks"].items() if told != "ok"]
    return f"The service is {report['status']}{': ' if failing else ''}{', '.join(failing)}."
