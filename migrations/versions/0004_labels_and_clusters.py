"""labels remember what was believed when they were given; cases that are one item, by failures or by order.

`orders` keeps each order of execution once, packed; `run_orders` says which run had which. `models` holds the
models learned from labels, as data.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A label of before this revision has no status: "insufficient" claims nothing, so it counts for nothing.
    op.add_column("labels", sa.Column("source", sa.Text(), nullable=False, server_default=sa.text("'card'")))
    op.add_column("labels", sa.Column("status", sa.Text(), nullable=False, server_default=sa.text("'insufficient'")))
    op.add_column("labels", sa.Column("p_flaky", sa.Double(), nullable=False, server_default=sa.text("0")))
    op.add_column("labels", sa.Column("head_sha", sa.Text(), nullable=True))
    op.add_column("labels", sa.Column("features", postgresql.ARRAY(sa.Double()), nullable=True))
    op.add_column(
        "labels", sa.Column("features_version", sa.SmallInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("labels", sa.Column("heard_after", sa.BigInteger(), nullable=True))
    op.add_column(
        "labels", sa.Column("heard_in", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))
    )
    op.create_index("ix_labels_created", "labels", ["repository_id", "created_at"])
    op.create_index("ix_labels_case", "labels", ["repository_id", "case_id"])
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
        "cluster_cases",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "case_id", name=op.f("pk_cluster_cases")),
    )
    op.create_index("ix_cluster_cases_cluster", "cluster_cases", ["repository_id", "cluster_id"])
    op.create_table(
        "orders",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_ids", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_orders")),
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
        "models",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "id", name=op.f("pk_models")),
    )


def downgrade() -> None:
    for table in ("models", "order_suspects", "run_orders", "orders", "cluster_cases", "clusters"):
        op.drop_table(table)
    op.drop_index("ix_labels_case", table_name="labels")
    op.drop_index("ix_labels_created", table_name="labels")
    for column in ("heard_in", "heard_after", "features_version", "features"):
        op.drop_column("labels", column)
    for column in ("head_sha", "p_flaky", "status", "source"):
        op.drop_column("labels", column)
