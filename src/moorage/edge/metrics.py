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

UNMATCHED = "unmatched"
METHODS = frozenset(HTTPMethod)
# A health check takes a millisecond, an agent minutes.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


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
        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def observe(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (method, route or UNMATCHED, status)
        observe = self._observers.get(key)
        if observe is None:
            observe = self._observers[key] = self._observer(*key)
        observe(seconds)

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
