"""Secrets at rest: sealed with the newest key, opened with any."""

from __future__ import annotations

import pytest

from bot.errors import ConfigurationError
from bot.store import vault
from bot.store.vault import Vault

OLD, NEW = vault.new_key(), vault.new_key()


def test_what_is_sealed_cannot_be_read_and_is_opened_with_its_key() -> None:
    sealed = Vault([OLD]).seal("xoxb-secret")
    assert b"xoxb" not in sealed
    assert Vault([NEW, OLD]).open(sealed) == "xoxb-secret"
    with pytest.raises(ConfigurationError, match="TOKEN_KEYS"):
        Vault([NEW]).open(sealed)


def test_renewing_moves_it_to_the_newest_key() -> None:
    renewed = Vault([NEW, OLD]).renew(Vault([OLD]).seal("xoxb-secret"))
    assert Vault([NEW]).open(renewed) == "xoxb-secret"
    with pytest.raises(ConfigurationError, match="TOKEN_KEYS"):
        Vault([vault.new_key()]).renew(renewed)
