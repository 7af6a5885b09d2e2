"""What somebody wants to see or to decide about, with its repository and case, read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from bot.analysis.model import CaseId, RepositoryId, WorkspaceId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.tables.deciding import policies, quarantines
from bot.store.tables.results import cases, repositories
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import Repository

S_co = TypeVar("S_co", bound=Repository | Case | Quarantine, covariant=True)


@dataclass(frozen=True, slots=True)
class Subject(Generic[S_co]):
    """A repository, a case or a quarantine in its repository; `path` is the file of the case, empty without one.

    `policy_document` is the policy of the repository as JSON, empty without one.
    """

    value: S_co
    repository: Repository
    path: str
    policy_document: str


def find_repository(session: Session, workspace_id: WorkspaceId | None, number: int) -> Subject[Repository] | None:
    """The repository of this number, where the workspace may see it; None as workspace sees all that are present."""
    row = (
        session.execute(
            sa.select(*_REPOSITORY, _POLICY).where(repositories.c.id == _id(number), _is_present(workspace_id))
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    repository = _read_repository(row)
    return Subject(repository, repository, "", row["policy_document"] or "")


def find_case(session: Session, workspace_id: WorkspaceId | None, number: int) -> Subject[Case] | None:
    """The case of this number, or that goes on under another since it was renamed, where the workspace may see it."""
    statement = (
        sa.select(*_REPOSITORY, _POLICY, *_CASE)
        .select_from(_named)
        .join(cases, _GOES_ON)
        .join(repositories, repositories.c.id == cases.c.repository_id)
    )
    row = (
        session.execute(statement.where(_named.c.id == _id(number), _is_present(workspace_id))).mappings().one_or_none()
    )
    if row is None:
        return None
    case = _read_case(row)
    return Subject(case, _read_repository(row), case.file, row["policy_document"] or "")


def find_quarantine(session: Session, workspace_id: WorkspaceId | None, number: int) -> Subject[Quarantine] | None:
    """The quarantine of this number, where the workspace may see it."""
    statement = (
        sa.select(*_REPOSITORY, _POLICY, cases.c.file, *quarantines.c)
        .select_from(quarantines)
        .join(
            _named,
            sa.and_(_named.c.repository_id == quarantines.c.repository_id, _named.c.id == quarantines.c.case_id),
        )
        .join(cases, _GOES_ON)
        .join(repositories, repositories.c.id == quarantines.c.repository_id)
    )
    statement = statement.where(quarantines.c.id == _id(number), _is_present(workspace_id))
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    quarantine = quarantine_store.read({column.name: row[column] for column in quarantines.c})
    return Subject(quarantine, _read_repository(row), row[cases.c.file], row["policy_document"] or "")


def _id(number: int) -> sa.ColumnElement[int]:
    """A number from Slack, which may be larger than the column."""
    return sa.literal(number, sa.BigInteger())


def _is_present(workspace_id: WorkspaceId | None) -> sa.ColumnElement[bool]:
    return repositories.c.removed_at.is_(None) if workspace_id is None else workspace_store.visible_to(workspace_id)


_named = cases.alias("named")
_GOES_ON = sa.and_(
    cases.c.repository_id == _named.c.repository_id,
    cases.c.id == sa.func.coalesce(_named.c.renamed_into, _named.c.id),
)
_REPOSITORY = (
    repositories.c.id,
    repositories.c.installation_id,
    repositories.c.full_name,
    repositories.c.default_branch,
)
_POLICY = (
    sa.select(policies.c.document)
    .where(policies.c.repository_id == repositories.c.id)
    .scalar_subquery()
    .label("policy_document")
)
_CASE = (cases.c.id, cases.c.repository_id, cases.c.uid, cases.c.title, cases.c.first_seen_at, cases.c.file)


def _read_repository(values: sa.RowMapping) -> Repository:
    return Repository(RepositoryId(values[repositories.c.id]), *(values[column] for column in _REPOSITORY[1:]))


def _read_case(values: sa.RowMapping) -> Case:
    return Case(
        id=CaseId(values[cases.c.id]),
        repository_id=RepositoryId(values[cases.c.repository_id]),
        uid=values[cases.c.uid],
        title=values[cases.c.title],
        first_seen_at=values[cases.c.first_seen_at],
        file=values[cases.c.file],
    )
