"""Which runnables an application publishes, found by walking its routes."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI

from moorage.protocols.langserve.dispatch import PARAMETER, Publication, RunnableRoute
from moorage.protocols.langserve.handler import RunnableHandler
from moorage.protocols.langserve.playground import description_of, name_of, published_operations
from moorage.ui.console import Hosted, State

_REST = f"/{{{PARAMETER}:path}}"


def hosted(app: FastAPI) -> list[Hosted]:
    """Return the runnables of an application, sorted by path.

    Those of routers and of mounted applications are among them. What was included with
    ``include_in_schema=False`` is hidden here too.
    """
    found = dict(_walk(app.routes, ""))
    return [_described(path, found[path]) for path in sorted(found)]


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, Publication]]:
    for route in routes:
        if isinstance(route, RunnableRoute):
            yield from _published(route, f"{prefix}{route.path}")
        elif hasattr(route, "effective_route_contexts"):  # a router that FastAPI has included
            if not route.include_context.include_in_schema:
                continue
            for context in route.effective_route_contexts():
                inner = context.original_route
                if isinstance(inner, RunnableRoute):
                    yield from _published(inner, f"{prefix}{context.path}")
        elif hasattr(route, "app") and hasattr(route, "routes"):  # a mounted application
            yield from _walk(route.routes or (), f"{prefix}{route.path}")


def _published(route: RunnableRoute, path: str) -> Iterator[tuple[str, Publication]]:
    start = path.removesuffix(_REST)
    for publication in route.publications():
        yield f"{start}{'' if publication.mount else publication.path}", publication


def _described(path: str, publication: Publication) -> Hosted:
    handler = publication.handler
    has_page = handler.options.publishes("playground") and "{" not in path
    return {
        "path": path,
        "name": name_of(handler.runnable, path),
        "description": description_of(handler.runnable, handler.options),
        "playground": f"{path}/playground/" if has_page else None,
        "operations": published_operations(handler.options),
        "state": _state(handler),
    }


def _state(handler: RunnableHandler) -> State:
    activity, failure = handler.activity, handler.activity.latest_failure
    reason = _not_made(handler)
    return {
        "status": "faulty" if reason else "failing" if activity.is_failing else "ready",
        "reason": reason,
        "running": activity.running,
        "runs": activity.begun,
        "failed": activity.failed,
        "latest_failure": failure and {"at": failure.at.isoformat(), "code": failure.code},
    }


def _not_made(handler: RunnableHandler) -> str | None:
    """Say which schemas are published and cannot be made."""
    names = [
        name
        for name in sorted(handler.schemas.not_made)
        if handler.options.publishes(f"{name}_schema")
    ]
    if not names:
        return None
    return f"There is no JSON schema of its {' and '.join(names)}: the log says why."
