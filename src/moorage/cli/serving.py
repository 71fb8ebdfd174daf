"""Serves a project from the command line: what ``moorage dev`` and ``moorage serve`` share."""

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import click
import uvicorn
from rich.console import Console
from rich.markup import escape
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moorage import __version__
from moorage.errors import Misconfigured
from moorage.project import Project, read
from moorage.settings import Settings

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Place:
    """What is served, and where.

    Attributes:
        config: The project file, or its folder.
    """

    config: Path
    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL, as a browser on this machine wants it."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        host = f"[{shown}]" if ":" in shown and not shown.startswith("[") else shown
        return f"http://{host}:{self.port}"


def config_option(function: Handler) -> Handler:
    """Give a command the option that names the project."""
    return click.option(
        "--config",
        "-c",
        default="langgraph.json",
        show_default=True,
        type=click.Path(path_type=Path),
        help="The project file, or its folder.",
    )(function)


def place_options(function: Handler) -> Handler:
    """Give a command the options that say what is served, and where."""
    for option in (
        click.option("--port", default=2024, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--host", default="127.0.0.1", show_default=True),
        config_option,
    ):
        function = option(function)
    return function


def serve(
    place: Place,
    *,
    when_ready: Callable[[], object] | None = None,
    is_development: bool = False,
) -> None:
    """Serve a project until the process is told to stop.

    Args:
        place: What and where.
        when_ready: Called once requests are answered.
        is_development: Whether pages of any origin may call, as tools in the browser do.

    Raises:
        Misconfigured: The project or a setting is wrong, or the address is taken.
    """
    began = perf_counter()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    project = read(place.config)
    project.apply()
    settings = Settings.load()
    if is_development and not (settings.cors_origins or project.http.cors):
        settings = settings.model_copy(update={"cors_origins": ("*",)})
    listener = listening(place)
    with console.status("importing the graphs"):
        from moorage.app import create_app  # noqa: PLC0415 - it takes a second, which is shown

        app = create_app(settings, project=project)
    _tell_graphs(console, project, app)

    def ready() -> None:
        _tell_places(console, place, perf_counter() - began, shows_docs=app.docs_url is not None)
        if when_ready:
            when_ready()

    starting = _Starting(app)
    config = uvicorn.Config(starting, log_config=None, access_log=False, proxy_headers=False)
    try:
        _Server(config, ready).run(sockets=[listener])
    finally:
        if starting.problem:
            raise starting.problem


class _Starting:
    """An application that keeps what is wrong with its start, to be told in one line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.problem: Misconfigured | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def tersely(message: Message) -> None:
            error = sys.exception()
            if message["type"] == "lifespan.startup.failed" and isinstance(error, Misconfigured):
                self.problem = error
                message = {**message, "message": ""}
            await send(message)

        await self._app(scope, receive, tersely)


class _Server(uvicorn.Server):
    """Tells when it has started."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listening(place: Place) -> socket.socket:
    """Return a socket that listens where a project is to be served.

    Raises:
        Misconfigured: The address is none of this machine, or is taken.
    """
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        return socket.create_server((place.host, place.port), family=family, backlog=2048)
    except OSError as error:
        raise Misconfigured(
            f"--host {place.host} --port {place.port}: cannot listen there ({error.strerror});"
            " choose another with --port"
        ) from error


def _tell_graphs(console: Console, project: Project, app: Any) -> None:
    failures = app.state.agents.graphs.failures
    console.print(f"[bold]moorage[/bold] {__version__} serves {escape(str(project.folder))}")
    for graph in project.graphs:
        failure = failures.get(graph.id)
        if failure is None:
            console.print(f"  [green]✓[/green] {escape(graph.id)}")
        else:
            console.print(f"  [red]✗ {escape(graph.id)}[/red]: {escape(failure.reason)}")
            console.print(escape(failure.traceback), style="dim", end="")
    for warning in project.warnings:
        console.print(f"  [yellow]![/yellow] {escape(warning)}")


def _tell_places(console: Console, place: Place, seconds: float, *, shows_docs: bool) -> None:
    console.print(f"Ready in {seconds:.1f} s. Stop with Ctrl-C.")
    console.print(f"  API      {place.url}")
    if shows_docs:
        console.print(f"  Docs     {place.url}/docs")
    console.print(f"  Console  {place.url}/console/")
