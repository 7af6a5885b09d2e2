"""People of Slack linked with their GitHub accounts, the steps of becoming so, and what GitHub let them do lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import RepositoryId, WorkspaceId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.deciding import permissions
from bot.store.tables.workspaces import link_states, links


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A person of a workspace and their GitHub account; `github_id` stays when the login is renamed."""

    workspace_id: WorkspaceId
    slack_user: str
    github_id: int
    github_login: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of linking that somebody has been asked to take; `detail` is what the next one needs."""

    workspace_id: WorkspaceId
    slack_user: str
    slack_name: str
    step: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StoredPermission:
    """What GitHub said of an account in a repository: its permission, and the teams (`org/slug`) it is in."""

    permission: str
    teams: frozenset[str]
    fetched_at: datetime


def find(session: Session, workspace_id: WorkspaceId, slack_user: str) -> AccountLink | None:
    """The link of a person."""
    return record.find(session, AccountLink, sa.select(*_LINK).where(_is_of(workspace_id, slack_user)))


def lock_with_permission(
    session: Session, workspace_id: WorkspaceId, slack_user: str, repository_id: RepositoryId
) -> tuple[AccountLink, StoredPermission | None] | None:
    """The link of a person, which stays until the transaction ends, and what GitHub said of the account lately."""
    is_theirs = sa.and_(permissions.c.github_id == links.c.github_id, permissions.c.repository_id == repository_id)
    row = session.execute(
        sa.select(*_LINK, *_PERMISSION)
        .outerjoin(permissions, is_theirs)
        .where(_is_of(workspace_id, slack_user))
        .with_for_update(read=True, of=links)
    ).one_or_none()
    if row is None:
        return None
    link, permission = row[: len(_LINK)], row[len(_LINK) :]
    return AccountLink(*link), None if permission[0] is None else _read_permission(*permission)


def list_of_accounts(session: Session, logins: Iterable[str]) -> Sequence[AccountLink]:
    """The people, of any workspace, linked with GitHub accounts of these logins."""
    query = sa.select(*_LINK).where(sa.func.lower(links.c.github_login).in_([login.lower() for login in logins]))
    return record.list_all(session, AccountLink, query)


def put(session: Session, link: AccountLink, now: datetime) -> Sequence[str]:
    """Link a person with an account; returns who had it before in the workspace, and has it no longer."""
    of_others = sa.delete(links).where(
        links.c.workspace_id == link.workspace_id,
        links.c.github_id == link.github_id,
        links.c.slack_user != link.slack_user,
    )
    former = session.execute(of_others.returning(links.c.slack_user)).scalars().all()
    key = {"workspace_id": link.workspace_id, "slack_user": link.slack_user}
    row = {"github_id": link.github_id, "github_login": link.github_login, "linked_at": now}
    record.put(session, links, key, row)
    return former


def delete(session: Session, workspace_id: WorkspaceId, slack_user: str) -> AccountLink | None:
    """Take a person's link away; returns what it was."""
    return record.find(session, AccountLink, sa.delete(links).where(_is_of(workspace_id, slack_user)).returning(*_LINK))


def delete_account(session: Session, github_id: int) -> Sequence[AccountLink]:
    """Take every link with a GitHub account away, since its owner revoked it there; returns them."""
    deleted = record.list_all(
        session, AccountLink, sa.delete(links).where(links.c.github_id == github_id).returning(*_LINK)
    )
    session.execute(sa.delete(permissions).where(permissions.c.github_id == github_id))
    return deleted


def delete_workspace(session: Session, workspace_id: WorkspaceId) -> None:
    """Forget everybody of a workspace that removed the app."""
    session.execute(sa.delete(links).where(links.c.workspace_id == workspace_id))
    session.execute(sa.delete(link_states).where(link_states.c.workspace_id == workspace_id))


def insert_step(session: Session, key: bytes, step: Step, expires_at: datetime) -> None:
    """Remember a step under the hash of the secret that takes it."""
    session.execute(sa.insert(link_states).values(**record.values(step), key=key, expires_at=expires_at))


def find_step(session: Session, key: bytes, step: str, now: datetime) -> Step | None:
    """The step of this secret, where it can still be taken."""
    query = sa.select(*record.columns(link_states, Step)).where(
        link_states.c.key == key, link_states.c.step == step, link_states.c.expires_at > now
    )
    return record.find(session, Step, query)


def take_step(session: Session, key: bytes, step: str, now: datetime) -> Step | None:
    """Take a step, which nobody can take again."""
    taking = sa.delete(link_states).where(link_states.c.key == key, link_states.c.step == step)
    columns = record.columns(link_states, Step)
    row = session.execute(taking.returning(*columns, link_states.c.expires_at)).one_or_none()
    return None if row is None or row.expires_at <= now else Step(*row[: len(columns)])


def forget_steps(session: Session, now: datetime) -> None:
    """Delete the steps nobody took in time."""
    session.execute(sa.delete(link_states).where(link_states.c.expires_at <= now))


def find_permission(session: Session, repository_id: RepositoryId, github_id: int) -> StoredPermission | None:
    """What GitHub said lately of an account in a repository."""
    query = sa.select(*_PERMISSION).where(
        permissions.c.repository_id == repository_id, permissions.c.github_id == github_id
    )
    return record.find(session, _read_permission, query)


def put_permission(session: Session, repository_id: RepositoryId, github_id: int, permission: StoredPermission) -> None:
    """Keep what GitHub says of an account in a repository."""
    key = {"repository_id": repository_id, "github_id": github_id}
    record.put(session, permissions, key, record.values(permission) | {"teams": sorted(permission.teams)})


def _is_of(workspace_id: WorkspaceId, slack_user: str) -> sa.ColumnElement[bool]:
    return sa.and_(links.c.workspace_id == workspace_id, links.c.slack_user == slack_user)


def _read_permission(permission: str, teams: Sequence[str], fetched_at: datetime) -> StoredPermission:
    return StoredPermission(permission, frozenset(teams), fetched_at)


_LINK = record.columns(links, AccountLink)
_PERMISSION = record.columns(permissions, StoredPermission)
