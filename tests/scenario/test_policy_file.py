"""The policy file of the default branch decides who may approve, and a bad one keeps the last good one."""

from __future__ import annotations

from bot.analysis.quarantine.lifecycle import State
from bot.store.decisions import policy as policy_store
from bot.store.decisions.policy import StoredPolicy
from tests.presence import present
from tests.scenario.invitation import said
from tests.scenario.proposal import has_button, propose
from tests.scenario.stage import ANA, BEN, CHANNEL, CHLOE, Stage, wait

OWNERS = b"approval: {owners: true}\n"
CODEOWNERS = b"*  @acme/core\n/tests/  @acme/payments\n"


def put(stage: Stage, policy: bytes, codeowners: bytes = b"") -> None:
    """Push both files to the default branch, and wait until they were read."""
    stage.github.files |= {".flakeguard.yml": policy, "CODEOWNERS": codeowners}
    before = loaded(stage)
    assert stage.github.push(".flakeguard.yml").status == 202
    assert wait(lambda: loaded(stage) != before), "the policy was not read"


def loaded(stage: Stage) -> StoredPolicy | None:
    repository = stage.find_repository()
    if repository is None:
        return None
    with stage.db.begin() as session:
        return policy_store.find(session, repository.id)


def test_where_the_policy_asks_for_owners_only_one_of_them_approves(stage: Stage) -> None:
    ts = propose(stage)
    put(stage, OWNERS, CODEOWNERS)
    stage.github.teams["acme/payments"] = {"chloe"}
    stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(stage, BEN, "asks for one of them: @acme/payments"))
    assert has_button(stage, ts, "fg_approve")
    stage.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(stage, ts, "fg_lift")), "a member of the owning team could not approve"


def test_a_policy_may_allow_self_approval_but_not_of_protected_paths(stage: Stage) -> None:
    ts = propose(stage)
    put(stage, b"approval: {self_approval: true, protected: [tests/**]}\n")
    stage.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(stage, ANA, "somebody else"))
    put(stage, b"approval: {self_approval: true, protected: [other/**]}\n")
    stage.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(stage, ts, "fg_lift")), "the policy allows it"
    assert [quarantine.state for quarantine in stage.open_quarantines()] == [State.ACTIVE]


def test_a_bad_file_keeps_the_last_good_one_and_says_so_on_the_commit(new_stage: Stage) -> None:
    new_stage.run("first")
    assert wait(lambda: loaded(new_stage)), "the policy is not asked for when a repository is first seen"
    put(new_stage, OWNERS)
    put(new_stage, b"approval: {owners: perhaps}\n")
    assert present(loaded(new_stage)).document == '{"approval": {"owners": true}}'
    run = new_stage.run("the bad policy")
    assert wait(lambda: (check := new_stage.check(run)) and check.conclusion == "success"), new_stage.check(run)
    assert (
        "approval.owners: must be true or false"
        in present(new_stage.check(run)).text + present(new_stage.check(run)).summary
    )
    put(new_stage, b"")
    assert present(loaded(new_stage)).fault is None
