"""the runner of each case of a leg, so that a rebuild knows the outages of a runner; of older runs none is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run_results", sa.Column("runners", sa.LargeBinary(), nullable=True))
    op.add_column(
        "run_results",
        sa.Column("runner_names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("run_results", "runner_names")
    op.drop_column("run_results", "runners")
