"""``moorage config``: show the settings in effect, and make the pages about them."""

import sys
from importlib import import_module
from pathlib import Path

import click

from moorage.errors import Misconfigured
from moorage.settings import Settings, pages

DEPLOYMENT = "config.settings:Settings"
"""Where a deployment keeps its settings; taken when the file is there."""


@click.command("config")
@click.option(
    "--settings",
    "path",
    metavar="MODULE:CLASS",
    help=f"The settings class; by default {DEPLOYMENT} if there is one, else moorage's own.",
)
@click.option(
    "--stage-dir", default="config", show_default=True, help="The folder of the stage files."
)
@click.option(
    "--example", "page", flag_value="example", help="Print an .env.example instead of the values."
)
@click.option(
    "--reference", "page", flag_value="reference", help="Print the reference page (Markdown)."
)
def command(path: str | None, stage_dir: str, page: str | None) -> None:
    """Show every setting, its value (secrets as stars) and where it is set.

    Ends with status 2 and one line per problem when the service could not start like this.
    """
    model = _settings_class(path)
    if page is not None:
        render = pages.example if page == "example" else pages.reference
        click.echo(render(model), nl=False)
        return
    variables = model.gather(stage_dir)
    click.echo(pages.values(model.from_variables(variables), variables), nl=False)


def _settings_class(path: str | None) -> type[Settings]:
    sys.path.insert(0, str(Path.cwd()))
    if path is None:
        path = DEPLOYMENT if Path("config/settings.py").is_file() else "moorage:Settings"
    module, _, name = path.partition(":")
    try:
        found = getattr(import_module(module), name, None)
    except (ImportError, ValueError) as error:
        raise Misconfigured(f"--settings {path}: {error}") from error
    if not isinstance(found, type) or not issubclass(found, Settings):
        raise Misconfigured(f"--settings {path}: it is no subclass of moorage.Settings")
    return found
