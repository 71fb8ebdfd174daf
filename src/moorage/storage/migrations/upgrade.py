"""Runs Alembic on a connection that is open already."""

import sqlite3
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import StaticPool, create_engine
from sqlalchemy.exc import DBAPIError

from moorage.errors import Misconfigured
from moorage.storage.sql.tables import METADATA


def script() -> ScriptDirectory:
    """Return the revisions that this version of moorage knows."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return ScriptDirectory.from_config(config)


def upgrade(raw: sqlite3.Connection, name: str) -> None:
    """Go through all revisions after the database's own, in one transaction.

    Raises:
        Misconfigured: Its revision is not known here: a newer moorage has written it. Or its
            tables cannot be changed.
    """
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    revisions = script()
    try:
        with engine.connect() as connection, connection.begin():
            # Neither SQLAlchemy nor Alembic says so to SQLite; half of the tables are of no use.
            raw.execute("BEGIN IMMEDIATE")
            context = MigrationContext.configure(
                connection,
                opts={
                    "fn": lambda revision, _: revisions._upgrade_revs("head", revision),  # noqa: SLF001 - as alembic's own commands do
                    "script": revisions,
                    "target_metadata": METADATA,
                },
            )
            with Operations.context(context):
                context.run_migrations()
    except (CommandError, ResolutionError) as error:
        raise Misconfigured(
            f"{name} was written by a newer moorage; install that one, or use another database"
        ) from error
    except DBAPIError as error:
        raise Misconfigured(
            f"{name}: its tables cannot be brought up to date ({error.orig})"
        ) from error
