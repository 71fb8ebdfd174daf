"""What a reply says about its run, and how a caller gets to see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FeedbackToken:
    """A permission to give feedback on one run, by posting to a URL."""

    key: str
    token_url: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReplyMetadata:
    """What the server told about one run.

    Attributes:
        run_id: The run's id at the server; None if the server did not give one.
        feedback_tokens: Empty unless the server has been set up to hand them out.
    """

    run_id: UUID | None
    feedback_tokens: tuple[FeedbackToken, ...] = ()


_collected: ContextVar[list[ReplyMetadata] | None] = ContextVar("moorage_metadata", default=None)


@contextmanager
def collect_metadata() -> Iterator[list[ReplyMetadata]]:
    """Collect the metadata of every reply to a ``RemoteRunnable`` that is called inside.

    The list fills as replies arrive: one entry for an invoke, one per input for a batch, one for a
    stream (with its first chunk). It works wherever in a chain the remote runnable is, and each
    task or thread that LangChain starts inside adds to the same list. The innermost collector
    wins.

        with collect_metadata() as replies:
            chain.invoke("hello")
        print(replies[0].run_id)
    """
    replies: list[ReplyMetadata] = []
    token = _collected.set(replies)
    try:
        yield replies
    finally:
        _collected.reset(token)


def report(metadata: Any) -> None:
    """Hand the ``metadata`` of a reply, as it came over the wire, to whoever collects it."""
    replies = _collected.get()
    if replies is not None:
        replies.append(_parsed(metadata))


def report_batch(metadata: Any) -> None:
    """The same for the metadata of a batch: one entry for each of its responses."""
    responses = metadata.get("responses") if isinstance(metadata, dict) else None
    for response in responses if isinstance(responses, list) else ():
        report(response)


def _parsed(metadata: Any) -> ReplyMetadata:
    given = metadata if isinstance(metadata, dict) else {}
    tokens = given.get("feedback_tokens")
    return ReplyMetadata(
        run_id=_uuid(given.get("run_id")),
        feedback_tokens=tuple(
            FeedbackToken(token["key"], token["token_url"], _datetime(token.get("expires_at")))
            for token in (tokens if isinstance(tokens, list) else ())
            if isinstance(token, dict) and {"key", "token_url"} <= token.keys()
        ),
    )


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (AttributeError, TypeError, ValueError):
        return None


def _datetime(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
