"""Which route answered a request, as its template: ``/agent/c/{config_hash}/invoke``."""

from collections.abc import Mapping, MutableMapping
from typing import Any

# Where a route that serves many templates, such as that of all runnables, says which one it was.
TEMPLATE_KEY = "moorage.template"


def template_of(scope: MutableMapping[str, Any]) -> str | None:
    """Return the path template of the route that matched; None before routing or without a match.

    FastAPI names the route in the scope, but one of an included router without its prefix, which
    only the context beside it has, and one of Starlette's not at all: that is looked for once.
    """
    known: str | None = scope.get(TEMPLATE_KEY)
    if known is None and "endpoint" in scope:
        context = scope.get("fastapi", {}).get("effective_route_context")
        route = getattr(context, "starlette_route", None) or context or scope.get("route")
        known = scope[TEMPLATE_KEY] = getattr(route, "path_format", None) or _search(scope)
    return known


def _search(scope: Mapping[str, Any]) -> str | None:
    endpoint, app = scope["endpoint"], scope.get("app")
    for route in getattr(app, "routes", ()):
        if endpoint in (getattr(route, "endpoint", None), getattr(route, "app", None)):
            path: str = route.path
            return path
    return None
