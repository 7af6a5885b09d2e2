"""What a request is about, as far as the person who asks may see it; every command and button comes through here."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import CaseId, Channel, QuarantineId, RepositoryId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.commands import parser
from bot.commands.context import Body, Door, now
from bot.errors import NotFoundError
from bot.queries import access
from bot.queries import case as profiles
from bot.services import notice
from bot.store.conversation import notice as notice_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.repository import Repository

MOST = 3
"""Repositories that are answered at once where none is named."""
_UNKNOWN = "No repository is connected to this workspace yet; install the GitHub App on one."


def visible(door: Door, session: Session) -> Sequence[Repository]:
    """The repositories that the workspace may see, by name."""
    return repository_store.list_by_id(session, door.visible(session))


def case(door: Door, body: Body, session: Session, case_id: CaseId) -> CaseProfile:
    """The case a request is about; the card it was pressed on is adopted where nobody remembers it.

    Raises:
        NotFoundError: not known, or not this workspace's to see.
    """
    found = access.require_case(session, door.workspace, case_id)
    _adopt(door, body, session, found.id, case_id)
    return profiles.of_case(session, case_id, now())


def quarantine(door: Door, body: Body, session: Session, quarantine_id: QuarantineId) -> Quarantine:
    """The quarantine a request is about; the card it was pressed on is adopted where nobody remembers it.

    Raises:
        NotFoundError: not known, or not this workspace's to see.
    """
    access.require_quarantine(session, door.workspace, quarantine_id)
    held = quarantine_store.get(session, quarantine_id)
    _adopt(door, body, session, held.repository_id, held.case_id)
    return held


def named(door: Door, session: Session, name: str) -> Repository:
    """The repository of this name, its last part, or a part of it that only one has.

    Raises:
        NotFoundError: none, or several; the text names the nearest.
    """
    wanted = (parser.repository(name) or name).lower()
    known = {one.full_name.lower(): one for one in visible(door, session)}
    if wanted in known:
        return known[wanted]
    fitting = [one for full_name, one in known.items() if wanted and wanted in full_name]
    if len(fitting) == 1:
        return fitting[0]
    if not known:
        raise NotFoundError(_UNKNOWN)
    near = parser.closest(wanted, known)
    hint = f"Did you mean {known[near].full_name}?" if near else "Install the GitHub App on it."
    if fitting:
        hint = f"It could be {' or '.join(one.full_name for one in fitting[:3])}."
    message = f"No repository {name[:140]} is known here. {hint}"
    raise NotFoundError(message)


def chosen(door: Door, session: Session, name: str, most: int) -> Sequence[Repository]:
    """The repository that is named, or the first of all where none is.

    Raises:
        NotFoundError: none is known.
    """
    if name:
        return [named(door, session, name)]
    found = visible(door, session)[:most]
    if not found:
        raise NotFoundError(_UNKNOWN)
    return found


def _adopt(door: Door, body: Body, session: Session, repository_id: RepositoryId, case_id: CaseId) -> None:
    """Remember a card that was posted and then forgotten by a crash, so that no second one is posted."""
    if not body.is_card_of(case_id) or not body.where:
        return
    channel = Channel(door.workspace.id, body.where)
    key = notice.card_key(repository_id, case_id, channel)
    if notice_store.put_message(
        session,
        key,
        channel=channel,
        ts=body.container.message_ts,
        now=now(),
        repository_id=repository_id,
        case_id=case_id,
    ):
        notice.card(session, repository_id, case_id, channel, now())
