"""``add_routes``: publishes runnables on a FastAPI application or router.

All runnables of an application share one route, which finds the operation in a dict: the time a
request takes does not grow with the number of runnables. The route is a FastAPI route like any
other, so prefixes and dependencies of applications, routers and inclusions apply to it.
"""

from collections.abc import Sequence
from typing import Any, Literal, cast
from weakref import ref

from fastapi import APIRouter, FastAPI, params
from langchain_core.runnables import Runnable
from starlette.routing import Match
from starlette.types import Scope

from moorage.protocols.langserve.dispatch import PARAMETER, Publication, RunnableRoute, serve
from moorage.protocols.langserve.documentation import documented_routes
from moorage.protocols.langserve.feedback import TokenFeedbackConfig
from moorage.protocols.langserve.handler import RunnableHandler
from moorage.protocols.langserve.operations import OPERATIONS, Operation
from moorage.protocols.langserve.options import (
    ErrorMapper,
    PerRequestConfigModifier,
    switched_on,
)
from moorage.serialization import Serializer


def add_routes(  # noqa: PLR0913 - LangServe's signature, which people's code calls by keyword
    app: FastAPI | APIRouter,
    runnable: Runnable[Any, Any],
    *,
    path: str = "",
    input_type: Any = "auto",
    output_type: Any = "auto",
    config_keys: Sequence[str] = ("configurable",),
    include_callback_events: bool = False,
    per_req_config_modifier: PerRequestConfigModifier | None = None,
    enable_feedback_endpoint: bool | None = None,
    token_feedback_config: TokenFeedbackConfig | None = None,
    enable_public_trace_link_endpoint: bool = False,
    enabled_endpoints: Sequence[str] | None = None,
    disabled_endpoints: Sequence[str] | None = None,
    stream_log_name_allow_list: Sequence[str] | None = None,
    dependencies: Sequence[params.Depends] | None = None,
    playground_type: Literal["default", "chat"] = "default",
    astream_events_version: Literal["v1", "v2"] = "v2",
    serializer: Serializer | None = None,
    configurable_passthrough: Literal["auto", "all"] | Sequence[str] = "auto",
    error_mapper: ErrorMapper | None = None,
    description: str | None = None,
) -> None:
    """Publish ``runnable`` below ``path``, over LangServe's protocol.

    Every client of LangServe works with it unchanged. The last three keywords are moorage's own.
    A path may hold parameters (``/tenants/{tenant}``); read them from the request in the modifier.

    Args:
        app: A FastAPI application or router. A router may be included later, with any prefix.
        runnable: What to publish.
        path: Prefix of all its routes; empty, or beginning with ``/``.
        input_type: Overrides the runnable's input type.
        output_type: Overrides the runnable's output type, in schemas and documentation.
        config_keys: Keys of the config that clients may set; others are dropped.
        include_callback_events: Return the events of each run with its result.
        per_req_config_modifier: ``f(config, request) -> config``, sync or async. It has the last
            word on every run's config; an ``HTTPException`` that it raises is the answer.
        enable_feedback_endpoint: Publish ``/feedback``; by default only where
            ``HOSTED_LANGSERVE_ENABLED`` is ``true``.
        token_feedback_config: ``{"key_configs": [{"key": "…"}]}``, exactly one.
        enable_public_trace_link_endpoint: Publish ``/public_trace_link``.
        enabled_endpoints: Names of the only operations to publish.
        disabled_endpoints: Names of operations not to publish.
        stream_log_name_allow_list: Show log and events only of a runnable with one of these names.
        dependencies: FastAPI dependencies that are solved before anything else on every route.
        playground_type: ``default`` or ``chat``.
        astream_events_version: Version of the events that ``/stream_events`` sends.
        serializer: Turns outputs into JSON; ``WellKnownLCSerializer`` if not given.
        configurable_passthrough: Keys of ``configurable`` that reach the runnable although it does
            not declare them: ``"auto"`` passes all to LangGraph graphs and none to others.
        error_mapper: Returns ``moorage.errors.Rejected`` for failures that clients may know of.
        description: What it is for, as the web pages say it; by default the text of its function,
            or the description of its tool.

    Raises:
        TypeError: ``app`` or ``runnable`` is something else.
        ValueError: A path that is taken or malformed, or an option that can never work.
    """
    router = _router(app)
    if path and not path.startswith("/"):
        raise ValueError(f"path must be empty or begin with '/', not {path!r}.")
    path = path.rstrip("/")
    enabled = switched_on(enabled_endpoints, disabled_endpoints)
    handler = RunnableHandler(
        runnable,
        path=path,
        prefix=router.prefix,
        input_type=input_type,
        output_type=output_type,
        config_keys=config_keys,
        include_callback_events=include_callback_events,
        per_req_config_modifier=per_req_config_modifier,
        enable_feedback_endpoint=enable_feedback_endpoint,
        token_feedback_config=token_feedback_config,
        enable_public_trace_link_endpoint=enable_public_trace_link_endpoint,
        stream_log_name_allow_list=stream_log_name_allow_list,
        playground_type=playground_type,
        astream_events_version=astream_events_version,
        serializer=serializer,
        configurable_passthrough=configurable_passthrough,
        error_mapper=error_mapper,
        description=description,
        enabled=enabled - {"config_hashes"},
        config_hashes="config_hashes" in enabled,
    )
    _publish(app, Publication(path, handler), list(dependencies or ()))


