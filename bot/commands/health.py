"""How repositories do, and whether everything is connected."""

from __future__ import annotations

from bot import telemetry
from bot.analysis.model import Channel, RepositoryId
from bot.commands import subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.errors import UserError
from bot.queries import access, case_item, connection
from bot.queries import repository as repository_query
from bot.slack.ids import Action
from bot.slack.views import repository


def on_status(door: Door, body: Body) -> None:
    """Show the health of the first repositories."""
    _status(door, body, "")


def on_share(door: Door, body: Body) -> None:
    """Show the health of a repository to everybody in the channel."""
    if not body.where:
        message = "Ask for the status in a channel to share it there."
        raise UserError(message)
    with door.db.begin() as session:
        subject_repository = access.require_visible(session, door.workspace, RepositoryId(body.subject))
        (summary,) = repository_query.summarize(session, [subject_repository], now())
        top = case_item.list_top(session, subject_repository.id, now())
    shared = repository.status(summary, top, shared_by=f"<@{body.actor.id}>")
    door.slack.post(body.where, shared, key=f"share:{telemetry.current_id()}")


def on_health(door: Door, body: Body) -> None:
    """Show whether everything is connected."""
    with door.db.begin() as session:
        channel = Channel(door.workspace.id, body.actor.id)
        found = connection.of_person(session, channel, door.visible(session), door.setup, now())
    door.answer(body, repository.connections(found))


def _status(door: Door, body: Body, name: str) -> None:
    with door.db.begin() as session:
        chosen = subject.chosen(door, session, name, subject.MOST)
        summaries = repository_query.summarize(session, chosen, now())
        shown = [
            repository.status(summary, case_item.list_top(session, summary.repository_id, now()))
            for summary in summaries
        ]
    for message in shown:
        door.answer(body, message)


def _run_health(door: Door, body: Body, _typed: Typed) -> None:
    on_health(door, body)


COMMANDS = (
    Command(
        name="status",
        usage="[owner/repo]",
        says="the health of a repository",
        examples=("status", "status acme/shop"),
        run=lambda door, body, typed: _status(door, body, typed.rest),
        also=Action.MENU_STATUS,
    ),
    Command(
        name="health",
        usage="",
        says="whether everything is connected",
        examples=("health",),
        run=_run_health,
        also=Action.MENU_HEALTH,
    ),
)
