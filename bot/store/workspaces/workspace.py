"""Slack workspaces that installed the app, and the GitHub installations each of them may see.

A workspace is one installation of the Slack app: one team, or a whole Enterprise Grid organisation, whose
`team_id` is then empty, as its `enterprise_id` is outside Grid.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import Actor, RepositoryId, WorkspaceId
from bot.errors import NotFoundError
from bot.store import actor as actor_codec
from bot.store.database import Session
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
    row = {"name": name, "bot_user_id": bot_user_id, "installed_at": now, "removed_at": None}
    statement = insert(workspaces).values(
        enterprise_id=enterprise_id, team_id=team_id, by_token=False, sees_all=False, **row
    )
    number: int = session.execute(
        statement.on_conflict_do_update(index_elements=["enterprise_id", "team_id"], set_=row).returning(
            workspaces.c.id
        )
    ).scalar_one()
    return WorkspaceId(number)


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
    return _read(session.execute(_SELECT.where(workspaces.c.by_token)).mappings().one())


def identify(
    session: Session, *, enterprise_id: str, team_id: str, name: str, bot_user_id: str, now: datetime
) -> Workspace:
    """Record whom SLACK_BOT_TOKEN speaks for; a token of another workspace leaves what is known of the former."""
    session.execute(sa.text("select pg_advisory_xact_lock(hashtext('flakeguard:by_token'))"))
    current = session.execute(_SELECT.where(workspaces.c.by_token)).mappings().one_or_none()
    same = (
        session.execute(_SELECT.where(workspaces.c.enterprise_id == enterprise_id, workspaces.c.team_id == team_id))
        .mappings()
        .one_or_none()
    )
    row: dict[str, object] = {"name": name, "bot_user_id": bot_user_id, "removed_at": None}
    sees_all = current["sees_all"] if current else False
    if current is not None and not current["team_id"] and not current["enterprise_id"] and same is None:
        row |= {"enterprise_id": enterprise_id, "team_id": team_id}
        number = current["id"]
    else:
        if current is not None and (same is None or same["id"] != current["id"]):
            session.execute(
                sa.update(workspaces).where(workspaces.c.id == current["id"]).values(by_token=False, sees_all=False)
            )
        number = (
            same["id"]
            if same
            else put(
                session,
                enterprise_id=enterprise_id,
                team_id=team_id,
                name=name,
                bot_user_id=bot_user_id,
                now=now,
            )
        )
        row |= {"by_token": True, "sees_all": sees_all}
    session.execute(sa.update(workspaces).where(workspaces.c.id == number).values(**row))
    return get(session, WorkspaceId(number))


def get(session: Session, workspace_id: WorkspaceId) -> Workspace:
    """The workspace of this number, installed or not.

    Raises:
        NotFoundError: not known.
    """
    row = session.execute(_SELECT.where(workspaces.c.id == workspace_id)).mappings().one_or_none()
    if row is None:
        message = "This workspace is not known."
        raise NotFoundError(message)
    return _read(row)


def find(session: Session, enterprise_id: str, team_id: str) -> Workspace | None:
    """The installation a request of this team belongs to: the team's own, else that of its organisation."""
    candidates = [workspaces.c.team_id == team_id] if team_id else []
    if enterprise_id:
        candidates.append(sa.and_(workspaces.c.enterprise_id == enterprise_id, workspaces.c.team_id == ""))
    if not candidates:
        return None
    row = (
        session.execute(
            _SELECT.where(workspaces.c.removed_at.is_(None), sa.or_(*candidates))
            .order_by(workspaces.c.team_id.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _read(row)


def find_by_token(session: Session) -> Workspace | None:
    """The workspace SLACK_BOT_TOKEN speaks for."""
    row = (
        session.execute(_SELECT.where(workspaces.c.by_token, workspaces.c.removed_at.is_(None)))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _read(row)


def remove(session: Session, workspace_id: WorkspaceId, now: datetime) -> None:
    """Record that the app is no longer installed, and forget which GitHub installations the workspace saw."""
    session.execute(sa.update(workspaces).where(workspaces.c.id == workspace_id).values(removed_at=now))
    session.execute(sa.delete(workspace_installations).where(workspace_installations.c.workspace_id == workspace_id))


def bind(session: Session, workspace_id: WorkspaceId, installation_id: int, actor: Actor, now: datetime) -> bool:
    """Let a workspace see a GitHub installation; False where it does already."""
    statement = insert(workspace_installations).values(
        workspace_id=workspace_id,
        installation_id=installation_id,
        bound_by=actor_codec.encode(actor),
        bound_at=now,
    )
    bound = statement.on_conflict_do_nothing().returning(workspace_installations.c.installation_id)
    return session.execute(bound).first() is not None


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
    stored = session.execute(
        sa.select(workspace_installations.c.bound_by)
        .where(workspace_installations.c.workspace_id == workspace_id)
        .order_by(workspace_installations.c.bound_at)
        .limit(1)
    ).scalar_one_or_none()
    return None if stored is None else actor_codec.decode(stored)


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
        .where(seeing.c.id.in_(list(workspace_ids)), visible_to(seeing.c.id))
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


_SELECT = sa.select(
    workspaces.c.id,
    workspaces.c.enterprise_id,
    workspaces.c.team_id,
    workspaces.c.name,
    workspaces.c.bot_user_id,
    workspaces.c.by_token,
    workspaces.c.sees_all,
    workspaces.c.installed_at,
    sa.or_(workspaces.c.by_token, sa.exists().where(slack_tokens.c.workspace_id == workspaces.c.id)).label("has_token"),
)


def _read(row: sa.RowMapping) -> Workspace:
    return Workspace(
        id=WorkspaceId(row["id"]),
        enterprise_id=row["enterprise_id"],
        team_id=row["team_id"],
        name=row["name"],
        bot_user_id=row["bot_user_id"],
        by_token=row["by_token"],
        sees_all=row["sees_all"],
        installed_at=row["installed_at"],
        has_token=row["has_token"],
    )
