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
from tests.scenario.running_app import ANA, BEN, CHANNEL, CHLOE, RunningApp, wait
from tests.scenario.snapshot import Snapshot

APPROVER_GROUP = {"GITHUB_CLIENT_ID": "", "GITHUB_CLIENT_SECRET": "", "APPROVER_GROUPS": "S0CIGUARDS"}


@pytest.fixture
def strangers(suspicious_url: str, suspicious: Snapshot) -> Iterator[RunningApp]:
    """An app in whose workspace nobody has linked an account."""
    with RunningApp(suspicious_url, snapshot=suspicious, linked=False) as app:
        yield app


def states(app: RunningApp) -> list[State]:
    return [quarantine.state for quarantine in app.open_quarantines()]


def is_linked(app: RunningApp, user: str) -> bool:
    with app.db.begin() as session:
        return account_link_store.find(session, app.workspace().id, user) is not None


def test_who_is_not_linked_is_invited_and_nothing_happens_until_they_are(strangers: RunningApp) -> None:
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


def test_the_proposer_is_the_same_person_on_github_and_in_slack(strangers: RunningApp) -> None:
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


def test_a_link_is_single_use_bound_to_its_browser_and_asks_before_it_is_made(strangers: RunningApp) -> None:
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


def test_a_callback_nobody_began_or_that_comes_late_or_was_declined_links_nothing(strangers: RunningApp) -> None:
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


def test_a_disconnected_or_revoked_link_stops_a_click(app: RunningApp) -> None:
    ts = propose(app)
    app.slack.command(BEN, CHANNEL, "/flakeguard disconnect")
    assert wait(lambda: said(app, BEN, "you disconnected it"))
    app.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: browser.find_link_url(app.slack, BEN))
    assert app.github.revoke("chloe").status == 202
    assert wait(lambda: any("is gone" in one.text for one in app.slack.messages("D0CHLOE"))), "chloe was not told"
    app.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
    assert wait(lambda: browser.find_link_url(app.slack, CHLOE))
    assert states(app) == [State.PROPOSED]


def test_without_write_access_at_that_moment_nothing_is_decided(app: RunningApp) -> None:
    ts = propose(app)
    app.github.users["ben"] = replace(app.github.users["ben"], permission="read")
    app.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(app, BEN, "needs write access to acme/shop"))
    # a login that has become somebody else's is not the account that was linked
    app.github.users["chloe"] = replace(app.github.users["chloe"], id=999)
    app.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
    assert wait(lambda: said(app, CHLOE, "needs write access to acme/shop"))
    assert states(app) == [State.PROPOSED]


def test_whoami_says_who_one_is_and_what_the_workspace_sees(app: RunningApp) -> None:
    app.run("only")
    for command, words in (("whoami", "@ana"), ("connect", "acme/shop")):
        app.slack.command(ANA, CHANNEL, f"/flakeguard {command}")
        assert wait(partial(said, app, ANA, words)), command


def test_the_approver_groups_of_an_organisation_are_asked_for_by_workspace(database_url: str) -> None:
    app = RunningApp(database_url, linked=False).set(**APPROVER_GROUP)
    app.slack.enterprise_id, app.slack.is_organisation = "E0BIG", True
    with app:
        app.make_suspicious()
        ts = propose(app)
        app.slack.click(BEN, CHANNEL, ts, "fg_approve")
        assert wait(lambda: has_button(app, ts, "fg_lift")), "the group's member could not approve"
        asked = [one.arguments for one in app.slack.calls if one.method == "usergroups.users.list"]
        assert asked
        assert all(one["team_id"] == app.slack.team_id for one in asked)


def test_an_approver_group_decides_where_accounts_cannot_be_linked(suspicious_url: str, suspicious: Snapshot) -> None:
    with RunningApp(suspicious_url, snapshot=suspicious, linked=False).set(**APPROVER_GROUP) as app:
        ts = propose(app)
        app.slack.groups["S0CIGUARDS"].remove(CHLOE)
        app.slack.click(CHLOE, CHANNEL, ts, "fg_approve")
        assert wait(lambda: said(app, CHLOE, "approver groups"))
        app.slack.click(BEN, CHANNEL, ts, "fg_approve")
        assert wait(lambda: has_button(app, ts, "fg_lift")), "the group's member could not approve"
        app.slack.command(ANA, CHANNEL, "/flakeguard connect")
        assert wait(lambda: said(app, ANA, "GITHUB_CLIENT_ID"))
