"""Slack workspaces that installed the app, and the GitHub installations each of them may see.

A workspace is one installation of the Slack app: one team, or a whole Enterprise Grid organisation, whose
`team_id` is then empty, as its `enterprise_id` is outside Grid.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import Actor, RepositoryId, WorkspaceId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.conversation import block_levels
from bot.store.tables.results import repositories
from bot.store.tables.workspaces import slack_tokens, workspace_installations, workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One installation of the Slack app.

    `by_token` is the one SLACK_BOT_TOKEN speaks for; its ids are empty until Slack has sent them.
    `sees_all`: nobody else is served, so it need not be bound to installations one by one.
    `has_token`: FlakeGuard can call Slack's API there; a workspace may take its token back and keep the app.
    """

    id: WorkspaceId
    enterprise_id: str
    team_id: str
    name: str
    bot_user_id: str
    by_token: bool
    sees_all: bool
    installed_at: datetime
    has_token: bool

    @property
    def is_organisation(self) -> bool:
        """Whether the app is installed in a whole Enterprise Grid organisation."""
        return bool(self.enterprise_id) and not self.team_id

    @property
    def is_known(self) -> bool:
        """Whether Slack has said which workspace this is."""
        return bool(self.enterprise_id or self.team_id)

    def has_member(self, enterprise_id: str, team_id: str) -> bool:
        """Whether somebody of this team belongs here; people of a shared channel may come from elsewhere."""
        if self.enterprise_id:
            return enterprise_id in {"", self.enterprise_id}
        return team_id in {"", self.team_id}


def put(
    session: Session, *, enterprise_id: str, team_id: str, name: str, bot_user_id: str, now: datetime
) -> WorkspaceId:
    """Record that the app is installed in a workspace; returns its number."""
    key = {"enterprise_id": enterprise_id, "team_id": team_id}
    row = {"name": name, "bot_user_id": bot_user_id, "installed_at": now, "removed_at": None}
    statement = insert(workspaces).values(**key, **row, by_token=False, sees_all=False)
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=row)
    return WorkspaceId(session.execute(statement.returning(workspaces.c.id)).scalar_one())


def put_by_token(session: Session, *, sees_all: bool, now: datetime) -> Workspace:
    """The workspace of SLACK_BOT_TOKEN, recorded without its ids where Slack has not sent them yet."""
    statement = insert(workspaces).values(
        enterprise_id="", team_id="", name="", bot_user_id="", by_token=True, sees_all=sees_all, installed_at=now
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["by_token"],
            index_where=sa.text("by_token"),
            set_={"sees_all": sees_all, "removed_at": None},
        )
    )
    return record.get(session, Workspace, _SELECT.where(workspaces.c.by_token), _UNKNOWN)


def identify(
    session: Session, *, enterprise_id: str, team_id: str, name: str, bot_user_id: str, now: datetime
) -> Workspace:
    """Record whom SLACK_BOT_TOKEN speaks for; a token of another workspace leaves what is known of the former."""
    session.execute(sa.text("select pg_advisory_xact_lock(hashtext('flakeguard:by_token'))"))
    current = record.find(session, Workspace, _SELECT.where(workspaces.c.by_token))
    is_same = sa.and_(workspaces.c.enterprise_id == enterprise_id, workspaces.c.team_id == team_id)
    same = record.find(session, Workspace, _SELECT.where(is_same))
    row: dict[str, object] = {"name": name, "bot_user_id": bot_user_id, "removed_at": None}
    if current is not None and not current.is_known and same is None:
        number = current.id
        row |= {"enterprise_id": enterprise_id, "team_id": team_id}
    else:
        if current is not None and (same is None or same.id != current.id):
            session.execute(
                sa.update(workspaces).where(workspaces.c.id == current.id).values(by_token=False, sees_all=False)
            )
        team = {"enterprise_id": enterprise_id, "team_id": team_id, "name": name, "bot_user_id": bot_user_id}
        number = same.id if same else put(session, **team, now=now)
        row |= {"by_token": True, "sees_all": current is not None and current.sees_all}
    session.execute(sa.update(workspaces).where(workspaces.c.id == number).values(**row))
    return get(session, number)


def get(session: Session, workspace_id: WorkspaceId) -> Workspace:
    """The workspace of this number, installed or not.

    Raises:
        NotFoundError: not known.
    """
    return record.get(session, Workspace, _SELECT.where(workspaces.c.id == workspace_id), _UNKNOWN)


def find(session: Session, enterprise_id: str, team_id: str) -> Workspace | None:
    """The installation a request of this team belongs to: the team's own, else that of its organisation."""
    candidates = [workspaces.c.team_id == team_id] if team_id else []
    if enterprise_id:
        candidates.append(sa.and_(workspaces.c.enterprise_id == enterprise_id, workspaces.c.team_id == ""))
    if not candidates:
        return None
    installed = _SELECT.where(workspaces.c.removed_at.is_(None), sa.or_(*candidates))
    return record.find(session, Workspace, installed.order_by(workspaces.c.team_id.desc()).limit(1))


