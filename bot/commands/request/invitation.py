"""The invitation to link a GitHub account, shown to a person alone."""

from __future__ import annotations

from bot import telemetry
from bot.commands.request.context import SlackContext
from bot.errors import FlakeGuardError
from bot.github.client import Target
from bot.services import account_link
from bot.slack.views import account
from bot.store.workspaces import repository as repository_store

_log = telemetry.logger(__name__)


def invite(context: SlackContext, why: str = "") -> None:
    """Show a person, and nobody else, the button that links their account."""
    hint = _suggestion(context)
    context.answer(account.invitation(url(context, hint), why=why, hint=hint))


def url(context: SlackContext, hint: str = "") -> str:
    """The address where the person begins to link; `hint` is the login they may have."""
    with context.begin() as session:
        secret = account_link.begin(session, context.workspace, context.request.actor, context.now, hint=hint)
    return f"{context.app.public_url}/github/connect?state={secret}"


def _suggestion(context: SlackContext) -> str:
    """The GitHub login that shows the person's e-mail address in public; no proof of anything, so never trusted."""
    github = context.app.github
    if github is None:
        return ""
    with context.begin() as session:
        repositories = repository_store.list_by_id(session, context.visible(session)[:1])
    try:
        email = context.slack.email_of(context.request.actor.id)
        if not email or not repositories or repositories[0].installation_id is None:
            return ""
        target = Target(repositories[0].installation_id, repositories[0].full_name)
        return github.find_login(target, email) or ""
    except FlakeGuardError as error:
        _log.info("no account could be suggested", reason=str(error))
        return ""
