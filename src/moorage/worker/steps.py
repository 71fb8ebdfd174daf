"""What goes on for as long as a process works: steps that are repeated, whatever happens."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from moorage.errors import Unavailable

RETRY_SECONDS = 0.2
"""Between two attempts to reach a database that is away."""

_log = logging.getLogger(__name__)


async def again_and_again(step: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Repeat ``step`` until cancelled, and wait a little where the database is away."""
    while True:
        try:
            await step()
        except Unavailable as error:
            _log.warning("the database cannot be reached: %s", error)
            await asyncio.sleep(RETRY_SECONDS)


async def cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks, and return when they have ended."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
