"""What people and the policy decided: quarantines, mutes, check runs, and the trail of it all."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bot.store.tables.columns import metadata, serial, time

policies = Table(
    "policies",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("codeowners", Text, nullable=False),
    Column("fault", Text, nullable=True),
    time("loaded_at"),
)

permissions = Table(
    "permissions",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("github_id", BigInteger, primary_key=True),
    Column("permission", Text, nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    time("fetched_at"),
)

quarantines = Table(
    "quarantines",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("case_id", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("variant", Text, nullable=True),
    Column("fingerprint_id", BigInteger, nullable=True),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("owner", Text, nullable=True),
    Column("proposed_by", JSONB, nullable=False),
    time("proposed_at"),
    Column("decided_by", JSONB, nullable=True),
    time("decided_at", nullable=True),
    Column("decision", Text, nullable=True),
    time("expires_at", nullable=True),
    Column("version", Integer, nullable=False),
    Index(
        "uq_quarantines_open",
        "repository_id",
        "case_id",
        unique=True,
        postgresql_where=text("state in ('proposed', 'active', 'suspended')"),
    ),
    Index("ix_quarantines_id", "id"),
    Index("ix_quarantines_state", "state", "expires_at"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("actor", JSONB, nullable=False),
    time("until"),
)

audit = Table(
    "audit",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("type", Text, nullable=False),
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("case_id", Integer, nullable=True),
    Column("actor", JSONB, nullable=False),
    Column("payload", JSONB, nullable=False),
    time("occurred_at"),
    Index("uq_audit_aggregate", "repository_id", "aggregate_type", "aggregate_id", "version", unique=True),
    Index("ix_audit_case", "repository_id", "case_id"),
    Index("ix_audit_type", "repository_id", "type", "occurred_at"),
)

checks = Table(
    "checks",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("head_sha", Text, primary_key=True),
    Column("check_run_id", BigInteger, nullable=False),
    time("updated_at"),
)

reruns = Table(
    "reruns",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("github_run_id", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("actor", JSONB, nullable=False),
    time("created_at"),
)
