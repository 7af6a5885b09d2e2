"""Who may see what, and who may decide: the one guard of every command, button, modal, menu and page."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.model import CaseId, QuarantineId, RepositoryId
from bot.errors import NotFoundError
from bot.store import cases, quarantines, repositories, workspaces
from bot.store.database import Session
from bot.store.repositories import Repository
from bot.store.workspaces import Workspace

_UNSEEN = "This is not known here. It was removed, or it belongs to a repository this workspace is not connected to."


def visible(session: Session, workspace: Workspace) -> Sequence[RepositoryId]:
    """The repositories a workspace may see, by name: those of the GitHub installations it is linked to."""
    return workspaces.list_visible(session, workspace.id)


def require_visible(session: Session, workspace: Workspace, repository_id: RepositoryId) -> Repository:
    """The repository, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's; which of them is not told.
    """
    if not workspaces.is_visible(session, workspace.id, repository_id):
        raise NotFoundError(_UNSEEN)
    return repositories.get(session, repository_id)


def require_case(session: Session, workspace: Workspace, case_id: CaseId) -> Repository:
    """The repository of a case, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's.
    """
    case = cases.find(session, case_id)
    if case is None:
        raise NotFoundError(_UNSEEN)
    return require_visible(session, workspace, case.repository_id)


def require_quarantine(session: Session, workspace: Workspace, quarantine_id: QuarantineId) -> Repository:
    """The repository of a quarantine, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's.
    """
    try:
        held = quarantines.get(session, quarantine_id)
    except NotFoundError:
        raise NotFoundError(_UNSEEN) from None
    return require_visible(session, workspace, held.repository_id)


def find_repository(session: Session, workspace: Workspace, name: str) -> Repository:
    """The repository called `owner/name`, where the workspace may see it.

    Raises:
        NotFoundError: unknown, or another workspace's.
    """
    found = repositories.find_by_name(session, name)
    if found is None or not workspaces.is_visible(session, workspace.id, found.id):
        message = f"No repository {name} is known here. Install the GitHub App on it, and connect it to this workspace."
        raise NotFoundError(message)
    return found
