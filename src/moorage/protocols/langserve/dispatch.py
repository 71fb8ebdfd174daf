"""The route of all runnables: finds what a request asks for in a dict, and serves it."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from weakref import ref

from fastapi import FastAPI
from fastapi import HTTPException as FastAPIHTTPException
from fastapi.exception_handlers import http_exception_handler
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from moorage.collection import settle
from moorage.edge.errors import INTERNAL, Prepared, Refusal, respond, status_of
from moorage.edge.routes import TEMPLATE_KEY, template_of
from moorage.engine.policy import POLICY_KEY, RUN_ID_KEY
from moorage.errors import Abandoned, MoorageError
from moorage.protocols.langserve.handler import PATH_KEY, RunnableHandler
from moorage.protocols.langserve.operations import OPERATIONS, Operation
from moorage.protocols.langserve.requests import RunnableRequest

logger = logging.getLogger(__name__)

PARAMETER = "runnable_path"
_TARGET_KEY = "moorage.target"
_PLAYGROUND = "/playground/"
_HASH = "/c/"


class Publication(NamedTuple):
    """One runnable at one path.

    Attributes:
        path: Its path as it was given, without a trailing slash.
        handler: Serves its operations.
    """

    path: str
    handler: RunnableHandler

    @property
    def mount(self) -> str:
        """The part of the path that only a pattern can match; empty for most."""
        return self.path if "{" in self.path else ""

    def operations(self) -> list[Operation]:
        """The operations that are published."""
        options = self.handler.options
        return [one for one in OPERATIONS if options.publishes(one.switch)]


class _Target(NamedTuple):
    """What a request asks for: which operation of which runnable, and how configured."""

    publication: Publication
    operations: Mapping[str, Operation]
    method: str
    suffix: str
    config_hash: str = ""
    file_path: str = ""

    @property
    def template(self) -> str:
        """The path below the router's prefix, with names for what varies: for logs and metrics."""
        start = "" if self.publication.mount else self.publication.path
        configured = "/c/{config_hash}" if self.config_hash else ""
        return start + configured + next(iter(self.operations.values())).path

    @property
    def allowed(self) -> bool:
        return self.method in self.operations


