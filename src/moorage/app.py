"""The composition root: what a service consists of and how its parts are plugged together."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from moorage.edge import errors, probes
from moorage.edge.metrics import Metrics
from moorage.edge.middleware.exchange import ExchangeMiddleware
from moorage.edge.openapi import Service
from moorage.edge.probes import Check, Readiness
from moorage.engine.policy import POLICY_KEY, ErrorMapper, RunPolicy
from moorage.engine.threads import default_threads
from moorage.lifecycle import Lifecycle
from moorage.observability import logs
from moorage.settings import Settings

UserLifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any] | None]]


def create_app(
    settings: Settings,
    *,
    error_mapper: ErrorMapper | None = None,
    checks: Mapping[str, Check] | None = None,
    lifespan: UserLifespan | None = None,
    **openapi: Any,
) -> FastAPI:
    """Build the service: a FastAPI application with everything a production edge needs.

    Add runnables with ``add_routes`` and endpoints of your own as on any FastAPI application.

    Args:
        settings: Every decision; nothing is read from the environment here.
        error_mapper: Turns a runnable's exception into what the client is told about it.
        checks: Further checks of ``/ready`` by name: coroutine functions that raise, or return
            False, when something is wrong. One named ``model`` is asked only with
            ``ready_model_check``.
        lifespan: Your own resources, as FastAPI takes it. It starts before the first request and
            ends after the last one.
        openapi: What FastAPI is to say in the OpenAPI document, such as ``version``.
    """
    style: logs.Style = "json" if settings.logs_json else "console"
    logs.configure(level=settings.log_level, style=style)
    lifecycle = Lifecycle(grace_period=settings.grace_period, drain_delay=settings.drain_delay)
    metrics = Metrics(settings.metrics_dir) if settings.metrics else None
    policy = RunPolicy(
        run_timeout=settings.run_timeout.total_seconds() or None,
        error_mapper=error_mapper,
        lifecycle=lifecycle,
    )
    quiet = probes.PATHS | {probes.METRICS_PATH}

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[Mapping[str, Any] | None]:
        logs.configure(level=settings.log_level, style=style)  # servers set up theirs in between
        async with AsyncExitStack() as stack:
            stack.enter_context(default_threads(settings.sync_workers))
            state = await stack.enter_async_context(lifespan(app)) if lifespan else None
            await stack.enter_async_context(lifecycle.running())
            lifecycle.ready()
            yield state

    middleware = [
        Middleware(
            ExchangeMiddleware,
            lifecycle=lifecycle,
            metrics=metrics,
            log=logs.request_logger(settings.log_level, style),
            quiet=quiet,
            facts={POLICY_KEY: policy},
        ),
    ]
    app = Service(
        title=settings.title,
        public=quiet if settings.requires_auth else None,
        middleware=middleware,
        lifespan=running,
        docs_url="/docs" if settings.shows_docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.shows_docs else None,
        **openapi,
    )
    errors.install(app)
    app.include_router(
        probes.router(
            {"title": settings.title, "environment": settings.environment},
            readiness=_readiness(settings, checks or {}, lifecycle),
            metrics=metrics,
        )
    )
    return app


def _readiness(settings: Settings, checks: Mapping[str, Check], lifecycle: Lifecycle) -> Readiness:
    own = (
        {"redis": probes.redis_check(settings.redis_url.get_secret_value())}
        if settings.redis_url
        else {}
    )
    asked = {
        name: check
        for name, check in checks.items()
        if name != "model" or settings.ready_model_check
    }
    return Readiness(
        {**own, **asked},
        lifecycle=lifecycle,
        timeout=settings.ready_timeout,
        cache=settings.ready_cache,
        # Rate limits that fail open need no Redis, and a lost one must not take every process out.
        optional=frozenset({"redis"} if settings.rate_limit_fail_open else ()),
    )
