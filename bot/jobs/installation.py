"""Handles the events by which installations and repositories are kept up to date."""

from __future__ import annotations

from collections.abc import Iterable

from bot.github.schema import RepositoryObject
from bot.github.webhook.event import InstallationEvent, InstallationRepositoriesEvent, RepositoryEvent
from bot.jobs.context import Context
from bot.store.database import Session
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import RepositoryDetails


def on_installation(context: Context, event: InstallationEvent) -> None:
    """Record that the App was installed, suspended or removed."""
    installation = event.installation
    with context.db.begin() as session:
        if event.action == "deleted":
            repository_store.delete_installation(session, installation.id, context.clock())
            workspace_store.unbind(session, installation.id)
            return
        repository_store.put_installation(
            session, installation.id, installation.login, suspended_at=installation.suspended_at
        )
        put(session, installation.id, event.repositories or ())


def on_repositories(context: Context, event: InstallationRepositoriesEvent) -> None:
    """Record the repositories that an installation got or lost."""
    installation = event.installation
    with context.db.begin() as session:
        repository_store.put_installation(
            session, installation.id, installation.login, suspended_at=installation.suspended_at
        )
        put(session, installation.id, event.repositories_added or ())
        removed = [repository.id for repository in event.repositories_removed or ()]
        repository_store.remove(session, removed, context.clock())


def on_repository(context: Context, event: RepositoryEvent) -> None:
    """Record that a repository was renamed, transferred, changed or deleted."""
    with context.db.begin() as session:
        if event.action == "deleted":
            repository_store.remove(session, [event.repository.id], context.clock())
        else:
            put(session, event.installation_id, [event.repository])


def put(session: Session, installation_id: int | None, repositories: Iterable[RepositoryObject]) -> None:
    """Record repositories as a payload shows them."""
    details = [
        RepositoryDetails(repository.id, repository.full_name, repository.default_branch, repository.private)
        for repository in repositories
    ]
    repository_store.put_all(session, installation_id, details)
