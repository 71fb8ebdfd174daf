"""Proxies on the loopback that do what bad ones do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from moorage.testing import Gate, serving

_OWN = {"connection", "content-length", "transfer-encoding"}
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]


class CutError(Exception):
    """Ends the connection: the server closes it when an answer breaks off."""


@contextmanager
def buffering(target: str) -> Iterator[str]:
    """Stand before ``target``, and pass on each answer when it is complete."""

    async def whole(answer: httpx.Response) -> Response:
        content = b"".join([part async for part in answer.aiter_raw()])
        return Response(content, answer.status_code, _headers(answer))

    with serving(_proxy(target, whole)) as url:
        yield url


@contextmanager
def below(target: str, prefix: str) -> Iterator[str]:
    """Stand before ``target``, publish it below a prefix, and say so in a header."""

    async def passed(answer: httpx.Response) -> Response:
        parts = answer.aiter_raw()
        done = BackgroundTask(answer.aclose)
        return StreamingResponse(parts, answer.status_code, _headers(answer), background=done)

    with serving(_proxy(target, passed, prefix)) as url:
        yield f"{url}{quote(prefix)}"


@contextmanager
def cutting(target: str) -> Iterator[tuple[str, Gate]]:
    """Stand before ``target``; when the gate opens, the streams that are under way break off."""
    gate = Gate()

    async def cuttable(answer: httpx.Response) -> Response:
        streams = answer.headers.get("content-type", "").startswith("text/event-stream")
        parts = _until(gate if streams and not gate.is_open else Gate(), answer)
        return StreamingResponse(parts, answer.status_code, _headers(answer))

    with serving(_proxy(target, cuttable)) as url:
        yield url, gate


async def _until(gate: Gate, answer: httpx.Response) -> AsyncIterator[bytes]:
    opened = asyncio.ensure_future(gate.passage())
    parts = answer.aiter_raw()
    try:
        while True:
            part = asyncio.ensure_future(anext(parts, None))
            await asyncio.wait({opened, part}, return_when=asyncio.FIRST_COMPLETED)
            if opened.done():
                part.cancel()
                raise CutError
            content = part.result()
            if content is None:
                return
            yield content
    finally:
        opened.cancel()
        await answer.aclose()


def _proxy(
    target: str, answered: Callable[[httpx.Response], Awaitable[Response]], prefix: str = ""
) -> Starlette:
    client = httpx.AsyncClient(base_url=target, timeout=None)  # the gates have deadlines

    async def forward(request: Request) -> Response:
        path = request.scope["raw_path"].decode().removeprefix(quote(prefix))
        headers = [(name, value) for name, value in request.headers.raw if name != b"host"]
        if prefix:
            headers.append((b"x-forwarded-prefix", quote(prefix).encode()))
        asked = client.build_request(
            request.method,
            f"{path}?{request.url.query}".removesuffix("?"),
            headers=headers,
            content=await request.body(),
        )
        return await answered(await client.send(asked, stream=True))

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    everything = Route(f"{prefix}/{{path:path}}", forward, methods=_METHODS)
    return Starlette(routes=[everything], lifespan=running)


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _OWN}
