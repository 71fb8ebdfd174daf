"""What a project adds to a service: nothing where there is none.

What does the adding is in ``publishing``. It takes a second to import, which services without
agents are spared.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from moorage.edge.probes import Check, Load


@dataclass(frozen=True, slots=True)
class Own:
    """A Starlette or FastAPI application of the project's, whose parts become the service's.

    Attributes:
        app: The application; None where the project has none.
        is_guarded: Whether its routes need a credential.
        comes_first: Whether its middleware comes before authentication.
    """

    app: Starlette | None = None
    is_guarded: bool = False
    comes_first: bool = True

    @property
    def first(self) -> Sequence[Middleware]:
        """Its middleware before authentication."""
        return self.app.user_middleware if self.app and self.comes_first else ()

    @property
    def last(self) -> Sequence[Middleware]:
        """Its middleware behind authentication."""
        return self.app.user_middleware if self.app and not self.comes_first else ()

    @property
    def open_routes(self) -> Sequence[BaseRoute]:
        """Its routes that need no credential."""
        return self.app.routes if self.app and not self.is_guarded else ()

    def lifespan(self) -> AbstractAsyncContextManager[Mapping[str, Any] | None]:
        """Return what runs as long as the service does."""
        return self.app.router.lifespan_context(self.app) if self.app else nullcontext()

    def join(self, service: FastAPI) -> None:
        """Give the service its routes, which win over the service's own, and error handlers."""
        if self.app is None:
            return
        routes = [route for route in self.app.routes if not _is_documentation(route, self.app)]
        for route in routes:
            if isinstance(route, APIRoute):  # one that replaces ours is another operation
                route.unique_id = f"own_{route.unique_id}"
        roots = [route for route in routes if isinstance(route, Mount) and not route.path]
        service.router.routes[:0] = [route for route in routes if route not in roots]
        service.router.routes.extend(roots)  # they take whatever nobody else has
        for kind, handler in self.app.exception_handlers.items():
            service.exception_handlers.setdefault(kind, handler)


class Additions:
    """A part of the service that adds nothing.

    Attributes:
        own: The project's own application.
        prefix: What all paths are below.
        roots: The paths that are there without it too.
        open_paths: Paths that need no credential.
        facts: What every request's scope is to say.
        checks: What ``/ready`` asks.
        load: Tells what the agents have to do; None where there are none.
        about: What ``/info`` says.
        tells_about: Whether there is an ``/info``.
        shows_header: Says which request headers the log shows; None where it shows none.
        failing: The graphs that could not be imported.
    """

    own: Own = Own()
    prefix: str = ""
    roots: Collection[str] = ()
    open_paths: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = MappingProxyType({})
    checks: Mapping[str, Check] = MappingProxyType({})
    load: Callable[[], Awaitable[Load]] | None = None
    about: Mapping[str, Any] = MappingProxyType({})
    tells_about: bool = True
    shows_header: Callable[[str], bool] | None = None
    failing: Collection[str] = ()

    @asynccontextmanager
    async def running(self, service: FastAPI) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ARG002
        """Run what it consists of for as long as the service does; give what requests share."""
        yield {}

    def join(self, service: FastAPI) -> None:
        """Publish what it adds."""


def _is_documentation(route: BaseRoute, app: Starlette) -> bool:
    """Say whether a route is one that FastAPI makes for every application."""
    if not isinstance(app, FastAPI):
        return False
    own = {app.docs_url, app.redoc_url, app.openapi_url, app.swagger_ui_oauth2_redirect_url}
    return getattr(route, "path", None) in own
