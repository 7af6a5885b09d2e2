"""Who is installed, linked and entitled."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from bot.store.tables.columns import metadata, serial, time

workspaces = Table(
    "workspaces",
    metadata,
    serial(),
    Column("enterprise_id", Text, nullable=False),
    Column("team_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("bot_user_id", Text, nullable=False),
    Column("by_token", Boolean, nullable=False),
    Column("sees_all", Boolean, nullable=False),
    time("installed_at"),
    time("removed_at", nullable=True),
    Index("uq_workspaces_team", "enterprise_id", "team_id", unique=True),
    Index("uq_workspaces_by_token", "by_token", unique=True, postgresql_where=text("by_token")),
)

workspace_installations = Table(
    "workspace_installations",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("installation_id", BigInteger, primary_key=True),
    Column("bound_by", JSONB, nullable=False),
    time("bound_at"),
    Index("ix_workspace_installations_installation", "installation_id"),
)

slack_tokens = Table(
    "slack_tokens",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("installer", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    time("expires_at", nullable=True),
    time("renewing_until", nullable=True),
    time("updated_at"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    time("expires_at"),
)

links = Table(
    "links",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("slack_user", Text, primary_key=True),
    Column("github_id", BigInteger, nullable=False),
    Column("github_login", Text, nullable=False),
    time("linked_at"),
    Index("uq_links_account", "workspace_id", "github_id", unique=True),
    Index("ix_links_account", "github_id"),
)

link_states = Table(
    "link_states",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("slack_user", Text, nullable=False),
    Column("slack_name", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    time("expires_at"),
)

paused_channels = Table(
    "paused_channels",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    time("paused_at"),
)

slack_events = Table(
    "slack_events",
    metadata,
    Column("id", Text, primary_key=True),
    time("received_at"),
)
