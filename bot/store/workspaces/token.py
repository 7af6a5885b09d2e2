"""The tokens workspaces gave, sealed; and the states of installations that are under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import WorkspaceId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.workspaces import oauth_states, slack_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A workspace's token as it is stored; `expires_at` is None where Slack does not rotate it.

    `installer` is the Slack user who installed the app.
    """

    workspace_id: WorkspaceId
    sealed: bytes
    installer: str
    scopes: str
    expires_at: datetime | None


def put(session: Session, token: StoredToken, now: datetime) -> None:
    """Store the token of a workspace in place of any former."""
    row = record.values(token) | {"renewing_until": None, "updated_at": now}
    key = {"workspace_id": row.pop("workspace_id")}
    record.put(session, slack_tokens, key, row)


def find(session: Session, workspace_id: WorkspaceId) -> StoredToken | None:
    """The token of a workspace."""
    return record.find(session, StoredToken, sa.select(*_TOKEN).where(slack_tokens.c.workspace_id == workspace_id))


def claim_renewal(session: Session, workspace_id: WorkspaceId, now: datetime, until: datetime) -> bool:
    """Whether the caller is the one to renew a token: a refresh token works once, so two must not try it."""
    result = session.execute(
        sa.update(slack_tokens)
        .where(
            slack_tokens.c.workspace_id == workspace_id,
            sa.or_(slack_tokens.c.renewing_until.is_(None), slack_tokens.c.renewing_until < now),
        )
        .values(renewing_until=until)
    )
    return result.rowcount == 1


def renew(session: Session, workspace_id: WorkspaceId, sealed: bytes, expires_at: datetime, now: datetime) -> None:
    """Store a renewed token; nothing happens where the workspace has taken its token back meanwhile."""
    session.execute(
        sa.update(slack_tokens)
        .where(slack_tokens.c.workspace_id == workspace_id)
        .values(sealed=sealed, expires_at=expires_at, renewing_until=None, updated_at=now)
    )


def delete(session: Session, workspace_id: WorkspaceId) -> StoredToken | None:
    """Forget the token of a workspace; returns what it was."""
    deletion = sa.delete(slack_tokens).where(slack_tokens.c.workspace_id == workspace_id)
    return record.find(session, StoredToken, deletion.returning(*_TOKEN))


def lock_all(session: Session) -> Sequence[StoredToken]:
    """Every token, kept from everybody else until the transaction ends."""
    query = sa.select(*_TOKEN).order_by(slack_tokens.c.workspace_id).with_for_update()
    return record.list_all(session, StoredToken, query)


def reseal(session: Session, workspace_id: WorkspaceId, sealed: bytes) -> None:
    """Store the same token under another key."""
    session.execute(sa.update(slack_tokens).where(slack_tokens.c.workspace_id == workspace_id).values(sealed=sealed))


def insert_state(session: Session, key: bytes, expires_at: datetime) -> None:
    """Remember the hash of a state that an installation began with."""
    session.execute(sa.insert(oauth_states).values(key=key, expires_at=expires_at))


def take_state(session: Session, key: bytes, now: datetime) -> bool:
    """Whether a state was given and can still be used; nobody can use it again."""
    row = session.execute(
        sa.delete(oauth_states).where(oauth_states.c.key == key).returning(oauth_states.c.expires_at)
    ).one_or_none()
    session.execute(sa.delete(oauth_states).where(oauth_states.c.expires_at <= now))
    return row is not None and row[0] > now


_TOKEN = record.columns(slack_tokens, StoredToken)
