"""Make the tables of LangGraph's store, which may have made them already."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_STAMP = sa.text("CURRENT_TIMESTAMP")
_DONE = {"store_migrations": 5, "vector_migrations": 1}
"""How many of its migrations LangGraph's store finds done (``langgraph-checkpoint-sqlite`` 3)."""


def upgrade() -> None:
    """Make them, and tell LangGraph's store so."""
    op.create_table(
        "store",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(), server_default=_STAMP),
        sa.Column("updated_at", sa.TIMESTAMP(), server_default=_STAMP),
        sa.Column("expires_at", sa.TIMESTAMP()),
        sa.Column("ttl_minutes", sa.REAL()),
        sa.PrimaryKeyConstraint("prefix", "key", name=op.f("pk_store")),
        if_not_exists=True,
    )
    op.create_index("store_prefix_idx", "store", ["prefix"], if_not_exists=True)
    op.create_index(
        "idx_store_expires_at",
        "store",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        if_not_exists=True,
    )
    op.create_table(
        "store_vectors",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field_name", sa.Text(), nullable=False),
        sa.Column("embedding", sa.LargeBinary()),
        sa.Column("created_at", sa.TIMESTAMP(), server_default=_STAMP),
        sa.Column("updated_at", sa.TIMESTAMP(), server_default=_STAMP),
        sa.PrimaryKeyConstraint("prefix", "key", "field_name", name=op.f("pk_store_vectors")),
        sa.ForeignKeyConstraint(
            ["prefix", "key"], ["store.prefix", "store.key"], ondelete="CASCADE"
        ),
        if_not_exists=True,
    )
    for name, count in _DONE.items():
        table = op.create_table(
            name,
            sa.Column("v", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("v", name=op.f(f"pk_{name}")),
            if_not_exists=True,
        )
        for step in range(count):
            op.execute(sa.insert(table).prefix_with("OR IGNORE").values(v=step))


def downgrade() -> None:
    """Drop them."""
    for name in ("vector_migrations", "store_migrations", "store_vectors", "store"):
        op.drop_table(name)
