"""How gunicorn runs a service: its worker process, and its own log lines in the service's form."""

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

from moorage.auth.sessions import own_secret
from moorage.errors import Misconfigured

LINGER = 1.0
"""Seconds in which a client that keeps its connection busy learns that it should open another."""

MARGIN = 5
"""Seconds between the end of the requests and gunicorn's SIGKILL."""


class Server(uvicorn.Server):
    """uvicorn's server, with a farewell, and an end when gunicorn is gone.

    uvicorn closes connections the moment they are idle. A client that keeps one alive may just then
    be sending its next request, which is lost. So this first takes no new connections and answers
    with ``Connection: close``, for a second at most.

    uvicorn does not look after its parent: without that, the processes of a gunicorn that was
    killed would hold its port for ever.

    Args:
        config: uvicorn's.
        parent: The process id of gunicorn.
    """

    def __init__(self, config: uvicorn.Config, parent: int) -> None:
        super().__init__(config)
        self._parent = parent

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end: as uvicorn sees it, or because gunicorn is gone."""
        return await super().on_tick(counter) or os.getppid() != self._parent

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Close the listeners, let busy clients go, then end as uvicorn does."""
        for server in self.servers:
            server.close()
        farewell = (b"connection", b"close")
        self.server_state.default_headers = [*self.server_state.default_headers, farewell]
        try:
            async with asyncio.timeout(LINGER):
                while self.server_state.connections and not self.force_exit:  # noqa: ASYNC110
                    await asyncio.sleep(LINGER / 20)  # uvicorn has no event for it
        except TimeoutError:
            pass  # the remaining connections are idle, or at work on a request
        await super().shutdown()  # without the sockets: they were closed with the listeners


class Worker(UvicornWorker):
    """One process of the service.

    It leaves the proxies' headers, the access log and the ``Server`` header to the application. Its
    requests get gunicorn's ``graceful_timeout`` less five seconds to end when it restarts after
    ``max_requests``. What is misconfigured stops gunicorn with one line instead of a loop of
    restarts.
    """

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012 - the parent's name and type
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
    }

    @classmethod
    def setup(cls) -> None:
        """Prepare, in gunicorn's own process, what its workers have in common."""
        own_secret()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config.timeout_graceful_shutdown = max(1, self.cfg.graceful_timeout - MARGIN)

    def load_wsgi(self) -> None:
        """Import the application.

        Raises:
            SystemExit: It does not start; gunicorn then ends too.
        """
        try:
            super().load_wsgi()  # type: ignore[no-untyped-call]
        except Misconfigured as error:
            self.log.error("%s", error)  # noqa: TRY400 - the message is the whole story
            sys.exit(Arbiter.APP_LOAD_ERROR)
        except SystemExit:  # Settings.load() has said why
            sys.exit(Arbiter.APP_LOAD_ERROR)

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = Server(self.config, self.ppid)
        # Until the application has started and takes the signal over: uvicorn-worker ignores it.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGQUIT, server.handle_exit, signal.SIGTERM, None)
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class Lines(Logger):
    """gunicorn's logger, which leaves the form of its lines to ``moorage.observability.logs``."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's settings, but write through the root logger."""
        super().setup(cfg)  # type: ignore[no-untyped-call]
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
        self.error_log.propagate = True
