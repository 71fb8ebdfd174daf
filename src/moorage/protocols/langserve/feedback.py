"""Feedback on runs and public links to their traces, both kept by LangSmith."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from langsmith import Client, Langsmith
from langsmith.utils import get_host_url, get_tracer_project, tracing_is_enabled
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from moorage.errors import BadRequest, Unavailable

TIMEOUT_MS = 10_000
"""How long LangSmith may take to answer one request, in milliseconds."""

TOKEN_SECONDS = 3.0
"""How long a run's output may wait for its tokens."""

ATTEMPTS = 3
"""How often feedback is tried: a run that has just ended may not have reached LangSmith yet."""

Score = float | int | bool | None
Value = float | int | bool | str | dict[str, Any] | None
T = TypeVar("T")

_log = logging.getLogger(__name__)


class KeyConfig(TypedDict):
    """One kind of feedback that a token permits."""

    key: str


class TokenFeedbackConfig(TypedDict):
    """What feedback tokens to issue for every run; exactly one key."""

    key_configs: list[KeyConfig]


class FeedbackToken(TypedDict):
    """Permits whoever has it to give feedback on one run. ``expires_at`` is ISO 8601."""

    key: str
    token_url: str
    expires_at: str


class FeedbackCreateRequest(BaseModel):
    """Feedback on a run by its id."""

    run_id: UUID | None
    key: str
    score: Score = None
    value: Value = None
    comment: str | None = None


class Feedback(FeedbackCreateRequest):
    """Feedback as LangSmith keeps it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    created_at: datetime
    modified_at: datetime
    correction: dict[str, Any] | None = None


class FeedbackCreateRequestTokenBased(BaseModel):
    """Feedback on a run by a token that was issued with the run's output."""

    token_or_url: UUID | str
    score: Score = None
    value: Value = None
    comment: str | None = None
    correction: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class PublicTraceLinkCreateRequest(BaseModel):
    """Which run's trace to make public."""

    run_id: UUID


class PublicTraceLink(BaseModel):
    """Where anyone can see the trace."""

    public_url: str


