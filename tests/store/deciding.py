"""Deciding about quarantines as somebody whose permission is not the question."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.model import Actor, CaseId, Channel, QuarantineId, RepositoryId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.quarantine.proposal import Proposal
from bot.queries import policy as policy_query
from bot.queries.access import Authorized, S
from bot.services import quarantine
from bot.store.cases import case as case_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.repository import Repository


def propose(
    session: Session,
    repository_id: RepositoryId,
    proposal: Proposal,
    actor: Actor,
    now: datetime,
    *,
    channel: Channel | None = None,
) -> QuarantineId:
    """Propose a quarantine."""
    authorized = authorize(session, repository_store.get(session, repository_id), "", actor)
    return quarantine.propose(session, authorized, proposal, now, channel=channel)


def of_quarantine(session: Session, quarantine_id: QuarantineId, actor: Actor) -> Authorized[Quarantine]:
    """Somebody who may decide about a quarantine."""
    subject = quarantine_store.get(session, quarantine_id)
    return authorize(session, subject, case_store.get(session, subject.repository_id, subject.case_id).file, actor)


def of_case(session: Session, repository_id: RepositoryId, case_id: CaseId, actor: Actor) -> Authorized[Case]:
    """Somebody who may decide about a case."""
    subject = case_store.get(session, repository_id, case_id)
    return authorize(session, subject, subject.file, actor)


def approve(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime) -> None:
    """Approve a quarantine."""
    quarantine.approve(session, of_quarantine(session, quarantine_id, actor), now)


def authorize(session: Session, subject: S, path: str, actor: Actor) -> Authorized[S]:
    """Authorize somebody for a subject at a path, whatever their permission."""
    repository_id = subject.id if isinstance(subject, Repository) else subject.repository_id
    return Authorized(
        actor=actor,
        repository=repository_store.get(session, repository_id),
        subject=subject,
        policy=policy_query.of_repository(session, repository_id),
        path=path,
        workspace=None,
    )
