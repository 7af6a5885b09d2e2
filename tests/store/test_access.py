"""Who may do what about a repository, a case or a quarantine, on the real database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.analysis.model import Actor, ActorKind, QuarantineId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import NotAllowedError, NotFoundError
from bot.queries import access
from bot.queries.access import (
    About,
    Authorized,
    GitHubAccount,
    NotLinkedError,
    Permission,
    PermissionSource,
    PermissionUnknownError,
)
from bot.services import policy
from bot.store.database import Database
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import AccountLink, StoredPermission
from bot.store.workspaces.workspace import Workspace
from tests.store import deciding
from tests.store.run_recorder import REPOSITORY, RunRecorder

BEN = Actor(ActorKind.SLACK, "U0BEN", "ben")
ACCOUNT = GitHubAccount(502, "ben")


@dataclass
class Approval:
    """A proposed quarantine, and a person who wants to approve it."""

    recorder: RunRecorder
    workspace: Workspace
    quarantine_id: QuarantineId

    def allow(self, permission: str = "write", *teams: str, age: timedelta = timedelta(minutes=1)) -> None:
        """Let GitHub have said this about the account."""
        stored = StoredPermission(permission, frozenset(teams), self.recorder.now - age)
        with self.recorder.db.begin() as session:
            account_link_store.put_permission(session, REPOSITORY, ACCOUNT.id, stored)

    def own(self, codeowners: str) -> None:
        """Let the policy ask for an owner, and name them."""
        with self.recorder.db.begin() as session:
            policy.load(session, REPOSITORY, '{"approval": {"owners": true}}', codeowners.encode(), self.recorder.now)

    def ask(
        self, needs: Permission = Permission.APPROVE, source: PermissionSource = PermissionSource.CACHE
    ) -> Authorized[Quarantine]:
        with self.recorder.db.begin() as session:
            return access.authorize(
                session,
                self.workspace,
                BEN,
                About.QUARANTINE,
                self.quarantine_id,
                needs,
                self.recorder.now,
                source=source,
            )


@pytest.fixture
def approval(db: Database) -> Approval:
    recorder = RunRecorder(db)
    recorder.run({"cart": "F"}, sha="a" * 40)
    recorder.run({"cart": "."}, again=True, sha="a" * 40)
    proposal = Proposal(case_id=recorder.case_id("cart"), days=14, reason="It is slow.")
    with db.begin() as session:
        workspace_store.put_by_token(session, sees_all=True, now=recorder.now)
        workspace = workspace_store.identify(
            session, enterprise_id="", team_id="T0ACME", name="Acme", bot_user_id="U0FLAKE", now=recorder.now
        )
        account_link_store.put(session, AccountLink(workspace.id, BEN.id, ACCOUNT.id, ACCOUNT.login), recorder.now)
        ana = Actor(ActorKind.SLACK, "U0ANA", "ana")
        quarantine_id = deciding.propose(session, REPOSITORY, proposal, ana, recorder.now)
    return Approval(recorder, workspace, quarantine_id)


def test_what_a_decision_needs_comes_with_it(approval: Approval) -> None:
    approval.allow()
    authorized = approval.ask()
    assert authorized.actor == Actor(ActorKind.SLACK, "U0BEN", "ben", "ben")
    assert (authorized.subject.id, authorized.repository.id) == (approval.quarantine_id, REPOSITORY)
    assert authorized.workspace == approval.workspace
    assert authorized.approval.two_people


@pytest.mark.parametrize("about", [About.REPOSITORY, About.CASE, About.QUARANTINE])
def test_an_unknown_subject_and_one_of_another_workspace_are_not_found(
    approval: Approval, about: About[Quarantine]
) -> None:
    with approval.recorder.db.begin() as session:
        number = workspace_store.put(
            session, enterprise_id="", team_id="T9", name="Other", bot_user_id="U9", now=approval.recorder.now
        )
        other = workspace_store.get(session, number)
        own_id = {
            About.REPOSITORY: REPOSITORY,
            About.CASE: approval.recorder.case_id("cart"),
            About.QUARANTINE: approval.quarantine_id,
        }[about]
        for workspace, subject in ((approval.workspace, 10**12), (other, own_id)):
            with pytest.raises(NotFoundError, match="not known here"):
                access.authorize(session, workspace, BEN, about, subject, Permission.SEE, approval.recorder.now)
        seen = access.authorize(session, approval.workspace, BEN, about, own_id, Permission.SEE, approval.recorder.now)
    assert seen.repository.id == REPOSITORY


def test_seeing_needs_no_link(approval: Approval) -> None:
    with approval.recorder.db.begin() as session:
        account_link_store.delete(session, approval.workspace.id, BEN.id)
    assert approval.ask(Permission.SEE).actor.github_login == ""
    with pytest.raises(NotLinkedError):
        approval.ask(Permission.WRITE)
    assert approval.ask(Permission.APPROVE, PermissionSource.GROUP).actor == BEN


@pytest.mark.parametrize("age", [timedelta(minutes=5), timedelta(seconds=-1)])
def test_a_permission_that_is_not_of_the_last_five_minutes_is_unknown(approval: Approval, age: timedelta) -> None:
    approval.allow(age=age)
    with pytest.raises(PermissionUnknownError) as caught:
        approval.ask()
    assert (caught.value.account, caught.value.repository.id) == (ACCOUNT, REPOSITORY)


def test_a_permission_that_does_not_suffice_is_read_again_before_it_is_refused(approval: Approval) -> None:
    approval.allow("read")
    with pytest.raises(PermissionUnknownError):
        approval.ask()
    with pytest.raises(NotAllowedError, match="write access"):
        approval.ask(source=PermissionSource.GITHUB)


def test_a_link_that_was_changed_while_github_was_asked_decides_nothing(approval: Approval) -> None:
    approval.allow()
    with approval.recorder.db.begin() as session:
        account_link_store.put(
            session, AccountLink(approval.workspace.id, BEN.id, 999, "somebody"), approval.recorder.now
        )
    with pytest.raises(NotLinkedError):
        approval.ask(source=PermissionSource.GITHUB)


def test_an_owner_approves_where_the_policy_asks_for_one(approval: Approval) -> None:
    approval.own("* @ben")
    approval.allow()
    assert approval.ask().policy.approval.requirements("x").owners
    approval.own("* @chloe")
    with pytest.raises(NotAllowedError, match="@chloe"):
        approval.ask()
    assert approval.ask(Permission.WRITE).actor.id == BEN.id


def test_a_team_that_owns_the_path_is_looked_up_on_github(approval: Approval) -> None:
    approval.own("* @acme/payments")
    approval.allow()
    with pytest.raises(PermissionUnknownError) as caught:
        approval.ask()
    assert caught.value.teams == (("acme", "payments"),)
    approval.allow("write", "acme/payments")
    assert approval.ask().actor.id == BEN.id
    approval.allow("write", "acme/search")
    with pytest.raises(NotAllowedError, match="@acme/payments"):
        approval.ask(source=PermissionSource.GITHUB)


def test_an_account_acts_on_github_by_its_number(approval: Approval) -> None:
    approval.allow()
    about, needs, now = About.REPOSITORY, Permission.WRITE, approval.recorder.now
    with approval.recorder.db.begin() as session:
        authorized = access.authorize_account(session, GitHubAccount(502, "renamed"), about, REPOSITORY, needs, now)
        assert authorized.actor == Actor(ActorKind.GITHUB, "renamed", "renamed")
        with pytest.raises(PermissionUnknownError):
            access.authorize_account(session, GitHubAccount(999, "ben"), about, REPOSITORY, needs, now)
