"""workspaces of Slack with their tokens and what they may see, people linked with GitHub accounts, and policies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_states",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("slack_user", sa.Text(), nullable=False),
        sa.Column("slack_name", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_link_states")),
    )
    op.create_table(
        "links",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("slack_user", sa.Text(), nullable=False),
        sa.Column("github_id", sa.BigInteger(), nullable=False),
        sa.Column("github_login", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "slack_user", name=op.f("pk_links")),
    )
    op.create_index("ix_links_account", "links", ["github_id"], unique=False)
    op.create_index("uq_links_account", "links", ["workspace_id", "github_id"], unique=True)
    op.create_table(
        "oauth_states",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_oauth_states")),
    )
    op.create_table(
        "paused_channels",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", name=op.f("pk_paused_channels")),
    )
    op.create_table(
        "permissions",
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("github_id", sa.BigInteger(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("teams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "github_id", name=op.f("pk_permissions")),
    )
    op.create_table(
        "policies",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("codeowners", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_policies")),
    )
    op.create_table(
        "slack_tokens",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("installer", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_slack_tokens")),
    )
    op.create_table(
        "workspace_installations",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("bound_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "installation_id", name=op.f("pk_workspace_installations")),
    )
    op.create_index(
        "ix_workspace_installations_installation", "workspace_installations", ["installation_id"], unique=False
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("enterprise_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bot_user_id", sa.Text(), nullable=False),
        sa.Column("by_token", sa.Boolean(), nullable=False),
        sa.Column("sees_all", sa.Boolean(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )
    op.create_index(
        "uq_workspaces_by_token", "workspaces", ["by_token"], unique=True, postgresql_where=sa.text("by_token")
    )
    op.create_index("uq_workspaces_team", "workspaces", ["enterprise_id", "team_id"], unique=True)

    op.add_column("notices", sa.Column("workspace_id", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("workspace_id", sa.BigInteger(), nullable=True))
    op.drop_table("turns")  # it only tells who waits a second; whoever does is found again
    op.create_table(
        "turns",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel", name=op.f("pk_turns")),
    )
    # What was said before belongs to the one workspace there was; Slack tells its ids at the next start.
    op.execute(
        "insert into workspaces (enterprise_id, team_id, name, bot_user_id, by_token, sees_all, installed_at)"
        " select '', '', '', '', true, true, now() where exists (select from notices where channel <> '')"
    )
    op.execute("update messages set workspace_id = (select id from workspaces where by_token)")
    op.execute("update notices set workspace_id = (select id from workspaces where by_token) where channel <> ''")
    # A place leads the natural keys now, so that the cards of before are found and not posted again.
    op.execute(
        "update messages set key = left(key, -length(channel)) || workspace_id || ':' || channel"
        " where key like '%:' || channel"
    )
    op.execute(
        "update notices set key = left(key, -length(channel)) || workspace_id || ':' || channel"
        " where channel <> '' and key like '%:' || channel"
    )
    op.alter_column("messages", "workspace_id", nullable=False)


def downgrade() -> None:
    op.drop_table("turns")
    op.create_table(
        "turns",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_turns")),
    )
    op.drop_column("notices", "workspace_id")
    op.drop_column("messages", "workspace_id")
    op.drop_index("uq_workspaces_team", table_name="workspaces")
    op.drop_index("uq_workspaces_by_token", table_name="workspaces", postgresql_where=sa.text("by_token"))
    op.drop_table("workspaces")
    op.drop_index("ix_workspace_installations_installation", table_name="workspace_installations")
    op.drop_table("workspace_installations")
    op.drop_table("slack_tokens")
    op.drop_table("policies")
    op.drop_table("permissions")
    op.drop_table("paused_channels")
    op.drop_table("oauth_states")
    op.drop_index("uq_links_account", table_name="links")
    op.drop_index("ix_links_account", table_name="links")
    op.drop_table("links")
    op.drop_table("link_states")
