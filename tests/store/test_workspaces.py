"""Workspaces, what they see, their tokens, and the steps of linking, on the real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.analysis.model import Actor, ActorKind, RepositoryId, WorkspaceId
from bot.errors import ConflictError, NotFoundError
from bot.queries import access
from bot.queries.access import About
from bot.services import account_link
from bot.store.database import Database, Session
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import token as token_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import AccountLink
from bot.store.workspaces.token import StoredToken

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CHLOE = Actor(ActorKind.GITHUB, "chloe", "chloe")


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.begin() as opened:
        yield opened


def put(session: Session, enterprise_id: str, team_id: str) -> WorkspaceId:
    return workspace_store.put(
        session, enterprise_id=enterprise_id, team_id=team_id, name=team_id, bot_user_id="U1", now=NOW
    )


def test_a_request_belongs_to_its_team_else_to_its_organisation(session: Session) -> None:
    organisation, team = put(session, "E1", ""), put(session, "E1", "T1")
    other = put(session, "", "T9")
    for enterprise_id, team_id, expected in (("E1", "T1", team), ("E1", "T2", organisation), ("", "T9", other)):
        found = workspace_store.find(session, enterprise_id, team_id)
        assert found is not None
        assert found.id == expected
    assert workspace_store.find(session, "E2", "T2") is None
    assert workspace_store.find(session, "", "") is None


def test_the_token_of_the_settings_keeps_its_workspace_and_moves_to_another(session: Session) -> None:
    unknown = workspace_store.put_by_token(session, sees_all=True, now=NOW)
    assert not unknown.is_known
    known = workspace_store.identify(session, enterprise_id="", team_id="T1", name="Acme", bot_user_id="U1", now=NOW)
    assert (known.id, known.team_id, known.sees_all) == (unknown.id, "T1", True)
    assert workspace_store.put_by_token(session, sees_all=True, now=NOW).id == known.id
    moved = workspace_store.identify(session, enterprise_id="", team_id="T2", name="New", bot_user_id="U2", now=NOW)
    assert moved.id != known.id
    assert moved.sees_all
    assert not workspace_store.get(session, known.id).by_token
    assert not workspace_store.get(session, known.id).sees_all


def test_a_workspace_sees_what_it_is_bound_to_until_it_or_the_installation_goes(session: Session) -> None:
    for number, installation in ((1, 10), (2, 20)):
        repository_store.put(
            session,
            RepositoryId(number),
            installation_id=installation,
            full_name=f"acme/{number}",
            default_branch="main",
            private=True,
        )
    here = workspace_store.get(session, put(session, "", "T1"))
    assert access.visible(session, here) == []
    assert workspace_store.bind(session, here.id, [10], CHLOE, NOW)
    assert not workspace_store.bind(session, here.id, [10], CHLOE, NOW)
    assert access.visible(session, here) == [1]
    with pytest.raises(NotFoundError) as unseen:
        access.require(session, here, About.REPOSITORY, 2)
    with pytest.raises(NotFoundError) as unknown:
        access.require(session, here, About.REPOSITORY, 3)
    assert str(unseen.value) == str(unknown.value), "the answer tells that it exists"
    workspace_store.unbind(session, 10)
    assert access.visible(session, here) == []
    workspace_store.bind(session, here.id, [20], CHLOE, NOW)
    workspace_store.remove(session, here.id, NOW)
    assert access.visible(session, here) == []


def test_only_one_renews_a_token_and_one_that_dies_over_it_does_not_block_it(session: Session) -> None:
    here = put(session, "", "T1")
    token = StoredToken(workspace_id=here, sealed=b"x", installer="U1", scopes="", expires_at=NOW)
    token_store.put(session, token, NOW)
    assert token_store.claim_renewal(session, here, NOW, NOW + timedelta(minutes=1))
    assert not token_store.claim_renewal(session, here, NOW, NOW + timedelta(minutes=1))
    assert token_store.claim_renewal(session, here, NOW + timedelta(minutes=2), NOW + timedelta(minutes=3))


def test_a_step_is_taken_once_in_time_and_only_as_what_it_is(session: Session) -> None:
    here = workspace_store.get(session, put(session, "", "T1"))
    ana = Actor(ActorKind.SLACK, "U1", "ana")
    secret = account_link.begin(session, here, ana, NOW)
    with pytest.raises(ConflictError):
        account_link.confirm(session, secret, [], NOW)
    assert account_link.get_step(session, secret, NOW).slack_user == "U1"
    step = account_link.authorize(session, secret, NOW)
    with pytest.raises(ConflictError):
        account_link.authorize(session, secret, NOW)
    late = account_link.begin(session, here, ana, NOW)
    with pytest.raises(ConflictError):
        account_link.authorize(session, late, NOW + account_link.LIFE)
    proof = account_link.ask_to_confirm(session, step, 501, "ana", {10: "acme"}, NOW)
    link, former, bound = account_link.confirm(session, proof, [10, 20], NOW)
    assert (link.github_login, former, bound) == ("ana", [], ["acme"])
    assert workspace_store.list_bound(session, here.id) == [10], "bound what nobody vouched for"


def test_an_account_moves_to_whoever_proves_it_and_a_revocation_ends_it_everywhere(session: Session) -> None:
    here, there = put(session, "", "T1"), put(session, "", "T2")
    account_link_store.put(session, AccountLink(here, "U1", 501, "ana"), NOW)
    assert account_link_store.put(session, AccountLink(here, "U2", 501, "ana"), NOW) == ["U1"]
    account_link_store.put(session, AccountLink(there, "U9", 501, "ana"), NOW)
    assert account_link_store.find(session, here, "U1") is None
    assert {one.slack_user for one in account_link_store.list_of_accounts(session, ["ANA"])} == {"U2", "U9"}
    assert len(account_link_store.delete_account(session, 501)) == 2
    assert account_link_store.list_of_accounts(session, ["ana"]) == []
