"""Which repository a person means, among those that their workspace may see."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.request import parser
from bot.commands.request.context import SlackContext
from bot.errors import NotFoundError
from bot.store.database import Session
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.repository import Repository

MOST = 3
"""Repositories that are answered at once where none is named."""
_UNKNOWN = "No repository is connected to this workspace yet; install the GitHub App on one."


def list_visible(context: SlackContext, session: Session) -> Sequence[Repository]:
    """The repositories that the workspace may see, by name."""
    return repository_store.list_by_id(session, context.visible(session))


def find(context: SlackContext, session: Session, name: str) -> Repository:
    """The repository of this name, its last part, or a part of it that only one has.

    Raises:
        NotFoundError: none, or several; the text names the nearest.
    """
    wanted = (parser.repository(name) or name).lower()
    known = {repository.full_name.lower(): repository for repository in list_visible(context, session)}
    if wanted in known:
        return known[wanted]
    fitting = [repository for full_name, repository in known.items() if wanted and wanted in full_name]
    if len(fitting) == 1:
        return fitting[0]
    if not known:
        raise NotFoundError(_UNKNOWN)
    near = parser.closest(wanted, known)
    hint = f"Did you mean {known[near].full_name}?" if near else "Install the GitHub App on it."
    if fitting:
        hint = f"It could be {' or '.join(repository.full_name for repository in fitting[:3])}."
    message = f"No repository {name[:140]} is known here. {hint}"
    raise NotFoundError(message)


def choose(context: SlackContext, session: Session, name: str, most: int) -> Sequence[Repository]:
    """The repository that is named, or the first of all where none is.

    Raises:
        NotFoundError: none is known.
    """
    if name:
        return [find(context, session, name)]
    repositories = list_visible(context, session)[:most]
    if not repositories:
        raise NotFoundError(_UNKNOWN)
    return repositories
