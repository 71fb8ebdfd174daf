"""Failures and cancelled calls of ``RemoteRunnable``: LangServe's, unmodified, and our own."""

import asyncio
from typing import Any

import httpx
import pytest

from moorage.testing import Gate, ScriptedChatModel, serving
from tests.clients.conftest import Call, Connect, everything
from tests.clients.served import build

pytestmark = [pytest.mark.anyio, pytest.mark.requirement("langserve:clients:python-errors")]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("add_one", 422, "Input should be a valid integer"),
        ("nothing_here", 404, "Not Found"),
        ("refused", 404, "no such customer"),
        ("busy", 429, "The model is busy; try again."),
        ("broken", 500, "Internal Server Error"),
    ],
)
async def test_an_error_has_its_status_and_a_message(
    connect: Connect, call: Call, address: str, *, path: str, status: int, text: str
):
    remote = connect(f"{address}/{path}", headers={"X-Secret": "hidden"})

    for method, value in (("invoke", "x"), ("batch", ["x"])):
        with pytest.raises(httpx.HTTPStatusError, match=text) as raised:
            await call(remote, method, value)

        assert raised.value.response.status_code == status
        assert "1234" not in str(raised.value)
        assert raised.value.request.headers["x-secret"] == "<redacted>"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("refused", 404, "no such customer"),
        ("busy", 429, "The model is busy; try again."),
        ("busy_late", 429, "The model is busy; try again."),
        ("broken", 500, "Internal Server Error"),
        ("breaks_off", 500, "Internal Server Error"),
    ],
)
async def test_a_stream_that_fails_has_a_status_and_a_message(
    connect: Connect, call: Call, address: str, *, path: str, status: int, text: str
):
    remote = connect(f"{address}/{path}")

    with pytest.raises(httpx.HTTPStatusError, match=text) as raised:
        await call(remote, "stream", "x")

    assert raised.value.response.status_code == status
    for stream in (remote.astream_log("x"), remote.astream_events("x")):
        with pytest.raises(httpx.HTTPStatusError, match=text) as raised:
            await everything(stream)
        assert raised.value.response.status_code == status


async def test_an_input_that_does_not_fit_is_422_before_the_stream(
    connect: Connect, call: Call, address: str
):
    remote = connect(f"{address}/add_one")

    with pytest.raises(httpx.HTTPStatusError) as raised:
        await call(remote, "stream", "x")

    assert raised.value.response.status_code == 422


async def test_the_chunks_before_a_failure_arrive(connect: Connect, address: str):
    stream = connect(f"{address}/breaks_off").stream("x")

    assert [next(stream), next(stream)] == ["one", "two"]
    with pytest.raises(httpx.HTTPStatusError):
        next(stream)


@pytest.mark.parametrize("method", ["astream", "astream_log", "astream_events"])
async def test_leaving_a_stream_early_ends_the_run_at_the_server(connect: Connect, method: str):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Once ", gate, "upon a time."]])

    with serving(build(slow=model)) as url:
        reading = asyncio.ensure_future(
            everything(getattr(connect(f"{url}/slow"), method)("tell me"))
        )
        await gate.reached.arrival()
        reading.cancel()

        await model.interrupted.arrival()
        with pytest.raises(asyncio.CancelledError):
            await reading


@pytest.mark.parametrize("method", ["ainvoke", "abatch"])
async def test_cancelling_a_call_ends_the_run_at_the_server(connect: Connect, method: str):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Once ", gate, "upon a time."]])
    value: Any = ["tell me"] if method == "abatch" else "tell me"

    with serving(build(slow=model)) as url:
        waiting = asyncio.ensure_future(getattr(connect(f"{url}/slow"), method)(value))
        await gate.reached.arrival()
        waiting.cancel()

        await model.interrupted.arrival()
        with pytest.raises(asyncio.CancelledError):
            await waiting
