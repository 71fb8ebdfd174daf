"""The ends of runs, told to others by a served project."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from langgraph_sdk import get_client

from moorage import Settings, create_app
from moorage.engine.signing import Signer
from moorage.project import read
from moorage.testing import Signal, serving

pytestmark = pytest.mark.anyio

PROJECT = Path(__file__).parent / "project"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Heard:
    """What was told, and that it was."""

    def __init__(self) -> None:
        self.signal = Signal("nobody was told")
        self.headers: dict[str, str] = {}
        self.body = b""

    def listen(self, app: FastAPI) -> FastAPI:
        @app.post("/hook")
        async def hook(request: Request) -> None:
            self.headers, self.body = dict(request.headers), await request.body()
            self.signal.set()

        return app

    async def content(self) -> dict[str, Any]:
        await self.signal.arrival()
        content: dict[str, Any] = json.loads(self.body)
        return content


@pytest.fixture
def heard() -> Heard:
    return Heard()


def application(tmp_path: Path, **sections: Any) -> FastAPI:
    """The project of this folder, with other sections in its file."""
    described = json.loads((PROJECT / "langgraph.json").read_text())
    for name in ("graphs.py", "langgraph.json"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    (tmp_path / "langgraph.json").write_text(json.dumps({**described, **sections}))
    settings = Settings.parse({"MOORAGE_DATABASE_URL": "memory:", "MOORAGE_WEBHOOK_SECRET": SECRET})
    return create_app(settings, project=read(tmp_path))


@pytest.fixture
async def receiver(heard: Heard) -> AsyncIterator[str]:
    with serving(heard.listen(FastAPI())) as url:
        yield f"{url}/hook"


@pytest.mark.requirement("agents:webhooks:end")
async def test_a_receiver_is_told_of_a_run(tmp_path: Path, heard: Heard, receiver: str):
    webhooks = {
        "url": {"disable_loopback": False},
        "headers": {"X-From": "${{ env.LG_WEBHOOK_NAME }}"},
    }
    app = application(tmp_path, webhooks=webhooks, env={"LG_WEBHOOK_NAME": "moorage"})
    with serving(app) as url:
        async with get_client(url=url) as client:
            thread = (await client.threads.create())["thread_id"]
            said: Any = {"messages": [{"role": "user", "content": "hello"}]}
            run = await client.runs.create(thread, "echo", input=said, webhook=receiver)
            content = await heard.content()

    assert (content["run_id"], content["status"]) == (run["run_id"], "success")
    told = [message["content"] for message in content["values"]["messages"]]
    assert told == ["hello", "you said: hello"]
    assert content["kwargs"]["input"] == said
    assert "langgraph_auth" not in heard.body.decode()
    assert heard.headers["x-from"] == "moorage"
    signed = Signer([SECRET]).headers(
        heard.headers["webhook-id"], int(heard.headers["webhook-timestamp"]), heard.body
    )
    assert heard.headers["webhook-signature"] == signed["webhook-signature"]


@pytest.mark.requirement("agents:webhooks:questions")
async def test_a_run_without_a_thread_tells_what_it_asks(
    tmp_path: Path, heard: Heard, receiver: str
):
    app = application(tmp_path, webhooks={"url": {"disable_loopback": False}})
    with serving(app) as url:
        async with get_client(url=url) as client:
            await client.runs.create(None, "asking", input={}, webhook=receiver)
            content = await heard.content()

    [[asked]] = content["interrupts"].values()
    assert (content["status"], asked["value"]) == ("success", "which word?")


@pytest.mark.requirement("agents:webhooks:own-path")
async def test_a_path_is_told_within_the_server(tmp_path: Path, heard: Heard):
    with serving(heard.listen(application(tmp_path))) as url:
        async with get_client(url=url) as client:
            await client.runs.create(None, "failing", input={}, webhook="/hook")
            content = await heard.content()

    assert content["status"] == "error"
    assert content["error"] == {"error": "ValueError", "message": "the node does not like this"}


@pytest.mark.requirement("agents:webhooks:policy")
async def test_an_address_that_is_not_allowed_is_refused_at_once(tmp_path: Path):
    with serving(application(tmp_path)) as url:
        async with httpx.AsyncClient(base_url=url) as http:
            body = {"assistant_id": "steps", "input": {}, "webhook": "http://127.0.0.1:1/"}
            answer = await http.post("/runs", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "Webhook host blocked: loopback IP range"


@pytest.mark.requirement("agents:webhooks:off")
async def test_where_webhooks_are_off_nobody_is_told(tmp_path: Path, heard: Heard):
    app = heard.listen(application(tmp_path, http={"disable_webhooks": True}))
    with serving(app) as url:
        async with get_client(url=url) as client:
            thread = (await client.threads.create())["thread_id"]
            await client.runs.wait(thread, "steps", input={}, webhook="/hook")
            runs: Any = await client.runs.list(thread)

    assert [run["kwargs"]["webhook"] for run in runs] == [None]
    assert not heard.signal.is_set
