"""The threads that carry out synchronous runnables."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def default_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give the running event loop ``count`` threads, where LangChain runs what is not async.

    Threads are started as they are needed. On leaving, work that has not begun is dropped; work
    that has cannot be stopped and is not waited for.

    Args:
        count: 0 is enough for runnables that mostly wait for a model: 32 and four a processor, as
            asyncio's own default (four more than there are processors) stalls a small machine.
    """
    threads = ThreadPoolExecutor(count or 32 + 4 * (os.cpu_count() or 1), "moorage-run")
    asyncio.get_running_loop().set_default_executor(threads)
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
