"""What a project publishes: its agents by each protocol, and the application of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from langgraph_sdk.client import configure_loopback_transports
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from moorage import importing
from moorage.domain.caller import ANONYMOUS
from moorage.edge.metrics import Metrics
from moorage.edge.middleware.cors import CrossOrigin
from moorage.edge.probes import Check, Load
from moorage.engine.access import Rule
from moorage.engine.agents import Agents
from moorage.engine.run_config import Asked, with_caller
from moorage.engine.runs import NewRun
from moorage.engine.watching import UNWATCHED
from moorage.errors import Misconfigured
from moorage.hosting import Hosting
from moorage.project import Project
from moorage.protocols import agent_server
from moorage.protocols.langserve import add_routes
from moorage.settings import Settings

_TAKEN = frozenset({"assistants", "console", "docs", "runs", "store", "threads", "ui"})
"""First parts of paths that are the service's own, where no graph's endpoints can be."""

log = structlog.get_logger(__name__)


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


def own_application(project: Project | None) -> Own:
    """Import the project's own application.

    Raises:
        Misconfigured: It cannot be imported, or is none.
    """
    if project is None or project.http.app is None:
        return Own()
    project.apply()
    app = importing.resolve(project.http.app)
    if not isinstance(app, Starlette):
        raise Misconfigured(
            f"http.app: {project.http.app} is no Starlette or FastAPI application; name one"
        )
    return Own(
        app,
        is_guarded=project.http.enable_custom_route_auth,
        comes_first=project.http.middleware_order == "middleware_first",
    )


def cross_origin(settings: Settings, project: Project | None) -> Middleware | None:
    """Return what lets pages of other origins call: as the project says, or the settings."""
    if project is None or (said := project.http.cors) is None:
        if not settings.cors_origins:
            return None
        return Middleware(
            CrossOrigin, origins=settings.cors_origins, credentials=settings.cors_credentials
        )
    return Middleware(
        CrossOrigin,
        origins=said.allow_origins,
        pattern=said.allow_origin_regex,
        credentials=said.allow_credentials,
        methods=said.allow_methods,
        headers=said.allow_headers,
        exposed=said.expose_headers,
        max_age=said.max_age,
    )


class Publication:
    """A project as a part of the service; without a project, a part that adds nothing.

    Making it imports the project's graphs and its application.

    Args:
        project: What is published.
        settings: How it is served.
        rule: Says what callers may do; without one, everything.
        metrics: Where runs and webhooks are counted; None counts nothing.

    Raises:
        Misconfigured: Something that the project or the settings name is not there.
    """

    def __init__(
        self,
        project: Project | None,
        settings: Settings,
        *,
        rule: Rule | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._project = project
        self._hosting: Hosting | None = None
        if project:
            watch = metrics.of_agents() if metrics else UNWATCHED
            self._hosting = Hosting(project, settings, rule=rule, watch=watch)
        self.own = own_application(project)

    @property
    def agents(self) -> Agents | None:
        """The agents that are published."""
        return self._hosting.agents if self._hosting else None

    @property
    def prefix(self) -> str:
        """What all paths are below."""
        return self._project.http.mount_prefix if self._project else ""

    @property
    def checks(self) -> Mapping[str, Check]:
        """What ``/ready`` asks of it."""
        return {"database": self._hosting.check} if self._hosting else {}

    @property
    def load(self) -> Callable[[], Awaitable[Load]] | None:
        """Tells what the agents have to do; None where there are none."""
        return self._hosting.load if self._hosting else None

    @property
    def about(self) -> Mapping[str, Any]:
        """What ``/info`` says of it."""
        return agent_server.about(_disabled(self._project)) if self._project else {}

    @property
    def tells_about(self) -> bool:
        """Whether there is an ``/info``."""
        return self._project is None or not self._project.http.disable_meta

    @property
    def shows_header(self) -> Callable[[str], bool] | None:
        """Says which request headers the log shows; None where it shows none."""
        shown = self._project.http.logging_headers if self._project else None
        return shown.choose if shown else None

    @property
    def failing(self) -> Collection[str]:
        """The graphs that could not be imported."""
        return self.agents.graphs.failures if self.agents else ()

    @asynccontextmanager
    async def running(self, service: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        """Run the agents and the project's application for as long as the service does.

        Clients that the project's modules made by ``get_client()`` without a URL call the service
        within this process, without a credential of their own.
        """
        async with AsyncExitStack() as stack:
            if self._hosting:
                configure_loopback_transports(service)
                await stack.enter_async_context(self._hosting.within(service))
            state = await stack.enter_async_context(self.own.lifespan())
            yield state or {}

    def join(self, service: FastAPI) -> None:
        """Publish by the Agent Server's API, and each agent by LangServe's below its name.

        ``service.state.agents`` is what is published.
        """
        if self._project is None or self.agents is None:
            return
        service.state.agents = self.agents
        agent_server.publish(service, disabled=_disabled(self._project))
        for graph_id in self.agents.graphs.ids:
            _call_by_name(service, self.agents, graph_id)
        self.own.join(service)


def _call_by_name(service: FastAPI, agents: Agents, graph_id: str) -> None:
    """Publish a graph by LangServe's endpoints, to those who may begin runs of it."""
    if graph_id in _TAKEN:
        log.warning("a graph has no LangServe endpoints: its name is taken", graph=graph_id)
        return

    async def permitted(config: dict[str, Any], request: Request) -> dict[str, Any]:
        caller = request.scope.get("user", ANONYMOUS)
        chosen = config.get("configurable") or {}
        asked = Asked(config={"configurable": chosen})
        await agents.runs.permit(caller, NewRun(assistant_id=graph_id, asked=asked))
        return {**config, "configurable": with_caller(chosen, caller)}

    add_routes(
        service,
        agents.graphs.runnable(graph_id),
        path=f"/{graph_id}",
        configurable_passthrough="all",
        per_req_config_modifier=permitted,
    )


def _disabled(project: Project) -> frozenset[str]:
    http = project.http
    return frozenset(
        name
        for name in ("assistants", "threads", "runs", "store")
        if getattr(http, f"disable_{name}")
    )


def _is_documentation(route: BaseRoute, app: Starlette) -> bool:
    """Say whether a route is one that FastAPI makes for every application."""
    if not isinstance(app, FastAPI):
        return False
    own = {app.docs_url, app.redoc_url, app.openapi_url, app.swagger_ui_oauth2_redirect_url}
    return getattr(route, "path", None) in own
