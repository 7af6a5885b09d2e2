"""incidents, and what a rebuild needs: the order in which runs were judged, and which legs ran the same cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("ordinal", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("judged", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("runs", sa.Column("on_default_branch", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(
        "update runs set on_default_branch = true from repositories r where r.id = runs.repository_id"
        " and r.default_branch = runs.head_branch and runs.event <> 'pull_request'"
    )
    op.execute(
        "update runs set judged = true, ordinal = o.place from (select repository_id, id, row_number() over"
        " (partition by repository_id order by ingested_at, id) as place from runs where ingested_at is not null) o"
        " where runs.repository_id = o.repository_id and runs.id = o.id"
    )
    op.create_index("uq_runs_ordinal", "runs", ["repository_id", "ordinal"], unique=True)
    op.add_column("run_results", sa.Column("cases_hash", sa.LargeBinary(), nullable=True))
    op.execute("update run_results set cases_hash = sha256(array_send(case_ids))")
    op.alter_column("run_results", "cases_hash", nullable=False)
    op.create_index("ix_failures_time", "failures", ["repository_id", "occurred_at"])
    op.create_index("ix_audit_tag", "audit", ["repository_id", "tag", "created_at"])
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
    op.create_index("ix_incidents_time", "incidents", ["repository_id", "started_at"])
    op.create_index(
        "uq_incidents_run", "incidents", ["repository_id", "run_id", "variant", "kind", "suite"], unique=True
    )
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["repository_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'marked' and ended_at is null"),
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


def downgrade() -> None:
    op.drop_table("rescores")
    op.drop_table("incidents")
    op.drop_index("ix_audit_tag", table_name="audit")
    op.drop_index("ix_failures_time", table_name="failures")
    op.drop_column("run_results", "cases_hash")
    op.drop_index("uq_runs_ordinal", table_name="runs")
    op.drop_column("runs", "on_default_branch")
    op.drop_column("runs", "judged")
    op.drop_column("runs", "ordinal")
