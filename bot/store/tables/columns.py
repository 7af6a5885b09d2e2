"""The metadata of all tables, and the columns that many have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def time(name: str, *, nullable: bool = False) -> Column[object]:
    """A moment."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def serial(name: str = "id") -> Column[int]:
    """A number that the database gives."""
    return Column(name, BigInteger, Identity(always=True), primary_key=True)
