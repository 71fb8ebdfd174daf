from datetime import UTC, datetime
from uuid import UUID

import pytest

from moorage.client import FeedbackToken, ReplyMetadata, collect_metadata
from moorage.client.metadata import report, report_batch

RUN = UUID(int=5)


def test_tokens_and_the_run_id_are_read() -> None:
    token = {"key": "k", "token_url": "http://t", "expires_at": "2026-01-01T00:00:00+00:00"}
    with collect_metadata() as replies:
        report({"run_id": str(RUN), "feedback_tokens": [token]})
    expected = FeedbackToken("k", "http://t", datetime(2026, 1, 1, tzinfo=UTC))
    assert replies == [ReplyMetadata(RUN, (expected,))]


@pytest.mark.parametrize(
    "metadata",
    [None, [], "x", {}, {"run_id": 5}, {"run_id": "no uuid"}, {"feedback_tokens": [None, {}, 1]}],
    ids=str,
)
def test_metadata_that_makes_no_sense_is_empty(metadata: object) -> None:
    with collect_metadata() as replies:
        report(metadata)
    assert replies == [ReplyMetadata(None)]


def test_a_token_may_lack_its_expiry() -> None:
    with collect_metadata() as replies:
        report({"feedback_tokens": [{"key": "k", "token_url": "u", "expires_at": "soon"}]})
    assert replies[0].feedback_tokens == (FeedbackToken("k", "u", None),)


def test_a_batch_reports_each_of_its_responses() -> None:
    with collect_metadata() as replies:
        report_batch({"responses": [{"run_id": str(RUN)}, {}]})
        report_batch(None)
        report_batch({"responses": 5})
    assert replies == [ReplyMetadata(RUN), ReplyMetadata(None)]


def test_the_innermost_collector_wins() -> None:
    with collect_metadata() as outer:
        with collect_metadata() as inner:
            report({})
        report({})
        report({})
    assert (len(inner), len(outer)) == (1, 2)


def test_without_a_collector_nothing_is_kept() -> None:
    report({"run_id": str(RUN)})
    with collect_metadata() as replies:
        pass
    assert replies == []
