"""The tokens of workspaces: kept sealed, renewed before they end, handed to whoever speaks with Slack."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel

from bot import telemetry
from bot.analysis.model import WorkspaceId
from bot.errors import ConfigurationError, PermanentUpstreamError, UpstreamError
from bot.services import workspace as workspaces
from bot.slack import oauth
from bot.slack.oauth import Credentials, Installed
from bot.store.database import Database
from bot.store.vault import Vault
from bot.store.workspaces import token as token_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.token import StoredToken

RENEW_BEFORE: Final = timedelta(hours=2)
"""A token lives twelve hours (https://docs.slack.dev/authentication/using-token-rotation)."""
_LEASE: Final = timedelta(minutes=1)
_log = telemetry.logger(__name__)


class _Secret(BaseModel):
    token: str
    refresh_token: str = ""


class Grants:
    """What every workspace gave the app. Safe to share between threads and processes."""

    def __init__(
        self, db: Database, *, bot_token: str | None, vault: Vault | None, credentials: Credentials | None
    ) -> None:
        """`bot_token` is the one of the settings; `vault` and `credentials` are there where workspaces install."""
        self._db = db
        self._bot_token = bot_token
        self._vault = vault
        self._credentials = credentials

    def of(self, workspace_id: WorkspaceId) -> str:
        """With which token to speak for a workspace now; one that ends soon is renewed first.

        Raises:
            PermanentUpstreamError: there is none (any more).
            UpstreamError: it has ended, and the new one is not here yet.
        """
        with self._db.begin() as session:
            workspace = workspace_store.get(session, workspace_id)
            held = token_store.find(session, workspace_id)
        if held is None and workspace.by_token and self._bot_token is not None:
            return self._bot_token
        if held is None or self._vault is None:
            message = f"FlakeGuard has no token for the workspace {workspace.name or workspace_id}."
            raise PermanentUpstreamError(message, code="not_installed")
        secret = _Secret.model_validate_json(self._vault.open(held.sealed))
        now = datetime.now(UTC)
        if held.expires_at is None or held.expires_at - now > RENEW_BEFORE:
            return secret.token
        return self._renewed(self._vault, held, secret, now)

    def issue_state(self, seconds: int) -> str:
        """A new state for an installation, good once."""
        state = secrets.token_urlsafe(32)
        with self._db.begin() as session:
            token_store.insert_state(session, _key(state), datetime.now(UTC) + timedelta(seconds=seconds))
        return state

    def take_state(self, state: str) -> bool:
        """Whether a state is good; afterwards it is not."""
        with self._db.begin() as session:
            return token_store.take_state(session, _key(state), datetime.now(UTC))

    def install(self, installed: Installed) -> None:
        """Keep what a workspace gave.

        Raises:
            ConfigurationError: there is no key to seal it with.
        """
        if self._vault is None:
            message = "TOKEN_KEYS: set it, so that the tokens of workspaces can be stored."
            raise ConfigurationError(message)
        secret = _Secret(token=installed.token, refresh_token=installed.refresh_token)
        with self._db.begin() as session:
            sealed = self._vault.seal(secret.model_dump_json())
            workspace_id = workspaces.install(session, installed, sealed, datetime.now(UTC))
        _log.info("workspace installed", workspace=workspace_id, team=installed.team_id)

    def reseal(self) -> int:
        """Seal every stored token with the newest key; returns how many.

        Raises:
            ConfigurationError: no keys, or one of the tokens opens with none of them; then nothing is changed.
        """
        if self._vault is None:
            message = "TOKEN_KEYS: set it to the new key followed by the old ones, comma-separated."
            raise ConfigurationError(message)
        with self._db.begin() as session:
            held = token_store.lock_all(session)
            for one in held:
                token_store.reseal(session, one.workspace_id, self._vault.renew(one.sealed))
        return len(held)

    def _renewed(self, vault: Vault, held: StoredToken, secret: _Secret, now: datetime) -> str:
        """Renew a token, unless another process does so already: the former works until its end."""
        alive = held.expires_at is not None and held.expires_at > now
        with self._db.begin() as session:
            mine = token_store.claim_renewal(session, held.workspace_id, now, now + _LEASE)
        if not mine or self._credentials is None or not secret.refresh_token:
            if alive:
                return secret.token
            message = "Slack's token has ended, and the new one is not here yet."
            raise UpstreamError(message, retry_after=2)
        try:
            fresh = oauth.renew(self._credentials, secret.refresh_token, now)
        except (UpstreamError, PermanentUpstreamError) as error:
            _log.warning("token not renewed", workspace=held.workspace_id, reason=str(error))
            if alive:
                return secret.token
            raise
        renewed = _Secret(token=fresh.token, refresh_token=fresh.refresh_token)
        with self._db.begin() as session:
            token_store.renew(session, held.workspace_id, vault.seal(renewed.model_dump_json()), fresh.expires_at, now)
        _log.info("token renewed", workspace=held.workspace_id)
        return fresh.token


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
