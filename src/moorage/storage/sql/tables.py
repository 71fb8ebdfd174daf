"""The tables of moorage's own nouns, and beside them those of LangGraph's saver and store.

Times are integers, microseconds since the epoch in UTC. JSON is text: the rules below read and
write it, and databases that can search in it do.
"""

from sqlalchemy import (
    REAL,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(36)
_Json = Text().with_variant(JSONB(), "postgresql")
# SQLite counts rows only in a column of exactly this type.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


ASSISTANTS = Table(
    "assistants",
    METADATA,
    Column("assistant_id", _Id, primary_key=True),
    Column("graph_id", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("config", _Json, nullable=False),
    Column("context", _Json, nullable=False),
    Column("metadata", _Json, nullable=False),
    _time("created_at"),
    _time("updated_at"),
)

ASSISTANT_VERSIONS = Table(
    "assistant_versions",
    METADATA,
    Column("assistant_id", _Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("graph_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("config", _Json, nullable=False),
    Column("context", _Json, nullable=False),
    Column("metadata", _Json, nullable=False),
    _time("created_at"),
    PrimaryKeyConstraint("assistant_id", "version"),
)

THREADS = Table(
    "threads",
    METADATA,
    Column("thread_id", _Id, primary_key=True),
    Column("status", String(16), nullable=False),
    Column("metadata", _Json, nullable=False),
    Column("config", _Json, nullable=False),
    Column("state_values", _Json),
    Column("interrupts", _Json, nullable=False),
    Column("error", _Json),
    # How long it lives after its last use, in microseconds, where that was said of it.
    Column("lifetime", BigInteger),
    Column("expiry", String(16)),
    _time("swept_at", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    _time("state_updated_at"),
    Index(
        "ix_threads_lifetime",
        "updated_at",
        sqlite_where=text("lifetime IS NOT NULL"),
        postgresql_where=text("lifetime IS NOT NULL"),
    ),
    Index(None, "status", "updated_at"),
    Index(None, "created_at"),
    Index(None, "updated_at"),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("run_id", _Id, nullable=False, unique=True),
    Column("thread_id", _Id, nullable=False),
    Column("assistant_id", _Id, nullable=False),
    Column("status", String(16), nullable=False),
    # The run of its thread that works, or will next. Only heads are claimed, so that a claim
    # costs the same however many runs wait, and on however many threads.
    Column("is_head", Boolean, nullable=False),
    _time("available_at"),
    Column("owner", Text),
    # No index: renewing a lease is to stay a change of one row.
    _time("lease_until", nullable=True),
    Column("attempt", Integer, nullable=False),
    # Attempts that do not count against the run, because their workers were asked to leave.
    Column("excused", Integer, nullable=False),
    Column("signal", String(16)),
    Column("multitask_strategy", String(16), nullable=False),
    Column("is_temporary", Boolean, nullable=False),
    Column("idempotency_key", Text),
    Column("metadata", _Json, nullable=False),
    Column("kwargs", _Json, nullable=False),
    Column("error", _Json),
    _time("created_at"),
    _time("updated_at"),
    _time("started_at", nullable=True),
    _time("finished_at", nullable=True),
    Index(
        "uq_runs_head",
        "thread_id",
        unique=True,
        sqlite_where=text("is_head = 1"),
        postgresql_where=text("is_head"),
    ),
    Index(
        "ix_runs_claimable",
        "available_at",
        "seq",
        sqlite_where=text("is_head = 1 AND status = 'pending'"),
        postgresql_where=text("is_head AND status = 'pending'"),
    ),
    Index(
        "ix_runs_active",
        "thread_id",
        "available_at",
        "seq",
        sqlite_where=text("status IN ('pending', 'running')"),
        postgresql_where=text("status IN ('pending', 'running')"),
    ),
    Index("ix_runs_thread", "thread_id", "seq"),
    Index(
        "ix_runs_running",
        "status",
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
    Index(
        "uq_runs_idempotency_key",
        "idempotency_key",
        unique=True,
        sqlite_where=text("idempotency_key IS NOT NULL"),
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
)

RUN_EVENTS = Table(
    "run_events",
    METADATA,
    Column("run_id", _Id, nullable=False),
    Column("first_id", BigInteger, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("events", LargeBinary, nullable=False),
    _time("created_at"),
    PrimaryKeyConstraint("run_id", "first_id"),
    Index("ix_run_events_created_at", "created_at"),
)

CRONS = Table(
    "crons",
    METADATA,
    Column("cron_id", _Id, primary_key=True),
    Column("assistant_id", _Id, nullable=False, index=True),
    Column("thread_id", _Id, index=True),
    Column("schedule", Text, nullable=False),
    Column("timezone", Text),
    _time("end_time", nullable=True),
    _time("next_run_date", nullable=True),
    Column("enabled", Boolean, nullable=False),
    Column("on_run_completed", String(16)),
    Column("metadata", _Json, nullable=False),
    Column("payload", _Json, nullable=False),
    Column("owner", _Json, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    Index(
        "ix_crons_due",
        "next_run_date",
        sqlite_where=text("enabled = 1"),
        postgresql_where=text("enabled"),
    ),
)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    # Not the run's id: one that was rolled back may come again.
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("run_id", _Id, nullable=False),
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    _time("next_try_at"),
    _time("created_at"),
    Index("ix_webhooks_next_try_at", "next_try_at"),
)

# Those of LangGraph's saver: ``langgraph.checkpoint.sqlite`` opens the same file. It does not mind
# the one column that is ours.
CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("thread_id", Text, nullable=False),
    Column("checkpoint_ns", Text, nullable=False, server_default=""),
    Column("checkpoint_id", Text, nullable=False),
    Column("parent_checkpoint_id", Text),
    Column("type", Text),
    Column("checkpoint", LargeBinary),
    Column("metadata", LargeBinary),
    PrimaryKeyConstraint("thread_id", "checkpoint_ns", "checkpoint_id"),
)

WRITES = Table(
    "writes",
    METADATA,
    Column("thread_id", Text, nullable=False),
    Column("checkpoint_ns", Text, nullable=False, server_default=""),
    Column("checkpoint_id", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("task_path", Text, nullable=False, server_default=""),
    Column("idx", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("type", Text),
    Column("value", LargeBinary),
    # Whose it is: not always that of the checkpoint, which a resumed run takes up from another.
    Column("run_id", _Id),
    PrimaryKeyConstraint("thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx"),
)

# Those of LangGraph's store, likewise. Its times are texts.
_STAMP = text("CURRENT_TIMESTAMP")

ITEMS = Table(
    "store",
    METADATA,
    Column("prefix", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("created_at", TIMESTAMP, server_default=_STAMP),
    Column("updated_at", TIMESTAMP, server_default=_STAMP),
    Column("expires_at", TIMESTAMP),
    Column("ttl_minutes", REAL),
    PrimaryKeyConstraint("prefix", "key"),
    Index("store_prefix_idx", "prefix"),
    Index("idx_store_expires_at", "expires_at", sqlite_where=text("expires_at IS NOT NULL")),
)

ITEM_VECTORS = Table(
    "store_vectors",
    METADATA,
    Column("prefix", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("field_name", Text, nullable=False),
    Column("embedding", LargeBinary),
    Column("created_at", TIMESTAMP, server_default=_STAMP),
    Column("updated_at", TIMESTAMP, server_default=_STAMP),
    PrimaryKeyConstraint("prefix", "key", "field_name"),
    ForeignKeyConstraint(["prefix", "key"], ["store.prefix", "store.key"], ondelete="CASCADE"),
)

# Which of its own migrations LangGraph's store need not do any more.
for _name in ("store_migrations", "vector_migrations"):
    Table(_name, METADATA, Column("v", Integer, primary_key=True))
