"""The metadata of all tables, the columns that many have, and the columns that hold values of the core."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Identity, MetaData, Table, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from bot.analysis.model import Actor, ActorKind

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class EnumText(TypeDecorator[StrEnum]):
    """A member of an enum, stored as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum  # part of the key under which SQLAlchemy caches statements

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The value of a member."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """The member with a value."""
        return None if value is None else self.enum(value)


class ActorJson(TypeDecorator[Actor]):
    """An actor, stored as an object; None is NULL."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Actor | None, dialect: Dialect) -> dict[str, str] | None:  # noqa: ARG002
        """The object of an actor."""
        if value is None:
            return None
        stored = {"kind": value.kind.value, "id": value.id, "name": value.name}
        return stored | ({"github_login": value.github_login} if value.github_login else {})

    def process_result_value(self, value: dict[str, str] | None, dialect: Dialect) -> Actor | None:  # noqa: ARG002
        """The actor of an object."""
        return (
            None
            if value is None
            else Actor(ActorKind(value["kind"]), value["id"], value["name"], value.get("github_login", ""))
        )

    def coerce_compared_value(self, op: Any, value: Any) -> Any:  # noqa: ANN401  # as SQLAlchemy declares it
        """The type of a key by which the object is indexed."""
        return self.impl_instance.coerce_compared_value(op, value)


def table(name: str, *items: SchemaItem) -> Table:
    """A table of its columns and indexes."""
    return Table(name, metadata, *items)


def time(name: str, *, nullable: bool = False) -> Column[object]:
    """A moment."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def serial(name: str = "id") -> Column[int]:
    """A number that the database gives."""
    return Column(name, BigInteger, Identity(always=True), primary_key=True)
