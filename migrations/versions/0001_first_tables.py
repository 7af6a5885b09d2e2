"""Create every table: the first revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(SchemaManager.get_schema())
    op.create_table(
        "audit",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("aggregate_type", sa.Text(), nullable=False),
        sa.Column("aggregate_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_case", "audit", ["repository_id", "case_id"], unique=False)
    op.create_index("ix_audit_type", "audit", ["repository_id", "type", "occurred_at"], unique=False)
    op.create_index(
        "uq_audit_aggregate", "audit", ["repository_id", "aggregate_type", "aggregate_id", "version"], unique=True
    )
    op.create_table(
        "baselines",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("workflow_path", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("case_ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "workflow_path", "variant", name=op.f("pk_baselines")),
    )
    op.create_table(
        "block_levels",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_block_levels")),
    )
    op.create_table(
        "branch_beliefs",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("branch", sa.BigInteger(), nullable=False),
        sa.Column("beliefs", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "variant", "branch", name=op.f("pk_branch_beliefs")),
    )
    op.create_table(
        "cases",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("renamed_into", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_id", "cases", ["id"], unique=False)
    op.create_index(
        "ix_cases_renamed",
        "cases",
        ["repository_id", "renamed_into"],
        unique=False,
        postgresql_where=sa.text("renamed_into is not null"),
    )
    op.create_index("ix_cases_uid", "cases", ["repository_id", "uid"], unique=False)
    op.create_index("uq_cases_key", "cases", ["repository_id", "key"], unique=True)
    op.create_table(
        "channel_schedules",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", name=op.f("pk_channel_schedules")),
    )
    op.create_table(
        "channels",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("digest_at", sa.Time(), nullable=True),
        sa.Column("digest_days", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("digest_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quiet_begin", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column("quiet_days", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", name=op.f("pk_channels")),
    )
    op.create_table(
        "checks",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.Column("check_run_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "head_sha", name=op.f("pk_checks")),
    )
    op.create_table(
        "cluster_cases",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "case_id", name=op.f("pk_cluster_cases")),
    )
    op.create_index("ix_cluster_cases_cluster", "cluster_cases", ["repository_id", "cluster_id"], unique=False)
    op.create_table(
        "clusters",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_clusters")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_table(
        "failures",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("retry", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("duration", sa.REAL(), nullable=False),
        sa.Column("fingerprint_id", sa.BigInteger(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_failures")),
    )
    op.create_index(
        "ix_failures_case",
        "failures",
        ["repository_id", "case_id", sa.literal_column("occurred_at desc")],
        unique=False,
    )
    op.create_index("ix_failures_run", "failures", ["repository_id", "run_id"], unique=False)
    op.create_index("ix_failures_time", "failures", ["repository_id", "occurred_at"], unique=False)
    op.create_table(
        "fingerprints",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), server_default=sa.text("''"), nullable=False),
        sa.Column("bands", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_fingerprints")),
    )
    op.create_index("ix_fingerprints_bands", "fingerprints", ["bands"], unique=False, postgresql_using="gin")
    op.create_index("ix_fingerprints_cluster", "fingerprints", ["repository_id", "cluster_id"], unique=False)
    op.create_index("uq_fingerprints_key", "fingerprints", ["repository_id", "key"], unique=True)
    op.create_table(
        "homes",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_homes")),
    )
    op.create_table(
        "incidents",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("variant", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("suite", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ran", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_time", "incidents", ["repository_id", "started_at"], unique=False)
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["repository_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'marked' and ended_at is null"),
    )
    op.create_index(
        "uq_incidents_run", "incidents", ["repository_id", "run_id", "variant", "kind", "suite"], unique=True
    )
    op.create_table(
        "installations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
    )
    op.create_table(
        "labels",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("'card'"), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'insufficient'"), nullable=False),
        sa.Column("p_flaky", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=True),
        sa.Column("features", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("features_version", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("applied_after", sa.BigInteger(), nullable=True),
        sa.Column("applied_in", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_labels")),
    )
    op.create_index("ix_labels_case", "labels", ["repository_id", "case_id"], unique=False)
    op.create_index("ix_labels_created", "labels", ["repository_id", "created_at"], unique=False)
    op.create_table(
        "link_states",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("slack_user", sa.Text(), nullable=False),
        sa.Column("slack_name", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_link_states")),
    )
    op.create_table(
        "links",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("slack_user", sa.Text(), nullable=False),
        sa.Column("github_id", sa.BigInteger(), nullable=False),
        sa.Column("github_login", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "slack_user", name=op.f("pk_links")),
    )
    op.create_index("ix_links_account", "links", ["github_id"], unique=False)
    op.create_index("uq_links_account", "links", ["workspace_id", "github_id"], unique=True)
    op.create_table(
        "messages",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_case", "messages", ["repository_id", "case_id"], unique=False)
    op.create_table(
        "models",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_models")),
    )
    op.create_table(
        "mutes",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "case_id", name=op.f("pk_mutes")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("workspace_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("sent_revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_index(
        "ix_notices_cards",
        "notices",
        ["repository_id", "case_id"],
        unique=False,
        postgresql_where=sa.text("kind = 'card'"),
    )
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["channel", "due_at"],
        unique=False,
        postgresql_where=sa.text("sent_revision < revision"),
    )
    op.create_table(
        "oauth_states",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_oauth_states")),
    )
    op.create_table(
        "order_suspects",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("follows", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("chance", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "case_id", "variant", name=op.f("pk_order_suspects")),
    )
    op.create_table(
        "orders",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_ids", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_orders")),
    )
    op.create_table(
        "pass_counts",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "variant", "block", name=op.f("pk_pass_counts")),
    )
    op.create_table(
        "paused_channels",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", name=op.f("pk_paused_channels")),
    )
    op.create_table(
        "permissions",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("github_id", sa.BigInteger(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("teams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "github_id", name=op.f("pk_permissions")),
    )
    op.create_table(
        "policies",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("codeowners", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_policies")),
    )
    op.create_table(
        "quarantines",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column("fingerprint_id", sa.BigInteger(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("proposed_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_quarantines")),
    )
    op.create_index("ix_quarantines_id", "quarantines", ["id"], unique=False)
    op.create_index("ix_quarantines_state", "quarantines", ["state", "expires_at"], unique=False)
    op.create_index(
        "uq_quarantines_open",
        "quarantines",
        ["repository_id", "case_id"],
        unique=True,
        postgresql_where=sa.text("state in ('proposed', 'active', 'suspended')"),
    )
    op.create_table(
        "repositories",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=True),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("default_branch", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
    )
    op.create_index(op.f("ix_repositories_full_name"), "repositories", ["full_name"], unique=False)
    op.create_index(op.f("ix_repositories_installation_id"), "repositories", ["installation_id"], unique=False)
    op.create_table(
        "reruns",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("github_run_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "github_run_id", "attempt", name=op.f("pk_reruns")),
    )
    op.create_table(
        "rescores",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_rescores")),
    )
    op.create_table(
        "run_orders",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "run_id", "variant", name=op.f("pk_run_orders")),
    )
    op.create_table(
        "run_problems",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_note", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_run_problems")),
    )
    op.create_index("ix_run_problems_run", "run_problems", ["repository_id", "run_id"], unique=False)
    op.create_table(
        "run_results",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("case_ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.Column("durations", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("shards", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("cases_hash", sa.LargeBinary(), nullable=False),
        sa.Column("runners", sa.LargeBinary(), nullable=True),
        sa.Column("runner_names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "run_id", "variant", name=op.f("pk_run_results")),
    )
    op.create_table(
        "runs",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("github_run_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("workflow_path", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.Column("head_branch", sa.Text(), nullable=False),
        sa.Column("base_sha", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ingested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outage", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("files", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=True),
        sa.Column("judged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("on_default_branch", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_head", "runs", ["repository_id", "head_sha"], unique=False)
    op.create_index("ix_runs_started", "runs", ["repository_id", sa.literal_column("started_at desc")], unique=False)
    op.create_index(
        "ix_runs_workflow",
        "runs",
        ["repository_id", "workflow_path", "head_branch", sa.literal_column("started_at desc")],
        unique=False,
    )
    op.create_index("uq_runs_attempt", "runs", ["repository_id", "github_run_id", "attempt"], unique=True)
    op.create_index("uq_runs_ordinal", "runs", ["repository_id", "ordinal"], unique=True)
    op.create_table(
        "scorers",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("model", sa.SmallInteger(), nullable=False),
        sa.Column("outgrown", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_scorers")),
    )
    op.create_table(
        "scores",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("p_flaky", sa.Double(), nullable=False),
        sa.Column("p_broken", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("mixed_commits", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "case_id", "variant", name=op.f("pk_scores")),
    )
    op.create_index("ix_scores_status", "scores", ["repository_id", "status"], unique=False)
    op.create_table(
        "shared_links",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", "case_id", name=op.f("pk_shared_links")),
    )
    op.create_table(
        "silenced_authors",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_silenced_authors")),
    )
    op.create_table(
        "slack_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_events")),
    )
    op.create_table(
        "slack_tokens",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("installer", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_slack_tokens")),
    )
    op.create_table(
        "status_changes",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_status_changes")),
    )
    op.create_index(
        "ix_status_changes_case", "status_changes", ["repository_id", "case_id", "occurred_at"], unique=False
    )
    op.create_index("ix_status_changes_occurred", "status_changes", ["repository_id", "occurred_at"], unique=False)
    op.create_table(
        "storms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storms")),
    )
    op.create_index("ix_storms_place", "storms", ["workspace_id", "channel", "repository_id", "last_at"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index("ix_subscriptions_repository", "subscriptions", ["repository_id"], unique=False)
    op.create_index(
        "uq_subscriptions_place", "subscriptions", ["workspace_id", "channel", "repository_id"], unique=True
    )
    op.create_table(
        "workspace_installations",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("bound_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "installation_id", name=op.f("pk_workspace_installations")),
    )
    op.create_index(
        "ix_workspace_installations_installation", "workspace_installations", ["installation_id"], unique=False
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("enterprise_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bot_user_id", sa.Text(), nullable=False),
        sa.Column("by_token", sa.Boolean(), nullable=False),
        sa.Column("sees_all", sa.Boolean(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )
    op.create_index(
        "uq_workspaces_by_token", "workspaces", ["by_token"], unique=True, postgresql_where=sa.text("by_token")
    )
    op.create_index("uq_workspaces_team", "workspaces", ["enterprise_id", "team_id"], unique=True)


def downgrade() -> None:
    message = "No revision precedes the first one. To start afresh, drop the database and create it again."
    raise NotImplementedError(message)
