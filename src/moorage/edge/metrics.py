"""The service's numbers, for Prometheus: one registry an application, with bounded labels.

Routes are labelled by their template, never by a path that a client chose; what no route matched is
one label together. The names are documented in ``docs/reference/metrics.md``.
"""

from collections.abc import Callable
from http import HTTPMethod
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from moorage.domain.runs import Backlog, Outcome, RunStatus

UNMATCHED = "unmatched"
METHODS = frozenset(HTTPMethod)
# A health check takes a millisecond, an agent minutes.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

FINAL = tuple(status for status in RunStatus if status.is_final)


class AgentMetrics:
    """What is counted of agents: their runs and webhooks.

    Args:
        registry: Where it is shown.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "moorage_runs", "Runs of agents that have ended.", ("status",), registry=registry
        )
        self._durations = Histogram(
            "moorage_run_duration_seconds",
            "Time that runs of agents took, from their beginning to their end.",
            buckets=SECONDS,
            registry=registry,
        )
        self._waits = Histogram(
            "moorage_run_wait_seconds",
            "Time from the request for a run of an agent to its beginning.",
            buckets=SECONDS,
            registry=registry,
        )
        self._webhooks = Counter(
            "moorage_webhooks", "Webhooks that were tried.", ("fate",), registry=registry
        )
        self._pending = self._gauge("pending", "Runs of agents that wait.", registry)
        self._running = self._gauge("running", "Runs of agents that work.", registry)
        self._counts = {status: self._ended.labels(status.value).inc for status in FINAL}
        self._rolled_back = self._ended.labels("rollback").inc

    def run_began(self, waited: float) -> None:
        """Count a run that began so many seconds after it was asked for."""
        self._waits.observe(waited)

    def run_ended(self, outcome: Outcome, seconds: float) -> None:
        """Count a run that ended, so many seconds after it began or was gone on with."""
        count = self._rolled_back if outcome.is_rolled_back else self._counts[outcome.status]
        count()
        self._durations.observe(seconds)

    def webhook_tried(self, fate: str) -> None:
        """Count a webhook that has arrived, will be tried again, or was given up."""
        self._webhooks.labels(fate.replace(" ", "_")).inc()

    def show(self, backlog: Backlog) -> None:
        """Take note of the runs that have not ended."""
        self._pending.set(backlog.pending)
        self._running.set(backlog.running)

    def _gauge(self, name: str, about: str, registry: CollectorRegistry) -> Gauge:
        # Each process reads the same database, so whichever did last is right.
        return Gauge(
            f"moorage_runs_{name}", about, multiprocess_mode="livemostrecent", registry=registry
        )


class Metrics:
    """What is counted in one application.

    Args:
        shared: The directory in which the processes of one service add up their numbers, so that
            whichever of them is asked answers for all; None where each answers for itself. It must
            be the one in ``PROMETHEUS_MULTIPROC_DIR``, which prometheus_client reads on import.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "moorage_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.durations = Histogram(
            "moorage_request_duration_seconds",
            "Time from a request's arrival to the last byte of its response.",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "moorage_requests_in_flight",
            "Requests being answered now.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.streams = Gauge(
            "moorage_streams_open",
            "Streams of events being sent now.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.rate_limited = Counter(
            "moorage_rate_limited", "Requests refused by a rate limit.", registry=registry
        )
        self.redis_failures = Counter(
            "moorage_redis_failures", "Operations on Redis that failed.", registry=registry
        )
        self.run_errors = Counter(
            "moorage_run_errors",
            "Runs that failed, by the route that was called and the error's code.",
            ("route", "code"),
            registry=registry,
        )
        if shared is None:
            ProcessCollector(registry=registry)
        self.agents: AgentMetrics | None = None
        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def observe(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (method, route or UNMATCHED, status)
        observe = self._observers.get(key)
        if observe is None:
            observe = self._observers[key] = self._observer(*key)
        observe(seconds)

    def of_agents(self) -> AgentMetrics:
        """Count agents' runs too, from now on."""
        self.agents = AgentMetrics(self.registry)
        return self.agents

    def answered(self) -> list[dict[str, str | int]]:
        """Return how many requests this process has answered, by method, route and status."""
        return [
            {
                "method": sample.labels["method"],
                "path": sample.labels["route"],
                "status": int(sample.labels["status"]),
                "value": int(sample.value),
            }
            for family in self.requests.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        ]

    def expose(self, accept: str) -> tuple[bytes, str]:
        """Return all numbers in the format that ``accept`` prefers, and its content type."""
        registry = self.registry
        if self._shared is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(self._shared))
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    def _observer(self, method: str, route: str, status: int) -> Callable[[float], None]:
        # Looking labels up costs more than counting, so it is done once for each combination.
        known = method if method in METHODS else "OTHER"
        count = self.requests.labels(known, route, str(status)).inc
        time = self.durations.labels(known, route).observe

        def observe(seconds: float) -> None:
            count()
            time(seconds)

        return observe
