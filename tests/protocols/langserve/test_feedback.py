"""Feedback, tokens and public links against a server that speaks LangSmith's API."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from moorage.errors import BadRequest, Unavailable
from moorage.protocols.langserve.feedback import (
    FeedbackCreateRequest,
    FeedbackCreateRequestTokenBased,
    LangSmithLinks,
    PublicTraceLinkCreateRequest,
    TokenFeedbackConfig,
)
from tests.protocols.langserve.langsmith_server import (
    PROJECT,
    TOKEN,
    LangSmith,
    forget_environment,
)

pytestmark = pytest.mark.anyio

TOKENS: TokenFeedbackConfig = {"key_configs": [{"key": "score"}]}


def all_on() -> LangSmithLinks:
    return LangSmithLinks(enable_feedback=True, token_config=TOKENS, enable_public_trace_link=True)


def opinion(run_id: UUID | None) -> FeedbackCreateRequest:
    return FeedbackCreateRequest(run_id=run_id, key="correctness", score=1, comment="good")


@pytest.mark.requirement("langserve:feedback:create")
async def test_feedback_on_a_run_reaches_langsmith_and_comes_back(langsmith: LangSmith) -> None:
    run_id = uuid4()
    feedback = await all_on().create_feedback(opinion(run_id))
    assert set(feedback.model_dump()) == {
        *("run_id", "key", "score", "value", "comment"),
        *("id", "created_at", "modified_at", "correction"),
    }
    assert (feedback.run_id, feedback.key, feedback.score) == (run_id, "correctness", 1)
    [sent] = langsmith.bodies("/feedback")
    assert sent["id"] == str(feedback.id)
    assert sent["run_id"] == str(run_id)
    assert sent["session_id"] == str(PROJECT)
    assert (sent["score"], sent["comment"]) == (1, "good")
    assert sent["feedback_source"]["metadata"] == {"from_langserve": True}


async def test_the_project_is_looked_up_once(langsmith: LangSmith) -> None:
    links = all_on()
    for _ in range(3):
        await links.create_feedback(opinion(uuid4()))
    assert len(langsmith.bodies("/sessions")) == 1
    assert len(langsmith.bodies("/feedback")) == 3


async def test_feedback_waits_for_a_run_that_is_still_on_its_way(langsmith: LangSmith) -> None:
    langsmith.misses = 1
    await all_on().create_feedback(opinion(uuid4()))
    assert len(langsmith.bodies("/feedback")) == 2


async def test_feedback_without_a_run_is_refused(langsmith: LangSmith) -> None:
    with pytest.raises(BadRequest, match="run_id"):
        await all_on().create_feedback(opinion(None))


@pytest.mark.requirement("langserve:feedback:token")
@pytest.mark.parametrize("token", [TOKEN, str(TOKEN), f"http://elsewhere/tokens/{TOKEN}?a=b/c"])
async def test_feedback_by_token_reaches_langsmith(langsmith: LangSmith, token: UUID | str) -> None:
    request = FeedbackCreateRequestTokenBased(
        token_or_url=token, score=0.5, value="ok", correction={"a": 1}, metadata={"who": "me"}
    )
    await all_on().create_feedback_from_token(request)
    assert langsmith.bodies(f"/feedback/tokens/{TOKEN}") == [
        {
            "score": 0.5,
            "value": "ok",
            "comment": None,
            "correction": {"a": 1},
            "metadata": {"who": "me", "from_langserve": True},
        }
    ]


@pytest.mark.parametrize("token", ["", "nonsense", f"http://x/{TOKEN}/more", "http://[x"])
async def test_what_is_no_token_is_refused(langsmith: LangSmith, token: str) -> None:
    request = FeedbackCreateRequestTokenBased(token_or_url=token)
    with pytest.raises(BadRequest, match="token_or_url"):
        await all_on().create_feedback_from_token(request)
    assert not langsmith.requests


@pytest.mark.requirement("langserve:feedback:tokens")
async def test_a_run_comes_with_its_tokens(langsmith: LangSmith) -> None:
    run_id = uuid4()
    assert await all_on().tokens_for(run_id) == [
        {
            "key": "score",
            "token_url": f"http://langsmith/feedback/tokens/{TOKEN}",
            "expires_at": "2026-11-02T03:04:05+00:00",
        }
    ]
    [sent] = langsmith.bodies("/feedback/tokens")
    assert (sent["run_id"], sent["feedback_key"]) == (str(run_id), "score")


@pytest.mark.requirement("langserve:feedback:share-alone")
async def test_a_trace_gets_a_public_link(langsmith: LangSmith) -> None:
    run_id = uuid4()
    link = await LangSmithLinks(enable_public_trace_link=True).share_run(
        PublicTraceLinkCreateRequest(run_id=run_id)
    )
    assert link.public_url == "http://localhost/public/public-1/r"
    [sent] = langsmith.bodies(f"/api/v2/runs/{run_id}/share")
    assert sent == {"session_id": str(PROJECT), "trace_id": str(run_id)}


async def test_langsmith_never_blocks_the_event_loop(langsmith: LangSmith) -> None:
    langsmith.go_on.clear()
    asked = asyncio.create_task(all_on().tokens_for(uuid4()))
    shared = asyncio.create_task(all_on().share_run(PublicTraceLinkCreateRequest(run_id=uuid4())))
    assert await asyncio.to_thread(langsmith.asked.wait, 20)
    langsmith.go_on.set()
    assert len(await asked) == 1
    assert (await shared).public_url


@pytest.mark.requirement("langserve:feedback:off")
async def test_what_is_switched_off_is_refused_with_the_remedy(langsmith: LangSmith) -> None:
    links = LangSmithLinks()
    assert not links.feedback_enabled()
    assert not links.trace_links_enabled()
    assert await links.tokens_for(uuid4()) == []
    with pytest.raises(BadRequest, match="enable_feedback_endpoint"):
        await links.create_feedback(opinion(uuid4()))
    with pytest.raises(BadRequest, match="token_feedback_config"):
        await links.create_feedback_from_token(FeedbackCreateRequestTokenBased(token_or_url=TOKEN))
    with pytest.raises(BadRequest, match="enable_public_trace_link_endpoint"):
        await links.share_run(PublicTraceLinkCreateRequest(run_id=uuid4()))
    assert not langsmith.requests


@pytest.mark.requirement("langserve:feedback:off")
async def test_without_tracing_nothing_works_and_nothing_is_asked(
    langsmith: LangSmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = all_on()
    assert links.feedback_enabled()
    assert links.trace_links_enabled()
    monkeypatch.delenv("LANGSMITH_TRACING")
    forget_environment()
    assert not links.feedback_enabled()
    assert not links.trace_links_enabled()
    assert await links.tokens_for(uuid4()) == []
    with pytest.raises(BadRequest, match="LANGSMITH_TRACING"):
        await links.create_feedback(opinion(uuid4()))
    with pytest.raises(BadRequest, match="LANGSMITH_TRACING"):
        await links.create_feedback_from_token(FeedbackCreateRequestTokenBased(token_or_url=TOKEN))
    with pytest.raises(BadRequest, match="LANGSMITH_TRACING"):
        await links.share_run(PublicTraceLinkCreateRequest(run_id=uuid4()))
    assert not langsmith.requests


@pytest.mark.parametrize("status", [400, 401, 409])
async def test_a_failure_of_langsmith_is_closed_and_logged(
    langsmith: LangSmith, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    links = all_on()
    calls: list[Callable[[], Any]] = [
        lambda: links.create_feedback(opinion(uuid4())),
        lambda: links.create_feedback_from_token(
            FeedbackCreateRequestTokenBased(token_or_url=TOKEN)
        ),
        lambda: links.share_run(PublicTraceLinkCreateRequest(run_id=uuid4())),
    ]
    langsmith.failing = status
    for call in calls:
        caplog.clear()
        with pytest.raises(Unavailable) as refused:
            await call()
        assert str(refused.value).startswith("LangSmith did not answer as it should")
        assert "moorage.protocols.langserve.feedback" in [r.name for r in caplog.records]


async def test_a_run_keeps_its_output_when_langsmith_fails(
    langsmith: LangSmith, caplog: pytest.LogCaptureFixture
) -> None:
    langsmith.failing = 401
    assert await all_on().tokens_for(uuid4()) == []
    assert caplog.records[-1].exc_info


async def test_a_run_does_not_wait_long_for_its_tokens(
    langsmith: LangSmith, caplog: pytest.LogCaptureFixture
) -> None:
    langsmith.go_on.clear()
    assert await all_on().tokens_for(uuid4()) == []
    assert "no feedback token" in caplog.text


async def test_langsmith_that_cannot_be_reached_is_unavailable(
    langsmith: LangSmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    forget_environment()
    with pytest.raises(Unavailable):
        await all_on().create_feedback_from_token(
            FeedbackCreateRequestTokenBased(token_or_url=TOKEN)
        )


@pytest.mark.requirement("langserve:surface:one-token-key")
@pytest.mark.parametrize("config", [{"key_configs": []}, {"key_configs": [{"key": "a"}] * 2}])
def test_more_or_fewer_than_one_key_are_not_supported(config: Any) -> None:
    with pytest.raises(NotImplementedError, match="exactly one"):
        LangSmithLinks(token_config=config)


@pytest.mark.parametrize("config", [{}, {"key_configs": [{}]}])
def test_a_token_config_without_its_keys_is_refused(config: Any) -> None:
    with pytest.raises(ValueError, match="key"):
        LangSmithLinks(token_config=config)
