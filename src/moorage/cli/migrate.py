"""``moorage migrate``: bring a database up to date."""

import asyncio
from pathlib import Path

import click

from moorage.cli.serving import config_option
from moorage.hosting import database_url
from moorage.project import read
from moorage.settings import Settings
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms


@click.command("migrate")
@config_option
def command(config: Path) -> None:
    """Bring the database of a project up to date. Serving does so too, when it starts."""
    project = read(config)
    project.apply()
    url = database_url(project, Settings.load())
    asyncio.run(_migrate(url))
    click.echo("The database is up to date.")


async def _migrate(url: str) -> None:
    async with open_storage(url, terms=Terms()):
        pass
