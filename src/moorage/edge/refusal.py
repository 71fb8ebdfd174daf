"""Says no to a request before it reaches a route, over HTTP or while a WebSocket is opened."""

from starlette.types import Message, Scope, Send

from moorage.edge.errors import send_error

POLICY_VIOLATION = 1008
UNAUTHENTICATED = 401

REFUSED_KEY = "moorage.refused"
"""Key of a request's scope: there when its credential was refused, for whoever counts that."""


async def refuse(scope: Scope, send: Send, error: Exception) -> None:
    """Answer ``error`` in the protocol's shape.

    A WebSocket that is not open yet gets the same HTTP answer where the server can send one, and is
    otherwise closed, which its client sees as status 403.
    """
    if scope["type"] == "http":
        await send_error(send, error)
    elif "websocket.http.response" in scope.get("extensions", ()):
        await send_error(_as_denial(send), error)
    else:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})


def _as_denial(send: Send) -> Send:
    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return deny
