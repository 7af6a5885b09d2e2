"""Store a notice as its kind and payload; waiting ones are asked for again by the next change of what they show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("delete from notices")
    op.drop_index("ix_notices_cards", table_name="notices")
    op.drop_column("notices", "ref")
    op.drop_column("notices", "detail")
    op.add_column("notices", sa.Column("payload", postgresql.JSONB, nullable=False))
    op.add_column("notices", sa.Column("case_id", sa.Integer, nullable=True))
    op.create_index(
        "ix_notices_cards", "notices", ["repository_id", "case_id"], postgresql_where=sa.text("kind = 'card'")
    )
    op.rename_table("turns", "channel_schedules")
    op.execute("alter index pk_turns rename to pk_channel_schedules")


def downgrade() -> None:
    op.execute("alter index pk_channel_schedules rename to pk_turns")
    op.rename_table("channel_schedules", "turns")
    op.execute("delete from notices")
    op.drop_index("ix_notices_cards", table_name="notices")
    op.drop_column("notices", "case_id")
    op.drop_column("notices", "payload")
    op.add_column("notices", sa.Column("detail", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("notices", sa.Column("ref", sa.BigInteger, nullable=True))
    op.create_index("ix_notices_cards", "notices", ["repository_id", "ref"], postgresql_where=sa.text("kind = 'card'"))
