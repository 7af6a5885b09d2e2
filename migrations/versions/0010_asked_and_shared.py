"""when Slack was asked to post a notice, so that a lost answer is looked for; and which links a channel was shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "shared_links",
        sa.Column("workspace_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("case_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("shared_links")
    op.drop_column("notices", "asked_at")
