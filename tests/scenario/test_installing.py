"""Workspaces come and go: installing by OAuth, tokens that rotate, and what an end leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.analysis.model import Channel
from bot.sandbox.browser import Browser
from bot.sandbox.slack.model import Team
from bot.store import vault
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import token as token_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.token import StoredToken
from bot.store.workspaces.workspace import Workspace
from tests.presence import present
from tests.scenario.installable_app import KEY, InstallableApp
from tests.scenario.invitation import invited, said
from tests.scenario.running_app import ANA, CHANNEL, CHLOE, RunningApp, wait

OTHER = Team("T0OTHER", "Other")
ORGANISATION = Team("T0BRANCH", "Big", "E0BIG", is_organisation=True)


@pytest.fixture
def tenants(database_url: str) -> Iterator[InstallableApp]:
    made = InstallableApp(database_url)
    made.start_bot()
    yield made
    made.close()


def tokens(app: RunningApp) -> Sequence[StoredToken]:
    with app.db.begin() as session:
        return token_store.lock_all(session)


def bound(app: RunningApp, workspace: Workspace) -> Sequence[int]:
    """The GitHub installations that a workspace sees."""
    with app.db.begin() as session:
        return workspace_store.list_bound(session, workspace.id)


def is_linked(app: RunningApp, workspace: Workspace, user: str) -> bool:
    with app.db.begin() as session:
        return account_link_store.find(session, workspace.id, user) is not None


def is_paused(app: RunningApp, channel: Channel) -> bool:
    with app.db.begin() as session:
        return channel_pause_store.find(session, channel) is not None


def test_a_workspace_installs_binds_what_it_administers_and_sees_that(tenants: InstallableApp) -> None:
    tenants.run("only")
    assert tenants.slack.command(ANA, CHANNEL, "/flakeguard status").ok
    assert said(tenants, ANA, "not installed in this workspace"), "a stranger was not told"
    assert "Acme has FlakeGuard now" in tenants.install(tenants.slack).text
    assert b"xoxb" not in b"".join(token.sealed for token in tokens(tenants)), "a token in clear"

    tenants.slack.command(ANA, CHANNEL, "/flakeguard status")
    assert wait(lambda: said(tenants, ANA, "No repository is connected")), "it sees what it is not bound to"
    tenants.bind(tenants.slack, ANA, "ana")
    assert not bound(tenants, tenants.workspace()), "somebody bound what they only may write to"
    tenants.bind(tenants.slack, CHLOE, "chloe")
    assert bound(tenants, tenants.workspace()) == [4001]
    tenants.slack.command(ANA, CHANNEL, "/flakeguard status")
    assert wait(lambda: said(tenants, ANA, "acme/shop"))


def test_an_installation_id_in_an_address_binds_nothing(tenants: InstallableApp) -> None:
    tenants.install(tenants.slack)
    asked = httpx.get(f"{tenants.url}/github/setup?installation_id=4001&setup_action=install&state=x")
    assert "is installed" in asked.text
    browser = Browser("ana")
    shown = browser.open(invited(tenants, ANA))
    forged = shown.text.replace("</form>", '<input type="checkbox" name="installation" value="4001"></form>')
    agreed = browser.agree(httpx.Response(200, text=forged, request=shown.request))
    browser.close()
    assert "You are linked" in agreed.text
    assert not bound(tenants, tenants.workspace())


def test_an_installation_needs_the_browser_and_the_state_it_began_with(tenants: InstallableApp) -> None:
    asked = httpx.get(f"{tenants.url}/slack/install")
    assert asked.status_code == 302
    with httpx.Client(follow_redirects=True, trust_env=False) as other:
        address = httpx.URL(asked.headers["location"]).copy_merge_params({"as": tenants.slack.team_id})
        assert "did not begin in this browser" in other.get(address).text
    assert "did not begin in this browser" in httpx.get(f"{tenants.url}/slack/oauth_redirect?code=x&state=y").text
    assert not tokens(tenants)


def test_a_rotating_token_is_renewed_before_it_ends_and_its_refresh_token_used_once(tenants: InstallableApp) -> None:
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
    with tenants.db.begin() as session:
        now = datetime.now(UTC)
        can_be_renewed = token_store.claim_renewal(session, tenants.workspace().id, now, now + timedelta(minutes=1))
    assert can_be_renewed, "the former renewal has not ended"


def test_an_organisation_installs_once_for_all_its_workspaces(tenants: InstallableApp) -> None:
    big = tenants.sandbox.add_workspace(ORGANISATION)
    assert "Big has FlakeGuard now" in tenants.install(big).text
    workspace = present(tenants.find_workspace(big))
    assert (workspace.enterprise_id, workspace.team_id) == ("E0BIG", "")
    big.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: any("not linked" in one.text for one in big.ephemerals(ANA)))


def test_who_asks_where_the_token_was_taken_back_is_told_so(tenants: InstallableApp) -> None:
    tenants.install(tenants.slack)
    tenants.slack.send_event("tokens_revoked", tokens={"oauth": [], "bot": ["U0FLAKE"]})
    assert wait(lambda: not tokens(tenants))
    assert tenants.slack.command(ANA, CHANNEL, "/flakeguard status").status == 200
    assert wait(lambda: said(tenants, ANA, "install FlakeGuard again"))


@pytest.mark.parametrize("order", [("tokens_revoked", "app_uninstalled"), ("app_uninstalled", "tokens_revoked")])
def test_an_uninstalled_workspace_is_forgotten_in_any_order_and_may_come_back(
    tenants: InstallableApp, order: tuple[str, str]
) -> None:
    tenants.install(tenants.slack)
    tenants.bind(tenants.slack, CHLOE, "chloe")
    workspace = tenants.workspace()
    assert is_linked(tenants, workspace, CHLOE)
    assert bound(tenants, workspace)
    for kind in order:
        fields = {"tokens": {"oauth": [], "bot": ["U0FLAKE"]}} if kind == "tokens_revoked" else {}
        assert tenants.slack.send_event(kind, **fields).status == 200
    assert wait(
        lambda: not tokens(tenants) and not is_linked(tenants, workspace, CHLOE) and not bound(tenants, workspace)
    )
    ended = tenants.slack.dispatches[-1]
    assert tenants.slack.command(ANA, CHANNEL, "/flakeguard status").status == 200
    tenants.install(tenants.slack)
    assert tenants.slack.redeliver(ended).status == 200
    tenants.slack.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: said(tenants, ANA, "not linked")), "the new installation does not answer"
    assert tokens(tenants), "an old event ended the new installation"


def test_a_channel_that_closes_is_paused_and_who_installed_is_told(tenants: InstallableApp) -> None:
    tenants.install(tenants.slack)
    assert tenants.slack.send_event("channel_archive", channel=CHANNEL, user=ANA).status == 200
    assert wait(lambda: any("posts nothing more" in one.text for one in tenants.slack.messages("D0ANA")))
    assert is_paused(tenants, tenants.channel(CHANNEL))
    assert tenants.slack.send_event("member_joined_channel", channel=CHANNEL, user="U0FLAKE").status == 200
    assert wait(lambda: not is_paused(tenants, tenants.channel(CHANNEL)))


def test_keys_are_rotated_and_the_old_one_is_not_needed_afterwards(database_url: str) -> None:
    made = InstallableApp(database_url)
    try:
        made.start_bot()
        made.install(made.slack)
        sealed = tokens(made)[0].sealed
        new = vault.new_key()
        made.set(TOKEN_KEYS=f"{new},{KEY}")
        assert "Tokens stored under the first key: 1" in made.run_command("rotate-keys")
        assert tokens(made)[0].sealed != sealed
        made.stop_bot()
        made.set(TOKEN_KEYS=new)
        made.start_bot()
        made.slack.command(ANA, CHANNEL, "/flakeguard whoami")
        assert wait(lambda: said(made, ANA, "not linked"))
    finally:
        made.close()


def test_every_validly_signed_request_is_answered_200_also_of_an_unknown_team(app: RunningApp) -> None:
    stranger = app.sandbox.add_workspace(OTHER)
    for kind in ("app_home_opened", "app_uninstalled", "tokens_revoked", "message", "something_new"):
        assert stranger.send_event(kind, user=ANA, channel=CHANNEL).status == 200, kind
    assert stranger.command(ANA, CHANNEL, "/flakeguard status").status == 200
    assert "not installed" in stranger.ephemerals(ANA)[-1].text
    assert not stranger.calls, "the bot spoke to a workspace it does not know"


def test_a_request_that_slack_sends_again_does_nothing_twice(app: RunningApp) -> None:
    app.slack.open_home(ANA)
    assert wait(lambda: app.slack.home(ANA))
    published = [call for call in app.slack.calls if call.method == "views.publish"]
    assert app.slack.redeliver(app.slack.dispatches[-1]).status == 200
    app.slack.command(ANA, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: app.slack.ephemerals(ANA))
    assert [call for call in app.slack.calls if call.method == "views.publish"] == published


def test_somebody_of_another_company_in_a_shared_channel_may_do_nothing(app: RunningApp) -> None:
    app.run("only")
    app.slack.command(ANA, CHANNEL, "/flakeguard help")
    assert wait(lambda: app.slack.ephemerals(ANA))
    app.slack.external_users[ANA] = "T0STRANGE"
    app.slack.click(ANA, CHANNEL, app.slack.ephemerals(ANA)[0].ts, "fg_menu_status")
    assert wait(lambda: said(app, ANA, "Only members"))
    assert not said(app, ANA, "acme/shop")
