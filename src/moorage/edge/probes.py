"""What the service says about itself to load balancers, schedulers and people."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from importlib.metadata import version
from time import monotonic
from typing import Any, NamedTuple, NotRequired

import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from moorage.domain.runs import Backlog
from moorage.edge.metrics import Metrics
from moorage.errors import Unavailable
from moorage.lifecycle import Lifecycle

Check = Callable[[], Awaitable[object]]

PATHS = frozenset({"/health", "/ok", "/info", "/ready"})
METRICS_PATH = "/metrics"

log = structlog.get_logger(__name__)


class Alive(TypedDict):
    """The process is alive."""

    status: str


class Well(TypedDict):
    """Whether clients of the Agent Server may go on."""

    ok: bool
    failed_graphs: NotRequired[list[str]]


class Report(TypedDict):
    """Whether requests should be sent here, and the outcome of each check."""

    status: str
    checks: dict[str, str]


_ANSWERS: Mapping[str, dict[int | str, dict[str, Any]]] = {
    "health": {200: {"model": Alive}},
    "ok": {200: {"model": Well}, 500: {"model": Well}},
    "info": {200: {"model": dict[str, Any]}},
    "ready": {200: {"model": Report}, 503: {"model": Report}},
}
"""What the document says of them."""


class Load(NamedTuple):
    """What agents have to do.

    Attributes:
        backlog: The runs that have not ended.
        places: How many runs this process works on at once.
        free: How many of these places are free.
    """

    backlog: Backlog
    places: int
    free: int


class Readiness:
    """Whether the service can do its work now.

    Args:
        checks: By name, what must succeed: a coroutine function that raises, or returns False, when
            it does not.
        lifecycle: A process that is starting or stopping is not ready, whatever the checks say.
        timeout: How long each check may take; they run side by side.
        cache: How long an answer holds, so that many probes cost one round of checks.
        optional: Checks that are reported but do not make the service unready.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        lifecycle: Lifecycle,
        timeout: timedelta,
        cache: timedelta,
        optional: frozenset[str] = frozenset(),
    ) -> None:
        self._checks = dict(checks)
        self._lifecycle = lifecycle
        self._timeout = timeout.total_seconds()
        self._cache = cache.total_seconds()
        self._optional = optional
        self._known: dict[str, str] = {}
        self._known_until = 0.0
        self._round: asyncio.Task[dict[str, str]] | None = None

    async def report(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the service is ready, and the outcome of each check by name.

        An outcome is one of ``ok``, ``failed`` and ``timeout``: the reason is in the log.
        """
        if not self._lifecycle.is_ready:
            return False, {"status": self._lifecycle.phase.value, "checks": {}}
        outcomes = await self._outcomes()
        failing = [name for name, outcome in outcomes.items() if outcome != "ok"]
        is_ready = self._optional.issuperset(failing)
        status = "ready" if is_ready else "failing"
        return is_ready, {"status": status, "checks": outcomes}

    async def _outcomes(self) -> dict[str, str]:
        if monotonic() < self._known_until:
            return self._known
        if self._round is None:
            self._round = asyncio.create_task(self._run_checks())
        return await asyncio.shield(self._round)

    async def _run_checks(self) -> dict[str, str]:
        try:
            outcomes = await asyncio.gather(*map(self._run_check, self._checks))
            self._known = dict(zip(self._checks, outcomes, strict=True))
            self._known_until = monotonic() + self._cache
            return self._known
        finally:
            self._round = None

    async def _run_check(self, name: str) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                outcome = await self._checks[name]()
        except TimeoutError:
            log.warning("readiness check timed out", check=name, seconds=self._timeout)
            return "timeout"
        except Exception:
            log.warning("readiness check failed", check=name, exc_info=True)
            return "failed"
        return "failed" if outcome is False else "ok"


def router(
    about: Mapping[str, Any] | None,
    *,
    readiness: Readiness,
    metrics: Metrics | None,
    failing: Collection[str] = (),
    load: Callable[[], Awaitable[Load]] | None = None,
) -> APIRouter:
    """Return ``/health``, ``/ok``, ``/info``, ``/ready`` and, with metrics, ``/metrics``.

    Args:
        about: What ``/info`` says beside the versions of moorage and of what it stands on; without
            it, there is no ``/info``.
        failing: Ids of graphs that could not be imported, which ``/ok`` names.
        readiness: What ``/ready`` asks.
        metrics: What ``/metrics`` shows.
        load: Tells what agents have to do, where there are any.
    """
    routes = APIRouter(tags=["service"])
    known = {
        **(about or {}),
        "moorage": version("moorage"),
        "python": platform.python_version(),
        "langchain_core": version("langchain-core"),
        "langgraph": version("langgraph"),
    }

    async def health() -> Response:
        """Tell that the process is alive; this does no work, so it fails only with the process."""
        return JSONResponse({"status": "alive"})

    async def ok(check_db: bool = False) -> Response:
        """Tell the same to clients of the Agent Server, and which graphs are missing.

        With ``check_db`` it asks what ``/ready`` asks, and answers 500 if that is not well.
        """
        missing = {"failed_graphs": sorted(failing)} if failing else {}
        is_well = not check_db or (await readiness.report())[0]
        return JSONResponse({"ok": is_well, **missing}, 200 if is_well else 500)

    async def info() -> Response:
        """Tell what is running here."""
        return JSONResponse(known)

    async def ready() -> Response:
        """Tell whether requests should be sent here; 503 names the checks that fail."""
        is_ready, report = await readiness.report()
        return JSONResponse(report, 200 if is_ready else 503)

    endpoints = (health, ok, ready) if about is None else (health, ok, info, ready)
    for endpoint in endpoints:
        name = endpoint.__name__
        routes.add_api_route(f"/{name}", endpoint, methods=["GET"], responses=_ANSWERS[name])
        routes.add_api_route(
            f"/{endpoint.__name__}", endpoint, methods=["HEAD"], include_in_schema=False
        )
    if metrics:
        routes.add_api_route(METRICS_PATH, _exposition(metrics, load), include_in_schema=False)
    return routes


def redis_check(url: str) -> Check:
    """Return the check that the Redis at ``url`` answers."""

    async def ping() -> None:
        from redis.asyncio import Redis  # noqa: PLC0415 - redis is an extra

        async with Redis.from_url(url) as client:
            await client.ping()

    return ping


def _exposition(
    metrics: Metrics, load: Callable[[], Awaitable[Load]] | None
) -> Callable[[Request], Awaitable[Response]]:
    async def numbers(request: Request) -> Response:
        if load and request.query_params.get("format") == "json":
            return JSONResponse(_as_json(await load(), metrics))
        if load and metrics.agents:
            with suppress(Unavailable):  # all other numbers are there without the database
                metrics.agents.show((await load()).backlog)
        accept = request.headers.get("accept", "")
        body, content_type = await run_in_threadpool(metrics.expose, accept)
        return Response(body, headers={"content-type": content_type})

    return numbers


def _as_json(load: Load, metrics: Metrics) -> dict[str, Any]:
    """Return the numbers in the form of the Agent Server (protocol, section 11)."""
    backlog = load.backlog
    return {
        "queue": {
            "n_pending": backlog.pending,
            "n_running": backlog.running,
            "pending_runs_wait_time_max_secs": backlog.longest_wait.total_seconds(),
        },
        "api": {"http_requests_total": metrics.answered()},
        "workers": {
            "max": load.places,
            "active": load.places - load.free,
            "available": load.free,
        },
    }
