"""Acting as oneself: linking a GitHub account, and what a click may do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import httpx
import pytest
import sqlalchemy as sa

from bot.analysis.quarantine.lifecycle import State
from bot.sandbox import browser
from bot.sandbox.browser import Browser
from bot.store.tables.workspaces import link_states
from bot.store.workspaces import account_link as account_link_store
from tests.presence import present
from tests.scenario.invitation import invited, said
from tests.scenario.proposal import has_button, propose
from tests.scenario.snapshot import Snapshot
from tests.scenario.stage import ANA, BEN, CHANNEL, CHLOE, Stage, wait

APPROVER_GROUP = {"GITHUB_CLIENT_ID": "", "GITHUB_CLIENT_SECRET": "", "APPROVER_GROUPS": "S0CIGUARDS"}


@pytest.fixture
def strangers(suspicious_url: str, suspicious: Snapshot) -> Iterator[Stage]:
    """A stage on which nobody has linked an account."""
    with Stage(suspicious_url, snapshot=suspicious, linked=False) as stage:
        yield stage


def states(stage: Stage) -> list[State]:
    return [quarantine.state for quarantine in stage.open_quarantines()]


def is_linked(stage: Stage, user: str) -> bool:
    with stage.db.begin() as session:
        return account_link_store.find(session, stage.workspace().id, user) is not None


def test_who_is_not_linked_is_invited_and_nothing_happens_until_they_are(strangers: Stage) -> None:
    ts = propose(strangers)
    strangers.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: browser.find_link_url(strangers.slack, BEN)), "no invitation"
    assert said(strangers, BEN, "@ben"), "no suggestion by e-mail"
    assert states(strangers) == [State.PROPOSED]

    browser.link_account(strangers.slack, BEN, CHANNEL, "ben")
    strangers.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(strangers, ts, "fg_lift")), "the approval did not happen"
    (quarantine,) = strangers.open_quarantines()
    decided_by = present(quarantine.decided_by)
    assert (decided_by.id, decided_by.github_login) == (BEN, "ben")


def test_the_proposer_is_the_same_person_on_github_and_in_slack(strangers: Stage) -> None:
    strangers.turn_flaky()
    assert wait(strangers.cards, 30)
    run = strangers.run("red again", ("test_total",))
    assert wait(lambda: (check := strangers.check(run)) and check.actions), strangers.check(run)
    strangers.github.click(present(strangers.check(run)).id, "quarantine", "ben")
    ts = strangers.cards()[0].ts
    assert wait(lambda: has_button(strangers, ts, "fg_approve")), "no proposal was made"
    browser.link_account(strangers.slack, BEN, CHANNEL, "ben")
    strangers.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(strangers, BEN, "somebody else"))
    assert has_button(strangers, ts, "fg_approve")


def test_a_link_is_single_use_bound_to_its_browser_and_asks_before_it_is_made(strangers: Stage) -> None:
    url = invited(strangers, ANA)
    browser, other = Browser("ana"), Browser("chloe")
    shown = browser.open(url)
    assert "Are you ana in Acme?" in shown.text
    assert "GitHub says that you are @ana." in shown.text
    assert shown.headers["x-frame-options"] == "DENY"
    assert other.agree(shown).status_code == 400, "another browser could confirm"
    assert not is_linked(strangers, ANA), "linked before the person agreed"
    assert "You are linked" in browser.agree(shown).text
    assert browser.agree(shown).is_client_error, "the same answer counts twice"
    assert other.open(url).status_code == 410
    assert wait(lambda: any("linked with the GitHub account @ana" in m.text for m in strangers.slack.messages("D0ANA")))
    browser.close()
    other.close()


def test_a_callback_nobody_began_or_that_comes_late_or_was_declined_links_nothing(strangers: Stage) -> None:
    assert "Nothing was linked" in httpx.get(f"{strangers.url}/github/callback?state=x&code=y").text
    declining = Browser("nobody")
    assert "did not authorize" in declining.open(invited(strangers, ANA)).text
    declining.close()
    url = invited(strangers, ANA)
    with strangers.db.begin() as session:  # the bot's clock is the machine's
        session.execute(sa.update(link_states).values(expires_at=sa.func.now()))
    late = Browser("ana")
    assert late.open(url).status_code == 410
    late.close()
    assert "proves nothing" not in httpx.get(f"{strangers.url}/github/setup?installation_id=4001").text
    assert not is_linked(strangers, ANA)


def test_a_disconnected_or_revoked_link_stops_a_click(stage: Stage) -> None:
    ts = propose(stage)
    stage.slack.command(BEN, CHANNEL, "/flakeguard disconnect")
    assert wait(lambda: said(stage, BEN, "you disconnected it"))
    stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: browser.find_link_url(stage.slack, BEN))
    assert stage.github.revoke("chloe").status == 202
    assert wait(lambda: any("is gone" in one.text for one in stage.slack.messages("D0CHLOE"))), "chloe was not told"
    stage.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
    assert wait(lambda: browser.find_link_url(stage.slack, CHLOE))
    assert states(stage) == [State.PROPOSED]


def test_without_write_access_at_that_moment_nothing_is_decided(stage: Stage) -> None:
    ts = propose(stage)
    stage.github.users["ben"] = replace(stage.github.users["ben"], permission="read")
    stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(stage, BEN, "needs write access to acme/shop"))
    # a login that has become somebody else's is not the account that was linked
    stage.github.users["chloe"] = replace(stage.github.users["chloe"], id=999)
    stage.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(stage, CHLOE, "needs write access to acme/shop"))
    assert states(stage) == [State.PROPOSED]


def test_whoami_says_who_one_is_and_what_the_workspace_sees(stage: Stage) -> None:
    stage.run("only")
    for command, words in (("whoami", "@ana"), ("connect", "acme/shop")):
        stage.slack.command(ANA, CHANNEL, f"/flakeguard {command}")
        assert wait(partial(said, stage, ANA, words)), command


def test_the_approver_groups_of_an_organisation_are_asked_for_by_workspace(database_url: str) -> None:
    stage = Stage(database_url, linked=False).set(**APPROVER_GROUP)
    stage.slack.enterprise_id, stage.slack.is_organisation = "E0BIG", True
    with stage:
        stage.make_suspicious()
        ts = propose(stage)
        stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
        assert wait(lambda: has_button(stage, ts, "fg_lift")), "the group's member could not approve"
        asked = [one.arguments for one in stage.slack.calls if one.method == "usergroups.users.list"]
        assert asked
        assert all(one["team_id"] == stage.slack.team_id for one in asked)


def test_an_approver_group_decides_where_accounts_cannot_be_linked(suspicious_url: str, suspicious: Snapshot) -> None:
    with Stage(suspicious_url, snapshot=suspicious, linked=False).set(**APPROVER_GROUP) as stage:
        ts = propose(stage)
        stage.slack.groups["S0CIGUARDS"].remove(CHLOE)
        stage.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
        assert wait(lambda: said(stage, CHLOE, "approver groups"))
        stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
        assert wait(lambda: has_button(stage, ts, "fg_lift")), "the group's member could not approve"
        stage.slack.command(ANA, CHANNEL, "/flakeguard connect")
        assert wait(lambda: said(stage, ANA, "GITHUB_CLIENT_ID"))
