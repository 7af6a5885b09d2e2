"""Secrets at rest: sealed with the newest key, opened with any."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import ConfigurationError

_NO_KEY = "TOKEN_KEYS: a stored token opens with none of the keys; add the key it was stored under."


class Vault:
    """Seals texts with Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec)."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Seal with the first of `keys`, open with all; each is 32 bytes in URL-safe base64."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> bytes:
        """The encrypted text."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text that was sealed.

        Raises:
            ConfigurationError: it opens with none of the keys.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise ConfigurationError(_NO_KEY) from None

    def renew(self, sealed: bytes) -> bytes:
        """The same text, sealed with the newest key.

        Raises:
            ConfigurationError: it opens with none of the keys.
        """
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise ConfigurationError(_NO_KEY) from None


def new_key() -> str:
    """A new key."""
    return Fernet.generate_key().decode()
