"""Runs an ASGI application under uvicorn on a free loopback port, in a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from moorage.testing.gates import Signal


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serve ``app`` while the block runs; gives its base URL, without a slash at the end.

    Args:
        app: Any ASGI application. Its lifespan runs.
        **options: For ``uvicorn.Config``.

    Raises:
        RuntimeError: The application failed to start.
    """
    settings = {"log_level": "critical", "timeout_graceful_shutdown": 1, "proxy_headers": False}
    server = _Server(uvicorn.Config(app, **{**settings, **options}))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        server.settled.wait()
        if not server.started:
            raise RuntimeError("the application failed to start; its log says why")
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """Tells when it has started, or given up before that."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = Signal("the server neither started nor failed")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        # Uvicorn leaves a failed start with sys.exit, which is nothing for a thread.
        try:
            with suppress(SystemExit):
                super().run(sockets)
        finally:
            self.settled.set()
