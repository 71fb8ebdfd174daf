"""Feedback, tokens and trace links as clients reach them."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import langsmith as sdk
import pytest
from langchain_core.runnables import RunnableLambda

from moorage.protocols.langserve.streaming import output_frames
from moorage.serialization import WellKnownLCSerializer
from tests.protocols.langserve.langsmith_server import TOKEN, LangSmith, forget_environment
from tests.protocols.langserve.wire import chunks, events, hosting

pytestmark = pytest.mark.anyio

TOKENS: Any = {"key_configs": [{"key": "score"}]}
GIVEN = {
    "key": "score",
    "token_url": f"http://langsmith/feedback/tokens/{TOKEN}",
    "expires_at": "2026-11-02T03:04:05+00:00",
}


@pytest.fixture
def traced(langsmith: LangSmith) -> Iterator[LangSmith]:
    """Have runs traced by a client that is gone after the test."""
    client = sdk.Client(api_url=langsmith.url, api_key="key-1")
    sdk.configure(client=client)
    yield langsmith
    client.flush()
    sdk.configure(client=None)
    client.cleanup()


def same(x: int) -> int:
    return x


def everything() -> Any:
    return hosting(
        RunnableLambda(same),
        enable_feedback_endpoint=True,
        enable_public_trace_link_endpoint=True,
        token_feedback_config=TOKENS,
    )


@pytest.mark.requirement("langserve:feedback:create")
async def test_feedback_is_given_over_http(langsmith: LangSmith):
    opinion = {"run_id": str(uuid4()), "key": "correctness", "score": 1}
    async with everything() as http:
        response = await http.post("/r/feedback", json=opinion)
        unnamed = await http.post("/r/feedback", json={"key": "correctness"})

    assert response.status_code == 200
    assert set(response.json()) == {
        *("run_id", "key", "score", "value", "comment"),
        *("id", "created_at", "modified_at", "correction"),
    }
    assert response.json()["run_id"] == opinion["run_id"]
    assert unnamed.status_code == 422
    assert unnamed.json()["detail"][0]["loc"] == ["body", "run_id"]
    assert "url" not in unnamed.json()["detail"][0]


@pytest.mark.requirement("langserve:feedback:token")
async def test_feedback_is_given_with_a_token_over_http(langsmith: LangSmith):
    async with everything() as http:
        response = await http.post(
            "/r/token_feedback", json={"token_or_url": str(TOKEN), "score": 1}
        )

    assert (response.status_code, response.json()) == (200, None)


@pytest.mark.requirement("langserve:feedback:share-alone")
async def test_a_trace_is_shared_where_no_other_feature_is_on(langsmith: LangSmith):
    only = hosting(RunnableLambda(same), enable_public_trace_link_endpoint=True)
    async with only as http:
        response = await http.put("/r/public_trace_link", json={"run_id": str(uuid4())})

    assert response.status_code == 200
    assert set(response.json()) == {"public_url"}


@pytest.mark.requirement("langserve:feedback:probe", "langserve:feedback:off")
async def test_a_probe_says_whether_a_post_would_be_taken(
    langsmith: LangSmith, monkeypatch: pytest.MonkeyPatch
):
    paths = ("/r/feedback", "/r/public_trace_link")
    async with everything() as http:
        on = [(await http.head(path)).status_code for path in paths]
        monkeypatch.delenv("LANGSMITH_TRACING")
        forget_environment()
        off = [(await http.head(path)).status_code for path in paths]
        opinion = {"run_id": str(uuid4()), "key": "k"}
        refused = [
            await http.post("/r/feedback", json=opinion),
            await http.put("/r/public_trace_link", json={"run_id": str(uuid4())}),
        ]

    assert (on, off) == ([200, 200], [400, 400])
    for response in refused:
        assert response.status_code == 400
        assert isinstance(response.json()["detail"], str)


@pytest.mark.requirement("langserve:feedback:tokens")
async def test_every_reply_carries_a_token_for_its_run(traced: LangSmith):
    async with everything() as http:
        invoked = (await http.post("/r/invoke", json={"input": 1})).json()
        batch = (await http.post("/r/batch", json={"inputs": [1, 2]})).json()
        stream = events((await http.post("/r/stream", json={"input": 1})).content)

    assert invoked["metadata"]["feedback_tokens"] == [GIVEN]
    assert [one["feedback_tokens"] for one in batch["metadata"]["responses"]] == [[GIVEN]] * 2
    assert stream[0].value["feedback_tokens"] == [GIVEN]
    named = {invoked["metadata"]["run_id"], *batch["metadata"]["run_ids"]}
    named.add(stream[0].value["run_id"])
    assert {sent["run_id"] for sent in traced.bodies("/feedback/tokens")} == named


@pytest.mark.requirement("langserve:stream:tokens-hold-back")
async def test_chunks_wait_for_a_token_that_is_late_and_none_is_lost():
    tokens: asyncio.Future[list[list[Any]]] = asyncio.get_running_loop().create_future()
    run_id = uuid4()

    async def source() -> Any:
        for number in range(6):
            yield number

    frames = output_frames(source, WellKnownLCSerializer(), run_id, tokens)
    first = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0)
    assert not first.done()
    tokens.set_result([[GIVEN]])
    body = b"".join([await first, *[frame async for frame in frames]])

    assert json.loads(events(body)[0].data or "") == {
        "run_id": str(run_id),
        "feedback_tokens": [GIVEN],
    }
    assert chunks(body) == list(range(6))
