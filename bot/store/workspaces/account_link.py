"""People of Slack linked with their GitHub accounts, the steps of becoming so, and what GitHub let them do lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import RepositoryId, WorkspaceId
from bot.store.database import Session
from bot.store.tables.deciding import permissions
from bot.store.tables.workspaces import link_states, links


@dataclass(frozen=True, slots=True)
class Link:
    """A person of a workspace and their GitHub account; `github_id` stays when the login is renamed."""

    workspace_id: WorkspaceId
    slack_user: str
    github_id: int
    github_login: str


@dataclass(frozen=True, slots=True, kw_only=True)
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


def find(session: Session, workspace_id: WorkspaceId, slack_user: str) -> Link | None:
    """The link of a person."""
    row = session.execute(
        _SELECT.where(links.c.workspace_id == workspace_id, links.c.slack_user == slack_user)
    ).one_or_none()
    return None if row is None else _read(row)


def lock_with_permission(
    session: Session, workspace_id: WorkspaceId, slack_user: str, repository_id: RepositoryId
) -> tuple[Link, StoredPermission | None] | None:
    """The link of a person, which stays until the transaction ends, and what GitHub said of the account lately."""
    row = session.execute(
        _SELECT.add_columns(permissions.c.permission, permissions.c.teams, permissions.c.fetched_at)
        .outerjoin(
            permissions,
            sa.and_(permissions.c.github_id == links.c.github_id, permissions.c.repository_id == repository_id),
        )
        .where(links.c.workspace_id == workspace_id, links.c.slack_user == slack_user)
        .with_for_update(read=True, of=links)
    ).one_or_none()
    if row is None:
        return None
    link = Link(WorkspaceId(row[0]), row[1], row[2], row[3])
    return link, None if row[4] is None else StoredPermission(row[4], frozenset(row[5]), row[6])


def list_of_account(session: Session, login: str) -> Sequence[Link]:
    """The people, of any workspace, linked with a GitHub account of this login."""
    return [_read(row) for row in session.execute(_SELECT.where(sa.func.lower(links.c.github_login) == login.lower()))]


def put(session: Session, link: Link, now: datetime) -> Sequence[str]:
    """Link a person with an account; returns who had it before in the workspace, and has it no longer."""
    former = session.execute(
        sa.delete(links)
        .where(
            links.c.workspace_id == link.workspace_id,
            links.c.github_id == link.github_id,
            links.c.slack_user != link.slack_user,
        )
        .returning(links.c.slack_user)
    ).scalars()
    row = {"github_id": link.github_id, "github_login": link.github_login, "linked_at": now}
    before = list(former)
    session.execute(
        insert(links)
        .values(workspace_id=link.workspace_id, slack_user=link.slack_user, **row)
        .on_conflict_do_update(index_elements=["workspace_id", "slack_user"], set_=row)
    )
    return before


def delete(session: Session, workspace_id: WorkspaceId, slack_user: str) -> Link | None:
    """Take a person's link away; returns what it was."""
    row = session.execute(
        sa.delete(links)
        .where(links.c.workspace_id == workspace_id, links.c.slack_user == slack_user)
        .returning(links.c.workspace_id, links.c.slack_user, links.c.github_id, links.c.github_login)
    ).one_or_none()
    return None if row is None else _read(row)


def delete_account(session: Session, github_id: int) -> Sequence[Link]:
    """Take every link with a GitHub account away, since its owner revoked it there; returns them."""
    rows = session.execute(
        sa.delete(links)
        .where(links.c.github_id == github_id)
        .returning(links.c.workspace_id, links.c.slack_user, links.c.github_id, links.c.github_login)
    )
    session.execute(sa.delete(permissions).where(permissions.c.github_id == github_id))
    return [_read(row) for row in rows]


def delete_workspace(session: Session, workspace_id: WorkspaceId) -> None:
    """Forget everybody of a workspace that removed the app."""
    session.execute(sa.delete(links).where(links.c.workspace_id == workspace_id))
    session.execute(sa.delete(link_states).where(link_states.c.workspace_id == workspace_id))


def insert_step(session: Session, key: bytes, step: Step, expires_at: datetime) -> None:
    """Remember a step under the hash of the secret that takes it."""
    session.execute(
        sa.insert(link_states).values(
            key=key,
            workspace_id=step.workspace_id,
            slack_user=step.slack_user,
            slack_name=step.slack_name,
            step=step.step,
            detail=dict(step.detail),
            expires_at=expires_at,
        )
    )


def find_step(session: Session, key: bytes, step: str, now: datetime) -> Step | None:
    """The step of this secret, where it can still be taken."""
    waits = sa.and_(link_states.c.key == key, link_states.c.step == step, link_states.c.expires_at > now)
    row = session.execute(sa.select(link_states).where(waits)).mappings().one_or_none()
    return None if row is None else _read_step(row)


def take_step(session: Session, key: bytes, step: str, now: datetime) -> Step | None:
    """Take a step, which nobody can take again."""
    row = (
        session.execute(
            sa.delete(link_states).where(link_states.c.key == key, link_states.c.step == step).returning(*link_states.c)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None or row["expires_at"] <= now else _read_step(row)


def forget_steps(session: Session, now: datetime) -> None:
    """Delete the steps nobody took in time."""
    session.execute(sa.delete(link_states).where(link_states.c.expires_at <= now))


def find_permission(session: Session, repository_id: RepositoryId, github_id: int) -> StoredPermission | None:
    """What GitHub said lately of an account in a repository."""
    row = session.execute(
        sa.select(permissions.c.permission, permissions.c.teams, permissions.c.fetched_at).where(
            permissions.c.repository_id == repository_id, permissions.c.github_id == github_id
        )
    ).one_or_none()
    return None if row is None else StoredPermission(row[0], frozenset(row[1]), row[2])


def put_permission(session: Session, repository_id: RepositoryId, github_id: int, permission: StoredPermission) -> None:
    """Keep what GitHub says of an account in a repository."""
    row = {
        "permission": permission.permission,
        "teams": sorted(permission.teams),
        "fetched_at": permission.fetched_at,
    }
    session.execute(
        insert(permissions)
        .values(repository_id=repository_id, github_id=github_id, **row)
        .on_conflict_do_update(index_elements=["repository_id", "github_id"], set_=row)
    )


_SELECT = sa.select(links.c.workspace_id, links.c.slack_user, links.c.github_id, links.c.github_login)


def _read(row: sa.Row[int, str, int, str]) -> Link:
    return Link(WorkspaceId(row[0]), row[1], row[2], row[3])


def _read_step(row: sa.RowMapping) -> Step:
    return Step(
        workspace_id=WorkspaceId(row["workspace_id"]),
        slack_user=row["slack_user"],
        slack_name=row["slack_name"],
        step=row["step"],
        detail=row["detail"],
    )
