"""cards and mutes.

A button carries the number of a case alone, so a case is found by it; a mute is a row per case; an App Home is
brought up to date for those who have opened theirs.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mutes",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "case_id", name=op.f("pk_mutes")),
    )
    op.create_table(
        "homes",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_homes")),
    )
    op.create_index("ix_cases_id", "cases", ["id"])
    op.create_index("ix_audit_quarantine", "audit", ["repository_id", "quarantine_id"])
    op.create_index("ix_messages_case", "messages", ["repository_id", "case_id"])


def downgrade() -> None:
    op.drop_index("ix_messages_case", "messages")
    op.drop_index("ix_audit_quarantine", "audit")
    op.drop_index("ix_cases_id", "cases")
    op.drop_table("homes")
    op.drop_table("mutes")