class RunnableRoute(APIRoute):
    """The one route of all runnables of a router that have the same dependencies.

    Attributes:
        owner: The application whose own route this is, found without FastAPI's pattern; None where
            a prefix or parameters of the path need it.
        comes_first: Whether it stands before all other routes.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._found: dict[str, tuple[Publication, dict[str, Operation]]] = {}
        self._own_scope: dict[str, Any] = {"endpoint": endpoint, "route": self}
        self.owner: ref[FastAPI] | None = None
        self.comes_first = False

    def publish(self, publication: Publication, operation: Operation) -> None:
        """Make one operation of a runnable known."""
        inner = publication.path if not publication.mount else ""
        _, methods = self._found.setdefault(f"{inner}{operation.path}", (publication, {}))
        methods[operation.method] = operation

    def publications(self) -> list[Publication]:
        """Return the runnables that it serves."""
        return list({id(one): one for one, _ in self._found.values()}.values())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the operation for a request, in one look-up."""
        if scope["type"] != "http":
            return Match.NONE, {}
        whole = _path_within(scope)
        if self._is_own(scope):
            path, child = whole, self._own_scope.copy()
        else:
            match, matched = super().matches(scope)
            if match is Match.NONE:
                return match, matched
            child = dict(matched)
            path = f"/{child['path_params'][PARAMETER]}"
        target = self._find(path, scope["method"])
        if target is None:
            return Match.NONE, {}
        child[_TARGET_KEY] = target
        child[PATH_KEY] = whole[: len(whole) - len(target.suffix)]
        return (Match.FULL if target.allowed else Match.PARTIAL), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the operation; by way of FastAPI where dependencies or body limits apply."""
        target: _Target = scope[_TARGET_KEY]
        settle()
        if POLICY_KEY in scope:  # create_app is there, which logs and counts by template
            outer = template_of(scope) or ""
            scope[TEMPLATE_KEY] = outer.replace(f"/{{{PARAMETER}}}", target.template)
        if not target.allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(target.operations)})
        if self._is_guarded(scope):
            await super().handle(scope, receive, send)
            return
        response = await serve(RunnableRequest(scope, receive, send))
        await response(scope, receive, send)

    def _find(self, path: str, method: str) -> _Target | None:
        target = self._published(path, method)
        return self._configured(path, method) if target is None else target

    def _published(self, path: str, method: str) -> _Target | None:
        """Look up an operation, or the playground of which ``path`` is a file."""
        file_path = ""
        if (found := self._found.get(path)) is None:
            start, slashes, file_path = path.rpartition(_PLAYGROUND)
            found = self._found.get(start + slashes)
        if found is None:
            return None
        publication, methods = found
        suffix = next(iter(methods.values())).path + file_path
        return _Target(publication, methods, method, suffix, file_path=file_path)

    def _configured(self, path: str, method: str) -> _Target | None:
        """Look up an operation behind the hash of a share link."""
        start, marker, rest = path.rpartition(_HASH)
        config_hash, slash, operation = rest.partition("/")
        if not marker or not config_hash or not slash:
            return None
        target = self._published(f"{start}/{operation}", method)
        if target is None or not _is_configurable(target):
            return None
        suffix = f"{_HASH}{config_hash}{target.suffix}"
        return target._replace(config_hash=config_hash, suffix=suffix)

    def _is_guarded(self, scope: Scope) -> bool:
        """Whether anything of FastAPI's must be asked before the operation.

        What applies is the route's own, or that of the inclusion by which it was found. Where
        FastAPI does not say which that was, it must decide itself.
        """
        applying: Any = self
        if not self._is_own(scope):
            applying = scope.get("fastapi", {}).get("effective_route_context")
            if getattr(applying, "original_route", None) is not self:
                return True
        return bool(applying.dependencies) or applying.max_body_size is not None

    def _is_own(self, scope: Scope) -> bool:
        return self.owner is not None and self.owner() is scope.get("app")


def _path_within(scope: Scope) -> str:
    """The path of a request within the application, without what it is mounted at."""
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _is_configurable(target: _Target) -> bool:
    hashed = all(operation.hashed for operation in target.operations.values())
    return hashed and target.publication.handler.options.config_hashes


async def serve(request: Request) -> Response:
    """Serve the operation that was found; errors nobody else answers are answered here."""
    target: _Target = request.scope[_TARGET_KEY]
    try:
        return await _call(target, request)
    except HTTPException:
        raise
    except ClientDisconnect:
        return Prepared(respond(Abandoned("The client left before its request was read.")))
    except MoorageError as error:
        if _is_answered_elsewhere(request, error):
            raise
        if _has_own_answers(request, status_of(error)):
            raise Refusal(error) from error
        return _closed(request, error)
    except Exception as error:
        if _is_answered_elsewhere(request, error):
            raise
        return _closed(request, error)


def _call(target: _Target, request: Request) -> Awaitable[Response]:
    handler = target.publication.handler
    operation = target.operations[target.method]
    if operation.name == "playground":
        return handler.playground(target.file_path, request, config_hash=target.config_hash)
    serve: Callable[..., Awaitable[Response]] = getattr(handler, operation.name)
    return serve(request, config_hash=target.config_hash) if operation.hashed else serve(request)


def _is_answered_elsewhere(request: Request, error: Exception) -> bool:
    """Whether the application has a handler for ``error``, or wants to show it."""
    if POLICY_KEY in request.scope:
        return True  # create_app logs and answers what nobody handles
    app = request.scope.get("app")
    if not isinstance(app, FastAPI):
        return False
    handled = app.exception_handlers
    if status_of(error) == INTERNAL:
        return (
            any(kind in handled for kind in type(error).__mro__) or INTERNAL in handled or app.debug
        )
    # A handler for `Exception` is for what nobody foresaw, as it is with `HTTPException`.
    return any(kind in handled for kind in type(error).__mro__ if kind is not Exception)


def _has_own_answers(request: Request, status: int) -> bool:
    """Whether the application renders an ``HTTPException`` of this status in its own way."""
    app = request.scope.get("app")
    if not isinstance(app, FastAPI):
        return False
    handled = app.exception_handlers
    return (
        status in handled
        or FastAPIHTTPException in handled
        or handled.get(HTTPException) is not http_exception_handler
    )


def _closed(request: Request, error: Exception) -> Response:
    if status_of(error) == INTERNAL:
        run_id = request.scope.get(RUN_ID_KEY)
        logger.error("run failed", exc_info=error, extra={"run_id": run_id})
    return Prepared(respond(error))
