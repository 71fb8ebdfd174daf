"""Which route answered a request, as its template: ``/agent/c/{config_hash}/invoke``."""

from collections.abc import Mapping
from typing import Any


def template_of(scope: Mapping[str, Any]) -> str | None:
    """Return the path template of the route that matched; None before routing or without a match.

    A route of an included router is known with its prefix only to the context that FastAPI leaves
    in the scope.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    for route in (getattr(context, "starlette_route", None), context, scope.get("route")):
        template = getattr(route, "path_format", None) or getattr(route, "path", None)
        if template is not None:
            return str(template)
    return None
