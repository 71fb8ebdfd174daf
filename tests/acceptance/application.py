"""The service that the tests in this folder start as real processes."""

import asyncio
import os
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from moorage.app import create_app
from moorage.settings import Settings

app = create_app(Settings.load())


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
