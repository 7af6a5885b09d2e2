"""Without a public address: Slack speaks through a socket that the bot opens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenario.stage import ANA, CHANNEL, Stage, wait


@pytest.fixture
def socket_stage(database_url: str) -> Iterator[Stage]:
    """A bot that has an app token and no signing secret."""
    made = Stage(database_url, SLACK_SIGNING_SECRET="")
    made.set(SLACK_APP_TOKEN=made.slack.app_token)
    made.start_bot()
    yield made
    made.close()


def test_commands_and_modals_work_over_the_socket(socket_stage: Stage) -> None:
    run = socket_stage.run("only")
    assert wait(lambda: (check := socket_stage.check(run)) and check.conclusion)
    assert wait(lambda: socket_stage.slack.command(ANA, CHANNEL, "/flakeguard status").ok)
    assert wait(lambda: any("acme/shop" in one.text for one in socket_stage.slack.ephemerals(ANA)))
    socket_stage.slack.command(ANA, CHANNEL, "/flakeguard quarantine test_tax")
    assert wait(lambda: socket_stage.slack.open_view(ANA)), "no modal opened"
