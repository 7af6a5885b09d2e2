"""Alembic's entry: runs the migrations on the connection FlakeGuard hands over."""

from __future__ import annotations

from alembic import context

from bot.store import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
