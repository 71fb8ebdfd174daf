"""Finds the route of a request in a dict, where FastAPI would try one after the other."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from moorage.edge.paths import route_path


class Index(BaseRoute):
    """Stands before routes and finds the one that a request is for.

    The routes themselves come behind it: for documents, and for all that is not found here, such as
    methods that a path does not have.

    Args:
        routes: The routes, in the order in which they would be tried.
    """

    def __init__(self, routes: Sequence[APIRoute]) -> None:
        self._fixed: dict[tuple[str, str], APIRoute] = {}
        self._patterns: defaultdict[tuple[str, int], list[APIRoute]] = defaultdict(list)
        for route in routes:
            for method in route.methods or ():
                if not route.param_convertors:
                    self._fixed.setdefault((method, route.path), route)
                elif not _has_any_length(route):
                    self._patterns[method, route.path.count("/")].append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return the match of the route that is found, which has itself in the scope."""
        if scope["type"] == "http":
            for route in self._candidates(scope["method"], route_path(scope)):
                match, child = route.matches(scope)
                if match is Match.FULL:
                    return match, child
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the route serve the request."""
        await scope["route"].handle(scope, receive, send)

    def _candidates(self, method: str, path: str) -> Iterator[APIRoute]:
        if fixed := self._fixed.get((method, path)):
            yield fixed
        yield from self._patterns.get((method, path.count("/")), ())


def _has_any_length(route: APIRoute) -> bool:
    return any(isinstance(one, PathConvertor) for one in route.param_convertors.values())
