"""The config with which a run's graph is called: what the client chose, and what it may not.

The keys are those that nodes find on the Agent Server (protocol, section 6.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langgraph.version import __version__ as langgraph_version

from moorage.domain.assistants import Assistant
from moorage.domain.caller import IDENTITY, Caller, User
from moorage.errors import BadRequest

_RESERVED = (IDENTITY, "__")
PLACES = ("checkpoint_id", "checkpoint_ns", "checkpoint_map")
"""Keys of ``configurable`` that say where on its thread a run begins."""
_OF_THREAD = ("graph_id", "assistant_id")
_BOTH = (
    "Cannot specify both configurable and context. Give config.configurable or context: they are"
    " two names of one thing."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wrote about the config of a run, as it is in the body.

    Attributes:
        checkpoint: Where on the thread the run begins, if not at the end.
        headers: The request's headers that the deployment lets through, in lower case.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Configured:
    """What a run is called with.

    Attributes:
        chosen: The part of ``configurable`` that is not of the server's making, which the thread
            keeps.
    """

    config: dict[str, Any]
    context: dict[str, Any]
    metadata: dict[str, Any]
    chosen: dict[str, Any]


def check_config(asked: Asked) -> None:
    """Raise BadRequest where both ``configurable`` and ``context`` are given."""
    if asked.config.get("configurable") and asked.context:
        raise BadRequest(_BOTH)


def configure(
    asked: Asked, assistant: Assistant, caller: Caller, *, run_id: str, thread_id: str
) -> Configured:
    """Merge what the assistant has and what the client asks for; the client's wins.

    Raises:
        BadRequest: Both ``configurable`` and ``context`` are given.
    """
    check_config(asked)
    chosen = asked.config.get("configurable") or {}
    context = {**assistant.context, **(asked.context or chosen)}
    metadata = {**assistant.metadata, **(asked.config.get("metadata") or {}), **asked.metadata}
    identity = {
        "graph_id": assistant.graph_id,
        "assistant_id": assistant.assistant_id,
        "run_id": run_id,
        "thread_id": thread_id,
    }
    permitted = {
        **_permitted(assistant.config.get("configurable") or {}),
        **_permitted(chosen),
        **_permitted(asked.context),
    }
    given = {**identity, **_who(caller), "langgraph_request_id": asked.request_id}
    configurable = {
        "user_id": "",
        **permitted,
        **{name: asked.checkpoint[name] for name in PLACES if name in asked.checkpoint},
        **asked.headers,
        **given,
    }
    config = {
        "tags": [*(assistant.config.get("tags") or ()), *(asked.config.get("tags") or ())],
        "configurable": configurable,
        "metadata": {**metadata, **identity, "langgraph_version": langgraph_version},
        "run_id": run_id,
    }
    limit = asked.config.get("recursion_limit", assistant.config.get("recursion_limit"))
    if limit is not None:
        config["recursion_limit"] = limit
    return Configured(
        config,
        dict(_permitted(context)),
        {**metadata, **_stored(identity)},
        {name: one for name, one in permitted.items() if name not in {*given, *PLACES}},
    )


def of_state(
    chosen: Mapping[str, Any], metadata: Mapping[str, Any], caller: Caller
) -> dict[str, Any]:
    """Return the config with which a thread's state is read or written.

    Args:
        chosen: What the thread's last run was given.
        metadata: The thread's, which say whose graph its state is.
        caller: Who reads or writes it.
    """
    of_graph = {name: metadata[name] for name in _OF_THREAD if name in metadata}
    return {"configurable": {**chosen, **of_graph, **_who(caller)}, "metadata": of_graph}


def as_called(config: Mapping[str, Any], attempt: int) -> dict[str, Any]:
    """Return a run's stored config as nodes are to find it in one of its attempts."""
    called = {
        **config,
        "configurable": _with_user(config["configurable"]),
        "metadata": {**config.get("metadata", {}), "run_attempt": attempt},
    }
    if run_id := config.get("run_id"):
        called["run_id"] = UUID(run_id)
    return called


def with_caller(chosen: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Return the ``configurable`` of a call without a thread, with who calls in it."""
    return _with_user({**_permitted(chosen), **_who(caller)})


def _with_user(configurable: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is configured with its caller as a ``User``, as which it is not stored."""
    user = configurable.get("langgraph_auth_user")
    return {**configurable, "langgraph_auth_user": None if user is None else User(user)}


def _permitted(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what clients must not set: who they are, and what graphs keep for themselves."""
    return {name: value for name, value in chosen.items() if not name.startswith(_RESERVED)}


def _who(caller: Caller) -> dict[str, Any]:
    if not caller.is_authenticated:
        return {
            "langgraph_auth_user": None,
            "langgraph_auth_user_id": "",
            "langgraph_auth_permissions": [],
        }
    return {
        **caller.as_configurable(),
        "langgraph_auth_permissions": sorted(caller.scopes),
        "user_id": caller.identity,
    }


def _stored(identity: Mapping[str, str]) -> dict[str, str]:
    return {name: identity[name] for name in _OF_THREAD}
