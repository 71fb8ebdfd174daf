"""What a project publishes: its agents by each protocol, and the application of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
)
from typing import Any

import structlog
from fastapi import FastAPI
from langgraph_sdk.client import configure_loopback_transports
from starlette.applications import Starlette
from starlette.requests import Request

from moorage import importing
from moorage.additions import Additions, Own
from moorage.domain.caller import ANONYMOUS
from moorage.edge.metrics import Metrics
from moorage.engine.access import Rule
from moorage.engine.agents import Agents
from moorage.engine.run_config import Asked, with_caller
from moorage.engine.runs import NewRun
from moorage.engine.watching import UNWATCHED
from moorage.errors import Misconfigured
from moorage.hosting import Hosting
from moorage.project import Project
from moorage.protocols import agent_server
from moorage.protocols.agent_server import AGENTS_KEY
from moorage.protocols.langserve import add_routes
from moorage.settings import Settings

_TAKEN = frozenset({"assistants", "console", "docs", "runs", "store", "threads", "ui"})
"""First parts of paths that are the service's own, where no graph's endpoints can be."""

log = structlog.get_logger(__name__)


def own_application(project: Project) -> Own:
    """Import the project's own application.

    Raises:
        Misconfigured: It cannot be imported, or is none.
    """
    if project.http.app is None:
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


class Publication(Additions):
    """A project as a part of the service.

    Making it imports the project's graphs and its application.

    Args:
        project: What is published.
        settings: How it is served.
        rule: Says what callers may do; without one, everything.
        metrics: Where runs and webhooks are counted; None counts nothing.

    Raises:
        Misconfigured: Something that the project or the settings name is not there.
    """

    open_paths = agent_server.OPEN
    roots = agent_server.ROOTS

    def __init__(
        self,
        project: Project,
        settings: Settings,
        *,
        rule: Rule | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._project = project
        watch = metrics.of_agents() if metrics else UNWATCHED
        self._hosting = Hosting(project, settings, rule=rule, watch=watch)
        self._agents = self._hosting.agents
        shown = project.http.logging_headers
        self.own = own_application(project)
        self.prefix = project.http.mount_prefix
        self.facts = {AGENTS_KEY: self._agents}
        self.checks = {"database": self._hosting.check}
        self.load = self._hosting.load
        self.about = agent_server.about(_disabled(project))
        self.tells_about = not project.http.disable_meta
        self.shows_header = shown.choose if shown else None
        self.failing = self._agents.graphs.failures

    @asynccontextmanager
    async def running(self, service: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        """Run the agents and the project's application for as long as the service does.

        Clients that the project's modules made by ``get_client()`` without a URL call the service
        within this process, without a credential of their own.
        """
        async with AsyncExitStack() as stack:
            configure_loopback_transports(service)
            await stack.enter_async_context(self._hosting.within(service))
            state = await stack.enter_async_context(self.own.lifespan())
            yield state or {}

    def join(self, service: FastAPI) -> None:
        """Publish by the Agent Server's API, and each agent by LangServe's below its name.

        ``service.state.agents`` is what is published.
        """
        service.state.agents = self._agents
        agent_server.publish(service, disabled=_disabled(self._project))
        for graph_id in self._agents.graphs.ids:
            _call_by_name(service, self._agents, graph_id)
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
