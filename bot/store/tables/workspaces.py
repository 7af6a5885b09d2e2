"""Who is installed, linked and entitled."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from bot.store.tables.columns import ActorJson, serial, table, time

workspaces = table(
    "workspaces",
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

workspace_installations = table(
    "workspace_installations",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("installation_id", BigInteger, primary_key=True),
    Column("bound_by", ActorJson, nullable=False),
    time("bound_at"),
    Index("ix_workspace_installations_installation", "installation_id"),
)

slack_tokens = table(
    "slack_tokens",
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("installer", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    time("expires_at", nullable=True),
    time("renewing_until", nullable=True),
    time("updated_at"),
)

oauth_states = table(
    "oauth_states",
    Column("key", LargeBinary, primary_key=True),
    time("expires_at"),
)

links = table(
    "links",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("slack_user", Text, primary_key=True),
    Column("github_id", BigInteger, nullable=False),
    Column("github_login", Text, nullable=False),
    time("linked_at"),
    Index("uq_links_account", "workspace_id", "github_id", unique=True),
    Index("ix_links_account", "github_id"),
)

link_states = table(
    "link_states",
    Column("key", LargeBinary, primary_key=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("slack_user", Text, nullable=False),
    Column("slack_name", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    time("expires_at"),
)

paused_channels = table(
    "paused_channels",
    Column("workspace_id", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    time("paused_at"),
)

slack_events = table(
    "slack_events",
    Column("id", Text, primary_key=True),
    time("received_at"),
)
