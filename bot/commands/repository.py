"""Repositories: their health, what to fix first in them, and whether everything is connected."""

from __future__ import annotations

from datetime import timedelta

from bot import telemetry
from bot.commands.request import duration, repository_name
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import InvalidInputError, UserError
from bot.queries import case_item, connection, impact
from bot.queries import repository as repository_query
from bot.queries.access import Authorized
from bot.slack.ids import Action
from bot.slack.payloads import BlockAction
from bot.slack.views import impact as impact_view
from bot.slack.views import repository as repository_view
from bot.store.workspaces.repository import Repository

_PERIOD = timedelta(days=7)
_LONGEST = timedelta(days=90)
_NUMBER = 5
_MOST = 20


def on_status(context: SlackContext, _action: BlockAction) -> None:
    """Show the health of the first repositories."""
    _status(context, "")


def on_share(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """Show the health of a repository to everybody in the channel."""
    if not action.channel_id:
        message = "Ask for the status in a channel to share it there."
        raise UserError(message)
    with context.begin() as session:
        (summary,) = repository_query.summarize(session, [authorized.repository], context.now)
        top = case_item.list_top(session, authorized.repository.id, context.now)
    shared = repository_view.status(summary, top, shared_by=f"<@{action.actor.id}>")
    context.slack.post(action.channel_id, shared, key=f"share:{telemetry.current_id()}")


def on_health(context: SlackContext, _action: BlockAction) -> None:
    """Show whether everything is connected."""
    _health(context)


def on_top(context: SlackContext, _action: BlockAction) -> None:
    """Rank the tests of the first repositories by what they cost."""
    _rank(context, "", _PERIOD, _NUMBER)


def _status(context: SlackContext, name: str) -> None:
    with context.begin() as session:
        repositories = repository_name.choose(context, session, name, repository_name.MOST)
        messages = [
            repository_view.status(summary, case_item.list_top(session, summary.repository_id, context.now))
            for summary in repository_query.summarize(session, repositories, context.now)
        ]
    for message in messages:
        context.answer(message)


def _health(context: SlackContext) -> None:
    with context.begin() as session:
        parts = connection.of_person(session, context.person, context.visible(session), context.app.setup, context.now)
    context.answer(repository_view.connections(parts, context.now))


def _rank(context: SlackContext, name: str, period: timedelta, number: int) -> None:
    now = context.now
    with context.begin() as session:
        messages = [
            impact_view.ranking(
                repository.full_name,
                max(1, period.days),
                impact.rank(session, repository.id, now - period, now, number),
            )
            for repository in repository_name.choose(context, session, name, repository_name.MOST)
        ]
    for message in messages:
        context.answer(message)


def _run_status(context: SlackContext, typed: Typed) -> None:
    _status(context, typed.rest)


def _run_health(context: SlackContext, _typed: Typed) -> None:
    _health(context)


def _run_top(context: SlackContext, typed: Typed) -> None:
    """Take `[owner/repo] [7d] [n]` in any order."""
    name, period, number = "", _PERIOD, _NUMBER
    for word in typed.words:
        if word.isdecimal():
            number = int(word) if len(word) < 4 else _MOST + 1  # noqa: PLR2004  # more is refused below
        elif duration.is_duration(word):
            period = duration.duration(word)
        else:
            name = word
    if not 1 <= number <= _MOST:
        message = f"I rank 1 to {_MOST} tests; choose a number in between."
        raise InvalidInputError(message)
    if period > _LONGEST:
        message = f"I look back {_LONGEST.days} days at the most."
        raise InvalidInputError(message)
    _rank(context, name, period, number)


COMMANDS = (
    Command(
        name="status",
        usage="[owner/repo]",
        says="the health of a repository",
        examples=("status", "status acme/shop"),
        run=_run_status,
        also=Action.MENU_STATUS,
    ),
    Command(
        name="top",
        usage="[owner/repo] [7d] [n]",
        says="what to fix first, by blocked pull requests and lost minutes",
        examples=("top", "top acme/shop 30d 10"),
        run=_run_top,
        also=Action.MENU_TOP,
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
