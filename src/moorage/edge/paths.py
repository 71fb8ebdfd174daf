"""Paths as middlewares see them: before routing, below whatever prefix a proxy took away."""

from collections.abc import Iterable
from typing import Any


def route_path(scope: Any) -> str:
    """Return the path that the router will match: the request's, without ``root_path``.

    It decides as Starlette's router does, because authentication relies on it.
    """
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if not root or not path.startswith(root):
        return path
    rest = path[len(root) :]
    return rest if not rest or rest[0] == "/" else path


class Paths:
    """A set of paths: single ones, and all at or below some prefixes.

    Args:
        exact: Single paths, as the router sees them.
        below: Prefixes such as ``/playground``: that path and everything under it.
    """

    __slots__ = ("_below", "_exact")

    def __init__(self, exact: Iterable[str] = (), below: Iterable[str] = ()) -> None:
        prefixes = [prefix.rstrip("/") for prefix in below]
        self._exact = frozenset(exact).union(prefixes)
        self._below = tuple(f"{prefix}/" for prefix in prefixes)

    def __contains__(self, path: str) -> bool:
        return path in self._exact or (bool(self._below) and path.startswith(self._below))
