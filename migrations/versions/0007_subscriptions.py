"""subscriptions: a queue per channel, what channels are told, and what was announced.

Every channel is a queue of its own, so that one message per second and channel holds up nobody else.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("update notices set due_at = created_at")
    op.alter_column("notices", "due_at", nullable=False)
    op.add_column("notices", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["channel", "due_at"],
        postgresql_where=sa.text("sent_revision < revision"),
    )
    op.create_table(
        "turns",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_turns")),
    )


def downgrade() -> None:
    op.drop_table("turns")
    op.drop_index("ix_notices_waiting", table_name="notices")
    op.drop_column("notices", "attempts")
    op.drop_column("notices", "due_at")
