"""Alembic's entry: runs the migrations on the connection FlakeGuard hands over."""

from __future__ import annotations

from alembic import context

from bot.store import tables


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Leave the queue's own tables to the queue's own schema."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    transaction_per_migration=True,
    include_object=_is_ours,
)
with context.begin_transaction():
    context.run_migrations()
