"""The policy file of the default branch decides who may approve, and a bad one keeps the last good one."""

from __future__ import annotations

from bot.analysis.quarantine.lifecycle import State
from bot.store.decisions import policy as policy_store
from bot.store.decisions.policy import StoredPolicy
from tests.presence import present
from tests.scenario.invitation import said
from tests.scenario.proposal import has_button, propose
from tests.scenario.running_app import ANA, BEN, CHANNEL, CHLOE, RunningApp, wait

OWNERS = b"approval: {owners: true}\n"
CODEOWNERS = b"*  @acme/core\n/tests/  @acme/payments\n"


def put(app: RunningApp, policy: bytes, codeowners: bytes = b"") -> None:
    """Push both files to the default branch, and wait until they were read."""
    app.github.files |= {".flakeguard.yml": policy, "CODEOWNERS": codeowners}
    before = loaded(app)
    assert app.github.push(".flakeguard.yml").status == 202
    assert wait(lambda: loaded(app) != before), "the policy was not read"


def loaded(app: RunningApp) -> StoredPolicy | None:
    repository = app.find_repository()
    if repository is None:
        return None
    with app.db.begin() as session:
        return policy_store.find(session, repository.id)


def test_where_the_policy_asks_for_owners_only_one_of_them_approves(app: RunningApp) -> None:
    ts = propose(app)
    put(app, OWNERS, CODEOWNERS)
    app.github.teams["acme/payments"] = {"chloe"}
    app.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(app, BEN, "asks for one of them: @acme/payments"))
    assert has_button(app, ts, "fg_approve")
    app.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(app, ts, "fg_lift")), "a member of the owning team could not approve"


def test_a_policy_may_allow_self_approval_but_not_of_protected_paths(app: RunningApp) -> None:
    ts = propose(app)
    put(app, b"approval: {self_approval: true, protected: [tests/**]}\n")
    app.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(app, ANA, "somebody else"))
    put(app, b"approval: {self_approval: true, protected: [other/**]}\n")
    app.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(app, ts, "fg_lift")), "the policy allows it"
    assert [quarantine.state for quarantine in app.open_quarantines()] == [State.ACTIVE]


def test_a_bad_file_keeps_the_last_good_one_and_says_so_on_the_commit(new_app: RunningApp) -> None:
    new_app.run("first")
    assert wait(lambda: loaded(new_app)), "the policy is not asked for when a repository is first seen"
    put(new_app, OWNERS)
    put(new_app, b"approval: {owners: perhaps}\n")
    assert present(loaded(new_app)).document == '{"approval": {"owners": true}}'
    run = new_app.run("the bad policy")
    assert wait(lambda: (check := new_app.check(run)) and check.conclusion == "success"), new_app.check(run)
    assert (
        "approval.owners: must be true or false"
        in present(new_app.check(run)).text + present(new_app.check(run)).summary
    )
    put(new_app, b"")
    assert present(loaded(new_app)).fault is None
