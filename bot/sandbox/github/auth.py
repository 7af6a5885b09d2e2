"""Authentication as the App by a JWT, as an installation and as a user by tokens.

See https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app.
"""

from __future__ import annotations

import functools
import secrets
import threading
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.github import errors
from bot.sandbox.github.model import APP_ID

_TOKEN_LIFETIME = timedelta(hours=1)
_JWT_SECONDS = 600
_CLOCK_SKEW = 60
_UNAUTHORIZED = 401


class AppAuthentication:
    """The App's private key, and the tokens issued to it."""

    def __init__(self) -> None:
        key = _key()
        self.private_key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ).decode()
        self._public_key = key.public_key()
        self._expiry_by_token: dict[str, datetime] = {}
        self._login_by_user_token: dict[str, str] = {}
        self._lock = threading.Lock()

    def verify_app(self, header: str) -> None:
        """Raise RestApiError unless the Authorization header has a JWT of the App that expires within ten minutes."""
        try:
            claims = jwt.decode(
                _credential(header),
                self._public_key,
                algorithms=["RS256"],
                options={"require": ["iat", "exp", "iss"]},
                leeway=_CLOCK_SKEW,
            )
        except jwt.ExpiredSignatureError:
            errors.fail(
                _UNAUTHORIZED, "'Expiration time' claim ('exp') must be a numeric value representing the future time"
            )
        except jwt.InvalidTokenError:
            errors.fail(_UNAUTHORIZED, "A JSON web token could not be decoded")
        if str(claims["iss"]) != str(APP_ID):
            errors.fail(_UNAUTHORIZED, "Integration not found")
        if claims["exp"] - datetime.now(UTC).timestamp() > _JWT_SECONDS + _CLOCK_SKEW:
            errors.fail(_UNAUTHORIZED, "'Expiration time' claim ('exp') is too far in the future")

    def issue(self) -> tuple[str, datetime]:
        """Return a new installation token and when it expires."""
        token = f"ghs_{secrets.token_hex(18)}"
        expires_at = (datetime.now(UTC) + _TOKEN_LIFETIME).replace(microsecond=0)
        with self._lock:
            self._expiry_by_token[token] = expires_at
        return token, expires_at

    def issue_user(self, login: str) -> str:
        """Return a new user access token."""
        token = f"ghu_{secrets.token_hex(18)}"
        with self._lock:
            self._login_by_user_token[token] = login
        return token

    def verify_user(self, header: str) -> str:
        """Return the login of the header's user access token, or raise RestApiError."""
        with self._lock:
            login = self._login_by_user_token.get(_credential(header))
        if login is None:
            errors.fail(_UNAUTHORIZED, "Bad credentials")
        return login

    def revoke_all(self) -> None:
        """Revoke all installation tokens."""
        with self._lock:
            self._expiry_by_token.clear()

    def verify_token(self, header: str) -> None:
        """Raise RestApiError unless the header has a valid installation token."""
        with self._lock:
            expires_at = self._expiry_by_token.get(_credential(header))
        if expires_at is None or expires_at <= datetime.now(UTC):
            errors.fail(_UNAUTHORIZED, "Bad credentials")


def _credential(header: str) -> str:
    scheme, _, credential = header.partition(" ")
    return credential.strip() if scheme.lower() in {"bearer", "token"} else ""


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    """The private key: one for the process, since making it takes 0.1 s."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
