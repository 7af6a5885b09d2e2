"""A webhook delivery: its signature, and the events FlakeGuard acts on. No I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ValidationError

from bot.analysis.model import RepositoryId
from bot.errors import InvalidInputError

MAX_BYTES = 25 * 1024 * 1024
EVENTS = frozenset(
    {
        "installation",
        "installation_repositories",
        "repository",
        "workflow_run",
        "check_run",
        "push",
        "github_app_authorization",
    }
)
"""The events FlakeGuard acts on."""


class _Account(BaseModel):
    login: str
    id: int


class _RepositoryName(BaseModel):
    id: int
    full_name: str
    private: bool = True


class _Repository(_RepositoryName):
    default_branch: str | None = None


class _Installation(BaseModel):
    id: int
    account: _Account | None = None
    suspended_at: AwareDatetime | None = None


class _Base(BaseModel):
    sha: str | None = None


class _PullRequest(BaseModel):
    number: int
    base: _Base | None = None


class _Run(BaseModel):
    id: int
    name: str | None = None
    path: str | None = None
    run_number: int
    run_attempt: int | None = None
    event: str
    status: str | None = None
    conclusion: str | None = None
    head_sha: str
    head_branch: str | None = None
    html_url: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    run_started_at: AwareDatetime | None = None
    pull_requests: list[_PullRequest] | None = None
    head_repository: _RepositoryName | None = None
    actor: _Account | None = None


class _App(BaseModel):
    id: int


class _CheckRun(BaseModel):
    id: int
    name: str
    head_sha: str
    external_id: str | None = None
    app: _App | None = None


class _RequestedAction(BaseModel):
    identifier: str


class _Commit(BaseModel):
    added: list[str] = []
    modified: list[str] = []
    removed: list[str] = []


class _Payload(BaseModel):
    action: str = ""
    installation: _Installation | None = None
    repository: _Repository | None = None
    repositories: list[_RepositoryName] | None = None
    repositories_added: list[_RepositoryName] | None = None
    repositories_removed: list[_RepositoryName] | None = None
    workflow_run: _Run | None = None
    check_run: _CheckRun | None = None
    requested_action: _RequestedAction | None = None
    sender: _Account | None = None
    ref: str = ""
    commits: list[_Commit] = []


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """A repository as a payload names it; the default branch is not always said."""

    id: RepositoryId
    full_name: str
    private: bool
    default_branch: str | None = None


@dataclass(frozen=True, slots=True)
class InstallationEvent:
    """The App was installed, removed, suspended, or let into other repositories."""

    action: str
    installation_id: int
    account: str
    suspended_at: datetime | None
    added: tuple[RepositoryName, ...]
    removed: tuple[RepositoryName, ...]


@dataclass(frozen=True, slots=True)
class RepositoryEvent:
    """A repository was renamed, moved, deleted or changed."""

    action: str
    repository: RepositoryName
    installation_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRunEvent:
    """A run was requested, is in progress, or completed."""

    action: str
    repository: RepositoryName
    installation_id: int | None
    run_id: int
    attempt: int
    number: int
    workflow: str
    workflow_path: str
    event: str
    status: str
    conclusion: str | None
    head_sha: str
    head_branch: str
    head_repository: str | None
    actor: str | None
    base_sha: str | None
    pull_requests: tuple[int, ...]
    url: str
    started_at: datetime
    updated_at: datetime

    @property
    def from_fork(self) -> bool:
        """Whether the code comes from another repository, whose owner need not be trusted."""
        return self.head_repository is not None and self.head_repository != self.repository.full_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRunEvent:
    """Somebody pressed a button of a check run, or asked for it again."""

    action: str
    repository: RepositoryName
    installation_id: int | None
    check_run_id: int
    name: str
    external_id: str
    head_sha: str
    app_id: int | None
    requested: str | None
    sender: str
    sender_id: int | None


@dataclass(frozen=True, slots=True)
class PushEvent:
    """Commits arrived on a branch; `files` are those they touch, as far as GitHub names them."""

    repository: RepositoryName
    installation_id: int | None
    branch: str
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class RevocationEvent:
    """Somebody took back that the App may act for them."""

    github_id: int


Event = InstallationEvent | RepositoryEvent | WorkflowRunEvent | CheckRunEvent | PushEvent | RevocationEvent


def verify(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Whether the body was signed (`sha256=<hex>`) with one of the secrets; takes the same time whichever it is."""
    given = (signature or "").encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(b"sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(), given)
        for secret in secrets
        if secret  # an empty secret is known to everybody
    ]
    return any(matches)


