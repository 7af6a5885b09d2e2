"""What GitHub delivered and what its runs said."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL

from bot.store.tables.columns import serial, table, time

installations = table(
    "installations",
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    time("suspended_at", nullable=True),
    time("deleted_at", nullable=True),
)

repositories = table(
    "repositories",
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("installation_id", BigInteger, nullable=True, index=True),
    Column("full_name", Text, nullable=False, index=True),
    Column("default_branch", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    time("removed_at", nullable=True),
)

deliveries = table(
    "deliveries",
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("correlation_id", Text, nullable=False),
    time("received_at"),
    time("processed_at", nullable=True),
    Column("error", Text, nullable=True),
)

runs = table(
    "runs",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("github_run_id", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("workflow_path", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("head_sha", Text, nullable=False),
    Column("head_branch", Text, nullable=False),
    Column("base_sha", Text, nullable=True),
    Column("actor", Text, nullable=True),
    Column("conclusion", Text, nullable=True),
    Column("url", Text, nullable=False),
    time("started_at"),
    time("completed_at", nullable=True),
    time("ingested_at", nullable=True),
    Column("complete", Boolean, nullable=False, server_default=text("false")),
    Column("outage", Double, nullable=False, server_default=text("0")),
    Column("files", Integer, nullable=False, server_default=text("0")),
    Column("ordinal", BigInteger, nullable=True),
    Column("judged", Boolean, nullable=False, server_default=text("false")),
    Column("on_default_branch", Boolean, nullable=False, server_default=text("false")),
    Index("uq_runs_ordinal", "repository_id", "ordinal", unique=True),
    Index("uq_runs_attempt", "repository_id", "github_run_id", "attempt", unique=True),
    Index("ix_runs_started", "repository_id", text("started_at desc")),
    Index("ix_runs_head", "repository_id", "head_sha"),
    Index("ix_runs_workflow", "repository_id", "workflow_path", "head_branch", text("started_at desc")),
)

run_results = table(
    "run_results",
    Column("repository_id", BigInteger, primary_key=True),
    Column("run_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("case_ids", ARRAY(Integer), nullable=False),
    Column("outcomes", LargeBinary, nullable=False),
    Column("durations", ARRAY(REAL), nullable=False),
    Column("shards", ARRAY(Text), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("cases_hash", LargeBinary, nullable=False),
    Column("runners", LargeBinary, nullable=True),
    Column("runner_names", ARRAY(Text), nullable=False, server_default=text("'{}'")),
)

run_problems = table(
    "run_problems",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("run_id", BigInteger, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_note", Boolean, nullable=False, server_default=text("false")),
    Index("ix_run_problems_run", "repository_id", "run_id"),
)

run_orders = table(
    "run_orders",
    Column("repository_id", BigInteger, primary_key=True),
    Column("run_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
)

cases = table(
    "cases",
    Column("repository_id", BigInteger, primary_key=True),
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("uid", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("class_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("title", Text, nullable=False),
    time("first_seen_at"),
    Column("scope", Text, nullable=False, server_default=text("''")),
    Column("renamed_into", Integer, nullable=True),
    Index("uq_cases_key", "repository_id", "key", unique=True),
    Index("ix_cases_id", "id"),
    Index("ix_cases_uid", "repository_id", "uid"),
    Index("ix_cases_renamed", "repository_id", "renamed_into", postgresql_where=text("renamed_into is not null")),
)

fingerprints = table(
    "fingerprints",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("key", LargeBinary, nullable=False),
    Column("category", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("text", Text, nullable=False),
    time("first_seen_at"),
    Column("evidence", Text, nullable=False, server_default=text("''")),
    Column("cluster_id", BigInteger, nullable=True),
    Column("signature", LargeBinary, nullable=False, server_default=text("''")),
    Column("bands", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    Index("uq_fingerprints_key", "repository_id", "key", unique=True),
    Index("ix_fingerprints_cluster", "repository_id", "cluster_id"),
    Index("ix_fingerprints_bands", "bands", postgresql_using="gin"),
)

failures = table(
    "failures",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("case_id", Integer, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("variant", Text, nullable=False),
    Column("retry", SmallInteger, nullable=False),
    Column("outcome", SmallInteger, nullable=False),
    Column("duration", REAL, nullable=False),
    Column("fingerprint_id", BigInteger, nullable=True),
    time("occurred_at"),
    Index("ix_failures_case", "repository_id", "case_id", text("occurred_at desc")),
    Index("ix_failures_run", "repository_id", "run_id"),
    Index("ix_failures_time", "repository_id", "occurred_at"),
)
