"""The App's key, and the tokens that GitHub gives for a JWT signed with it."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.github.model import APP_ID, RefusalError

_TOKEN_LIFE = timedelta(hours=1)
_LONGEST_JWT = 600
_DRIFT = 60
_UNAUTHORIZED = 401


class Keys:
    """Makes the App's RSA key, verifies what is signed with it, and hands out installation tokens."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.private_key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ).decode()
        self._public = key.public_key()
        self._tokens: dict[str, datetime] = {}
        self._users: dict[str, str] = {}
        self._lock = threading.Lock()

    def verify_app(self, header: str) -> None:
        """Raise RefusalError unless the header carries a JWT that the App signed and that is not too long-lived."""
        try:
            claims = jwt.decode(
                _credential(header),
                self._public,
                algorithms=["RS256"],
                options={"require": ["iat", "exp", "iss"]},
                leeway=_DRIFT,
            )
        except jwt.ExpiredSignatureError:
            message = "'Expiration time' claim ('exp') must be a numeric value representing the future time"
            raise RefusalError(_UNAUTHORIZED, message) from None
        except jwt.InvalidTokenError:
            message = "A JSON web token could not be decoded"
            raise RefusalError(_UNAUTHORIZED, message) from None
        if str(claims["iss"]) != str(APP_ID):
            message = "Integration not found"
            raise RefusalError(_UNAUTHORIZED, message)
        if claims["exp"] - datetime.now(UTC).timestamp() > _LONGEST_JWT + _DRIFT:
            message = "'Expiration time' claim ('exp') is too far in the future"
            raise RefusalError(_UNAUTHORIZED, message)

    def issue(self) -> tuple[str, datetime]:
        """Make an installation token and say until when it holds."""
        token = f"ghs_{secrets.token_hex(18)}"
        expires = (datetime.now(UTC) + _TOKEN_LIFE).replace(microsecond=0)
        with self._lock:
            self._tokens[token] = expires
        return token, expires

    def issue_user(self, login: str) -> str:
        """Make a token with which the App acts as a user."""
        token = f"ghu_{secrets.token_hex(18)}"
        with self._lock:
            self._users[token] = login
        return token

    def verify_user(self, header: str) -> str:
        """Return whose token the header carries; raise RefusalError where it is nobody's."""
        with self._lock:
            login = self._users.get(_credential(header))
        if login is None:
            message = "Bad credentials"
            raise RefusalError(_UNAUTHORIZED, message)
        return login

    def revoke_all(self) -> None:
        """Make every token that was issued invalid."""
        with self._lock:
            self._tokens.clear()

    def verify_token(self, header: str) -> None:
        """Raise RefusalError unless the header carries a token that is still valid."""
        with self._lock:
            expires = self._tokens.get(_credential(header))
        if expires is None or expires <= datetime.now(UTC):
            message = "Bad credentials"
            raise RefusalError(_UNAUTHORIZED, message)


def _credential(header: str) -> str:
    scheme, _, credential = header.partition(" ")
    return credential.strip() if scheme.lower() in {"bearer", "token"} else ""
