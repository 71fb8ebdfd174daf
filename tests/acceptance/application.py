"""The service that the tests in this folder start as real processes."""

import asyncio
import os
from collections.abc import AsyncIterator

from langchain_core.runnables import RunnableGenerator
from starlette.responses import StreamingResponse

from moorage import Settings, add_routes, create_app

app = create_app(Settings.load())


async def _ticks(counts: AsyncIterator[int]) -> AsyncIterator[str]:
    async for count in counts:
        for number in range(count):
            await asyncio.sleep(0.05)
            yield f"tick {number}"


add_routes(app, RunnableGenerator(_ticks), path="/ticks")


@app.get("/pid")
async def pid() -> int:
    return os.getpid()


@app.get("/events")
async def events(count: int) -> StreamingResponse:
    """Say who is serving, then tick twenty times a second."""

    async def frames() -> AsyncIterator[bytes]:
        yield b"data: %d\r\n\r\n" % os.getpid()
        for number in range(count):
            await asyncio.sleep(0.05)
            yield b"data: tick %d\r\n\r\n" % number
        yield b"event: end\r\n\r\n"

    return StreamingResponse(frames(), media_type="text/event-stream")


@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(3600)
    return "done"
