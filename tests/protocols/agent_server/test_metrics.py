"""The numbers of a served project."""

import asyncio
from pathlib import Path

import httpx
import pytest
from langgraph_sdk import get_client
from prometheus_client.parser import text_string_to_metric_families

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving
from tests.protocols.agent_server.gates import new_gate

pytestmark = pytest.mark.anyio

FATES = {"moorage_webhooks_total delivered", "moorage_webhooks_total given_up"}
PROJECT = Path(__file__).parent / "project"


async def numbers(http: httpx.AsyncClient) -> dict[str, float]:
    text = (await http.get("/metrics")).text
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "bucket" not in sample.name
    }


@pytest.mark.requirement("agents:system:metrics")
async def test_runs_are_counted_as_they_go():
    name, gate = new_gate()
    settings = Settings.parse({"MOORAGE_DATABASE_URL": "memory:"})
    with serving(create_app(settings, project=read(PROJECT))) as url:
        async with get_client(url=url) as client, httpx.AsyncClient(base_url=url) as http:
            thread = (await client.threads.create())["thread_id"]
            runs = [
                await client.runs.create(thread, "gated", input={"gate": name}) for _ in range(2)
            ]
            await gate.reached.arrival()
            busy, shown = await numbers(http), (await http.get("/metrics?format=json")).json()
            gate.open()
            for run in runs:
                await client.runs.join(thread, run["run_id"])
            await client.runs.wait(None, "failing", input={}, raise_error=False)
            done = await numbers(http)

    assert (busy["moorage_runs_running"], busy["moorage_runs_pending"]) == (1, 1)
    assert (shown["queue"]["n_running"], shown["queue"]["n_pending"]) == (1, 1)
    assert shown["queue"]["pending_runs_wait_time_max_secs"] > 0
    assert shown["workers"] == {"max": 10, "active": 1, "available": 9}
    created = {"method": "POST", "path": "/threads", "status": 200, "value": 1}
    assert created in shown["api"]["http_requests_total"]
    assert (done["moorage_runs_running"], done["moorage_runs_pending"]) == (0, 0)
    assert (done["moorage_runs_total success"], done["moorage_runs_total error"]) == (2, 1)
    assert done["moorage_run_duration_seconds_count"] == 3
    assert done["moorage_run_wait_seconds_count"] == 3
    assert done["moorage_run_wait_seconds_sum"] < 60


async def test_webhooks_are_counted_by_what_became_of_them():
    settings = Settings.parse({"MOORAGE_DATABASE_URL": "memory:"})
    app = create_app(settings, project=read(PROJECT))

    @app.post("/hook")
    async def hook() -> None:
        pass

    with serving(app) as url:
        async with get_client(url=url) as client, httpx.AsyncClient(base_url=url) as http:
            for place in ("/hook", "/nobody"):
                await client.runs.create(None, "failing", input={}, webhook=place)
            async with asyncio.timeout(20):
                while not (found := await numbers(http)).keys() >= FATES:
                    pass

    assert found["moorage_webhooks_total delivered"] == 1
    assert found["moorage_webhooks_total given_up"] == 1
