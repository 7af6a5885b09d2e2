"""Workspaces, what they see, their tokens, and the steps of linking, on the real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.analysis.model import Actor, ActorKind, RepositoryId, WorkspaceId
from bot.errors import ConflictError, NotFoundError
from bot.services import access, links
from bot.store import links as stored_links
from bot.store import repositories, tokens, workspaces
from bot.store.database import Database, Session
from bot.store.links import Link
from bot.store.tokens import StoredToken

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CHLOE = Actor(ActorKind.GITHUB, "chloe", "chloe")


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.begin() as opened:
        yield opened


def put(session: Session, enterprise_id: str, team_id: str) -> WorkspaceId:
    return workspaces.put(
        session, enterprise_id=enterprise_id, team_id=team_id, name=team_id, bot_user_id="U1", now=NOW
    )


def test_a_request_belongs_to_its_team_else_to_its_organisation(session: Session) -> None:
    organisation, team = put(session, "E1", ""), put(session, "E1", "T1")
    other = put(session, "", "T9")
    for enterprise_id, team_id, expected in (("E1", "T1", team), ("E1", "T2", organisation), ("", "T9", other)):
        found = workspaces.find(session, enterprise_id, team_id)
        assert found is not None
        assert found.id == expected
    assert workspaces.find(session, "E2", "T2") is None
    assert workspaces.find(session, "", "") is None


def test_the_token_of_the_settings_keeps_its_workspace_and_moves_to_another(session: Session) -> None:
    unknown = workspaces.put_by_token(session, sees_all=True, now=NOW)
    assert not unknown.is_known
    known = workspaces.identify(session, enterprise_id="", team_id="T1", name="Acme", bot_user_id="U1", now=NOW)
    assert (known.id, known.team_id, known.sees_all) == (unknown.id, "T1", True)
    assert workspaces.put_by_token(session, sees_all=True, now=NOW).id == known.id
    moved = workspaces.identify(session, enterprise_id="", team_id="T2", name="New", bot_user_id="U2", now=NOW)
    assert moved.id != known.id
    assert moved.sees_all
    assert not workspaces.get(session, known.id).by_token
    assert not workspaces.get(session, known.id).sees_all


def test_a_workspace_sees_what_it_is_bound_to_until_it_or_the_installation_goes(session: Session) -> None:
    for number, installation in ((1, 10), (2, 20)):
        repositories.put(
            session,
            RepositoryId(number),
            installation_id=installation,
            full_name=f"acme/{number}",
            default_branch="main",
            private=True,
        )
    here = workspaces.get(session, put(session, "", "T1"))
    assert access.visible(session, here) == []
    assert workspaces.bind(session, here.id, 10, CHLOE, NOW)
    assert not workspaces.bind(session, here.id, 10, CHLOE, NOW)
    assert access.visible(session, here) == [1]
    with pytest.raises(NotFoundError) as unseen:
        access.require_visible(session, here, RepositoryId(2))
    with pytest.raises(NotFoundError) as unknown:
        access.require_visible(session, here, RepositoryId(3))
    assert str(unseen.value) == str(unknown.value), "the answer tells that it exists"
    workspaces.unbind(session, 10)
    assert access.visible(session, here) == []
    workspaces.bind(session, here.id, 20, CHLOE, NOW)
    workspaces.remove(session, here.id, NOW)
    assert access.visible(session, here) == []


def test_only_one_renews_a_token_and_one_that_dies_over_it_does_not_block_it(session: Session) -> None:
    here = put(session, "", "T1")
    token = StoredToken(workspace_id=here, sealed=b"x", installer="U1", scopes="", expires_at=NOW)
    tokens.put(session, token, NOW)
    assert tokens.claim_renewal(session, here, NOW, NOW + timedelta(minutes=1))
    assert not tokens.claim_renewal(session, here, NOW, NOW + timedelta(minutes=1))
    assert tokens.claim_renewal(session, here, NOW + timedelta(minutes=2), NOW + timedelta(minutes=3))


def test_a_step_is_taken_once_in_time_and_only_as_what_it_is(session: Session) -> None:
    here = workspaces.get(session, put(session, "", "T1"))
    ana = Actor(ActorKind.SLACK, "U1", "ana")
    secret = links.begin(session, here, ana, NOW)
    with pytest.raises(ConflictError):
        links.confirm(session, secret, [], NOW)
    assert links.look(session, secret, NOW).slack_user == "U1"
    step = links.authorize(session, secret, NOW)
    with pytest.raises(ConflictError):
        links.authorize(session, secret, NOW)
    late = links.begin(session, here, ana, NOW)
    with pytest.raises(ConflictError):
        links.authorize(session, late, NOW + links.LIFE)
    proof = links.vouch(session, step, 501, "ana", {10: "acme"}, NOW)
    link, former, bound = links.confirm(session, proof, [10, 20], NOW)
    assert (link.github_login, former, bound) == ("ana", [], ["acme"])
    assert workspaces.list_bound(session, here.id) == [10], "bound what nobody vouched for"


def test_an_account_moves_to_whoever_proves_it_and_a_revocation_ends_it_everywhere(session: Session) -> None:
    here, there = put(session, "", "T1"), put(session, "", "T2")
    stored_links.put(session, Link(here, "U1", 501, "ana"), NOW)
    assert stored_links.put(session, Link(here, "U2", 501, "ana"), NOW) == ["U1"]
    stored_links.put(session, Link(there, "U9", 501, "ana"), NOW)
    assert stored_links.find(session, here, "U1") is None
    assert {one.slack_user for one in stored_links.list_of_account(session, "ANA")} == {"U2", "U9"}
    assert len(links.revoke(session, 501)) == 2
    assert stored_links.list_of_account(session, "ana") == []
