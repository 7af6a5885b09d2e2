"""Workspaces come and go: installing by OAuth, tokens that rotate, and what an end leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa

from bot.sandbox.browser import Browser
from bot.sandbox.slack.model import Team
from bot.store import vault
from bot.store.database import Database
from bot.store.tables.workspaces import links, paused_channels, slack_tokens, workspace_installations, workspaces
from tests.scenario.invitation import invited, said
from tests.scenario.stage import ANA, CHANNEL, CHLOE, Stage, wait
from tests.scenario.tenants import KEY, Tenants

OTHER = Team("T0OTHER", "Other")
ORGANISATION = Team("T0BRANCH", "Big", "E0BIG", is_organisation=True)


@pytest.fixture
def tenants(database_url: str) -> Iterator[Tenants]:
    made = Tenants(database_url)
    made.start_bot()
    yield made
    made.close()


def rows(db: Database, table: sa.Table) -> list[sa.RowMapping]:
    with db.begin() as session:
        return list(session.execute(sa.select(table)).mappings())


def test_a_workspace_installs_binds_what_it_administers_and_sees_that(tenants: Tenants, db: Database) -> None:
    tenants.run("only")
    assert tenants.slack.command(ANA, CHANNEL, "/flakeguard status").ok
    assert said(tenants, ANA, "not installed in this workspace"), "a stranger was not told"
    assert "Acme has FlakeGuard now" in tenants.install(tenants.slack).text
    assert not [one for one in rows(db, slack_tokens) if b"xoxb" in one["sealed"]], "a token in clear"

    tenants.slack.command(ANA, CHANNEL, "/flakeguard status")
    assert wait(lambda: said(tenants, ANA, "No repository is connected")), "it sees what it is not bound to"
    tenants.bind(tenants.slack, ANA, "ana")
    assert not rows(db, workspace_installations), "somebody bound what they only may write to"
    tenants.bind(tenants.slack, CHLOE, "chloe")
    assert [one["installation_id"] for one in rows(db, workspace_installations)] == [4001]
    tenants.slack.command(ANA, CHANNEL, "/flakeguard status")
    assert wait(lambda: said(tenants, ANA, "acme/shop"))


def test_an_installation_id_in_an_address_binds_nothing(tenants: Tenants, db: Database) -> None:
    tenants.install(tenants.slack)
    asked = httpx.get(f"{tenants.url}/github/setup?installation_id=4001&setup_action=install&state=x")
    assert "is installed" in asked.text
    browser = Browser("ana")
    shown = browser.open(invited(tenants, ANA))
    forged = shown.text.replace("</form>", '<input type="checkbox" name="installation" value="4001"></form>')
    agreed = browser.agree(httpx.Response(200, text=forged, request=shown.request))
    browser.close()
    assert "You are linked" in agreed.text
    assert not rows(db, workspace_installations)


def test_an_installation_needs_the_browser_and_the_state_it_began_with(tenants: Tenants, db: Database) -> None:
    asked = httpx.get(f"{tenants.url}/slack/install")
    assert asked.status_code == 302
    with httpx.Client(follow_redirects=True, trust_env=False) as other:
        address = httpx.URL(asked.headers["location"]).copy_merge_params({"as": tenants.slack.team_id})
        assert "did not begin in this browser" in other.get(address).text
    assert "did not begin in this browser" in httpx.get(f"{tenants.url}/slack/oauth_redirect?code=x&state=y").text
    assert not rows(db, slack_tokens)


def test_a_rotating_token_is_renewed_before_it_ends_and_its_refresh_token_used_once(
    tenants: Tenants, db: Database
) -> None:
    app = tenants.sandbox.slack_app
    app.rotates, app.expires_in = True, 3600
    tenants.install(tenants.slack)
    before = set(tenants.slack.tokens)
    app.expires_in = 43_200
    tenants.slack.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: said(tenants, ANA, "not linked"))
    assert len(tenants.slack.tokens - before) == 1, "not renewed, or more than once"
    tenants.slack.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: len(tenants.slack.ephemerals(ANA)) > 1)
    renewals = [call for call in tenants.slack.calls if call.method == "oauth.v2.access" and not call.error]
    assert len(renewals) == 2, "one installation and one renewal were expected"
    assert rows(db, slack_tokens)[0]["renewing_until"] is None


def test_an_organisation_installs_once_for_all_its_workspaces(tenants: Tenants, db: Database) -> None:
    big = tenants.sandbox.add_workspace(ORGANISATION)
    assert "Big has FlakeGuard now" in tenants.install(big).text
    assert [(one["enterprise_id"], one["team_id"]) for one in rows(db, workspaces)] == [("E0BIG", "")]
    big.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: any("not linked" in one.text for one in big.ephemerals(ANA)))


def test_who_asks_where_the_token_was_taken_back_is_told_so(tenants: Tenants, db: Database) -> None:
    tenants.install(tenants.slack)
    tenants.slack.send_event("tokens_revoked", tokens={"oauth": [], "bot": ["U0FLAKE"]})
    assert wait(lambda: not rows(db, slack_tokens))
    assert tenants.slack.command(ANA, CHANNEL, "/flakeguard status").status == 200
    assert wait(lambda: said(tenants, ANA, "install FlakeGuard again"))


@pytest.mark.parametrize("order", [("tokens_revoked", "app_uninstalled"), ("app_uninstalled", "tokens_revoked")])
def test_an_uninstalled_workspace_is_forgotten_in_any_order_and_may_come_back(
    tenants: Tenants, db: Database, order: tuple[str, str]
) -> None:
    tenants.install(tenants.slack)
    tenants.bind(tenants.slack, CHLOE, "chloe")
    for kind in order:
        fields = {"tokens": {"oauth": [], "bot": ["U0FLAKE"]}} if kind == "tokens_revoked" else {}
        assert tenants.slack.send_event(kind, **fields).status == 200
    assert wait(lambda: not rows(db, slack_tokens) and not rows(db, links) and not rows(db, workspace_installations))
    ended = tenants.slack.dispatches[-1]
    assert tenants.slack.command(ANA, CHANNEL, "/flakeguard status").status == 200
    tenants.install(tenants.slack)
    assert tenants.slack.redeliver(ended).status == 200
    tenants.slack.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: said(tenants, ANA, "not linked")), "the new installation does not answer"
    assert rows(db, slack_tokens), "an old event ended the new installation"


def test_a_channel_that_closes_is_paused_and_who_installed_is_told(tenants: Tenants, db: Database) -> None:
    tenants.install(tenants.slack)
    assert tenants.slack.send_event("channel_archive", channel=CHANNEL, user=ANA).status == 200
    assert wait(lambda: any("posts nothing more" in one.text for one in tenants.slack.messages("D0ANA")))
    assert [one["channel"] for one in rows(db, paused_channels)] == [CHANNEL]
    assert tenants.slack.send_event("member_joined_channel", channel=CHANNEL, user="U0FLAKE").status == 200
    assert wait(lambda: not rows(db, paused_channels))


def test_keys_are_rotated_and_the_old_one_is_not_needed_afterwards(database_url: str, db: Database) -> None:
    made = Tenants(database_url)
    try:
        made.start_bot()
        made.install(made.slack)
        sealed = rows(db, slack_tokens)[0]["sealed"]
        new = vault.new_key()
        made.set(TOKEN_KEYS=f"{new},{KEY}")
        assert "Tokens stored under the first key: 1" in made.run_command("rotate-keys")
        assert rows(db, slack_tokens)[0]["sealed"] != sealed
        made.stop_bot()
        made.set(TOKEN_KEYS=new)
        made.start_bot()
        made.slack.command(ANA, CHANNEL, "/flakeguard whoami")
        assert wait(lambda: said(made, ANA, "not linked"))
    finally:
        made.close()


def test_every_validly_signed_request_is_answered_200_also_of_an_unknown_team(stage: Stage) -> None:
    stranger = stage.sandbox.add_workspace(OTHER)
    for kind in ("app_home_opened", "app_uninstalled", "tokens_revoked", "message", "something_new"):
        assert stranger.send_event(kind, user=ANA, channel=CHANNEL).status == 200, kind
    assert stranger.command(ANA, CHANNEL, "/flakeguard status").status == 200
    assert "not installed" in stranger.ephemerals(ANA)[-1].text
    assert not stranger.calls, "the bot spoke to a workspace it does not know"


def test_a_request_that_slack_sends_again_does_nothing_twice(stage: Stage) -> None:
    stage.slack.open_home(ANA)
    assert wait(lambda: stage.slack.home(ANA))
    published = [call for call in stage.slack.calls if call.method == "views.publish"]
    assert stage.slack.redeliver(stage.slack.dispatches[-1]).status == 200
    stage.slack.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: stage.slack.ephemerals(ANA))
    assert [call for call in stage.slack.calls if call.method == "views.publish"] == published


def test_somebody_of_another_company_in_a_shared_channel_may_do_nothing(stage: Stage) -> None:
    stage.run("only")
    stage.slack.command(ANA, CHANNEL, "/flakeguard help")
    assert wait(lambda: stage.slack.ephemerals(ANA))
    stage.slack.external_users[ANA] = "T0STRANGE"
    stage.slack.click(ANA, CHANNEL, stage.slack.ephemerals(ANA)[0].ts, "fg_menu_status")
    assert wait(lambda: said(stage, ANA, "Only members"))
    assert not said(stage, ANA, "acme/shop")
