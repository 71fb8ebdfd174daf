"""``POST /threads/{thread_id}/commands``: what clients of the newer protocol want done (7.1).

What is wrong with a command is told in its answer, with status 200. Only what is no command at all
is a bad request.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import orjson
import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import HTTPConnection
from starlette.responses import Response

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.engine.agents import Agents
from moorage.engine.answers import Answer, NoSuchQuestion
from moorage.engine.run_config import Asked
from moorage.engine.run_events import BLOCKS
from moorage.errors import BadRequest, Forbidden, Invalid, MoorageError, NotFound, Rejected
from moorage.observability.logs import request_id
from moorage.protocols.agent_server.requests import (
    AGENTS_KEY,
    AgentRoute,
    Asking,
    Body,
    Fields,
    Json,
    OfThread,
)
from moorage.protocols.agent_server.run_bodies import CommandBody, RunFields, headers_for_runs
from moorage.protocols.agent_server.subscriptions import Subscription, describe, said
from moorage.protocols.agent_server.trees import tree_of
from moorage.protocols.agent_server.wire import Answer as JsonAnswer

routes = APIRouter(prefix="/threads/{thread_id}", tags=["threads"], route_class=AgentRoute)
log = structlog.get_logger(__name__)

_BAD_REQUEST = 400
_REFUSALS = frozenset({401, 403, 404})
_OF_RUNS = (
    "input",
    "config",
    "context",
    "metadata",
    "interrupt_before",
    "interrupt_after",
    "durability",
    "webhook",
    "multitask_strategy",
)
"""What a run may be told; how it is streamed is the protocol's."""


class Refused(Exception):  # noqa: N818 - like the tree in moorage.errors
    """A command is not carried out.

    Args:
        code: Why, for programs: one of the protocol's.
        message: Why, for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Command(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Annotated[int, Field(ge=0, strict=True)]
    method: str
    params: Json | None = None


class Asker(NamedTuple):
    """Who sends commands, about which thread."""

    agents: Agents
    caller: Caller
    thread_id: str
    headers: Mapping[str, str]
    request_id: str

    @classmethod
    def of(cls, connection: HTTPConnection, thread_id: str) -> "Asker":
        """Return who has opened a connection."""
        scope = connection.scope
        return cls(
            scope[AGENTS_KEY],
            scope.get("user", ANONYMOUS),
            thread_id,
            headers_for_runs(connection),
            request_id.get() or connection.headers.get("x-request-id", ""),
        )


Does = Callable[[Asker, Json], Awaitable[Json]]


class _Start(Body):
    """Begins a run."""

    assistant_id: str


class _Response(Body):
    """An answer to one question."""

    NULLABLE = frozenset({"response"})

    interrupt_id: str
    response: Any = None


class _Respond(Body):
    """Answers one question, or several at once."""

    NULLABLE = frozenset({"response"})

    interrupt_id: str | None = None
    response: Any = None
    responses: Annotated[list[_Response], Field(min_length=1, max_length=1000)] | None = None
    config: Fields
    metadata: Fields

    def answers(self) -> dict[str, Any]:
        """Return the answers by the ids of the questions."""
        if self.responses is not None:
            return {one.interrupt_id: one.response for one in self.responses}
        if self.interrupt_id is None:
            raise Refused("invalid_argument", "interrupt_id: the question that is answered.")
        return {self.interrupt_id: self.response}


@routes.post("/commands")
async def commands(thread_id: OfThread, ask: Asking) -> Response:
    """Carry out a command."""
    asker = Asker.of(ask.request, thread_id)
    try:
        envelope = orjson.loads(await ask.request.body())
    except orjson.JSONDecodeError:
        return JsonAnswer(failed(None, "invalid_argument", "This is no JSON."), status=_BAD_REQUEST)
    command = read(envelope)
    if not isinstance(command, Command):
        return JsonAnswer(command, status=_BAD_REQUEST)
    return JsonAnswer(await carried_out(asker, command, OVER_HTTP))


def read(envelope: Any) -> Command | Json:
    """Return a command, or what is answered to what is none."""
    try:
        return Command.model_validate(envelope)
    except ValidationError as error:
        known = envelope.get("id") if isinstance(envelope, dict) else None
        is_id = isinstance(known, int) and not isinstance(known, bool) and known >= 0
        return failed(known if is_id else None, "invalid_argument", said(error))


async def carried_out(asker: Asker, command: Command, means: Mapping[str, Does]) -> Json:
    """Carry a command out, and return what is answered.

    Args:
        asker: Who wants it.
        command: What.
        means: What does what.
    """
    do = means.get(command.method)
    if do is None:
        message = f"There is no command {describe(command.method)}."
        return failed(command.id, "unknown_command", message)
    async with asker.agents.sessions.session(asker.thread_id) as session:
        before = session.events.last
        try:
            result = await do(asker, command.params or {})
        except Exception as error:  # noqa: BLE001 - a boundary: what is unknown is logged
            return failed(command.id, *_reason(error))
    return {
        "type": "success",
        "id": command.id,
        "result": result,
        "meta": {"applied_through_seq": before},
    }


def failed(command_id: int | None, code: str, message: str) -> Json:
    """Return the answer to a command that is not carried out."""
    return {"type": "error", "id": command_id, "error": code, "message": message}


async def start(asker: Asker, params: Json) -> Json:
    """Begin a run; the thread is made if it is not there."""
    body = _Start.model_validate(params)
    try:
        await asker.agents.assistants.resolve(body.assistant_id)
    except (NotFound, Invalid) as error:
        raise Refused("invalid_argument", str(error)) from None
    told = {name: params[name] for name in _OF_RUNS if params.get(name) is not None}
    if params.get("multitaskStrategy") is not None:
        told.setdefault("multitask_strategy", params["multitaskStrategy"])
    wanted = RunFields.model_validate(told).run_of(
        body.assistant_id,
        {"headers": asker.headers, "request_id": asker.request_id},
        creates_thread=True,
    )
    wanted = replace(
        wanted, stream_mode=BLOCKS, subgraphs=True, content_blocks=True, is_resumable=True
    )
    started = await asker.agents.runs.start(asker.caller, wanted, asker.thread_id)
    return {"run_id": started.run.run_id}


async def respond(asker: Asker, params: Json) -> Json:
    """Answer what the thread asks."""
    body = _Respond.model_validate(params)
    more = {name: params[name] for name in ("update", "goto") if params.get(name) is not None}
    command = CommandBody.model_validate(more).model_dump(exclude_unset=True)
    asked = Asked(
        body.config, metadata=body.metadata, headers=asker.headers, request_id=asker.request_id
    )
    answer = Answer(body.answers(), command, asked)
    started = await asker.agents.answers.give(asker.caller, asker.thread_id, answer)
    return {"run_id": started.run.run_id}


async def get_tree(asker: Asker, params: Json) -> Json:
    """Return a run's graph with the subgraphs that it has begun."""
    attendance = await asker.agents.sessions.attend(asker.caller, asker.thread_id)
    async with attendance.opened() as thread:
        tree = tree_of(thread.kept, params.get("run_id"))
        if tree is None:
            raise Refused("no_such_run", "Nothing is known of such a run.")
        await attendance.check()
        return {"tree": tree}


