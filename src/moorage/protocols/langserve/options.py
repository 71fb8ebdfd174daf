"""Everything that may be said about a runnable when its routes are added, checked at once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request

from moorage.errors import Rejected
from moorage.protocols.langserve.feedback import TokenFeedbackConfig
from moorage.protocols.langserve.hosted import is_hosted
from moorage.protocols.langserve.operations import OPERATIONS
from moorage.serialization import Serializer

PerRequestConfigModifier = Callable[
    [dict[str, Any], Request], dict[str, Any] | Awaitable[dict[str, Any]]
]
"""Takes the client's config and the request; returns the config to use."""

ErrorMapper = Callable[[BaseException], Rejected | None]
"""Gives a failure of the runnable a status and a message, or leaves it a closed 500 with None."""


SWITCHABLE = frozenset(operation.switch for operation in OPERATIONS) | {"config_hashes"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteOptions:
    """How one runnable is published. Every field is a keyword of ``add_routes``.

    Attributes:
        config_keys: Keys of the config that clients may set. Others are dropped.
        configurable_passthrough: Which keys of ``configurable`` reach the runnable although it does
            not declare them: ``"auto"`` passes all to LangGraph graphs (``thread_id`` …) and none
            to others, ``"all"`` passes all, a list passes those. These two pass no keys that begin
            with ``__`` or ``langgraph_auth_``.
        per_req_config_modifier: Changes the config of each run; it always has the last word.
        include_callback_events: Return the events of each run with its result.
        enable_feedback_endpoint: Publish ``/feedback`` (needs LangSmith tracing).
        token_feedback_config: Return presigned feedback tokens with each run.
        enable_public_trace_link_endpoint: Publish ``/public_trace_link``.
        stream_log_name_allow_list: Show log and events only of runnables with one of these names.
        astream_events_version: Version of the events that ``/stream_events`` sends.
        playground_type: ``default`` or ``chat``.
        serializer: Turns outputs into JSON.
        description: What it is for; by default what its author wrote about it in the code.
        error_mapper: Gives failures a status and a message; else the service's own is asked.
        enabled: The operations that are published.
        config_hashes: Publish the ``/c/{config_hash}`` variants.

    Raises:
        ValueError: A value that can never work; the message names the keyword.
    """

    config_keys: Sequence[str] = ("configurable",)
    configurable_passthrough: Literal["auto", "all"] | Sequence[str] = "auto"
    per_req_config_modifier: PerRequestConfigModifier | None = None
    include_callback_events: bool = False
    enable_feedback_endpoint: bool | None = None
    token_feedback_config: TokenFeedbackConfig | None = None
    enable_public_trace_link_endpoint: bool = False
    stream_log_name_allow_list: Sequence[str] | None = None
    astream_events_version: Literal["v1", "v2"] = "v2"
    playground_type: Literal["default", "chat"] = "default"
    serializer: Serializer | None = None
    description: str | None = None
    error_mapper: ErrorMapper | None = None
    enabled: frozenset[str] = SWITCHABLE
    config_hashes: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.config_keys, str):
            raise ValueError(  # noqa: TRY004 - as LangServe
                "config_keys must be a list of names, not one string."
            )
        if "run_name" in self.config_keys:
            raise ValueError("config_keys may not contain run_name: the path names the run.")
        if self.playground_type not in {"default", "chat"}:
            raise ValueError(
                f"playground_type must be 'default' or 'chat', not {self.playground_type!r}."
            )
        if self.astream_events_version not in {"v1", "v2"}:
            raise ValueError(
                f"astream_events_version must be 'v1' or 'v2', not {self.astream_events_version!r}."
            )

    @property
    def enables_feedback(self) -> bool:
        """Whether ``/feedback`` is published; if nobody said, it is in a hosted LangServe."""
        if self.enable_feedback_endpoint is None:
            return is_hosted()
        return self.enable_feedback_endpoint

    def publishes(self, switch: str) -> bool:
        """Whether the operations under ``switch`` are published."""
        if switch == "feedback":
            return self.enables_feedback
        if switch == "public_trace_link":
            return self.enable_public_trace_link_endpoint
        return switch in self.enabled


def switched_on(enabled: Sequence[str] | None, disabled: Sequence[str] | None) -> frozenset[str]:
    """Return the names that are on after ``enabled_endpoints`` and ``disabled_endpoints``.

    ``enabled_endpoints=[]`` switches everything off. ``feedback`` and ``public_trace_link`` are
    accepted, and switched by their own flags.

    Raises:
        ValueError: An unknown name, a plain string, or both lists.
    """
    if enabled and disabled:
        raise ValueError("Give enabled_endpoints or disabled_endpoints, not both.")
    on = SWITCHABLE if enabled is None else _names("enabled_endpoints", enabled)
    return on - _names("disabled_endpoints", disabled or ())


def _names(keyword: str, given: Sequence[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise ValueError(  # noqa: TRY004 - as LangServe
            f"{keyword} must be a list of names, not the string {given!r}."
        )
    names = frozenset(name.lower() for name in given)
    if unknown := sorted(names - SWITCHABLE):
        raise ValueError(
            f"{keyword} names {', '.join(map(repr, unknown))}; known are "
            f"{', '.join(sorted(SWITCHABLE))}."
        )
    return names
