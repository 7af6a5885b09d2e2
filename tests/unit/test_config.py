"""The settings: every fault names its variable and the fix."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot import config, telemetry
from bot.errors import ConfigurationError
from bot.store import vault

PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"


def test_nothing_set_is_fine_outside_production_and_what_is_missing_is_named() -> None:
    settings = config.load({})
    assert settings.database_url is None
    assert "GITHUB_WEBHOOK_SECRET" in settings.missing()


def test_production_names_every_missing_secret() -> None:
    with pytest.raises(ConfigurationError, match=r"SLACK_BOT_TOKEN.*GITHUB_APP_ID.*ENVIRONMENT=development"):
        config.load({"ENVIRONMENT": "production"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"), ("PORT", "65536"), ("DATABASE_POOL_SIZE", "101"), ("ENVIRONMENT", "staging"),
        ("APPROVER_GROUPS", "@payments"), ("TOKEN_KEYS", "short"), ("GITHUB_CLIENT_ID", "Iv1.only"),
        ("LOG_LEVEL", "LOUD"), ("GITHUB_APP_PRIVATE_KEY", "nonsense"), ("SLACK_API_URL", "slack.com"),
        ("SLACK_DEFAULT_CHANNEL", "#ci"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        config.load({name: value})


def test_a_key_may_be_pem_or_base64_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    for environment in (
        {"GITHUB_APP_PRIVATE_KEY": PEM},
        {"GITHUB_APP_PRIVATE_KEY": base64.b64encode(PEM.encode()).decode()},
        {"GITHUB_APP_PRIVATE_KEY_FILE": str(path)},
    ):
        key = config.load(environment).github_app_private_key
        assert key is not None
        assert key.get_secret_value() == PEM
    with pytest.raises(ConfigurationError, match="GITHUB_APP_PRIVATE_KEY_FILE"):
        config.load({"GITHUB_APP_PRIVATE_KEY_FILE": "/nowhere"})


def test_webhook_secrets_may_be_several() -> None:
    assert config.load({"GITHUB_WEBHOOK_SECRET": "old, new"}).webhook_secrets == ("old", "new")


def test_secrets_never_reach_a_log_line() -> None:
    line = telemetry.redact(
        None, "info", {"event": f"token xoxb-1-2-abc and ghs_{'a' * 36} at postgresql://u:p@h/d {PEM}"}
    )
    assert not [secret for secret in ("xoxb", "ghs_", "u:p@", "abc\n") if secret in str(line)]


def test_workspaces_that_install_by_themselves_need_keys_and_then_no_token() -> None:
    pair = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "s"}
    with pytest.raises(ConfigurationError, match="TOKEN_KEYS"):
        config.load(pair)
    settings = config.load({**pair, "TOKEN_KEYS": f"{vault.new_key()}, {vault.new_key()}"})
    assert len(settings.encryption_keys) == 2
    assert "SLACK_BOT_TOKEN" not in settings.missing()
    assert config.load({"APPROVER_GROUPS": "S012AB, S034CD"}).approver_groups == ("S012AB", "S034CD")
