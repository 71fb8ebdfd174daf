import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from moorage.app import create_app
from moorage.edge.probes import Readiness
from moorage.lifecycle import Lifecycle
from moorage.settings import Settings
from tests.conftest import Serve

SECOND = timedelta(seconds=1)


def demo(
    checks: Mapping[str, Callable[[], Awaitable[object]]] | None = None, **values: Any
) -> FastAPI:
    return create_app(Settings.parse({}, log_format="json", **values), checks=checks)


async def good() -> None:
    pass


async def bad() -> None:
    raise ConnectionError("postgres://user:password@host is away")


async def false() -> bool:
    return False


async def stuck() -> None:
    await anyio.sleep_forever()


@pytest.mark.parametrize("path", ["/health", "/ok", "/info", "/ready"])
def test_a_probe_answers_get_and_head(serve: Serve, path: str) -> None:
    base = serve(demo())
    answer = httpx.get(base + path)
    assert answer.status_code == 200
    head = httpx.head(base + path)
    assert (head.status_code, head.content) == (200, b"")


def test_ok_is_what_clients_of_the_agent_server_expect(serve: Serve) -> None:
    assert httpx.get(serve(demo()) + "/ok").json() == {"ok": True}


def test_info_tells_what_runs_and_no_secret(serve: Serve) -> None:
    base = serve(demo(title="support", redis_url="redis://user:hunter2@127.0.0.1:1/0"))
    answer = httpx.get(base + "/info")
    assert answer.json()["title"] == "support"
    assert answer.json()["environment"] == "development"
    assert {"version", "moorage", "python", "langchain_core", "langgraph"} <= set(answer.json())
    assert "hunter2" not in answer.text


def test_readiness_names_what_fails_with_a_closed_reason(serve: Serve) -> None:
    checks = {"good": good, "bad": bad, "false": false, "stuck": stuck}
    answer = httpx.get(serve(demo(checks, ready_timeout="0.1")) + "/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "failing",
        "checks": {"good": "ok", "bad": "failed", "false": "failed", "stuck": "timeout"},
    }


def test_the_model_is_asked_only_on_request(serve: Serve) -> None:
    checks = {"model": bad}
    assert httpx.get(serve(demo(checks)) + "/ready").json()["checks"] == {}
    asked = httpx.get(serve(demo(checks, ready_model_check=True)) + "/ready")
    assert asked.json()["checks"] == {"model": "failed"}


def test_redis_is_checked_where_it_is_configured(serve: Serve, redis_url: str) -> None:
    answer = httpx.get(serve(demo(redis_url=redis_url)) + "/ready")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"redis": "ok"})


def test_a_lost_redis_matters_only_where_limits_fail_closed(serve: Serve) -> None:
    lost = "redis://127.0.0.1:1/0"
    answer = httpx.get(serve(demo(redis_url=lost)) + "/ready")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"redis": "failed"})
    answer = httpx.get(serve(demo(redis_url=lost, rate_limit_fail_open=False)) + "/ready")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"redis": "failed"})


def test_many_probes_cost_one_round_of_checks(serve: Serve) -> None:
    rounds: list[None] = []

    async def counted() -> None:
        rounds.append(None)
        await anyio.sleep(0.1)

    base = serve(demo({"counted": counted}, ready_cache="1h"))
    probes = [threading.Thread(target=httpx.get, args=(base + "/ready",)) for _ in range(5)]
    for probe in probes:
        probe.start()
    for probe in probes:
        probe.join()
    assert httpx.get(base + "/ready").status_code == 200
    assert len(rounds) == 1


@pytest.mark.anyio
async def test_an_answer_that_has_expired_is_asked_for_again() -> None:
    outcomes = [ConnectionError("away"), None]

    async def recovering() -> None:
        if outcomes and (error := outcomes.pop(0)):
            raise error

    lifecycle = Lifecycle(grace_period=SECOND)
    async with lifecycle.running():
        lifecycle.ready()
        readiness = Readiness(
            {"recovering": recovering}, lifecycle=lifecycle, timeout=SECOND, cache=timedelta(0)
        )
        assert (await readiness.report())[0] is False
        assert (await readiness.report())[0] is True


@pytest.mark.anyio
async def test_checks_run_side_by_side() -> None:
    both = anyio.Event()
    arrived: list[None] = []

    async def meet() -> None:
        arrived.append(None)
        if len(arrived) == 2:
            both.set()
        await both.wait()

    lifecycle = Lifecycle(grace_period=SECOND)
    async with lifecycle.running():
        lifecycle.ready()
        readiness = Readiness(
            {"one": meet, "two": meet}, lifecycle=lifecycle, timeout=5 * SECOND, cache=SECOND
        )
        assert await readiness.report() == (
            True,
            {"status": "ready", "checks": {"one": "ok", "two": "ok"}},
        )


@pytest.mark.anyio
async def test_a_process_that_starts_or_stops_is_not_ready() -> None:
    lifecycle = Lifecycle(grace_period=SECOND)
    readiness = Readiness({"good": good}, lifecycle=lifecycle, timeout=SECOND, cache=SECOND)
    assert await readiness.report() == (False, {"status": "starting", "checks": {}})
    async with lifecycle.running():
        lifecycle.ready()
        assert (await readiness.report())[0] is True
        lifecycle.drain()
        assert await readiness.report() == (False, {"status": "draining", "checks": {}})
