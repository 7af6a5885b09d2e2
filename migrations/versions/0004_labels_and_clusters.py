"""labels remember what was believed when they were given, so that the errors can be counted and learned from."""

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
    op.create_index("ix_labels_created", "labels", ["repository_id", "created_at"])
    op.create_index("ix_labels_case", "labels", ["repository_id", "case_id"])


def downgrade() -> None:
    op.drop_index("ix_labels_case", table_name="labels")
    op.drop_index("ix_labels_created", table_name="labels")
    for column in ("features_version", "features", "head_sha", "p_flaky", "status", "source"):
        op.drop_column("labels", column)
