"""The manifest of the Slack app: what Slack allows, and everything the bot listens to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.commands import installation
from bot.slack import manifest
from bot.slack.ids import ShortcutId

URL = "https://flakeguard.example"


def decoded(*, socket_mode: bool = False, distributed: bool = False) -> Any:  # noqa: ANN401  # JSON, as Slack reads it
    """The manifest as Slack reads it."""
    return json.loads(json.dumps(manifest.manifest(URL, socket_mode=socket_mode, distributed=distributed)))


@pytest.mark.parametrize("socket_mode", [False, True])
@pytest.mark.parametrize("distributed", [False, True])
def test_it_keeps_slacks_limits(socket_mode: bool, distributed: bool) -> None:
    made = decoded(socket_mode=socket_mode, distributed=distributed)
    shown = made["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    features, settings = made["features"], made["settings"]
    for command in features["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["usage_hint"]) <= 1000
        assert ("url" in command) is not socket_mode
    assert len(features["shortcuts"]) <= 10
    assert all(len(one["name"]) <= 24 and len(one["description"]) <= 150 for one in features["shortcuts"])
    assert features["unfurl_domains"] == ["flakeguard.example"]
    assert settings["socket_mode_enabled"] is socket_mode
    assert settings["token_rotation_enabled"] is distributed
    assert ("request_url" in settings["event_subscriptions"]) is not socket_mode
    assert made["oauth_config"]["redirect_urls"] == [f"{URL}/slack/oauth_redirect"]


def test_every_event_and_shortcut_the_bot_acts_on_is_in_it_and_nothing_reads_channels() -> None:
    assert {*installation.HANDLERS, "app_home_opened", "app_mention", "link_shared"} == set(manifest.EVENTS)
    features = decoded()["features"]
    assert {one["callback_id"] for one in features["shortcuts"]} == {one.value for one in ShortcutId}
    assert not [scope for scope in manifest.SCOPES if "history" in scope]


def test_the_command_prints_it_and_asks_for_the_address_it_needs() -> None:
    run = CliRunner().invoke(cli, ["manifest", "slack", "--url", URL])
    assert json.loads(run.output) == decoded()
    assert json.loads(CliRunner().invoke(cli, ["manifest", "slack", "--socket-mode"]).output)["settings"]
    refused = CliRunner().invoke(cli, ["manifest", "slack"])
    assert refused.exit_code == 2
    assert "--socket-mode" in refused.output
