"""What is held of each case: beliefs, scores, incidents, clusters, and what people taught."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bot.analysis.incident import Kind as IncidentKind
from bot.analysis.learning.label import LabelSource, LabelVerdict
from bot.analysis.model import ClusterKind, OrderKind, Status
from bot.store.tables.columns import ActorJson, EnumText, serial, table, time

_IS_OPEN = text("kind = 'marked' and ended_at is null")

baselines = table(
    "baselines",
    Column("repository_id", BigInteger, primary_key=True),
    Column("workflow_path", Text, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("case_ids", ARRAY(Integer), nullable=False),
)

rescores = table(
    "rescores",
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wanted", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    time("requested_at"),
    time("finished_at", nullable=True),
)

scorers = table(
    "scorers",
    Column("repository_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
    Column("keys", Integer, nullable=False),
    Column("model", SmallInteger, nullable=False),
    Column("outgrown", Boolean, nullable=False),
    time("updated_at"),
)

pass_counts = table(
    "pass_counts",
    Column("repository_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("counts", LargeBinary, nullable=False),
)

branch_beliefs = table(
    "branch_beliefs",
    Column("repository_id", BigInteger, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("branch", BigInteger, primary_key=True),
    Column("beliefs", LargeBinary, nullable=False),
)

scores = table(
    "scores",
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("status", EnumText(Status), nullable=False),
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
    time("updated_at"),
    Index("ix_scores_status", "repository_id", "status"),
)

status_changes = table(
    "status_changes",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("case_id", Integer, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("before", EnumText(Status), nullable=False),
    Column("after", EnumText(Status), nullable=False),
    time("occurred_at"),
    Index("ix_status_changes_occurred", "repository_id", "occurred_at"),
    Index("ix_status_changes_case", "repository_id", "case_id", "occurred_at"),
)

incidents = table(
    "incidents",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("kind", EnumText(IncidentKind), nullable=False),
    time("started_at"),
    time("ended_at", nullable=True),
    Column("reason", Text, nullable=False),
    Column("actor", ActorJson, nullable=False),
    Column("run_id", BigInteger, nullable=True),
    Column("variant", Text, nullable=False, server_default=text("''")),
    Column("suite", Text, nullable=False, server_default=text("''")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("ran", Integer, nullable=False, server_default=text("0")),
    Index("ix_incidents_time", "repository_id", "started_at"),
    Index("uq_incidents_run", "repository_id", "run_id", "variant", "kind", "suite", unique=True),
    Index("uq_incidents_open", "repository_id", unique=True, postgresql_where=_IS_OPEN),
)

labels = table(
    "labels",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("case_id", Integer, nullable=False),
    Column("verdict", EnumText(LabelVerdict), nullable=False),
    Column("source", EnumText(LabelSource), nullable=False, server_default=text("'card'")),
    Column("actor", ActorJson, nullable=False),
    Column("status", EnumText(Status), nullable=False, server_default=text("'insufficient'")),
    Column("p_flaky", Double, nullable=False, server_default=text("0")),
    Column("head_sha", Text, nullable=True),
    Column("features", ARRAY(Double, as_tuple=True), nullable=True),
    Column("features_version", SmallInteger, nullable=False, server_default=text("0")),
    Column("applied_after", BigInteger, nullable=True),
    Column("applied_in", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    time("created_at"),
    Index("ix_labels_created", "repository_id", "created_at"),
    Index("ix_labels_case", "repository_id", "case_id"),
)

models = table(
    "models",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("document", JSONB, nullable=False),
    Column("labels", Integer, nullable=False),
    time("trained_at"),
)

clusters = table(
    "clusters",
    Column("repository_id", BigInteger, primary_key=True),
    serial(),
    Column("kind", EnumText(ClusterKind), nullable=False),
    Column("title", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("owner", Text, nullable=True),
    time("first_seen_at"),
    time("updated_at"),
)

cluster_cases = table(
    "cluster_cases",
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("cluster_id", BigInteger, nullable=False),
    Index("ix_cluster_cases_cluster", "repository_id", "cluster_id"),
)

orders = table(
    "orders",
    Column("repository_id", BigInteger, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("case_ids", LargeBinary, nullable=False),
)

order_suspects = table(
    "order_suspects",
    Column("repository_id", BigInteger, primary_key=True),
    Column("case_id", Integer, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("kind", EnumText(OrderKind), nullable=False),
    Column("follows", ARRAY(Integer), nullable=False),
    Column("candidates", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("chance", Double, nullable=False),
    time("updated_at"),
)
