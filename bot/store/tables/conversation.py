"""What is said in Slack, where and when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, SmallInteger, Text, Time, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bot.store.tables.columns import ActorJson, serial, table, time

notices = table(
    "notices",
    serial(),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("repository_id", BigInteger, nullable=True),
    Column("case_id", Integer, nullable=True),
    Column("workspace_id", BigInteger, nullable=True),
    Column("channel", Text, nullable=False, server_default=text("''")),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("sent_revision", Integer, nullable=False, server_default=text("0")),
    Column("correlation_id", Text, nullable=False),
    time("created_at"),
    time("due_at"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    time("sent_at", nullable=True),
    Column("error", Text, nullable=True),
    time("asked_at", nullable=True),
    Index("ix_notices_waiting", "channel", "due_at", postgresql_where=text("sent_revision < revision")),
    Index("ix_notices_cards", "repository_id", "case_id", postgresql_where=text("kind = 'card'")),
)

messages = table(
    "messages",
    Column("key", Text, primary_key=True),
    Column("repository_id", BigInteger, nullable=True),
    Column("case_id", Integer, nullable=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ts", Text, nullable=False),
    time("posted_at"),
    Index("ix_messages_case", "repository_id", "case_id"),
)

channel_schedules = table(
    "channel_schedules",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    time("next_at"),
    Column("failures", Integer, nullable=False),
)

storms = table(
    "storms",
    serial(),
    Column("workspace_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("case_ids", ARRAY(Integer, as_tuple=True), nullable=False),
    time("started_at"),
    time("last_at"),
    Index("ix_storms_place", "workspace_id", "channel", "repository_id", "last_at"),
)

subscriptions = table(
    "subscriptions",
    serial(),
    Column("workspace_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("branch", Text, nullable=False),
    Column("minimum", Double, nullable=False),
    Column("owner", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("created_by", ActorJson, nullable=False),
    time("created_at"),
    Index("uq_subscriptions_place", "workspace_id", "channel", "repository_id", unique=True),
    Index("ix_subscriptions_repository", "repository_id"),
)

channels = table(
    "channels",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("digest_at", Time, nullable=True),
    Column("digest_days", ARRAY(SmallInteger), nullable=False),
    time("digest_since", nullable=True),
    Column("quiet_begin", Time, nullable=True),
    Column("quiet_end", Time, nullable=True),
    Column("quiet_days", ARRAY(SmallInteger), nullable=False),
)

block_levels = table(
    "block_levels",
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("level", Text, nullable=False),
    time("learned_at"),
)

silenced_authors = table(
    "silenced_authors",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True),
    time("since"),
)

shared_links = table(
    "shared_links",
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    Column("case_id", Integer, primary_key=True, autoincrement=False),
    time("shared_at"),
)

homes = table(
    "homes",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True),
    time("opened_at"),
)
