"""A ``moorage serve`` that is killed and begins again, at once.

Nearly all of a start is the import of the libraries. A process of this module has them imported,
and forks the command for each line on its input; it says whom, and a full stop when that is dead.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import httpx

from tests.acceptance.processes import ROOT, free_port


class Lives:
    """The test's side: begins lives of one server at one address, and ends them.

    Attributes:
        base: The URL at which all of them serve.
        is_up: Set while requests are answered.
    """

    def __init__(self, parent: asyncio.subprocess.Process, port: int) -> None:
        self._parent = parent
        self._pid = 0
        self.base = f"http://127.0.0.1:{port}"
        self.is_up = asyncio.Event()
        self.answered = 0
        self._heard = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def of(cls, project: Path, **environment: str) -> AsyncIterator[Self]:
        port = free_port()
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, "serve", "-c", str(project), "--port", str(port)),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        lives = cls(parent, port)
        try:
            yield lives
        finally:
            if lives._pid:
                await lives.end(signal.SIGKILL)
            assert parent.stdin is not None
            parent.stdin.close()
            await parent.wait()

    async def begin(self) -> None:
        """Begin a life; requests may not be answered yet."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(b"\n")
        self._pid = int(await self._said())

    async def ready(self) -> None:
        """Return when this life answers."""
        async with httpx.AsyncClient(base_url=self.base) as http:
            while True:
                try:
                    (await http.get("/ok")).raise_for_status()
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.01)
        self.is_up.set()

    async def end(self, number: signal.Signals) -> None:
        """End this life; return when it has."""
        self.is_up.clear()
        os.kill(self._pid, number)
        self._pid = 0
        assert await self._said() == "."

    def memory(self) -> int:
        """Return how many bytes this life has in memory."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def note(self) -> None:
        """Note that a request was answered."""
        async with self._heard:
            self.answered += 1
            self._heard.notify_all()

    async def answers(self, more: int) -> None:
        """Return when so many more requests have been answered."""
        async with self._heard:
            last = self.answered + more
            await self._heard.wait_for(lambda: self.answered >= last)

    async def _said(self) -> str:
        assert self._parent.stdout is not None
        return (await self._parent.stdout.readline()).decode().strip()


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _live() -> None:
    import moorage.app  # noqa: F401, PLC0415 - the test's side needs it not
    from moorage.cli import main  # noqa: PLC0415

    for _ in sys.stdin:
        child = os.fork()
        if not child:
            sys.stdout = sys.stderr
            main()
        _say(child)
        os.waitpid(child, 0)
        _say(".")


if __name__ == "__main__":
    _live()