def parse(event: str, body: bytes) -> Event | None:
    """The event a delivery tells of; None for one FlakeGuard does nothing about.

    Raises:
        InvalidInputError: the body is not the JSON GitHub documents for the event.
    """
    if event not in EVENTS:
        return None
    try:
        payload = _Payload.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"The {event} payload cannot be read: {where or 'body'}: {first['msg']}."
        raise InvalidInputError(message) from None
    found = _event(event, payload)
    if found is None:
        message = f"The {event} payload cannot be read: it lacks the object the event is about."
        raise InvalidInputError(message)
    return found


def _event(event: str, payload: _Payload) -> Event | None:
    match event:
        case "installation" | "installation_repositories":
            return _installation(payload)
        case "github_app_authorization":
            return RevocationEvent(payload.sender.id) if payload.sender else None
        case _:
            return _of_repository(event, payload)


def _of_repository(event: str, payload: _Payload) -> Event | None:
    if payload.repository is None:
        return None
    repository = RepositoryName(
        RepositoryId(payload.repository.id),
        payload.repository.full_name,
        payload.repository.private,
        payload.repository.default_branch,
    )
    installation_id = payload.installation.id if payload.installation else None
    match event:
        case "repository":
            return RepositoryEvent(payload.action, repository, installation_id)
        case "push":
            files = (name for one in payload.commits for name in (*one.added, *one.modified, *one.removed))
            return PushEvent(repository, installation_id, payload.ref.removeprefix("refs/heads/"), frozenset(files))
        case "workflow_run" if payload.workflow_run is not None:
            return _workflow_run(payload.action, repository, installation_id, payload.workflow_run)
        case "check_run" if payload.check_run is not None:
            return _check_run(payload, repository, installation_id, payload.check_run)
        case _:
            return None


def _check_run(
    payload: _Payload, repository: RepositoryName, installation_id: int | None, check: _CheckRun
) -> CheckRunEvent:
    return CheckRunEvent(
        action=payload.action,
        repository=repository,
        installation_id=installation_id,
        check_run_id=check.id,
        name=check.name,
        external_id=check.external_id or "",
        head_sha=check.head_sha,
        app_id=check.app.id if check.app else None,
        requested=payload.requested_action.identifier if payload.requested_action else None,
        sender=payload.sender.login if payload.sender else "",
        sender_id=payload.sender.id if payload.sender else None,
    )


def _installation(payload: _Payload) -> InstallationEvent | None:
    if payload.installation is None:
        return None
    account = payload.installation.account
    return InstallationEvent(
        action=payload.action,
        installation_id=payload.installation.id,
        account=account.login if account else "",
        suspended_at=payload.installation.suspended_at,
        added=_names([*(payload.repositories or []), *(payload.repositories_added or [])]),
        removed=_names(payload.repositories_removed or []),
    )


def _names(found: list[_RepositoryName]) -> tuple[RepositoryName, ...]:
    return tuple(RepositoryName(RepositoryId(one.id), one.full_name, one.private) for one in found)


def _workflow_run(action: str, repository: RepositoryName, installation_id: int | None, run: _Run) -> WorkflowRunEvent:
    pulls = run.pull_requests or []
    base = pulls[0].base if pulls else None
    return WorkflowRunEvent(
        action=action,
        repository=repository,
        installation_id=installation_id,
        run_id=run.id,
        attempt=run.run_attempt or 1,
        number=run.run_number,
        workflow=run.name or "",
        workflow_path=run.path or run.name or "",
        event=run.event,
        status=run.status or "",
        conclusion=run.conclusion,
        head_sha=run.head_sha,
        head_branch=run.head_branch or "",
        head_repository=run.head_repository.full_name if run.head_repository else None,
        actor=run.actor.login if run.actor else None,
        base_sha=base.sha if base else None,
        pull_requests=tuple(one.number for one in pulls),
        url=run.html_url,
        started_at=run.run_started_at or run.created_at,
        updated_at=run.updated_at,
    )
