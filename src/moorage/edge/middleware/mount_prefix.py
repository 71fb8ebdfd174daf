"""Puts the whole service below a prefix."""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from moorage.edge.errors import send_error
from moorage.edge.paths import route_path
from moorage.errors import NotFound


class MountPrefix:
    """Takes the prefix off each path, as a proxy would; what lacks it is not found.

    Args:
        app: The service.
        prefix: What paths begin with, such as ``/api``.
        outside: Paths that are there without it too: the probes.
    """

    def __init__(self, app: ASGIApp, *, prefix: str, outside: Collection[str]) -> None:
        self.app = app
        self._prefix = prefix
        self._outside = frozenset(outside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        path = route_path(scope)
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            root = scope.get("root_path", "")
            below = scope["path"].removeprefix(root).removeprefix(self._prefix) or "/"
            prefixed = f"{root}{self._prefix}"
            scope = {**scope, "root_path": prefixed, "path": f"{prefixed}{below}"}
        elif path not in self._outside:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await send_error(send, NotFound("Not Found"))
            return
        await self.app(scope, receive, send)
