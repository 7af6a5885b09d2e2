"""Who may see what, and who may decide: the one authorization of every command, button, modal, menu and page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, Generic, TypeVar

from bot.analysis.model import Actor, ActorKind, RepositoryId, WorkspaceId
from bot.analysis.quarantine import owner
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.quarantine.policy import ApprovalRequirements, Policy
from bot.errors import FlakeGuardError, NotAllowedError, NotFoundError
from bot.queries import policy as policy_query
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.decisions import subject as subject_store
from bot.store.decisions.subject import AuthorizationSubject
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import StoredPermission
from bot.store.workspaces.repository import Repository
from bot.store.workspaces.workspace import Workspace

PERMISSION_LIFE: Final = timedelta(minutes=5)
"""How long a permission that GitHub reported is valid (ADR 12)."""
UNLINKED: Final = "Link your GitHub account first: what you decide here is done as you, with your permission there."
_WRITERS: Final = frozenset({"admin", "write"})
_UNSEEN: Final = (
    "This is not known here. It was removed, or it belongs to a repository this workspace is not connected to."
)
S = TypeVar("S", bound=Repository | Case | Quarantine)
S_co = TypeVar("S_co", bound=Repository | Case | Quarantine, covariant=True)


class Permission(StrEnum):
    """What a request needs of the person: to see the repository, to write to it, or to approve a quarantine in it."""

    SEE = "see"
    WRITE = "write"
    APPROVE = "approve"


class PermissionSource(StrEnum):
    """What a permission rests on: the cache, GitHub's answer of just now, or an approver group that vouches.

    Groups decide where nobody can link an account.
    """

    CACHE = "cache"
    GITHUB = "github"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class About(Generic[S_co]):
    """A kind of subject, and how one of this number is found where a workspace may see it."""

    find: Callable[[Session, WorkspaceId | None, int], AuthorizationSubject[S_co] | None]

    REPOSITORY: ClassVar[About[Repository]]
    CASE: ClassVar[About[Case]]
    QUARANTINE: ClassVar[About[Quarantine]]


About.REPOSITORY = About(subject_store.find_repository)
About.CASE = About(subject_store.find_case)
About.QUARANTINE = About(subject_store.find_quarantine)


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
    def approval(self) -> ApprovalRequirements:
        """Who may approve a quarantine of the case."""
        return self.policy.approval.requirements(self.path)


@dataclass(frozen=True, slots=True)
class GitHubAccount:
    """A GitHub account. Its number stays; its login can be renamed and then taken by somebody else."""

    id: int
    login: str


class NotLinkedError(NotAllowedError):
    """The person has no linked GitHub account (any more), which what they want needs."""


class PermissionUnknownError(FlakeGuardError):
    """The cached permission is too old or does not suffice: ask GitHub, store its answer, authorize again.

    `teams` are (organisation, slug) of the teams that own the path.
    """

    def __init__(self, account: GitHubAccount, repository: Repository, teams: tuple[tuple[str, str], ...]) -> None:
        super().__init__(f"The permission of @{account.login} in {repository.full_name} has to be read from GitHub.")
        self.account = account
        self.repository = repository
        self.teams = teams


def authorize(
    session: Session,
    workspace: Workspace,
    person: Actor,
    about: About[S],
    number: int,
    needs: Permission,
    now: datetime,
    *,
    source: PermissionSource = PermissionSource.CACHE,
) -> Authorized[S]:
    """Decide whether a person of Slack may do something about the subject of this number.

    Raises:
        NotFoundError: the subject is unknown, or another workspace's; the text does not say which.
        NotLinkedError: the person has no linked GitHub account.
        NotAllowedError: the person may not write, or is no owner where the policy asks for one.
        PermissionUnknownError: GitHub has to be asked first.
    """
    subject = _require(about.find(session, workspace.id, number))
    linked = account_link_store.lock_with_permission(session, workspace.id, person.id, subject.repository.id)
    link, permission = linked or (None, None)
    actor = replace(person, github_login=link.github_login if link else "")
    authorized = _authorized(actor, subject, workspace)
    if needs is not Permission.SEE and source is not PermissionSource.GROUP:
        if link is None:
            raise NotLinkedError(UNLINKED)
        account = GitHubAccount(link.github_id, link.github_login)
        _check(session, account, permission, authorized, needs, now, source)
    return authorized


def authorize_account(
    session: Session,
    account: GitHubAccount,
    about: About[S],
    number: int,
    needs: Permission,
    now: datetime,
    *,
    source: PermissionSource = PermissionSource.CACHE,
) -> Authorized[S]:
    """Decide the same for somebody who acts on GitHub, by the number of their account.

    Raises:
        NotFoundError: the subject is unknown.
        NotAllowedError: the account may not write, or is no owner where the policy asks for one.
        PermissionUnknownError: GitHub has to be asked first.
    """
    subject = _require(about.find(session, None, number))
    permission = account_link_store.find_permission(session, subject.repository.id, account.id)
    authorized = _authorized(Actor(ActorKind.GITHUB, account.login, account.login), subject, None)
    if needs is not Permission.SEE:
        _check(session, account, permission, authorized, needs, now, source)
    return authorized


def visible(session: Session, workspace: Workspace) -> Sequence[RepositoryId]:
    """The repositories a workspace may see, by name: those of the GitHub installations it is linked to."""
    return workspace_store.list_visible(session, workspace.id)


def require(session: Session, workspace: Workspace, about: About[S], number: int) -> Repository:
    """The repository of the subject of this number, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's; the text does not say which.
    """
    return _require(about.find(session, workspace.id, number)).repository


def _authorized(actor: Actor, subject: AuthorizationSubject[S], workspace: Workspace | None) -> Authorized[S]:
    return Authorized(
        actor=actor,
        repository=subject.repository,
        subject=subject.value,
        policy=policy_query.decode(subject.policy_document),
        path=subject.path,
        workspace=workspace,
    )


def _require(subject: AuthorizationSubject[S] | None) -> AuthorizationSubject[S]:
    if subject is None:
        raise NotFoundError(_UNSEEN)
    return subject


def _check(
    session: Session,
    account: GitHubAccount,
    permission: StoredPermission | None,
    authorized: Authorized[S],
    needs: Permission,
    now: datetime,
    source: PermissionSource,
) -> None:
    """Raise unless the account may do it. That a proposer may not approve is for the move itself to say."""
    repository, path = authorized.repository, authorized.path
    owners: tuple[str, ...] = ()
    if needs is Permission.APPROVE and authorized.approval.owners:
        owners = policy_query.owners_of(session, repository.id, path)
    is_fresh = permission is not None and timedelta() <= now - permission.fetched_at < PERMISSION_LIFE
    may_write = permission is not None and permission.permission in _WRITERS
    teams_of = permission.teams if permission is not None else frozenset[str]()
    is_owner = not owners or owner.includes(owners, account.login, teams_of)
    if is_fresh and may_write and is_owner:
        return
    teams = owner.teams(owners)
    if source is PermissionSource.CACHE and not (is_fresh and may_write and not teams):
        raise PermissionUnknownError(account, repository, teams)
    if not is_fresh:  # the link was changed while GitHub was asked about the former account
        raise NotLinkedError(UNLINKED)
    if not may_write:
        message = f"This needs write access to {repository.full_name} on GitHub, which @{account.login} lacks."
        raise NotAllowedError(message)
    message = f"{path} has owners, and the policy asks for one of them: {', '.join(owners)}."
    raise NotAllowedError(message)
