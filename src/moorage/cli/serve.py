"""``moorage serve``: serve a project as the settings say."""

from pathlib import Path

import click

from moorage.cli.serving import Place, place_options, serve


@click.command("serve")
@place_options
def command(config: Path, host: str, port: int) -> None:
    """Serve the graphs of a langgraph.json, with what the settings say.

    Ends with status 2 and one line per problem when the service could not start like this.
    """
    serve(Place(config, host, port))
