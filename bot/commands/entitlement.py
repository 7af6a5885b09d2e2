"""Acting as oneself: a click is done as the linked GitHub account, with its permission at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.analysis.model import Actor, CaseId, QuarantineId, RepositoryId
from bot.commands.context import Body, Door, now
from bot.errors import NotAllowedError
from bot.github.client import Target
from bot.queries import access
from bot.queries.access import Standing
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.account_link import Permission

_NOBODY = (
    "Nobody can decide here yet. Whoever runs FlakeGuard has to set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, "
    "so that people can link their GitHub accounts, or APPROVER_GROUPS."
)
_NOT_IN_GROUP = "Only members of the approver groups can do this."


@contextmanager
def entitled(door: Door, body: Body, repository_id: RepositoryId) -> Iterator[tuple[Session, Actor]]:
    """A transaction, and the person as whom to act in it: somebody who may write to the repository.

    Raises:
        NotLinkedError: the person has no linked GitHub account; they are invited to link it.
        NotAllowedError: they may not write.
    """
    standing = _standing(door, body, repository_id, None)
    with door.db.begin() as session:
        yield session, access.require_entitled(session, door.workspace, body.actor, repository_id, standing, now())


@contextmanager
def approving(door: Door, body: Body, quarantine_id: QuarantineId) -> Iterator[tuple[Session, Actor]]:
    """A transaction, and the person as whom to decide on a quarantine in it: an approver of its path.

    Raises:
        NotLinkedError: the person has no linked GitHub account; they are invited to link it.
        NotAllowedError: they may not write, or are no owner where the policy asks for one.
    """
    with door.db.begin() as session:
        held = quarantine_store.get(session, quarantine_id)
    standing = _standing(door, body, held.repository_id, held.case_id)
    with door.db.begin() as session:
        yield session, access.require_approver(session, door.workspace, body.actor, held.case_id, standing, now())


def _standing(door: Door, body: Body, repository_id: RepositoryId, case_id: CaseId | None) -> Standing:
    """What is known of a person, fetched anew where it is too old or does not suffice; no transaction is open then."""
    if not door.setup.linking:
        if not door.approver_groups:
            raise NotAllowedError(_NOBODY)
        team_id = body.team or None if door.workspace.is_organisation else None
        if not any(body.actor.id in door.slack.group_members(group, team_id=team_id) for group in door.approver_groups):
            raise NotAllowedError(_NOT_IN_GROUP)
        return Standing(by_group=True)
    with door.db.begin() as session:
        repository = access.require_visible(session, door.workspace, repository_id)
        standing = access.find_standing(session, door.workspace, body.actor.id, repository_id)
        teams = access.teams_asked_for(session, case_id) if case_id is not None else ()
    return standing if standing.suffices(teams, now()) else _fetched(door, standing, repository, teams)


def _fetched(
    door: Door, standing: Standing, repository: repository_store.Repository, teams: tuple[tuple[str, str], ...]
) -> Standing:
    link = standing.link
    if door.github is None or repository.installation_id is None or link is None:
        raise NotAllowedError(_NOBODY)
    target = Target(repository.installation_id, repository.full_name)
    fetched_at = now()
    permission = Permission(
        door.github.permission_of(target, link.github_login, link.github_id),
        frozenset(
            f"{org}/{team}" for org, team in teams if door.github.is_in_team(target, org, team, link.github_login)
        ),
        fetched_at,
    )
    with door.db.begin() as session:
        account_link_store.put_permission(session, repository.id, link.github_id, permission)
    return replace(standing, permission=permission)
