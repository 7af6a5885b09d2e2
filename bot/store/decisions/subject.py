"""What somebody wants to see or to decide about, with its repository and case, read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from bot.analysis.model import WorkspaceId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.store.cases import case as case_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.tables.deciding import policies, quarantines
from bot.store.tables.results import cases, repositories
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import Repository

S_co = TypeVar("S_co", bound=Repository | Case | Quarantine, covariant=True)


@dataclass(frozen=True, slots=True)
class AuthorizationSubject(Generic[S_co]):
    """A repository, a case or a quarantine in its repository; `path` is the file of the case, empty without one.

    `policy_document` is the policy of the repository as JSON, empty without one.
    """

    value: S_co
    repository: Repository
    path: str
    policy_document: str


def find_repository(
    session: Session, workspace_id: WorkspaceId | None, number: int
) -> AuthorizationSubject[Repository] | None:
    """The repository of this number, where the workspace may see it; None as workspace sees all that are present."""
    query = sa.select(*repository_store.COLUMNS, _POLICY).where(repositories.c.id == _id(number))
    row = _find(session, workspace_id, query)
    return (
        None
        if row is None
        else AuthorizationSubject(_repository(row), _repository(row), "", row["policy_document"] or "")
    )


def find_case(session: Session, workspace_id: WorkspaceId | None, number: int) -> AuthorizationSubject[Case] | None:
    """The case of this number, or that goes on under another since it was renamed, where the workspace may see it."""
    query = (
        sa.select(*repository_store.COLUMNS, _POLICY, *case_store.COLUMNS)
        .select_from(case_store.NAMED)
        .join(cases, case_store.GOES_ON)
        .join(repositories, repositories.c.id == cases.c.repository_id)
        .where(case_store.NAMED.c.id == _id(number))
    )
    row = _find(session, workspace_id, query)
    if row is None:
        return None
    case = Case(*(row[column] for column in case_store.COLUMNS))
    return AuthorizationSubject(case, _repository(row), case.file, row["policy_document"] or "")


def find_quarantine(
    session: Session, workspace_id: WorkspaceId | None, number: int
) -> AuthorizationSubject[Quarantine] | None:
    """The quarantine of this number, where the workspace may see it."""
    query = (
        sa.select(*repository_store.COLUMNS, _POLICY, cases.c.file, *quarantines.c)
        .select_from(quarantines)
        .join(
            case_store.NAMED,
            sa.and_(
                case_store.NAMED.c.repository_id == quarantines.c.repository_id,
                case_store.NAMED.c.id == quarantines.c.case_id,
            ),
        )
        .join(cases, case_store.GOES_ON)
        .join(repositories, repositories.c.id == quarantines.c.repository_id)
        .where(quarantines.c.id == _id(number))
    )
    row = _find(session, workspace_id, query)
    if row is None:
        return None
    quarantine = Quarantine(**{column.name: row[column] for column in quarantines.c})
    return AuthorizationSubject(quarantine, _repository(row), row[cases.c.file], row["policy_document"] or "")


def _find(session: Session, workspace_id: WorkspaceId | None, query: sa.Select[Any]) -> sa.RowMapping | None:
    is_present = repositories.c.removed_at.is_(None)
    visible = is_present if workspace_id is None else workspace_store.visible_to(workspace_id)
    return session.execute(query.where(visible)).mappings().one_or_none()


def _id(number: int) -> sa.ColumnElement[int]:
    """A number from Slack, which may be larger than the column."""
    return sa.literal(number, sa.BigInteger())


def _repository(row: sa.RowMapping) -> Repository:
    return Repository(*(row[column] for column in repository_store.COLUMNS))


_POLICY = (
    sa.select(policies.c.document)
    .where(policies.c.repository_id == repositories.c.id)
    .scalar_subquery()
    .label("policy_document")
)
