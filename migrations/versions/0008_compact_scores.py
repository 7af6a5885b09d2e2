"""the state of scoring model 2: counts in blocks of cases, beliefs of branches apart from those of cases.

What model 1 stored cannot be read by model 2. The runs are all kept: a scorer that says model 1 is scored anew from
them, and until then the scores stand as they were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scorers", sa.Column("model", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("scorers", sa.Column("outgrown", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.alter_column("scorers", "model", server_default=None)
    op.alter_column("scorers", "outgrown", server_default=None)
    op.drop_table("pass_counts")
    op.create_table(
        "pass_counts",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "variant", "block", name=op.f("pk_pass_counts")),
    )
    op.create_table(
        "branch_beliefs",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("branch", sa.BigInteger(), nullable=False),
        sa.Column("beliefs", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "variant", "branch", name=op.f("pk_branch_beliefs")),
    )


def downgrade() -> None:
    op.execute("delete from scores")
    op.execute("delete from scorers")
    op.drop_table("branch_beliefs")
    op.drop_table("pass_counts")
    op.create_table(
        "pass_counts",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("case_ids", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "variant", name=op.f("pk_pass_counts")),
    )
    op.drop_column("scorers", "outgrown")
    op.drop_column("scorers", "model")
