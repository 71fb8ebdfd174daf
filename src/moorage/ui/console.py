"""The console: one page for all of a service, and the list of what the service hosts."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from moorage.ui.files import ASSETS
from moorage.ui.open_pages import is_console_page
from moorage.ui.pages import CONSOLE, Place, WebPages, path_for_browser


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


class Overview(TypedDict):
    """What the console's first page shows."""

    title: str
    version: str
    environment: str
    runnables: list[Hosted]
    warnings: list[str]


def router(
    pages: WebPages,
    about: Mapping[str, str],
    *,
    runnables: Callable[[], Sequence[Hosted]],
    warnings: Sequence[str],
) -> APIRouter:
    """Return ``/console/`` with everything below it.

    Args:
        pages: The pages of the service.
        about: The title, the version and the environment of the service.
        runnables: Lists what is hosted when it is asked for; ``playground`` is a path within the
            application.
        warnings: What the operator should know.
    """
    routes = APIRouter(tags=["service"])

    @routes.get(f"{CONSOLE}runnables.json", response_model=Overview)
    async def overview(request: Request) -> Response:
        """List the runnables, and what is not as it should be."""
        hosted = [
            Hosted(
                **{
                    **one,
                    "playground": one["playground"]
                    and path_for_browser(request.scope, one["playground"]),
                }
            )
            for one in runnables()
        ]
        told: Overview = {
            "title": about["title"],
            "version": about["version"],
            "environment": about["environment"],
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
