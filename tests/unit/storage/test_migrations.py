"""The way from one version's tables to the next."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import StaticPool, create_engine

from moorage.errors import Misconfigured
from moorage.storage.migrations import HEAD, migrate
from moorage.storage.migrations.upgrade import script
from moorage.storage.sql.tables import METADATA


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "moorage.db", isolation_level=None)
    yield connection
    connection.close()


@contextmanager
def alembic(raw: sqlite3.Connection, **options: Any) -> Iterator[MigrationContext]:
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    with engine.connect() as connection, connection.begin():
        yield MigrationContext.configure(connection, opts={"compare_type": True, **options})


def schema(raw: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(name, sql) for name, sql in rows if name != "alembic_version"}


def downgrade(raw: sqlite3.Connection) -> None:
    revisions = script()

    def way(revision: Any, _: Any) -> Any:
        return revisions._downgrade_revs("base", revision)

    with alembic(raw, fn=way, script=revisions) as context, Operations.context(context):
        context.run_migrations()


def test_they_lead_to_the_tables_that_the_code_declares(raw: sqlite3.Connection):
    migrate(raw, "it")
    with alembic(raw) as context:
        assert compare_metadata(context, METADATA) == []
    assert {name for name, _ in schema(raw)} >= set(METADATA.tables)


def test_the_code_works_with_the_last_of_them(raw: sqlite3.Connection):
    assert script().get_current_head() == HEAD
    migrate(raw, "it")
    assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


def test_there_and_back_again(raw: sqlite3.Connection):
    migrate(raw, "it")
    made = schema(raw)
    downgrade(raw)
    assert schema(raw) == set()
    migrate(raw, "it")
    assert schema(raw) == made


def test_all_of_one_or_nothing(raw: sqlite3.Connection):
    def denies(action: int, name: str | None, *_: Any) -> int:
        is_last = action == sqlite3.SQLITE_CREATE_INDEX and name == "ix_webhooks_next_try_at"
        return sqlite3.SQLITE_DENY if is_last else sqlite3.SQLITE_OK

    raw.set_authorizer(denies)
    with pytest.raises(Misconfigured, match="it: its tables cannot be brought up to date"):
        migrate(raw, "it")
    raw.set_authorizer(None)
    assert not raw.in_transaction
    assert schema(raw) == set()
    migrate(raw, "it")
    assert {name for name, _ in schema(raw)} >= set(METADATA.tables)
