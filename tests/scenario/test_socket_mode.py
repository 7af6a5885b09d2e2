"""Without a public address: Slack speaks through a socket that the bot opens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.slack.model import BOT_USER_ID
from tests.scenario.running_app import ANA, BEN, CHANNEL, RunningApp, wait


@pytest.fixture
def socket_stage(database_url: str) -> Iterator[RunningApp]:
    """A bot that has an app token and no signing secret, started while Slack lets nobody connect."""
    app = RunningApp(database_url)
    app.set(SLACK_SIGNING_SECRET="", SLACK_APP_TOKEN=app.slack.app_token)
    app.slack.fail_next(2, error="internal_error", method="apps.connections.open")
    with app:
        assert wait(lambda: app.slack.dispatcher.sockets), "it did not connect once Slack let it"
        yield app


def test_commands_and_modals_work_over_the_socket(socket_stage: RunningApp) -> None:
    run = socket_stage.run("only")
    assert wait(lambda: (check := socket_stage.check(run)) and check.conclusion)
    assert wait(lambda: socket_stage.slack.command(ANA, CHANNEL, "/flakeguard status").ok)
    assert wait(lambda: any("acme/shop" in one.text for one in socket_stage.slack.ephemerals(ANA)))
    socket_stage.slack.command(ANA, CHANNEL, "/flakeguard quarantine test_tax")
    assert wait(lambda: socket_stage.slack.open_view(ANA)), "no modal opened"


def test_an_event_that_comes_again_over_the_socket_is_done_once(socket_stage: RunningApp) -> None:
    slack = socket_stage.slack
    slack.say(ANA, CHANNEL, f"<@{BOT_USER_ID}> whoami")
    assert wait(lambda: slack.ephemerals(ANA))
    assert slack.redeliver(slack.dispatches[-1]).ok
    slack.command(BEN, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: slack.ephemerals(BEN))
    assert len(slack.ephemerals(ANA)) == 1


def test_the_bot_connects_anew_when_slack_asks_and_hears_of_everything(socket_stage: RunningApp) -> None:
    slack = socket_stage.slack
    first = slack.dispatcher.sockets[-1]
    first.refresh()
    assert wait(lambda: slack.dispatcher.sockets and first not in slack.dispatcher.sockets, 20)
    assert wait(lambda: slack.command(ANA, CHANNEL, "/flakeguard whoami").ok)
    assert wait(lambda: slack.ephemerals(ANA))
    refused = slack.dispatcher.interaction({"type": "something_new", "team": {"id": slack.team_id}})
    assert refused.status == 200, "an envelope was not acknowledged"
