"""Make an entry of the audit trail an event: of an aggregate, with its version and a payload."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_audit_tag", table_name="audit")
    op.drop_index("ix_audit_quarantine", table_name="audit")
    op.alter_column("audit", "tag", new_column_name="type")
    op.alter_column("audit", "created_at", new_column_name="occurred_at")
    op.add_column("audit", sa.Column("aggregate_type", sa.Text, nullable=True))
    op.add_column("audit", sa.Column("aggregate_id", sa.BigInteger, nullable=True))
    op.add_column("audit", sa.Column("version", sa.Integer, nullable=True))
    op.add_column("audit", sa.Column("payload", postgresql.JSONB, nullable=True))
    op.execute("update audit set type = 'case:assign' where type = 'cluster:assign'")
    op.execute(
        "update audit set type = 'quarantine:release' where type = 'quarantine:lift' and actor->>'kind' = 'system'"
    )
    op.execute(
        "update audit set payload = jsonb_build_object('reason', reason), aggregate_type = split_part(type, ':', 1),"
        " aggregate_id = coalesce(quarantine_id, case_id, 0)"
    )
    op.execute(
        "update audit set version = numbered.version from (select repository_id, id, row_number() over"
        " (partition by repository_id, aggregate_type, aggregate_id order by id) as version from audit) numbered"
        " where audit.repository_id = numbered.repository_id and audit.id = numbered.id"
    )
    for column in ("aggregate_type", "aggregate_id", "version", "payload"):
        op.alter_column("audit", column, nullable=False)
    op.drop_column("audit", "quarantine_id")
    op.drop_column("audit", "reason")
    op.alter_column("labels", "heard_after", new_column_name="applied_after")
    op.alter_column("labels", "heard_in", new_column_name="applied_in")
    op.create_index(
        "uq_audit_aggregate", "audit", ["repository_id", "aggregate_type", "aggregate_id", "version"], unique=True
    )
    op.create_index("ix_audit_type", "audit", ["repository_id", "type", "occurred_at"])


def downgrade() -> None:
    op.alter_column("labels", "applied_in", new_column_name="heard_in")
    op.alter_column("labels", "applied_after", new_column_name="heard_after")
    op.drop_index("ix_audit_type", table_name="audit")
    op.drop_index("uq_audit_aggregate", table_name="audit")
    op.add_column("audit", sa.Column("reason", sa.Text, nullable=True))
    op.add_column("audit", sa.Column("quarantine_id", sa.BigInteger, nullable=True))
    op.execute(
        "update audit set reason = payload->>'reason',"
        " quarantine_id = case when aggregate_type = 'quarantine' then aggregate_id end"
    )
    op.execute("update audit set type = 'quarantine:lift' where type = 'quarantine:release'")
    op.execute("update audit set type = 'cluster:assign' where type = 'case:assign'")
    op.alter_column("audit", "reason", nullable=False)
    for column in ("payload", "version", "aggregate_id", "aggregate_type"):
        op.drop_column("audit", column)
    op.alter_column("audit", "occurred_at", new_column_name="created_at")
    op.alter_column("audit", "type", new_column_name="tag")
    op.create_index("ix_audit_quarantine", "audit", ["repository_id", "quarantine_id"])
    op.create_index("ix_audit_tag", "audit", ["repository_id", "tag", "created_at"])
