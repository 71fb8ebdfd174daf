"""Runs a runnable and tells, as JSON patches, what it and everything below it does.

langchain-core's own producer (``astream_log``) is deprecated and goes away with version 2, while
the playground and LangServe's clients live on its patches.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Unpack

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs

from moorage.engine.run_log import Filters, Op, Ops, RunLog, escape

BACKLOG = 64
"""Patches that may wait for a slow consumer before the run is held back."""


async def stream_log(
    runnable: Runnable[Any, Any],
    value: Any,
    config: RunnableConfig | None = None,
    **filters: Unpack[Filters],
) -> AsyncGenerator[Ops]:
    """Stream the runnable's output and its log (langserve-protocol, section 4.4).

    Closing the generator, or cancelling whoever waits for it, cancels the run, and returns when
    the run has ended.

    Args:
        runnable: What to run.
        value: Its input.
        config: Its config; callbacks in it are called too.
        filters: Which inner runs appear below ``/logs``.

    Yields:
        The next operations on one document. Values are the run's own objects, not JSON.

    Raises:
        Exception: Whatever the run raises, after everything before it was yielded.
    """
    outbox = _Outbox()
    observed = merge_configs(config, {"callbacks": [RunLog(outbox.put, **filters)]})
    run = asyncio.create_task(_run(runnable, value, observed, outbox))
    run.add_done_callback(lambda _: outbox.put(None))
    try:
        while (ops := await outbox.get()) is not None:
            yield ops
        await run
    finally:
        outbox.close()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def _run(
    runnable: Runnable[Any, Any], value: Any, config: RunnableConfig, outbox: "_Outbox"
) -> None:
    """Stream the root run's output into the outbox, each chunk with what it does to the total."""
    total: Any = None
    chunks = runnable.astream(value, config)
    try:
        async for chunk in chunks:
            before, total = _accumulate(total, chunk)
            added = {"op": "add", "path": "/streamed_output/-", "value": chunk}
            outbox.put([added, *_changes(before, total, "/final_output")])
            await outbox.room()
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


class _Outbox:
    """Patches on their way from the run, in whatever thread it is, to the one consumer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiting: deque[Ops | None] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._closed = False

    def put(self, ops: Ops | None) -> None:
        """Hand a patch over, ``None`` for the end; safe in any thread, and never waits."""
        if self._closed:
            return
        # Ordered here and not by the loop's callbacks: a coroutine may block on a thread, and what
        # happened there first has to stay first.
        self._waiting.append(ops)
        if threading.get_ident() == self._thread:
            self._filled.set()
        else:
            self._loop.call_soon_threadsafe(self._filled.set)

    async def get(self) -> Ops | None:
        """Wait for the next patch."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        self._emptied.set()
        return self._waiting.popleft()

    async def room(self) -> None:
        """Wait until the consumer has caught up, more or less."""
        while len(self._waiting) >= BACKLOG:
            self._emptied.clear()
            await self._emptied.wait()

    def close(self) -> None:
        """Drop what is waiting, and whatever a thread that outlives the run may still put."""
        self._closed = True
        self._waiting.clear()


def _accumulate(total: Any, chunk: Any) -> tuple[Any, Any]:
    """Return the total before and after ``chunk``; what cannot be added up starts anew."""
    if total is None:
        return None, chunk
    try:
        return total, total + chunk
    except (TypeError, ValueError):
        return None, chunk


def _changes(before: Any, after: Any, path: str) -> Iterator[Op]:
    """Yield the operations that turn ``before`` into ``after``, where a sum only ever grows."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() <= after.keys():
        for key, value in after.items():
            if key not in before:
                yield {"op": "add", "path": f"{path}/{escape(key)}", "value": value}
        for key, value in before.items():
            yield from _changes(value, after[key], f"{path}/{escape(key)}")
    elif isinstance(before, list) and isinstance(after, list) and _begins_with(after, before):
        for index in range(len(before), len(after)):
            yield {"op": "add", "path": f"{path}/{index}", "value": after[index]}
    elif not _is_same(before, after):
        yield {"op": "replace", "path": path, "value": after}


def _begins_with(after: list[Any], before: list[Any]) -> bool:
    return len(before) <= len(after) and all(map(_is_same, before, after))


def _is_same(before: Any, after: Any) -> bool:
    """Compare as JSON would, where 1 is not true; what cannot be compared is not the same."""
    if isinstance(before, str) and isinstance(after, str):
        return before == after  # whatever subclasses of str they are
    try:
        return before is after or (type(before) is type(after) and bool(before == after))
    except (TypeError, ValueError):
        return False
