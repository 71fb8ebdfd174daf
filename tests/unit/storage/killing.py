"""Processes that work on a database for as long as they live, and say what they have done.

``serve`` is such a process's side: for each URL on its input it forks one that works there, whose
id it writes, then what the fork says, and a full stop when that is dead. ``killing`` is the test's
side, which says when.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Work = Callable[[str], Coroutine[Any, Any, None]]
Kill = Callable[[Path], list[str]]


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def serve(work: Work) -> None:
    for url in sys.stdin:
        child = os.fork()
        if not child:
            say(os.getpid())
            asyncio.run(work(url.strip()))
            os._exit(0)
        os.waitpid(child, 0)
        say(".")


@contextmanager
def killing(module: str, most: int) -> Iterator[Kill]:
    """Have a process of ``module`` work on a file and die by kill -9; returns all that it said.

    Args:
        module: What calls ``serve``.
        most: How much it may have said when it is killed.
    """
    with subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield lambda path: _killed(path, random.randint(0, most), server)  # noqa: S311
        server.communicate()


def _killed(path: Path, after: int, server: subprocess.Popen[str]) -> list[str]:
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(f"sqlite:///{path}\n")
    server.stdin.flush()
    process = int(server.stdout.readline())
    said = [server.stdout.readline().strip() for _ in range(after)]
    os.kill(process, signal.SIGKILL)
    said += [line.strip() for line in iter(server.stdout.readline, ".\n")]
    return said
