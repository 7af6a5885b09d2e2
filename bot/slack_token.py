"""The tokens of Slack workspaces: stored sealed, renewed before they expire, supplied to the clients."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from bot import telemetry
from bot.analysis.model import WorkspaceId
from bot.errors import ConfigurationError, PermanentUpstreamError, UpstreamError
from bot.slack import oauth
from bot.slack.oauth import Credentials, SlackInstallation
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


class WorkspaceTokens:
    """The tokens of all workspaces. Safe to share between threads and processes."""

    def __init__(
        self,
        db: Database,
        *,
        bot_token: str | None,
        vault: Vault | None,
        credentials: Credentials | None,
        clock: Callable[[], datetime],
    ) -> None:
        """`bot_token` is SLACK_BOT_TOKEN; `vault` and `credentials` are None unless workspaces install by OAuth."""
        self._clock = clock
        self._db = db
        self._bot_token = bot_token
        self._vault = vault
        self._credentials = credentials

    def of(self, workspace_id: WorkspaceId) -> str:
        """The token of a workspace; one that expires soon is renewed first.

        Raises:
            PermanentUpstreamError: there is none (any more).
            UpstreamError: it has expired, and the new one is not there yet.
        """
        with self._db.begin() as session:
            workspace = workspace_store.get(session, workspace_id)
            stored = token_store.find(session, workspace_id)
        if stored is None and workspace.by_token and self._bot_token is not None:
            return self._bot_token
        if stored is None or self._vault is None:
            message = f"FlakeGuard has no token for the workspace {workspace.name or workspace_id}."
            raise PermanentUpstreamError(message, code="not_installed")
        secret = _Secret.model_validate_json(self._vault.open(stored.sealed))
        now = self._clock()
        if stored.expires_at is None or stored.expires_at - now > RENEW_BEFORE:
            return secret.token
        return self._renew(self._vault, stored, secret, now)

    def issue_state(self, seconds: int) -> str:
        """A new state for an installation, good once."""
        state = secrets.token_urlsafe(32)
        with self._db.begin() as session:
            token_store.insert_state(session, _key(state), self._clock() + timedelta(seconds=seconds))
        return state

    def take_state(self, state: str) -> bool:
        """Whether a state is good; afterwards it is not."""
        with self._db.begin() as session:
            return token_store.take_state(session, _key(state), self._clock())

    def install(self, installation: SlackInstallation) -> None:
        """Store a workspace that installed the app, and its token; it sees no repository yet.

        Raises:
            ConfigurationError: there is no key to seal it with.
        """
        if self._vault is None:
            message = "TOKEN_KEYS: set it, so that the tokens of workspaces can be stored."
            raise ConfigurationError(message)
        secret = _Secret(token=installation.token, refresh_token=installation.refresh_token)
        with self._db.begin() as session:
            now = self._clock()
            workspace_id = workspace_store.put(
                session,
                enterprise_id=installation.enterprise_id,
                team_id=installation.team_id,
                name=installation.name,
                bot_user_id=installation.bot_user_id,
                now=now,
            )
            token = StoredToken(
                workspace_id=workspace_id,
                sealed=self._vault.seal(secret.model_dump_json()),
                installer=installation.installer,
                scopes=installation.scopes,
                expires_at=installation.expires_at,
            )
            token_store.put(session, token, now)
        _log.info("workspace installed", workspace=workspace_id, team=installation.team_id)

    def reseal(self) -> int:
        """Seal every stored token with the newest key; returns how many.

        Raises:
            ConfigurationError: no keys, or one of the tokens opens with none of them; then nothing is changed.
        """
        if self._vault is None:
            message = "TOKEN_KEYS: set it to the new key followed by the old ones, comma-separated."
            raise ConfigurationError(message)
        with self._db.begin() as session:
            stored = token_store.lock_all(session)
            for token in stored:
                token_store.reseal(session, token.workspace_id, self._vault.renew(token.sealed))
        return len(stored)

    def _renew(self, vault: Vault, stored: StoredToken, secret: _Secret, now: datetime) -> str:
        """Renew a token and return it; the former one while it is valid and another process renews it."""
        is_valid = stored.expires_at is not None and stored.expires_at > now
        with self._db.begin() as session:
            is_claimed = token_store.claim_renewal(session, stored.workspace_id, now, now + _LEASE)
        if not is_claimed or self._credentials is None or not secret.refresh_token:
            if is_valid:
                return secret.token
            message = "Slack's token has expired, and the new one is not there yet."
            raise UpstreamError(message, retry_after=2)
        try:
            fresh = oauth.renew(self._credentials, secret.refresh_token, now)
        except (UpstreamError, PermanentUpstreamError) as error:
            _log.warning("token not renewed", workspace=stored.workspace_id, reason=str(error))
            if is_valid:
                return secret.token
            raise
        renewed = _Secret(token=fresh.token, refresh_token=fresh.refresh_token)
        with self._db.begin() as session:
            token_store.renew(
                session, stored.workspace_id, vault.seal(renewed.model_dump_json()), fresh.expires_at, now
            )
        _log.info("token renewed", workspace=stored.workspace_id)
        return fresh.token


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
