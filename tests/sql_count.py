"""Counting the SQL statements and transactions of a piece of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa


@dataclass
class SqlCount:
    """What was sent to PostgreSQL, of all engines of the process; `statements` in order."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0


@contextmanager
def counting() -> Iterator[SqlCount]:
    """Count every statement and commit until the block ends."""
    count = SqlCount()

    def on_statement(*event: object) -> None:
        count.statements.append(str(event[2]))

    def on_commit(_connection: object) -> None:
        count.commits += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", on_statement)
    sa.event.listen(sa.Engine, "commit", on_commit)
    try:
        yield count
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", on_statement)
        sa.event.remove(sa.Engine, "commit", on_commit)
