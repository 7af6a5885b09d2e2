"""The tables. `repository_id` leads every key of what grows, so that it can be distributed by it.

A run is one row, its results are one row of arrays per variant; only results that did not simply pass,
and further tries, also have rows of their own, and the text of a failure is stored once per fingerprint.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Time,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _serial(name: str = "id") -> Column[int]:
    return Column(name, BigInteger, Identity(always=True), primary_key=True)


installations = Table(
    "installations",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    _time("suspended_at", nullable=True),
    _time("deleted_at", nullable=True),
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("installation_id", BigInteger, nullable=True, index=True),
    Column("full_name", Text, nullable=False, index=True),
    Column("default_branch", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    _time("removed_at", nullable=True),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("correlation_id", Text, nullable=False),
    _time("received_at"),
    _time("processed_at", nullable=True),
    Column("error", Text, nullable=True),
)

runs = Table(
    "runs",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
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
    _time("started_at"),
    _time("completed_at", nullable=True),
    _time("ingested_at", nullable=True),
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

run_results = Table(
    "run_results",
    metadata,
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

run_problems = Table(
    "run_problems",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("run_id", BigInteger, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_note", Boolean, nullable=False, server_default=text("false")),
    Index("ix_run_problems_run", "repository_id", "run_id"),
)

cases = Table(
    "cases",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("uid", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("class_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("title", Text, nullable=False),
    _time("first_seen_at"),
    Column("scope", Text, nullable=False, server_default=text("''")),
    Column("renamed_into", Integer, nullable=True),
    Index("uq_cases_key", "repository_id", "key", unique=True),
    Index("ix_cases_id", "id"),
    Index("ix_cases_uid", "repository_id", "uid"),
    Index("ix_cases_renamed", "repository_id", "renamed_into", postgresql_where=text("renamed_into is not null")),
)

baselines = Table(
    "baselines",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("workflow_path", Text, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("case_ids", ARRAY(Integer), nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("key", LargeBinary, nullable=False),
    Column("category", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("text", Text, nullable=False),
    _time("first_seen_at"),
    Column("evidence", Text, nullable=False, server_default=text("''")),
    Column("cluster_id", BigInteger, nullable=True),
    Column("signature", LargeBinary, nullable=False, server_default=text("''")),
    Column("bands", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    Index("uq_fingerprints_key", "repository_id", "key", unique=True),
    Index("ix_fingerprints_cluster", "repository_id", "cluster_id"),
    Index("ix_fingerprints_bands", "bands", postgresql_using="gin"),
)

failures = Table(
    "failures",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("case_id", Integer, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("variant", Text, nullable=False),
    Column("try", SmallInteger, nullable=False),
    Column("outcome", SmallInteger, nullable=False),
    Column("duration", REAL, nullable=False),
    Column("fingerprint_id", BigInteger, nullable=True),
    _time("occurred_at"),
    Index("ix_failures_case", "repository_id", "case_id", text("occurred_at desc")),
    Index("ix_failures_run", "repository_id", "run_id"),
    Index("ix_failures_time", "repository_id", "occurred_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("kind", Text, nullable=False),
    _time("started_at"),
    _time("ended_at", nullable=True),
    Column("reason", Text, nullable=False),
    Column("actor", JSONB, nullable=False),
    Column("run_id", BigInteger, nullable=True),
    Column("variant", Text, nullable=False, server_default=text("''")),
    Column("suite", Text, nullable=False, server_default=text("''")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("ran", Integer, nullable=False, server_default=text("0")),
    Index("ix_incidents_time", "repository_id", "started_at"),
    Index("uq_incidents_run", "repository_id", "run_id", "variant", "kind", "suite", unique=True),
    Index(
        "uq_incidents_open",
        "repository_id",
        unique=True,
        postgresql_where=text("kind = 'marked' and ended_at is null"),
    ),
)

rescores = Table(
    "rescores",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wanted", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    _time("requested_at"),
    _time("finished_at", nullable=True),
)

scorers = Table(
    "scorers",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
    Column("keys", Integer, nullable=False),
    Column("model", SmallInteger, nullable=False),
    Column("outgrown", Boolean, nullable=False),
    _time("updated_at"),
)

pass_counts = Table(
    "pass_counts",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("counts", LargeBinary, nullable=False),
)

branch_beliefs = Table(
    "branch_beliefs",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("branch", BigInteger, primary_key=True),
    Column("beliefs", LargeBinary, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("p_flaky", Double, nullable=False),
    Column("p_broken", Double, nullable=False),
    Column("score", Double, nullable=False),
    Column("rate", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("runs", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("mixed_commits", Integer, nullable=False),
    Column("episode", Integer, nullable=False),
    _time("updated_at"),
    Index("ix_scores_status", "repository_id", "status"),
)

quarantines = Table(
    "quarantines",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("case_id", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("variant", Text, nullable=True),
    Column("fingerprint_id", BigInteger, nullable=True),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("owner", Text, nullable=True),
    Column("proposed_by", JSONB, nullable=False),
    _time("proposed_at"),
    Column("decided_by", JSONB, nullable=True),
    _time("decided_at", nullable=True),
    Column("decision", Text, nullable=True),
    _time("expires_at", nullable=True),
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

labels = Table(
    "labels",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("case_id", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("source", Text, nullable=False, server_default=text("'card'")),
    Column("actor", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'insufficient'")),
    Column("p_flaky", Double, nullable=False, server_default=text("0")),
    Column("head_sha", Text, nullable=True),
    Column("features", ARRAY(Double), nullable=True),
    Column("features_version", SmallInteger, nullable=False, server_default=text("0")),
    Column("heard_after", BigInteger, nullable=True),
    Column("heard_in", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _time("created_at"),
    Index("ix_labels_created", "repository_id", "created_at"),
    Index("ix_labels_case", "repository_id", "case_id"),
)

clusters = Table(
    "clusters",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("owner", Text, nullable=True),
    _time("first_seen_at"),
    _time("updated_at"),
)

cluster_cases = Table(
    "cluster_cases",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("cluster_id", BigInteger, nullable=False),
    Index("ix_cluster_cases_cluster", "repository_id", "cluster_id"),
)

orders = Table(
    "orders",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("case_ids", LargeBinary, nullable=False),
)

run_orders = Table(
    "run_orders",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("run_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
)

order_suspects = Table(
    "order_suspects",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("follows", ARRAY(Integer), nullable=False),
    Column("candidates", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("chance", Double, nullable=False),
    _time("updated_at"),
)

models = Table(
    "models",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("document", JSONB, nullable=False),
    Column("labels", Integer, nullable=False),
    _time("trained_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("case_id", Integer, nullable=True),
    Column("quarantine_id", BigInteger, nullable=True),
    Column("tag", Text, nullable=False),
    Column("actor", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    _time("created_at"),
    Index("ix_audit_case", "repository_id", "case_id"),
    Index("ix_audit_tag", "repository_id", "tag", "created_at"),
    Index("ix_audit_quarantine", "repository_id", "quarantine_id"),
)

notices = Table(
    "notices",
    metadata,
    _serial(),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("repository_id", BigInteger, nullable=True),
    Column("ref", BigInteger, nullable=True),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("workspace_id", BigInteger, nullable=True),
    Column("channel", Text, nullable=False, server_default=text("''")),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("sent_revision", Integer, nullable=False, server_default=text("0")),
    Column("correlation_id", Text, nullable=False),
    _time("created_at"),
    _time("due_at"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("sent_at", nullable=True),
    Column("error", Text, nullable=True),
    _time("asked_at", nullable=True),
    Index("ix_notices_waiting", "channel", "due_at", postgresql_where=text("sent_revision < revision")),
    Index("ix_notices_cards", "repository_id", "ref", postgresql_where=text("kind = 'card'")),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _serial(),
    Column("workspace_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("branch", Text, nullable=False),
    Column("minimum", Double, nullable=False),
    Column("owner", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("created_by", JSONB, nullable=False),
    _time("created_at"),
    Index("uq_subscriptions_place", "workspace_id", "channel", "repository_id", unique=True),
    Index("ix_subscriptions_repository", "repository_id"),
)

channels = Table(
    "channels",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("digest_at", Time, nullable=True),
    Column("digest_days", ARRAY(SmallInteger), nullable=False),
    _time("digest_since", nullable=True),
    Column("quiet_begin", Time, nullable=True),
    Column("quiet_end", Time, nullable=True),
    Column("quiet_days", ARRAY(SmallInteger), nullable=False),
)

status_changes = Table(
    "status_changes",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    _serial(),
    Column("case_id", Integer, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    _time("occurred_at"),
    Index("ix_status_changes_occurred", "repository_id", "occurred_at"),
    Index("ix_status_changes_case", "repository_id", "case_id", "occurred_at"),
)

storms = Table(
    "storms",
    metadata,
    _serial(),
    Column("workspace_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("case_ids", ARRAY(Integer), nullable=False),
    _time("started_at"),
    _time("last_at"),
    Index("ix_storms_place", "workspace_id", "channel", "repository_id", "last_at"),
)

block_levels = Table(
    "block_levels",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("level", Text, nullable=False),
    _time("learned_at"),
)

silenced_authors = Table(
    "silenced_authors",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True),
    _time("since"),
)

turns = Table(
    "turns",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    _time("next_at"),
    Column("failures", Integer, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("key", Text, primary_key=True),
    Column("repository_id", BigInteger, nullable=True),
    Column("case_id", Integer, nullable=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ts", Text, nullable=False),
    _time("posted_at"),
    Index("ix_messages_case", "repository_id", "case_id"),
)

checks = Table(
    "checks",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("head_sha", Text, primary_key=True),
    Column("check_run_id", BigInteger, nullable=False),
    _time("updated_at"),
)

slack_events = Table(
    "slack_events",
    metadata,
    Column("id", Text, primary_key=True),
    _time("received_at"),
)

reruns = Table(
    "reruns",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("github_run_id", BigInteger, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("actor", JSONB, nullable=False),
    _time("created_at"),
)

workspaces = Table(
    "workspaces",
    metadata,
    _serial(),
    Column("enterprise_id", Text, nullable=False),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("bot_user_id", Text, nullable=False),
    Column("by_token", Boolean, nullable=False),
    Column("sees_all", Boolean, nullable=False),
    _time("installed_at"),
    _time("removed_at", nullable=True),
    Index("uq_workspaces_team", "enterprise_id", "team_id", unique=True),
    Index("uq_workspaces_by_token", "by_token", unique=True, postgresql_where=text("by_token")),
)

workspace_installations = Table(
    "workspace_installations",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("installation_id", BigInteger, primary_key=True),
    Column("bound_by", JSONB, nullable=False),
    _time("bound_at"),
    Index("ix_workspace_installations_installation", "installation_id"),
)

slack_tokens = Table(
    "slack_tokens",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("installer", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    _time("expires_at", nullable=True),
    _time("renewing_until", nullable=True),
    _time("updated_at"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    _time("expires_at"),
)

paused_channels = Table(
    "paused_channels",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    _time("paused_at"),
)

shared_links = Table(
    "shared_links",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    Column("case_id", Integer, primary_key=True, autoincrement=False),
    _time("shared_at"),
)

links = Table(
    "links",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("slack_user", Text, primary_key=True),
    Column("github_id", BigInteger, nullable=False),
    Column("github_login", Text, nullable=False),
    _time("linked_at"),
    Index("uq_links_account", "workspace_id", "github_id", unique=True),
    Index("ix_links_account", "github_id"),
)

link_states = Table(
    "link_states",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("slack_user", Text, nullable=False),
    Column("slack_name", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    _time("expires_at"),
)

permissions = Table(
    "permissions",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("github_id", BigInteger, primary_key=True),
    Column("permission", Text, nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    _time("fetched_at"),
)

policies = Table(
    "policies",
    metadata,
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("codeowners", Text, nullable=False),
    Column("fault", Text, nullable=True),
    _time("loaded_at"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("actor", JSONB, nullable=False),
    _time("until"),
)

homes = Table(
    "homes",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True),
    _time("opened_at"),
)
