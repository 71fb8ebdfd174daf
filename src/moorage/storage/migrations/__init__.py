"""The tables of a database, from whichever version wrote them to this one.

Alembic keeps the current revision in the database and knows the way from there. It takes longer to
load than to look, so a database that is up to date never sees it.
"""

import sqlite3

HEAD = "0002"
"""The revision that this version of moorage works with."""


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Bring the tables behind ``connection`` up to date.

    Args:
        connection: A connection that may write, on which nothing has begun.
        name: What the database is called in messages.

    Raises:
        Misconfigured: A newer moorage has written it.
    """
    if _revision(connection) != HEAD:
        from moorage.storage.migrations.upgrade import upgrade  # noqa: PLC0415 - see above

        upgrade(connection, name)


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return found[0] if found else None
