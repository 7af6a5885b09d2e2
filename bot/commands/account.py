"""Who somebody is: linking a GitHub account, saying which one it is, taking the link away."""

from __future__ import annotations

from bot.commands.request import invitation, repository_name
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import NotAllowedError
from bot.slack.ids import Action
from bot.slack.payloads import BlockAction
from bot.slack.views import account
from bot.store.workspaces import account_link as account_link_store


def on_whoami(context: SlackContext, _action: BlockAction) -> None:
    """Say which account a person is linked with, and what their workspace sees."""
    _say_who(context)


def on_disconnect(context: SlackContext, _action: BlockAction) -> None:
    """Take a person's link away; from now on their clicks decide nothing."""
    _disconnect(context)


def on_opened(_context: SlackContext, _action: BlockAction) -> None:
    """Nothing: the button opened a page in the browser, and Slack reports the click."""


def _run_connect(context: SlackContext, _typed: Typed) -> None:
    """Invite a person to link their account, or to connect more repositories."""
    if not context.app.setup.linking:
        message = (
            "Linking is not set up: the operator of FlakeGuard has to set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET."
        )
        raise NotAllowedError(message)
    with context.begin() as session:
        link = account_link_store.find(session, context.workspace.id, context.request.actor.id)
    if link is None:
        invitation.invite(context)
    else:
        _say_who(context)


def _run_whoami(context: SlackContext, _typed: Typed) -> None:
    _say_who(context)


def _run_disconnect(context: SlackContext, _typed: Typed) -> None:
    _disconnect(context)


def _disconnect(context: SlackContext) -> None:
    with context.begin() as session:
        link = account_link_store.delete(session, context.workspace.id, context.request.actor.id)
    context.answer(account.unlinked(link.github_login, "you disconnected it.") if link else account.nothing_linked())


def _say_who(context: SlackContext) -> None:
    workspace = context.workspace
    with context.begin() as session:
        link = account_link_store.find(session, workspace.id, context.request.actor.id)
        names = [repository.full_name for repository in repository_name.list_visible(context, session)]
    can_connect = context.app.setup.linking and (link is None or not workspace.sees_all)
    url = invitation.url(context) if can_connect else ""
    context.answer(account.identity(link.github_login if link else "", workspace.name, names, url))


COMMANDS = (
    Command(
        name="connect",
        usage="",
        says="link your GitHub account, or connect repositories to this workspace",
        examples=("connect",),
        run=_run_connect,
        also=Action.CONNECT,
    ),
    Command(
        name="whoami",
        usage="",
        says="your linked GitHub account, and what this workspace sees",
        examples=("whoami",),
        run=_run_whoami,
        also=Action.WHOAMI,
    ),
    Command(
        name="disconnect",
        usage="",
        says="take the link with your GitHub account away",
        examples=("disconnect",),
        run=_run_disconnect,
        also=Action.DISCONNECT,
    ),
)
