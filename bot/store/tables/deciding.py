"""What people and the policy decided: quarantines, mutes, check runs, and the trail of it all."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bot.analysis.audit import AuditAction
from bot.analysis.quarantine.lifecycle import Scope, State
from bot.store.tables.columns import ActorJson, EnumText, serial, table, time

_IS_OPEN = text("state in ('proposed', 'active', 'suspended')")

policies = table(
    "policies",
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("codeowners", Text, nullable=False),
    Column("fault", Text, nullable=True),
    time("loaded_at"),
)

permissions = table(
    "permissions",
    Column("repository_id", BigInteger, primary_key=True),
    Column("github_id", BigInteger, primary_key=True),
    Column("permission", Text, nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    time("fetched_at"),
)

quarantines = table(
    "quarantines",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("case_id", Integer, nullable=False),
    Column("state", EnumText(State), nullable=False),
    Column("scope", EnumText(Scope), nullable=False),
    Column("variant", Text, nullable=True),
    Column("fingerprint_id", BigInteger, nullable=True),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("owner", Text, nullable=True),
    Column("proposed_by", ActorJson, nullable=False),
    time("proposed_at"),
    Column("decided_by", ActorJson, nullable=True),
    time("decided_at", nullable=True),
    Column("decision", Text, nullable=True),
    time("expires_at", nullable=True),
    Column("version", Integer, nullable=False),
    Index("uq_quarantines_open", "repository_id", "case_id", unique=True, postgresql_where=_IS_OPEN),
    Index("ix_quarantines_id", "id"),
    Index("ix_quarantines_state", "state", "expires_at"),
)

mutes = table(
    "mutes",
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("actor", ActorJson, nullable=False),
    time("until"),
)

audit = table(
    "audit",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("type", EnumText(AuditAction), nullable=False),
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("case_id", Integer, nullable=True),
    Column("actor", ActorJson, nullable=False),
    Column("payload", JSONB, nullable=False),
    time("occurred_at"),
    Index("uq_audit_aggregate", "repository_id", "aggregate_type", "aggregate_id", "version", unique=True),
    Index("ix_audit_case", "repository_id", "case_id"),
    Index("ix_audit_type", "repository_id", "type", "occurred_at"),
)

checks = table(
    "checks",
    Column("repository_id", BigInteger, primary_key=True),
    Column("head_sha", Text, primary_key=True),
    Column("check_run_id", BigInteger, nullable=False),
    time("updated_at"),
)

reruns = table(
    "reruns",
    Column("repository_id", BigInteger, primary_key=True),
    Column("github_run_id", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("actor", ActorJson, nullable=False),
    time("created_at"),
)