class LangSmithLinks:
    """What one runnable's clients may do with LangSmith (langserve-protocol, section 9).

    Whether runs are traced is LangSmith's to say, at the time of each call. Its client is made on
    the first call that needs it. No method blocks the event loop; all calls of one object have to
    come from one loop.

    Args:
        enable_feedback: Whether clients may give feedback by run id.
        token_config: Which tokens to issue, if any.
        enable_public_trace_link: Whether clients may publish traces.

    Raises:
        ValueError: ``token_config`` has no ``key_configs``, or an entry without a ``key``.
        NotImplementedError: It does not have exactly one entry.
    """

    def __init__(
        self,
        *,
        enable_feedback: bool = False,
        token_config: TokenFeedbackConfig | None = None,
        enable_public_trace_link: bool = False,
    ) -> None:
        self._feedback = enable_feedback
        self._trace_links = enable_public_trace_link
        self._token_key = None if token_config is None else _only_key(token_config)
        self._threads = ThreadPoolExecutor(8, "moorage-langsmith")
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._project: UUID | None = None

    def feedback_enabled(self) -> bool:
        """Whether ``create_feedback`` works now."""
        return self._feedback and _is_traced()

    def trace_links_enabled(self) -> bool:
        """Whether ``share_run`` works now."""
        return self._trace_links and _is_traced()

    def require_feedback(self) -> None:
        """Raise ``BadRequest`` unless feedback can be given by run id."""
        _require("Feedback", "enable_feedback_endpoint=True", is_on=self._feedback)

    def require_trace_links(self) -> None:
        """Raise ``BadRequest`` unless traces can be made public."""
        _require(
            "Public trace links", "enable_public_trace_link_endpoint=True", is_on=self._trace_links
        )

    async def create_feedback(self, request: FeedbackCreateRequest) -> Feedback:
        """Give feedback on a run.

        Raises:
            BadRequest: Feedback is off, runs are not traced, or no run is named.
            Unavailable: LangSmith did not take it.
        """
        self.require_feedback()
        if request.run_id is None:
            raise BadRequest("run_id must name the run that the feedback is about.")
        return await self._ask(lambda client: self._create_feedback(client, request))

    async def create_feedback_from_token(self, request: FeedbackCreateRequestTokenBased) -> None:
        """Give feedback on the run that a token was issued for.

        Raises:
            BadRequest: No tokens are issued, runs are not traced, or this is no token.
            Unavailable: LangSmith did not take it.
        """
        _require("Feedback by token", "a token_feedback_config", is_on=self._token_key is not None)
        token = _token_in(request.token_or_url)
        await self._ask(
            lambda client: client.create_feedback_from_token(
                token,
                score=request.score,
                value=request.value,
                comment=request.comment,
                correction=request.correction,
                metadata={**(request.metadata or {}), "from_langserve": True},
            )
        )

    async def share_run(self, request: PublicTraceLinkCreateRequest) -> PublicTraceLink:
        """Make a root run's trace public.

        Raises:
            BadRequest: Public links are off, or runs are not traced.
            Unavailable: LangSmith did not do it.
        """
        self.require_trace_links()
        run_id = str(request.run_id)
        url = await self._ask(lambda client: self._share(client, run_id))
        return PublicTraceLink(public_url=url)

    async def tokens_for(self, run_id: UUID) -> list[FeedbackToken]:
        """Issue the tokens that go with a run's output.

        Returns:
            None if no tokens are configured or runs are not traced. None either, and a warning in
            the log, if LangSmith fails or is slow: the run's output is worth more than its tokens.
        """
        key = self._token_key
        if key is None or not _is_traced():
            return []
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                token = await self._ask(lambda c: c.create_presigned_feedback_token(run_id, key))
        except Unavailable:
            return []
        except TimeoutError:
            _log.warning("LangSmith issued no feedback token within %s s", TOKEN_SECONDS)
            return []
        return [{"key": key, "token_url": token.url, "expires_at": token.expires_at.isoformat()}]

    async def _ask(self, work: Callable[[Client], T]) -> T:
        loop = asyncio.get_running_loop()
        with _closed_failures():
            return await loop.run_in_executor(self._threads, lambda: work(self._connected()))

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = Client(timeout_ms=TIMEOUT_MS, auto_batch_tracing=False)
            return self._client

    def _create_feedback(self, client: Client, request: FeedbackCreateRequest) -> Feedback:
        created = client.create_feedback(
            request.run_id,
            request.key,
            score=request.score,
            value=request.value,
            comment=request.comment,
            source_info={"from_langserve": True},
            session_id=self._project_id(client),
            stop_after_attempt=ATTEMPTS,
        )
        return Feedback.model_validate(created)

    def _share(self, client: Client, run_id: str) -> str:
        # Client.share_run is deprecated, and its successor there is asynchronous only.
        project = str(self._project_id(client))
        with Langsmith(
            api_key=client.api_key,
            tenant_id=client.workspace_id,
            base_url=client.api_url.removesuffix("/api/v1").removesuffix("/api"),
            timeout=TIMEOUT_MS / 1000,
            max_retries=ATTEMPTS - 1,
        ) as langsmith:
            shared = langsmith.runs.share.create(run_id, session_id=project, trace_id=run_id)
        if shared.share_token is None:
            raise ValueError("LangSmith returned no share token.")
        return f"{get_host_url(None, client.api_url)}/public/{shared.share_token}/r"

    def _project_id(self, client: Client) -> UUID:
        """Find the project that runs are traced to; LangSmith finds no run without it."""
        if self._project is None:
            self._project = client.read_project(project_name=get_tracer_project()).id
        return self._project


@contextmanager
def _closed_failures() -> Iterator[None]:
    """Log what goes wrong with LangSmith, and tell the client no more than that it did."""
    try:
        yield
    except Exception as error:
        # langsmith raises errors of its own, of two HTTP libraries, and ValueError; none of them
        # says anything that a client could act on.
        _log.warning("LangSmith did not carry out a request", exc_info=error)
        raise Unavailable("LangSmith did not answer as it should; try again later.") from error


def _is_traced() -> bool:
    # "local" is true as well, but then nothing reaches LangSmith.
    return tracing_is_enabled() is True


def _require(feature: str, remedy: str, *, is_on: bool) -> None:
    if not is_on:
        raise BadRequest(f"{feature} is off here; the operator can switch it on with {remedy}.")
    if not _is_traced():
        raise BadRequest(
            f"{feature} needs LangSmith tracing, which is off; the operator can switch it on with"
            " LANGSMITH_TRACING=true."
        )


def _only_key(config: TokenFeedbackConfig) -> str:
    key_configs = config.get("key_configs")
    if key_configs is None:
        raise ValueError("token_feedback_config needs key_configs, such as [{'key': 'score'}].")
    if len(key_configs) != 1:
        raise NotImplementedError(
            "token_feedback_config takes exactly one entry in key_configs, such as"
            f" [{{'key': 'score'}}]; got {len(key_configs)}."
        )
    if not (key := key_configs[0].get("key")):
        raise ValueError("The entry in token_feedback_config's key_configs needs a key.")
    return key


def _token_in(token_or_url: UUID | str) -> UUID:
    """Find the token, the last step of a URL, whatever host the URL names."""
    try:
        return UUID(urlsplit(str(token_or_url)).path.rpartition("/")[2])
    except ValueError:
        raise BadRequest("token_or_url is neither a feedback token nor the URL of one.") from None
