"""The tables. Times are UTC; documents are JSON text of the models, without secrets."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Utc(TypeDecorator[datetime]):
    """An aware datetime: UTC in the database, UTC when read, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Turn into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Say again that it is UTC where the database has forgotten it."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


version = Table("ledger_version", metadata, Column("version", Integer, nullable=False))

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("asked", Utc, nullable=False, index=True),
    Column("began", Utc),
    Column("ended", Utc),
    Column("cancelling", Boolean, nullable=False, default=False),
    Column("message", Text, nullable=False, default=""),
    Column("labels", Text, nullable=False),
    Column("pins", Text, nullable=False),
)

step = Table(
    "step",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("cluster", String, nullable=False),
    Column("tool", String, nullable=False),
    Column("act", String, nullable=False),
    Column("state", String, nullable=False),
    Column("began", Utc),
    Column("ended", Utc),
    Column("definition", Text, nullable=False),  # the Step: never changes
    Column("record", Text, nullable=False),  # the rest of the StepRecord
    Index("step_history", "tool", "act", "cluster"),
)

event = Table(
    "event",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run", ForeignKey("run.id"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("kind", String, nullable=False),
    Column("step", String, nullable=False, default=""),
    Column("data", Text, nullable=False),
    Index("event_of_run", "run", "number"),
    Index("event_of_kind", "kind", "number"),
)

plan = Table(
    "plan",
    metadata,
    Column("digest", String, primary_key=True),
    Column("kept", Utc, nullable=False),
    Column("plan", Text, nullable=False),
)

contents = Table(
    "contents",
    metadata,
    Column("tool", String, primary_key=True),
    Column("store", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("read", Utc, nullable=False),
    Column("point", Text, nullable=False),
)

cluster_seen = Table(
    "cluster_seen",
    metadata,
    Column("cluster", String, primary_key=True),
    Column("tool", String, primary_key=True),  # empty for the API server itself
    Column("at", Utc, nullable=False),
    Column("ca_hash", String, nullable=False),
    Column("uid", String, nullable=False),
)

store_seen = Table(
    "store_seen",
    metadata,
    Column("tool", String, primary_key=True),
    Column("identity", String, primary_key=True),
    Column("cluster", String, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("store", Text, nullable=False),
)

data_seen = Table(
    "data_seen",
    metadata,
    Column("tool", String, primary_key=True),
    Column("store", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("sight", Text, nullable=False),
)

mark = Table(
    "mark",
    metadata,
    Column("name", String, primary_key=True),
    Column("run", String, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("spread", Float),
    Column("parts", Text, nullable=False),
)