class RunnableDocumentation(APIRouter):
    """Lists the operations of a router's runnables for OpenAPI; it never serves one."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        super().__init__()

    def publish(self, publication: Publication) -> None:
        """Document one more runnable."""
        handler = publication.handler
        self._paths.add(publication.path)
        self.routes += documented_routes(
            publication.path,
            handler.models,
            publication.operations(),
            config_hashes=handler.options.config_hashes,
        )

    def publishes_at(self, path: str) -> bool:
        """Whether a runnable was published at ``path``."""
        return path in self._paths

    def matches(self, scope: Scope) -> tuple[Match, Scope]:  # noqa: ARG002
        """Match nothing: ``RunnableRoute`` serves."""
        return Match.NONE, {}

    def _get_routes_version(self, seen: set[int] | None = None) -> int:  # noqa: ARG002
        # FastAPI asks this on each request to a router that includes ours, and counts all routes.
        return len(self._paths)


def _publish(
    app: FastAPI | APIRouter, publication: Publication, dependencies: list[params.Depends]
) -> None:
    router = _router(app)
    documentation = _documentation(router)
    if documentation.publishes_at(publication.path):
        raise ValueError(f"A runnable is already published at {publication.path!r}.")
    for operation in publication.operations():
        is_taken = _is_taken(
            router, f"{router.prefix}{publication.path}{operation.path}", operation
        )
        route = _route(router, publication.mount, dependencies, first=not is_taken)
        route.publish(publication, operation)
        if isinstance(app, FastAPI) and not publication.mount:
            route.owner = ref(app)
    documentation.publish(publication)


def _documentation(router: APIRouter) -> RunnableDocumentation:
    for route in router.routes:
        if isinstance(included := getattr(route, "original_router", None), RunnableDocumentation):
            return included
    documentation = RunnableDocumentation()
    router.include_router(documentation)
    return documentation


def _is_taken(router: APIRouter, path: str, operation: Operation) -> bool:
    """Whether a route that was there before serves ``path``; then it goes on doing so."""
    scope = {
        "type": "http",
        "method": operation.method,
        "path": path,
        "root_path": "",
        "headers": [],
        "query_string": b"",
    }
    return any(
        route.matches(dict(scope))[0] is Match.FULL
        for route in router.routes
        if not isinstance(route, RunnableRoute)
    )


def _route(
    router: APIRouter, mount: str, dependencies: list[params.Depends], *, first: bool
) -> RunnableRoute:
    """Return the route for runnables with these dependencies, made if there is none yet.

    It comes before all others of the router, so that no request to a runnable is held against
    them; one for operations that would take the place of a route of the user's comes last.
    """
    path = f"{mount}/{{{PARAMETER}:path}}"
    wanted = [*router.dependencies, *dependencies]
    for route in router.routes:
        if not isinstance(route, RunnableRoute) or route.path != router.prefix + path:
            continue
        if route.dependencies == wanted and route.comes_first == first:
            return route
    router.add_api_route(
        path,
        serve,
        methods=sorted({operation.method for operation in OPERATIONS}),
        dependencies=dependencies,
        include_in_schema=False,
        name="runnables",
        response_model=None,
        route_class_override=RunnableRoute,
    )
    made = cast(RunnableRoute, router.routes[-1])
    if first:
        made.comes_first = True
        router.routes.insert(0, router.routes.pop())
    return made


def _router(app: Any) -> APIRouter:
    if isinstance(app, FastAPI):
        return app.router
    if isinstance(app, APIRouter):
        return app
    raise TypeError(f"Expected a FastAPI application or an APIRouter, got {type(app)}")
