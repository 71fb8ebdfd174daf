"""A run's output as LangServe's events: metadata, data, end, error (sections 4.3 to 4.5)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import orjson

from moorage.edge.sse import Frames, frame
from moorage.protocols.langserve.failures import Failure
from moorage.serialization import Serializer, single_line

Tokens = asyncio.Future[list[list[Any]]]

_END = b"event: end\r\n\r\n"


async def output_frames(
    start: Callable[[], AsyncIterator[Any]],
    serializer: Serializer,
    announced: UUID | None,
    tokens: Tokens | None,
) -> Frames:
    """Yield the frames of a stream: metadata if a run is announced, one a chunk, then the end.

    The metadata waits for the feedback tokens, if there are any, and the chunks wait for it: they
    are held back, never dropped. ``start`` is called here, so that a runnable that fails at once
    fails like one that fails later. Whatever ends the frames closes what it returned.
    """
    chunks: AsyncIterator[Any] | None = None
    try:
        if announced is not None:
            yield frame(b"metadata", _metadata(announced, await tokens if tokens else None))
        chunks = start()
        async for chunk in chunks:
            data = single_line(serializer.dumps(chunk))
            yield b"event: data\r\ndata: " + data + b"\r\n\r\n"
    finally:
        if tokens is not None:
            tokens.cancel()
        if (close := getattr(chunks, "aclose", None)) is not None:
            await close()
    yield _END


def closing_frame(failure: Failure) -> bytes:
    """Return the last frame of a stream that failed; no ``end`` follows it."""
    return frame(b"error", failure.as_json())


def _metadata(run_id: UUID, tokens: list[list[Any]] | None) -> bytes:
    # The blank after the colon is on the wire of LangServe, and its tests compare bytes.
    if not tokens:
        return b'{"run_id": "%b"}' % str(run_id).encode()
    return b'{"run_id": "%b", "feedback_tokens": %b}' % (
        str(run_id).encode(),
        orjson.dumps(tokens[0]),
    )
