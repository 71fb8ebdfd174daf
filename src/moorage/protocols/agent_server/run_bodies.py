"""The body that asks for a run (protocol, section 4.2)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import BeforeValidator, Field
from starlette.requests import HTTPConnection

from moorage.domain.runs import Multitask
from moorage.engine.agents import Agents
from moorage.engine.run_config import Asked
from moorage.engine.runs import NewRun
from moorage.observability.logs import request_id
from moorage.protocols.agent_server.requests import (
    AGENTS_KEY,
    MOST,
    Body,
    CheckpointId,
    Fields,
    Json,
)

Mode = Literal[
    "values",
    "messages",
    "messages-tuple",
    "updates",
    "events",
    "tasks",
    "checkpoints",
    "debug",
    "custom",
    "tools",
    "lifecycle",
]
_NOT_OF_RUNS = frozenset({"tools", "lifecycle"})
"""Modes that newer clients name and that only the newer protocol sends."""

_LONGEST_DELAY = 10 * 365 * 24 * 3600.0


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_AtMost = Field(max_length=MOST)
Names = Annotated[Literal["*"] | Annotated[list[str], _AtMost], Field(union_mode="left_to_right")]
Words = Annotated[tuple[str, ...], _AtMost]


class Target(Body):
    """Where a command goes: a node, with an input of its own."""

    node: str
    input: Any = None


class CommandBody(Body):
    """``command``: an answer, an update, a way to go on. A null answer is an answer."""

    NULLABLE = frozenset({"resume"})

    resume: Any = None
    update: Json | Annotated[list[tuple[str, Any]], _AtMost] | None = None
    goto: str | Target | Annotated[list[str | Target], _AtMost] | None = None


class Place(Body):
    """``checkpoint``: where on the thread the run begins."""

    checkpoint_id: CheckpointId | None = None
    checkpoint_ns: str | None = None
    checkpoint_map: Json | None = None


class RunConfig(Body):
    """``config``: a ``RunnableConfig``'s part that clients may choose."""

    tags: Words = ()
    recursion_limit: Annotated[int, Field(ge=1)] | None = None
    configurable: Fields
    metadata: Fields


_NOTHING: Mapping[str, Any] = {}


class RunFields(Body):
    """What is said about a run, whether it is to be now or when its time comes."""

    input: Any = None
    metadata: Fields
    config: RunConfig | None = None
    context: Fields
    stream_mode: Annotated[tuple[Mode, ...], _AtMost, BeforeValidator(_listed)] = ("values",)
    stream_subgraphs: bool = False
    stream_resumable: bool = False
    interrupt_before: Names | None = None
    interrupt_after: Names | None = None
    multitask_strategy: Multitask = Multitask.ENQUEUE
    durability: Literal["sync", "async", "exit"] | None = None
    checkpoint_during: bool | None = None
    webhook: str | None = None

    def run_of(
        self, assistant_id: str, of_request: Mapping[str, Any] = _NOTHING, **more: Any
    ) -> NewRun:
        """Return the run of an assistant that is asked for.

        Args:
            assistant_id: The assistant.
            of_request: What else is asked about its config, by ``Asked``'s names.
            more: What else is asked about it, by ``NewRun``'s names.
        """
        return NewRun(
            assistant_id=assistant_id,
            asked=Asked(
                config=self.config.model_dump(exclude_unset=True) if self.config else {},
                context=self.context,
                metadata=self.metadata,
                **of_request,
            ),
            input=self.input,
            stream_mode=self._modes(),
            subgraphs=self.stream_subgraphs,
            is_resumable=self.stream_resumable,
            interrupt_before=self.interrupt_before,
            interrupt_after=self.interrupt_after,
            multitask_strategy=self.multitask_strategy,
            durability=self._durability(),
            webhook=self.webhook,
            **more,
        )

    def _modes(self) -> Sequence[str]:
        return [mode for mode in self.stream_mode if mode not in _NOT_OF_RUNS] or ["values"]

    def _durability(self) -> Literal["sync", "async", "exit"] | None:
        if self.durability is None and self.checkpoint_during is not None:
            return "async" if self.checkpoint_during else "exit"
        return self.durability


def run_of_payload(assistant_id: str, payload: Mapping[str, Any]) -> NewRun:
    """Return the run that the payload of a cron asks for."""
    return RunFields.model_validate(payload).run_of(assistant_id)


class RunCreate(RunFields):
    """A run that is to be."""

    assistant_id: str
    command: CommandBody | None = None
    checkpoint: Place | None = None
    checkpoint_id: CheckpointId | None = None
    if_not_exists: Literal["reject", "create"] = "reject"
    on_disconnect: Literal["continue", "cancel"] = "continue"
    on_completion: Literal["delete", "keep"] = "delete"
    after_seconds: Annotated[float, Field(ge=0, le=_LONGEST_DELAY)] = 0
    feedback_keys: Words = ()

    def wanted(self, request: Request) -> NewRun:
        """Return the run that is asked for, by a request with headers that runs may see."""
        of_request = {
            "checkpoint": self._place(),
            "headers": headers_for_runs(request),
            "request_id": request_id.get() or "",
        }
        return self.run_of(
            self.assistant_id,
            of_request,
            command=self.command.model_dump(exclude_unset=True) if self.command else None,
            keeps_thread=self.on_completion == "keep",
            creates_thread=self.if_not_exists == "create",
            delay=timedelta(seconds=self.after_seconds),
            feedback_keys=self.feedback_keys,
        )

    def _place(self) -> Json:
        place = self.checkpoint.model_dump(exclude_none=True) if self.checkpoint else {}
        if self.checkpoint_id is not None:
            place["checkpoint_id"] = self.checkpoint_id
        return place


def headers_for_runs(connection: HTTPConnection) -> dict[str, str]:
    """Return the headers that the deployment lets runs see."""
    agents: Agents = connection.scope[AGENTS_KEY]
    return {name: value for name, value in connection.headers.items() if agents.shows_header(name)}
