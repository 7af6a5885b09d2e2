"""subscriptions: a queue per channel, what channels are told, and what was announced.

Every channel is a queue of its own, so that one message per second and channel holds up nobody else.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    op.create_index("ix_notices_cards", "notices", ["repository_id", "ref"], postgresql_where=sa.text("kind = 'card'"))
    op.add_column("runs", sa.Column("actor", sa.Text(), nullable=True))
    op.create_table(
        "turns",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_turns")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(
        "uq_subscriptions_place", "subscriptions", ["workspace_id", "channel", "repository_id"], unique=True
    )
    op.create_index("ix_subscriptions_repository", "subscriptions", ["repository_id"])
    op.create_table(
        "channels",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("digest_at", sa.Time(), nullable=True),
        sa.Column("digest_days", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("digest_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quiet_begin", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column("quiet_days", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", name=op.f("pk_channels")),
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
    op.create_index("ix_status_changes_occurred", "status_changes", ["repository_id", "occurred_at"])
    op.create_index("ix_status_changes_case", "status_changes", ["repository_id", "case_id", "occurred_at"])
    op.create_table(
        "storms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("case_ids", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storms")),
    )
    op.create_index("ix_storms_place", "storms", ["workspace_id", "channel", "repository_id", "last_at"])
    op.create_table(
        "block_levels",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_block_levels")),
    )
    op.create_table(
        "silenced_authors",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_silenced_authors")),
    )


def downgrade() -> None:
    for table in (
        "silenced_authors", "block_levels", "storms", "status_changes", "channels", "subscriptions", "turns",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_column("runs", "actor")
    op.drop_index("ix_notices_cards", table_name="notices")
    op.drop_index("ix_notices_waiting", table_name="notices")
    op.drop_column("notices", "attempts")
    op.drop_column("notices", "due_at")
