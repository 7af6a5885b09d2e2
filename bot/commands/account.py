"""Who somebody is: linking a GitHub account, saying which one it is, taking the link away."""

from __future__ import annotations

from bot import telemetry
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.errors import FlakeGuardError, NotAllowedError
from bot.github.client import Target
from bot.services import account_link
from bot.slack.ids import Action
from bot.slack.views import account
from bot.store.workspaces import repository as repository_store

_log = telemetry.logger(__name__)


def _run_connect(door: Door, body: Body, _typed: Typed) -> None:
    """Invite a person to link their account, or to connect more repositories."""
    if not door.setup.linking:
        message = "Linking is not set up: whoever runs FlakeGuard has to set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET."
        raise NotAllowedError(message)
    with door.db.begin() as session:
        link = account_link.of_person(session, door.workspace.id, body.actor.id)
    if link is None:
        invite(door, body)
    else:
        _say_who(door, body)


def on_whoami(door: Door, body: Body) -> None:
    """Say which account a person is linked with, and what their workspace sees."""
    _say_who(door, body)


def on_disconnect(door: Door, body: Body) -> None:
    """Take a person's link away; from now on their clicks decide nothing."""
    with door.db.begin() as session:
        link = account_link.disconnect(session, door.workspace, body.actor.id)
    if link is None:
        door.answer(body, account.nothing_linked())
    else:
        door.answer(body, account.unlinked(link.github_login, "you disconnected it."))


def _run_whoami(door: Door, body: Body, _typed: Typed) -> None:
    on_whoami(door, body)


def _run_disconnect(door: Door, body: Body, _typed: Typed) -> None:
    on_disconnect(door, body)


def on_opened(_door: Door, _body: Body) -> None:
    """Nothing: the button opened a page in the browser, and Slack tells of the click."""


def invite(door: Door, body: Body, why: str = "") -> None:
    """Show a person, and nobody else, the button that links their account."""
    hint = _suggestion(door, body.actor.id)
    door.answer(body, account.invitation(_url(door, body, hint), why=why, hint=hint))


def _url(door: Door, body: Body, hint: str = "") -> str:
    with door.db.begin() as session:
        secret = account_link.begin(session, door.workspace, body.actor, now(), hint=hint)
    return f"{door.public_url}/github/connect?state={secret}"


def _say_who(door: Door, body: Body) -> None:
    with door.db.begin() as session:
        link = account_link.of_person(session, door.workspace.id, body.actor.id)
        seen = [repository_store.get(session, one).full_name for one in door.visible(session)]
    url = _url(door, body) if door.setup.linking and (link is None or not door.workspace.sees_all) else ""
    door.answer(body, account.identity(link.github_login if link else "", door.workspace.name, seen, url))


def _suggestion(door: Door, user: str) -> str:
    """The GitHub login that shows the person's e-mail address in public; no proof of anything, so never trusted."""
    if door.github is None:
        return ""
    with door.db.begin() as session:
        known = [repository_store.get(session, one) for one in door.visible(session)[:1]]
    try:
        email = door.slack.email_of(user)
        if not email or not known or known[0].installation_id is None:
            return ""
        return door.github.find_login(Target(known[0].installation_id, known[0].full_name), email) or ""
    except FlakeGuardError as error:
        _log.info("no account could be suggested", reason=str(error))
        return ""


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
