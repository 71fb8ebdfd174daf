import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import StreamingResponse

from moorage.app import create_app
from moorage.edge.metrics import Metrics
from moorage.settings import Settings
from tests.conftest import Serve

PAGE = Path(__file__).parents[3] / "docs/reference/metrics.md"


def demo(**values: Any) -> FastAPI:
    app = create_app(Settings.parse({}, log_format="json", **values))

    @app.get("/hello/{name}")
    async def hello(name: str) -> str:
        return name

    @app.get("/failed")
    async def failed(request: Request) -> None:
        request.scope["moorage.run_error"] = "timeout"

    return app


def numbers(base: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(httpx.get(base + "/metrics").text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def test_requests_are_counted_by_method_template_and_status(serve: Serve) -> None:
    base = serve(demo())
    for name in ("ann", "bob"):
        httpx.get(f"{base}/hello/{name}")
    httpx.request("PROPFIND", base + "/hello/ann")
    for path in ("/a", "/b"):
        httpx.get(base + path)
    found = numbers(base)
    hello = labels(method="GET", route="/hello/{name}", status="200")
    assert found["moorage_requests_total", hello] == 2
    unmatched = labels(method="GET", route="unmatched", status="404")
    assert found["moorage_requests_total", unmatched] == 2
    assert any(("method", "OTHER") in key for _, key in found)
    hello = labels(method="GET", route="/hello/{name}")
    assert found["moorage_request_duration_seconds_count", hello] == 2


def test_what_is_open_now_is_shown(serve: Serve) -> None:
    app = demo()
    release = threading.Event()
    begun = threading.Event()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def frames() -> AsyncIterator[bytes]:
            yield b"data: 1\r\n\r\n"
            await anyio.to_thread.run_sync(release.wait)

        return StreamingResponse(frames(), media_type="text/event-stream")

    base = serve(app)

    def read() -> None:
        with httpx.stream("GET", base + "/stream") as answer:
            for _ in answer.iter_bytes():
                begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(10)
    found = numbers(base)
    assert found["moorage_streams_open", ()] == 1
    assert found["moorage_requests_in_flight", ()] == 2  # the stream and the scrape itself
    release.set()
    reader.join(10)
    assert numbers(base)["moorage_streams_open", ()] == 0


def test_refusals_and_failed_runs_are_counted(serve: Serve) -> None:
    base = serve(demo(rate_limit="1/minute"))
    httpx.get(base + "/failed")
    assert httpx.get(base + "/failed").status_code == 429
    found = numbers(base)
    assert found["moorage_rate_limited_total", ()] == 1
    assert found["moorage_run_errors_total", labels(route="/failed", code="timeout")] == 1


def test_requests_that_a_lost_redis_could_not_count_are_counted(serve: Serve) -> None:
    base = serve(demo(rate_limit="1/minute", redis_url="redis://127.0.0.1:1/0"))
    assert httpx.get(base + "/hello/ann").status_code == 200
    assert numbers(base)["moorage_redis_failures_total", ()] == 1


def test_two_applications_in_a_process_count_apart(serve: Serve) -> None:
    first, second = serve(demo()), serve(demo())
    httpx.get(first + "/hello/ann")
    assert not any("/hello/{name}" in str(key) for key in numbers(second))


def test_the_format_is_the_one_that_was_asked_for(serve: Serve) -> None:
    base = serve(demo())
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    openmetrics = httpx.get(base + "/metrics", headers=accept)
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")
    assert httpx.get(base + "/metrics").headers["content-type"].startswith("text/plain")


def test_metrics_can_be_off(serve: Serve) -> None:
    assert httpx.get(serve(demo(metrics=False)) + "/metrics").status_code == 404


COUNT = """
import sys, json
from pathlib import Path
from moorage.edge.metrics import Metrics
metrics = Metrics(Path(sys.argv[1]))
metrics.observe("GET", "/a", 200, 0.1)
print(metrics.expose("")[0].decode())
"""


def test_processes_with_one_directory_add_up(tmp_path: Path) -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", COUNT, str(tmp_path)],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    for total, output in enumerate(outputs, 1):
        line = f'moorage_requests_total{{method="GET",route="/a",status="200"}} {float(total)}'
        assert line in output


def everything() -> list[Any]:
    metrics = Metrics()
    metrics.of_agents()
    return list(metrics.registry.collect())


@pytest.mark.parametrize("metric", everything(), ids=lambda metric: metric.name)
def test_every_metric_is_documented(metric: Any) -> None:
    if metric.name.startswith("moorage_"):
        suffix = "_total" if metric.type == "counter" else ""
        assert f"| `{metric.name}{suffix}` |" in PAGE.read_text(), json.dumps(metric.name)
