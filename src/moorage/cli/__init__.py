"""The command ``moorage``. Each command is a file, imported when it is called."""

import sys
from importlib import import_module
from typing import cast

import click

from moorage import __version__
from moorage.errors import Misconfigured

_COMMANDS = ("config", "dev", "keys", "migrate", "serve")


class _OnDemand(click.Group):
    """A group whose commands live in modules of their names, which need not all be imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        return cast("click.Command", import_module(f"moorage.cli.{cmd_name}").command)


@click.group(cls=_OnDemand, no_args_is_help=False, invoke_without_command=True)
@click.version_option(__version__, prog_name="moorage", message="%(prog)s %(version)s")
@click.pass_context
def moorage(context: click.Context) -> None:
    """Serve agents, and look after the service: its keys, its settings, its database."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command line and end the process.

    Bad input is one line on standard error and status 2.
    """
    try:
        status = moorage.main(prog_name="moorage", standalone_mode=False)
    except (click.ClickException, Misconfigured) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        for line in message.splitlines():
            click.echo(f"moorage: {line}", err=True)
        status = 2
    except click.Abort:
        status = 130
    sys.exit(status)