async def _subscribe(asker: Asker, params: Json) -> Json:  # noqa: ARG001 - the same for everybody
    Subscription.model_validate(params)
    return {"subscription_id": str(uuid4()), "replayed_events": 0}


async def _unsubscribe(asker: Asker, params: Json) -> Json:  # noqa: ARG001 - as above
    raise Refused("no_such_subscription", "Subscriptions are made on a WebSocket.")


async def _reconnect(asker: Asker, params: Json) -> Json:  # noqa: ARG001 - as above
    raise Refused("no_such_run", "Subscriptions are made on a WebSocket.")


EVERYWHERE: Mapping[str, Does] = {
    "run.start": start,
    "input.respond": respond,
    "agent.getTree": get_tree,
}

OVER_HTTP: Mapping[str, Does] = {
    **EVERYWHERE,
    "subscription.subscribe": _subscribe,
    "subscription.unsubscribe": _unsubscribe,
    "subscription.reconnect": _reconnect,
}


_CODES: tuple[tuple[type[Exception], str], ...] = (
    (NoSuchQuestion, "no_such_interrupt"),
    (Invalid, "invalid_argument"),
    (BadRequest, "invalid_argument"),
    (Forbidden, "permission_denied"),
    (NotFound, "permission_denied"),
    (MoorageError, "unknown_error"),
)
"""With which code an error is told: that of the first class that it is of."""


def _reason(error: Exception) -> tuple[str, str]:
    """Return the code and the message with which an error is told."""
    if isinstance(error, Refused):
        return error.code, str(error)
    if isinstance(error, ValidationError):
        return "invalid_argument", said(error)
    if isinstance(error, Rejected) and error.status_code in _REFUSALS:
        return "permission_denied", str(error)
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, str(error)
    log.error("a command failed", exc_info=error)
    return "unknown_error", "Internal Server Error"
