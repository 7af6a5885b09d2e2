"""Installation by OAuth with Bolt's flow, and the renewal of tokens that Slack rotates."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk.oauth import InstallationStore, OAuthStateStore, OAuthStateUtils
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store import Installation as BoltInstallation
from slack_sdk.web import WebClient

from bot.errors import FlakeGuardError
from bot.slack import client
from bot.slack.manifest import SCOPES

STATE_SECONDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackInstallation:
    """An installation of the Slack app in a workspace, or in a whole organisation, where `team_id` is empty.

    `expires_at` is None where Slack does not rotate the token.
    """

    enterprise_id: str
    team_id: str
    name: str
    bot_user_id: str
    installer: str
    scopes: str
    token: str
    refresh_token: str
    expires_at: datetime | None


class Installations(Protocol):
    """Stores what the flow produces."""

    def issue_state(self, seconds: int) -> str:
        """A new state that is good once, for some seconds."""

    def take_state(self, state: str) -> bool:
        """Whether a state is good; afterwards it is not."""

    def install(self, installation: SlackInstallation) -> None:
        """Store an installation."""


class ResultPages(Protocol):
    """The pages at the end of the flow."""

    def installed(self, name: str) -> BoltResponse:
        """The app is installed."""

    def refused(self, reason: str, status: int) -> BoltResponse:
        """The app is not installed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The Slack app's own, and where Slack's API is."""

    client_id: str
    client_secret: str
    api_url: str

    @property
    def authorization_url(self) -> str:
        """The page on which somebody installs the app."""
        return f"{self.api_url.rstrip('/').removesuffix('/api')}/oauth/v2/authorize"


class Flow:
    """`/slack/install` and `/slack/oauth_redirect`."""

    def __init__(
        self, credentials: Credentials, installations: Installations, pages: ResultPages, *, redirect_uri: str
    ) -> None:
        settings = OAuthSettings(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            scopes=list(SCOPES),
            user_scopes=[],
            redirect_uri=redirect_uri,
            install_page_rendering_enabled=False,
            authorization_url=credentials.authorization_url,
            installation_store=_Store(installations),
            state_store=_States(installations),
            state_expiration_seconds=STATE_SECONDS,
            callback_options=CallbackOptions(
                success=lambda args: _succeeded(args, pages), failure=lambda args: _failed(args, pages)
            ),
        )
        if not redirect_uri.startswith("https://"):
            settings.state_utils = _PlainCookies(expiration_seconds=STATE_SECONDS)
        self._flow = OAuthFlow(
            client=client.web(credentials.api_url), logger=logging.getLogger("slack_bolt"), settings=settings
        )

    def begin(self, query: str) -> BoltResponse:
        """Send a browser to Slack."""
        return self._flow.handle_installation(BoltRequest(body="", query=query))

    def finish(self, query: str, cookie: str) -> BoltResponse:
        """Take a browser back from Slack; the code works once, so this is not tried again."""
        request = BoltRequest(body="", query=query, headers={"cookie": [cookie]})
        return self._flow.handle_callback(request)


@dataclass(frozen=True, slots=True)
class RenewedToken:
    """A token in place of one that expires; its refresh token replaces the former one, which works no more."""

    token: str
    refresh_token: str
    expires_at: datetime


def renew(credentials: Credentials, refresh_token: str, now: datetime) -> RenewedToken:
    """Exchange a refresh token (https://docs.slack.dev/authentication/using-token-rotation).

    Raises:
        PermanentUpstreamError: Slack does not know the refresh token.
        UpstreamError: Slack did not answer.
    """
    web: WebClient = client.web(credentials.api_url)
    response = client.translated(
        "oauth.v2.access",
        lambda: web.oauth_v2_access(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            grant_type="refresh_token",
            refresh_token=refresh_token,
        ),
    )
    return RenewedToken(
        str(response.get("access_token") or ""),
        str(response.get("refresh_token") or ""),
        datetime.fromtimestamp(now.timestamp() + int(response.get("expires_in") or 0), UTC),
    )


class _Store(InstallationStore):
    """Bolt's store, as far as the flow uses it: requests are authorized by our own records."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    def save(self, installation: BoltInstallation) -> None:
        organisation = bool(installation.is_enterprise_install)
        expires = installation.bot_token_expires_at
        try:
            self._installations.install(
                SlackInstallation(
                    enterprise_id=installation.enterprise_id or "",
                    team_id="" if organisation else installation.team_id or "",
                    name=(installation.enterprise_name if organisation else installation.team_name) or "",
                    bot_user_id=installation.bot_user_id or "",
                    installer=installation.user_id or "",
                    scopes=",".join(installation.bot_scopes or []),
                    token=installation.bot_token or "",
                    refresh_token=installation.bot_refresh_token or "",
                    expires_at=None if expires is None else datetime.fromtimestamp(expires, UTC),
                )
            )
        except FlakeGuardError as error:
            raise BoltError(str(error)) from error

    def save_bot(self, bot: Bot) -> None:
        """Nothing: bots are saved with their installation."""


class _States(OAuthStateStore):
    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    def issue(self, *_args: object, **_kwargs: object) -> str:
        return self._installations.issue_state(STATE_SECONDS)

    def consume(self, state: str) -> bool:
        return self._installations.take_state(state or "")


class _PlainCookies(OAuthStateUtils):
    """The cookie of a development address: over HTTP a browser does not send one that is `Secure`."""

    def build_set_cookie_for_new_state(self, state: str) -> str:
        return super().build_set_cookie_for_new_state(state).replace(" Secure;", "")

    def build_set_cookie_for_deletion(self) -> str:
        return super().build_set_cookie_for_deletion().replace(" Secure;", "")


def _succeeded(args: SuccessArgs, pages: ResultPages) -> BoltResponse:
    installation = args.installation
    response = pages.installed(installation.enterprise_name or installation.team_name or "")
    response.headers["set-cookie"] = [args.settings.state_utils.build_set_cookie_for_deletion()]
    return response


def _failed(args: FailureArgs, pages: ResultPages) -> BoltResponse:
    return pages.refused(str(args.error or args.reason), args.suggested_status_code)
