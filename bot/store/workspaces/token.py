"""The tokens workspaces gave, sealed; and the states of installations that are under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import WorkspaceId
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
    row = {
        "sealed": token.sealed,
        "installer": token.installer,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "renewing_until": None,
        "updated_at": now,
    }
    session.execute(
        insert(slack_tokens)
        .values(workspace_id=token.workspace_id, **row)
        .on_conflict_do_update(index_elements=["workspace_id"], set_=row)
    )


def find(session: Session, workspace_id: WorkspaceId) -> StoredToken | None:
    """The token of a workspace."""
    row = session.execute(_SELECT.where(slack_tokens.c.workspace_id == workspace_id)).mappings().one_or_none()
    return None if row is None else _read(row)


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
    row = (
        session.execute(
            sa.delete(slack_tokens).where(slack_tokens.c.workspace_id == workspace_id).returning(*slack_tokens.c)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _read(row)


def lock_all(session: Session) -> Sequence[StoredToken]:
    """Every token, kept from everybody else until the transaction ends."""
    rows = session.execute(_SELECT.order_by(slack_tokens.c.workspace_id).with_for_update()).mappings()
    return [_read(row) for row in rows]


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


_SELECT = sa.select(
    slack_tokens.c.workspace_id,
    slack_tokens.c.sealed,
    slack_tokens.c.installer,
    slack_tokens.c.scopes,
    slack_tokens.c.expires_at,
)


def _read(row: sa.RowMapping) -> StoredToken:
    return StoredToken(
        workspace_id=WorkspaceId(row["workspace_id"]),
        sealed=row["sealed"],
        installer=row["installer"],
        scopes=row["scopes"],
        expires_at=row["expires_at"],
    )
