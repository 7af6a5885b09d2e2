"""Handles revoked authorizations of the GitHub App."""

from __future__ import annotations

from bot import telemetry
from bot.errors import FlakeGuardError
from bot.github.webhook.event import GitHubAppAuthorizationEvent
from bot.jobs.context import Context
from bot.slack.views import account
from bot.store.workspaces import account_link as account_link_store

_log = telemetry.logger(__name__)


def on_revocation(context: Context, event: GitHubAppAuthorizationEvent) -> None:
    """Remove the links with the account, and tell the people who had them."""
    with context.db.begin() as session:
        links = account_link_store.delete_account(session, event.sender.id)
    for link in links:
        message = account.unlinked(link.github_login, "the authorization was revoked on GitHub.")
        try:
            slack = context.slack_of(link.workspace_id)
            slack.post(slack.open_dm(link.slack_user), message, key=f"revoked:{telemetry.new_id()}")
        except FlakeGuardError as error:
            _log.warning("person not told that their link is gone", user=link.slack_user, reason=str(error))