def find_by_token(session: Session) -> Workspace | None:
    """The workspace SLACK_BOT_TOKEN speaks for."""
    query = _SELECT.where(workspaces.c.by_token, workspaces.c.removed_at.is_(None))
    return record.find(session, Workspace, query)


def remove(session: Session, workspace_id: WorkspaceId, now: datetime) -> None:
    """Record that the app is no longer installed, and forget which GitHub installations the workspace saw."""
    session.execute(sa.update(workspaces).where(workspaces.c.id == workspace_id).values(removed_at=now))
    session.execute(sa.delete(workspace_installations).where(workspace_installations.c.workspace_id == workspace_id))


def bind(
    session: Session, workspace_id: WorkspaceId, installation_ids: Collection[int], actor: Actor, now: datetime
) -> set[int]:
    """Let a workspace see GitHub installations; returns those that it did not see before."""
    if not installation_ids:
        return set()
    rows = [
        {"workspace_id": workspace_id, "installation_id": number, "bound_by": actor, "bound_at": now}
        for number in installation_ids
    ]
    statement = insert(workspace_installations).values(rows).on_conflict_do_nothing()
    return set(session.execute(statement.returning(workspace_installations.c.installation_id)).scalars())


def unbind(session: Session, installation_id: int) -> None:
    """Take a GitHub installation that is gone from every workspace."""
    session.execute(
        sa.delete(workspace_installations).where(workspace_installations.c.installation_id == installation_id)
    )


def list_bound(session: Session, workspace_id: WorkspaceId) -> Sequence[int]:
    """The GitHub installations a workspace is bound to."""
    rows = session.execute(
        sa.select(workspace_installations.c.installation_id)
        .where(workspace_installations.c.workspace_id == workspace_id)
        .order_by(workspace_installations.c.installation_id)
    )
    return [row[0] for row in rows]


def find_binder(session: Session, workspace_id: WorkspaceId) -> Actor | None:
    """Who let a workspace see a GitHub installation first; None where nobody did."""
    query = (
        sa.select(workspace_installations.c.bound_by)
        .where(workspace_installations.c.workspace_id == workspace_id)
        .order_by(workspace_installations.c.bound_at)
        .limit(1)
    )
    return record.find_value(session, query)


def list_visible(session: Session, workspace_id: WorkspaceId) -> Sequence[RepositoryId]:
    """The repositories a workspace may see, by name."""
    rows = session.execute(
        sa.select(repositories.c.id).where(visible_to(workspace_id)).order_by(repositories.c.full_name)
    )
    return [RepositoryId(row[0]) for row in rows]


def is_visible(session: Session, workspace_id: WorkspaceId, repository_id: RepositoryId) -> bool:
    """Whether a workspace may see a repository."""
    statement = sa.select(repositories.c.id).where(repositories.c.id == repository_id, visible_to(workspace_id))
    return session.execute(statement).first() is not None


def list_seeing(
    session: Session, repository_id: RepositoryId, workspace_ids: Collection[WorkspaceId]
) -> set[WorkspaceId]:
    """Those of some workspaces that may see a repository."""
    seeing = workspaces.alias("seeing")
    rows = session.execute(
        sa.select(seeing.c.id)
        .join(repositories, repositories.c.id == repository_id)
        .where(seeing.c.id.in_(workspace_ids), visible_to(seeing.c.id))
    )
    return {WorkspaceId(row[0]) for row in rows}


def visible_to(workspace_id: WorkspaceId | sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """The condition of a statement over `repositories` that leaves what a workspace may see."""
    sees_all = sa.exists().where(
        workspaces.c.id == workspace_id, workspaces.c.sees_all, workspaces.c.removed_at.is_(None)
    )
    bound = sa.exists().where(
        workspace_installations.c.workspace_id == workspaces.c.id,
        workspace_installations.c.installation_id == repositories.c.installation_id,
        workspaces.c.id == workspace_id,
        workspaces.c.removed_at.is_(None),
    )
    return sa.and_(repositories.c.removed_at.is_(None), sa.or_(sees_all, bound))


_UNKNOWN = "This workspace is not known."
_HAS_TOKEN = sa.or_(workspaces.c.by_token, sa.exists().where(slack_tokens.c.workspace_id == workspaces.c.id))
_SELECT = sa.select(
    *(workspaces.c[field.name] for field in fields(Workspace) if field.name in workspaces.c),
    _HAS_TOKEN.label("has_token"),
)


def find_block_level(session: Session, workspace_id: WorkspaceId, since: datetime) -> str | None:
    """The level of Block Kit that worked, learned since a time; None where none was, or too long ago."""
    is_recent = sa.and_(block_levels.c.workspace_id == workspace_id, block_levels.c.learned_at >= since)
    return record.find_value(session, sa.select(block_levels.c.level).where(is_recent))


def put_block_level(session: Session, workspace_id: WorkspaceId, level: str, now: datetime) -> None:
    """Remember the level that worked."""
    record.put(session, block_levels, {"workspace_id": workspace_id}, {"level": level, "learned_at": now})
