"""``moorage dev``: serve a project on this machine, and again whenever its files change."""

import signal
import sys
import webbrowser
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

import click
import watchfiles

from moorage.cli.serving import Place, listening, place_options, serve
from moorage.errors import Misconfigured
from moorage.project import Project, read

_SPAWNED = get_context("spawn")  # as watchfiles starts its processes
_FILES = (".py", ".json", ".toml", ".env")


@click.command("dev")
@place_options
@click.option("--reload/--no-reload", default=True, help="Start again when a file changes.")
@click.option("--browser/--no-browser", default=True, help="Open the documentation.")
def command(config: Path, host: str, port: int, *, reload: bool, browser: bool) -> None:
    """Serve the graphs of a langgraph.json on this machine; what is kept survives a restart.

    Ends with status 2 and one line per problem when the service could not start like this.
    """
    place = Place(config, host, port)
    project = read(config)
    unopened = _SPAWNED.Event()
    if browser:
        unopened.set()
    if not reload:
        _serve(place, unopened)
        return
    listening(place).close()
    # Shells have what they start in the background ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    watchfiles.run_process(
        *_watched(project),
        target=_serve_or_say,
        args=(place, unopened),
        watch_filter=_Sources(),
        debounce=400,
        sigint_timeout=10,
    )


class _Sources(watchfiles.DefaultFilter):
    """The files of which a change counts: sources and configuration, not what is kept."""

    ignore_dirs = (*watchfiles.DefaultFilter.ignore_dirs, ".moorage", ".langgraph_api")

    def __call__(self, change: watchfiles.Change, path: str) -> bool:
        """Say whether a change counts."""
        return path.endswith(_FILES) and super().__call__(change, path)


def _watched(project: Project) -> list[Path]:
    folders = {project.folder, *project.import_paths}
    return [one for one in folders if one.is_dir()]


def _serve_or_say(place: Place, unopened: Event) -> None:
    """Serve in a process of its own; what is wrong is said, and mended while this waits."""
    try:
        _serve(place, unopened)
    except KeyboardInterrupt:
        return  # how it is told to stop, or to make way for a change
    except Misconfigured as error:
        for line in str(error).splitlines():
            click.echo(f"moorage: {line}", err=True)
        sys.exit(2)


def _serve(place: Place, unopened: Event) -> None:
    def show() -> None:
        if unopened.is_set():
            unopened.clear()
            webbrowser.open(f"{place.url}/docs")

    serve(place, when_ready=show, is_development=True)
