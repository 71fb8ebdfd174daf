"""The WebSocket at ``/threads/{thread_id}/stream/events``: commands in, answers and events out.

Protocol, section 7.4. What is kept is sent before the answer to the subscription that wants it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.websockets import WebSocket, WebSocketDisconnect

from moorage.engine.run_stream import Gap
from moorage.engine.sessions import Attendance
from moorage.engine.thread_events import ThreadEvents
from moorage.errors import MoorageError, NotFound
from moorage.protocols.agent_server.commands import (
    EVERYWHERE,
    Asker,
    Command,
    Does,
    Refused,
    carried_out,
    failed,
    read,
)
from moorage.protocols.agent_server.requests import MOST, Body, Json
from moorage.protocols.agent_server.subscriptions import Subscription, event_json
from moorage.protocols.agent_server.wire import dumps

routes = APIRouter(tags=["threads"])

REFUSED = 1008
TOO_LONG = 1009
NOT_FOUND = 4404

LONGEST_FRAME = 10 * 1024 * 1024
"""Bytes of one command at most."""

MOST_SUBSCRIPTIONS = 100
"""Subscriptions of one connection at most."""


class _Unsubscribe(Body):
    subscription_id: str


class _Reconnect(Body):
    run_id: str
    last_event_id: str = ""
    subscriptions: Annotated[tuple[str, ...], Field(max_length=MOST)] = ()


@routes.websocket("/threads/{thread_id}/stream/events")
async def socket(websocket: WebSocket, thread_id: str) -> None:
    """Carry out commands, and send the events that they subscribe to."""
    await websocket.accept()
    try:
        asker = Asker.of(websocket, str(UUID(thread_id)))
        attendance = await asker.agents.sessions.attend(asker.caller, asker.thread_id)
        await _Connection(websocket, asker, attendance).serve()
    except ValueError:
        await websocket.close(REFUSED, "Invalid thread ID: must be a UUID")
    except NotFound:
        await websocket.close(NOT_FOUND, "Thread not found")
    except MoorageError as error:
        await websocket.close(REFUSED, str(error)[:_LONGEST_REASON])
    except WebSocketDisconnect:
        pass


class _Connection:
    """One WebSocket.

    Args:
        websocket: The socket, accepted.
        asker: Who has opened it.
        attendance: The thread that it is about.
    """

    def __init__(self, websocket: WebSocket, asker: Asker, attendance: Attendance) -> None:
        self._websocket = websocket
        self._asker = asker
        self._attendance = attendance
        self._subscriptions: dict[str, Subscription] = {}
        self._position = 0  # number of the latest event that was looked at
        self._order = asyncio.Lock()  # what is replayed comes before what happens meanwhile

    async def serve(self) -> None:
        """Serve the socket until it is closed."""
        async with self._attendance.opened() as thread:
            self._position = thread.last
            tasks = {
                asyncio.create_task(self._tell(thread)),
                asyncio.create_task(self._obey(thread)),
            }
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, thread: ThreadEvents) -> None:
        async with aclosing(thread.follow(self._position)) as following:
            async for one in following:
                if isinstance(one, Gap):
                    continue
                await self._attendance.check()
                async with self._order:
                    self._position = one.seq
                    if any(wanted.wants(one.event) for wanted in self._subscriptions.values()):
                        await self._send(event_json(one))

    async def _obey(self, thread: ThreadEvents) -> None:
        means: Mapping[str, Does] = {
            **EVERYWHERE,
            "subscription.subscribe": partial(self._subscribe, thread),
            "subscription.unsubscribe": self._unsubscribe,
            "subscription.reconnect": partial(self._reconnect, thread),
        }
        while True:
            text = await self._received()
            if len(text) > LONGEST_FRAME:
                await self._websocket.close(TOO_LONG, "A command is too long.")
                return
            try:
                command = read(orjson.loads(text))
            except orjson.JSONDecodeError:
                command = failed(None, "invalid_argument", "This is no JSON.")
            await self._carry_out(command, means)

    async def _received(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        received: str | bytes = message.get("text") or message.get("bytes") or b""
        return received

    async def _carry_out(self, command: Command | Json, means: Mapping[str, Does]) -> None:
        if not isinstance(command, Command):
            await self._send(dumps(command))
        elif command.method == "subscription.subscribe":
            async with self._order:
                answer = await carried_out(self._asker, command, means)
                await self._send(dumps(answer))
        else:
            await self._send(dumps(await carried_out(self._asker, command, means)))

    async def _subscribe(self, thread: ThreadEvents, asker: Asker, params: Json) -> Json:  # noqa: ARG002 - known
        wanted = Subscription.model_validate(params)
        if len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            message = f"A connection has {MOST_SUBSCRIPTIONS} subscriptions at most."
            raise Refused("invalid_argument", message)
        after = wanted.position().within(thread)
        kept = [one for one in thread.between(after, self._position) if wanted.wants(one.event)]
        if kept:
            await self._attendance.check()
        for one in kept:
            await self._send(event_json(one))
        subscription_id = str(uuid4())
        self._subscriptions[subscription_id] = wanted
        return {"subscription_id": subscription_id, "replayed_events": len(kept)}

    async def _unsubscribe(self, asker: Asker, params: Json) -> Json:  # noqa: ARG002 - known
        named = _Unsubscribe.model_validate(params).subscription_id
        if self._subscriptions.pop(named, None) is None:
            raise Refused("no_such_subscription", "There is no such subscription here.")
        return {}

    async def _reconnect(self, thread: ThreadEvents, asker: Asker, params: Json) -> Json:
        body = _Reconnect.model_validate(params)
        try:
            await asker.agents.joins.find(asker.caller, body.run_id, asker.thread_id)
        except NotFound as error:
            raise Refused("no_such_run", str(error)) from None
        seen = thread.seq_of(body.last_event_id)
        missed = thread.between(seen, self._position) if seen else ()
        restored = all(named in self._subscriptions for named in body.subscriptions)
        return {"restored": restored, "missed_events": len(missed)}

    async def _send(self, data: bytes) -> None:
        await self._websocket.send_text(data.decode())


_LONGEST_REASON = 100
