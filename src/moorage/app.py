"""The composition root: what a service consists of and how its parts are plugged together."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI
from starlette.middleware import Middleware

from moorage import collection, opening
from moorage.additions import Additions
from moorage.auth.custom import Handler
from moorage.edge import errors, probes, sessions
from moorage.edge.metrics import Metrics
from moorage.edge.middleware.attempts import AttemptLimit
from moorage.edge.middleware.authentication import Authentication
from moorage.edge.middleware.body_limit import BodyLimit
from moorage.edge.middleware.concurrency import ConcurrencyLimit
from moorage.edge.middleware.exchange import ExchangeMiddleware
from moorage.edge.middleware.mount_prefix import MountPrefix
from moorage.edge.middleware.proxy import ProxyHeaders
from moorage.edge.middleware.rate_limit import RateLimit
from moorage.edge.middleware.security_headers import SecurityHeaders
from moorage.edge.openapi import Service
from moorage.edge.paths import Paths
from moorage.edge.probes import Check
from moorage.edge.route_limits import RouteLimiter, install_limiter
from moorage.engine.access import Rule
from moorage.engine.policy import POLICY_KEY, ErrorMapper, RunPolicy
from moorage.engine.thread_pool import default_threads
from moorage.errors import Misconfigured
from moorage.lifecycle import Lifecycle
from moorage.observability import logs
from moorage.protocols.langserve.listing import hosted
from moorage.settings import Settings, stop
from moorage.storage.feedback import FEEDBACK_KEY
from moorage.ui import console as consoles
from moorage.ui.open_pages import OpenPages
from moorage.ui.pages import PAGES_KEY

if TYPE_CHECKING:  # a project file takes 30 ms to import, and not every service has one
    from moorage.project import Project

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any] | None]]

log = structlog.get_logger("moorage.app")


def create_app(  # noqa: PLR0913 - what a service may be given, each by its name
    settings: Settings,
    *,
    authenticate: Handler | None = None,
    error_mapper: ErrorMapper | None = None,
    checks: Mapping[str, Check] | None = None,
    lifespan: Lifespan | None = None,
    project: "Project | None" = None,
    console: bool = True,
    **openapi: Any,
) -> FastAPI:
    """Build the service: a FastAPI application with everything a production edge needs.

    Add runnables with ``add_routes`` and endpoints of your own as on any FastAPI application.
    ``app.state.limiter`` is slowapi's limiter, for limits of single endpoints.

    Args:
        settings: Every decision; nothing is read from the environment here.
        authenticate: Your own authentication, in place of keys and tokens: an async function from
            the request to a ``Caller``, an identity, or None for nobody.
        error_mapper: Turns a runnable's exception into what the client is told about it.
        checks: Further checks of ``/ready`` by name: async functions that raise, or return False,
            when something is wrong. One named ``model`` is asked only with ``ready_model_check``.
        lifespan: Your own resources, as FastAPI takes it. It starts before the first request and
            ends after the last one.
        project: A project whose graphs are served as agents, by the Agent Server's API. They are
            imported here.
        console: Whether ``/console/`` is there, a page that shows what the service hosts.
        openapi: What FastAPI is to say in the OpenAPI document, such as ``version``.

    Raises:
        SystemExit: There is no way to authenticate, or it cannot be loaded. One line on standard
            error says what to do; the status is 2.
    """
    collection.spare()
    settings = opening.as_told(settings, project)
    style = opening.log_style(settings)
    logs.configure(level=settings.log_level, style=style)
    lifecycle = Lifecycle(grace_period=settings.grace_period, drain_delay=settings.drain_delay)
    metrics = Metrics(settings.metrics_dir) if settings.metrics else None
    limits = opening.rate_limits(settings, metrics)
    try:
        identification, rule = opening.callers(settings, authenticate, project)
        added = _additions(project, settings, rule, metrics)
    except Misconfigured as error:
        stop(str(error))
    is_open = identification.is_off
    feedback = opening.feedback(settings)
    pages = opening.web_pages(settings, identification)
    public = opening.open_pages(settings, added.open_paths)
    probed = Paths(probes.PATHS | {probes.METRICS_PATH})

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[Mapping[str, Any] | None]:
        logs.configure(level=settings.log_level, style=style)  # servers set up theirs in between
        if is_open:
            log.warning("authentication is off", environment=settings.environment)
        async with AsyncExitStack() as stack:
            stack.enter_context(default_threads(settings.sync_workers))
            stack.push_async_callback(limits.close)
            if feedback:
                stack.push_async_callback(feedback.close)
            state = dict(await stack.enter_async_context(added.running(app)))
            if lifespan:
                given = await stack.enter_async_context(lifespan(app))
                state.update(given or {})
            await stack.enter_async_context(lifecycle.running())
            collection.settle()
            lifecycle.ready()
            yield state

    facts = {
        POLICY_KEY: RunPolicy(
            settings.run_timeout.total_seconds() or None, error_mapper, lifecycle
        ),
        PAGES_KEY: pages,
        FEEDBACK_KEY: feedback,
        **added.facts,
    }
    has_limits = not limits.is_empty
    count_refusal = opening.refusal_counter(metrics)
    # A request's way in. What would have nothing to do is left out, since each layer costs.
    layers = [
        Middleware(
            ExchangeMiddleware,
            lifecycle=lifecycle,
            metrics=metrics,
            log=logs.RequestLines(settings.log_level, style),
            shows_header=added.shows_header,
            quiet=probed,
            facts=facts,
        ),
        Middleware(ProxyHeaders, trusted=settings.trusted_proxies)
        if settings.trusted_proxies
        else None,
        Middleware(MountPrefix, prefix=added.prefix, outside=added.roots) if added.prefix else None,
        Middleware(SecurityHeaders),
        opening.cross_origin(settings, project),
        *added.own.first,
        Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
        Middleware(AttemptLimit, limits=limits, on_refusal=count_refusal)
        if has_limits and not is_open
        else None,
        Middleware(
            Authentication,
            identification=identification,
            public=Paths(public),
            public_methods=("OPTIONS",) if project else (),
            public_routes=added.own.open_routes,
            pages=OpenPages(pages, has_console=console),
        ),
        *added.own.last,
        Middleware(RateLimit, limits=limits, exempt=probed, on_refusal=count_refusal)
        if has_limits
        else None,
        Middleware(
            ConcurrencyLimit,
            limit=settings.max_concurrency,
            wait=settings.concurrency_wait,
            exempt=probed,
        )
        if settings.max_concurrency
        else None,
    ]
    app = Service(
        title=settings.title,
        public=None if is_open else public,
        security=opening.security(project),
        middleware=[layer for layer in layers if layer],
        lifespan=running,
        docs_url="/docs" if settings.shows_docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.shows_docs else None,
        **openapi,
    )
    errors.install(app)
    install_limiter(app, RouteLimiter(settings.counter_url))
    about = {"title": app.title, "version": app.version, "environment": settings.environment}
    readiness = opening.readiness(settings, {**added.checks, **(checks or {})}, lifecycle)
    app.include_router(
        probes.router(
            {**added.about, **about} if added.tells_about else None,
            readiness=readiness,
            metrics=metrics,
            failing=added.failing,
            load=added.load,
        )
    )
    app.include_router(sessions.router(identification))
    added.join(app)
    if console:
        warnings = opening.warnings(settings, identification, feedback)
        app.include_router(
            consoles.router(
                pages,
                about,
                readiness=readiness,
                runnables=partial(hosted, app),
                warnings=warnings,
            )
        )
    return app


def _additions(
    project: "Project | None", settings: Settings, rule: Rule | None, metrics: Metrics | None
) -> Additions:
    if project is None:
        return Additions()
    from moorage.publishing import Publication  # noqa: PLC0415 - only agents need all of that

    return Publication(project, settings, rule=rule, metrics=metrics)
