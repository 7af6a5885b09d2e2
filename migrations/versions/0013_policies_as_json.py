"""Store a policy as the JSON of its file. Policies are loaded again when their repository next runs."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("delete from policies")
    op.alter_column("policies", "source", new_column_name="document")


def downgrade() -> None:
    op.execute("delete from policies")
    op.alter_column("policies", "document", new_column_name="source")
