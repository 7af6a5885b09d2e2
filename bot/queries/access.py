"""Who may see what, and who may decide: the one guard of every command, button, modal, menu and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from bot.analysis.model import SYSTEM, Actor, CaseId, QuarantineId, RepositoryId
from bot.analysis.quarantine import owner
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.quarantine.policy import ApprovalRule, Policy
from bot.errors import NotAllowedError, NotFoundError
from bot.queries import policy
from bot.store.cases import case as case_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import Link, Permission
from bot.store.workspaces.repository import Repository
from bot.store.workspaces.workspace import Workspace

PERMISSION_LIFE: Final = timedelta(minutes=5)
"""How long what GitHub said of a person's permission may be gone by."""
_WRITERS = frozenset({"admin", "write"})

_UNSEEN = "This is not known here. It was removed, or it belongs to a repository this workspace is not connected to."


S_co = TypeVar("S_co", Repository, Case, Quarantine, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized(Generic[S_co]):
    """A decision somebody may make, with everything the decision needs; nothing below loads it again.

    `path` is the file of the case, by which the policy has rules; empty for a repository. `workspace` is None for
    what does not come from Slack.
    """

    actor: Actor
    repository: Repository
    subject: S_co
    policy: Policy
    path: str
    workspace: Workspace | None

    @property
    def approval(self) -> ApprovalRule:
        """Who may approve a quarantine of the case."""
        return self.policy.approval.rule(self.path)


def as_system(session: Session, repository_id: RepositoryId, subject: S_co) -> Authorized[S_co]:
    """What FlakeGuard itself does by its own rules: nobody has to be asked."""
    match subject:
        case Quarantine():
            path = case_store.get(session, repository_id, subject.case_id).file
        case Case():
            path = subject.file
        case _:
            path = ""
    return Authorized(
        actor=SYSTEM,
        repository=repository_store.get(session, repository_id),
        subject=subject,
        policy=policy.of_repository(session, repository_id),
        path=path,
        workspace=None,
    )


def visible(session: Session, workspace: Workspace) -> Sequence[RepositoryId]:
    """The repositories a workspace may see, by name: those of the GitHub installations it is linked to."""
    return workspace_store.list_visible(session, workspace.id)


def require_visible(session: Session, workspace: Workspace, repository_id: RepositoryId) -> Repository:
    """The repository, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's; which of them is not told.
    """
    if not workspace_store.is_visible(session, workspace.id, repository_id):
        raise NotFoundError(_UNSEEN)
    return repository_store.get(session, repository_id)


def require_case(session: Session, workspace: Workspace, case_id: CaseId) -> Repository:
    """The repository of a case, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's.
    """
    case = case_store.find(session, case_id)
    if case is None:
        raise NotFoundError(_UNSEEN)
    return require_visible(session, workspace, case.repository_id)


def require_quarantine(session: Session, workspace: Workspace, quarantine_id: QuarantineId) -> Repository:
    """The repository of a quarantine, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's.
    """
    try:
        held = quarantine_store.get(session, quarantine_id)
    except NotFoundError:
        raise NotFoundError(_UNSEEN) from None
    return require_visible(session, workspace, held.repository_id)


class NotLinkedError(NotAllowedError):
    """The person has no linked GitHub account (any more), which what they want needs."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a person who wants to decide: their link and permission, or that a group vouches for them."""

    link: Link | None = None
    permission: Permission | None = None
    by_group: bool = False

    def suffices(self, teams: tuple[tuple[str, str], ...], now: datetime) -> bool:
        """Whether it need not be fetched anew: fresh, and neither permission nor one of `teams` is wanting."""
        held = self.permission
        if held is None or not self.may_write(now):
            return False
        return not teams or any(f"{organisation}/{team}" in held.teams for organisation, team in teams)

    def may_write(self, now: datetime) -> bool:
        """Whether the permission is one to write, and was fetched lately enough to go by."""
        held = self.permission
        if held is None or held.permission not in _WRITERS:
            return False
        return timedelta() <= now - held.fetched_at < PERMISSION_LIFE


def find_standing(session: Session, workspace: Workspace, slack_user: str, repository_id: RepositoryId) -> Standing:
    """A person's standing as it is stored; the permission may be too old to go by.

    Raises:
        NotLinkedError: the person has not linked a GitHub account.
    """
    link = account_link_store.find(session, workspace.id, slack_user)
    if link is None:
        raise NotLinkedError(UNLINKED)
    return Standing(link, account_link_store.find_permission(session, repository_id, link.github_id))


def login_of(session: Session, workspace: Workspace, slack_user: str) -> str:
    """The GitHub login a person is linked with; empty where they are not."""
    link = account_link_store.find(session, workspace.id, slack_user)
    return link.github_login if link else ""


def teams_asked_for(session: Session, case_id: CaseId) -> tuple[tuple[str, str], ...]:
    """The teams, as (organisation, slug), of which an approver of this case may have to be in one."""
    return owner.teams(_owners_needed(session, case_id))


def require_entitled(
    session: Session, workspace: Workspace, actor: Actor, repository_id: RepositoryId, standing: Standing, now: datetime
) -> Actor:
    """The person as whom a click acts: may write to the repository, by a link that still holds.

    Raises:
        NotLinkedError: the link was taken away meanwhile.
        NotAllowedError: no write permission.
    """
    require_visible(session, workspace, repository_id)
    if standing.by_group:
        return actor
    link = account_link_store.lock(session, workspace.id, actor.id)
    if link is None or link != standing.link:
        raise NotLinkedError(UNLINKED)
    if not standing.may_write(now):
        name = repository_store.get(session, repository_id).full_name
        message = f"This needs write access to {name} on GitHub, which @{link.github_login} does not have."
        raise NotAllowedError(message)
    return replace(actor, github_login=link.github_login)


def require_approver(
    session: Session, workspace: Workspace, actor: Actor, case_id: CaseId, standing: Standing, now: datetime
) -> Actor:
    """The person as whom a quarantine is decided: may write, and owns the path where the policy asks for an owner.

    That somebody else has to approve than proposed is for the move itself to say.

    Raises:
        NotLinkedError: the link was taken away meanwhile.
        NotAllowedError: no write permission, or no owner.
    """
    case = case_store.find(session, case_id)
    if case is None:
        raise NotFoundError(_UNSEEN)
    entitled = require_entitled(session, workspace, actor, case.repository_id, standing, now)
    needed = _owners_needed(session, case_id)
    teams = standing.permission.teams if standing.permission else frozenset()
    if needed and not standing.by_group and not owner.includes(needed, entitled.github_login, teams):
        message = f"{case.file} has owners, and the policy asks for one of them: {', '.join(needed)}."
        raise NotAllowedError(message)
    return entitled


def _owners_needed(session: Session, case_id: CaseId) -> tuple[str, ...]:
    case = case_store.find(session, case_id)
    if case is None or not policy.rule(session, case.repository_id, case.file).owners:
        return ()
    return policy.owners_of(session, case.repository_id, case.file)


UNLINKED: Final = "Link your GitHub account first: what you decide here is done as you, with your permission there."
