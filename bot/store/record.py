"""Records: rows read as dataclasses whose fields are named like the columns, and written from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from bot.errors import NotFoundError
from bot.store.database import Session

R = TypeVar("R")


def find(session: Session, record: Callable[..., R], query: sa.Executable) -> R | None:
    """The first row of a query; None where there is none. `record` is called with the columns by name."""
    row = session.execute(query).mappings().first()
    return None if row is None else record(**row)


def get(session: Session, record: Callable[..., R], query: sa.Executable, missing: str) -> R:
    """The first row of a query.

    Raises:
        NotFoundError: there is none; the text is `missing`.
    """
    row = find(session, record, query)
    if row is None:
        raise NotFoundError(missing)
    return row


def list_all(session: Session, record: Callable[..., R], query: sa.Executable) -> list[R]:
    """Every row of a query."""
    return [record(**row) for row in session.execute(query).mappings()]


def find_value(session: Session, query: sa.Executable) -> Any | None:  # noqa: ANN401  # of any column
    """The first column of the first row of a query; None where there is no row, or NULL in it."""
    return session.execute(query).scalar()


def count(session: Session, *conditions: sa.ColumnElement[bool]) -> int:
    """How many rows of a table meet all of some conditions, of which there is one at least."""
    return session.execute(sa.select(sa.func.count()).where(*conditions)).scalar_one()


def columns(table: sa.FromClause, record: type) -> list[sa.ColumnElement[Any]]:
    """The columns of a table that a dataclass has as fields."""
    return [table.c[field.name] for field in fields(record)]


def values(record: Any) -> dict[str, Any]:  # noqa: ANN401  # any dataclass
    """The fields of a record as the values of a row; those that are dataclasses themselves stay as they are."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def put(session: Session, table: sa.Table, key: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Store a row, or what it says beside its key where the key is stored already."""
    statement = insert(table).values(**key, **row).on_conflict_do_update(index_elements=list(key), set_=dict(row))
    session.execute(statement)


def put_all(session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]], value: str) -> None:
    """Store rows in one round trip, or their `value` where their primary key is stored already."""
    if rows:
        statement = insert(table)
        replaced = {value: statement.excluded[value]}
        session.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced), rows)


def insert_if_new(session: Session, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Store a row; False where one with a unique key of it is stored already, which then stays."""
    statement = insert(table).values(**row).on_conflict_do_nothing().returning(sa.true())
    return session.execute(statement).first() is not None


def insert_all(session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows in one round trip."""
    if rows:
        session.execute(sa.insert(table), rows)


def is_any(column: sa.ColumnElement[Any], options: Iterable[object]) -> sa.ColumnElement[bool]:
    """Whether a column is one of some values, which are one parameter however many they are."""
    return column == sa.any_(sa.bindparam(None, list(options), type_=ARRAY(column.type)))
