"""The connection to PostgreSQL: engine, transactions, migrations, and the version it must have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
import alembic.config
import alembic.runtime.migration
import alembic.script
import alembic.util
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from bot.errors import ConfigurationError, UpstreamError

MINIMUM_VERSION = 15
_MIGRATION_LOCK = 0x464C414B45  # "FLAKE": one migration at a time over all processes

Session = sa.Connection
"""What store functions take: a connection inside a transaction."""


class Database:
    """An engine over one PostgreSQL; `begin()` is the only way to a transaction."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = parse_url(url)
        self._engine = sa.create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "application_name": "flakeguard"},
        )

    @property
    def conninfo(self) -> str:
        """The same database as libpq writes it, for the queue's own connections."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error.

        Raises:
            UpstreamError: the database does not answer.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except (OperationalError, sa.exc.TimeoutError) as error:
            message = f"The database does not answer ({type(error).__name__})."
            raise UpstreamError(message, retry_after=2) from error

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def check(self) -> None:
        """Raise ConfigurationError unless the server can be reached and is recent enough."""
        try:
            with self._engine.connect() as connection:
                number = int(connection.exec_driver_sql("show server_version_num").scalar_one())
        except (DBAPIError, sa.exc.TimeoutError) as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            message = f"DATABASE_URL: PostgreSQL does not answer ({reason}). Check host, port, user and password."
            raise ConfigurationError(message) from None
        if number // 10_000 < MINIMUM_VERSION:
            message = (
                f"DATABASE_URL: this server is PostgreSQL {number // 10_000}; FlakeGuard needs "
                f"{MINIMUM_VERSION} or newer. Upgrade it, or leave DATABASE_URL out to use the embedded one."
            )
            raise ConfigurationError(message)

    def migrate(self) -> None:
        """Bring the tables to the newest revision; harmless when several processes do it at once.

        Raises:
            ConfigurationError: the tables are at a revision this version does not know.
        """
        config = _alembic_config()
        with self._engine.connect() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_MIGRATION_LOCK)))
            connection.commit()
            try:
                config.attributes["connection"] = connection
                alembic.command.upgrade(config, "head")
                connection.commit()
            except alembic.util.CommandError as error:
                message = (
                    f"DATABASE_URL: the tables were made by another version of FlakeGuard ({error}). Start the version "
                    "that made them, or use a new database."
                )
                raise ConfigurationError(message) from None
            finally:
                connection.rollback()
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_MIGRATION_LOCK)))
                connection.commit()

    def is_migrated(self) -> bool:
        """Whether the tables are at the newest revision."""
        head = alembic.script.ScriptDirectory.from_config(_alembic_config()).get_current_head()
        with self._engine.connect() as connection:
            context = alembic.runtime.migration.MigrationContext.configure(connection)
            return context.get_current_revision() == head


def parse_url(text: str) -> URL:
    """The address of a PostgreSQL with the driver FlakeGuard uses.

    Raises:
        ConfigurationError: not an address of a PostgreSQL.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        message = "DATABASE_URL: not an address; write postgresql://user:password@host:5432/database."
        raise ConfigurationError(message) from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        message = f"DATABASE_URL: {url.get_backend_name()} is not supported; FlakeGuard stores in PostgreSQL only."
        raise ConfigurationError(message)
    return url.set(drivername="postgresql+psycopg")


def _alembic_config() -> alembic.config.Config:
    package = Path(__file__).resolve().parent.parent
    installed = package / "migrations"
    config = alembic.config.Config()
    config.set_main_option("script_location", str(installed if installed.is_dir() else package.parent / "migrations"))
    return config
