"""cases keep their history under a new name, kinds of failure cluster, runs are held against those before.

A row of `cases` with `renamed_into` is a former name: its key leads to the case that goes on.
`baselines` holds the order of the cases of the latest whole default-branch run of each leg, which tells a renamed
case by its place; `ix_runs_workflow` serves the search for the runs before one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("scope", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("cases", sa.Column("renamed_into", sa.Integer(), nullable=True))
    op.create_index(
        "ix_cases_renamed",
        "cases",
        ["repository_id", "renamed_into"],
        postgresql_where=sa.text("renamed_into is not null"),
    )
    op.add_column("fingerprints", sa.Column("evidence", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("fingerprints", sa.Column("cluster_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "fingerprints", sa.Column("signature", sa.LargeBinary(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column(
        "fingerprints",
        sa.Column("bands", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.execute("update fingerprints set cluster_id = id")
    op.create_index("ix_fingerprints_cluster", "fingerprints", ["repository_id", "cluster_id"])
    op.create_index("ix_fingerprints_bands", "fingerprints", ["bands"], postgresql_using="gin")
    op.add_column("run_problems", sa.Column("is_note", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "ix_runs_workflow",
        "runs",
        ["repository_id", "workflow_path", "head_branch", sa.literal_column("started_at desc")],
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


def downgrade() -> None:
    op.drop_table("baselines")
    op.drop_index("ix_runs_workflow", table_name="runs")
    op.drop_column("run_problems", "is_note")
    op.drop_index("ix_fingerprints_bands", table_name="fingerprints")
    op.drop_index("ix_fingerprints_cluster", table_name="fingerprints")
    for column in ("bands", "signature", "cluster_id", "evidence"):
        op.drop_column("fingerprints", column)
    op.drop_index("ix_cases_renamed", table_name="cases")
    op.drop_column("cases", "renamed_into")
    op.drop_column("cases", "scope")
