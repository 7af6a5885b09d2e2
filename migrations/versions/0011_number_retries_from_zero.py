"""Number the results of a case from 0: `try` 1, the first, becomes `retry` 0."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("failures", "try", new_column_name="retry")
    op.execute("update failures set retry = retry - 1")


def downgrade() -> None:
    op.execute("update failures set retry = retry + 1")
    op.alter_column("failures", "retry", new_column_name="try")
