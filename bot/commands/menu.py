"""The one registry of commands: what is typed is looked up here, and help is made of it."""

from __future__ import annotations

from bot import telemetry
from bot.analysis.quarantine.lifecycle import State
from bot.commands import (
    account,
    case,
    case_list,
    digest,
    health,
    incident,
    parser,
    quarantine,
    quarantine_edit,
    run,
    settings,
    subscription,
    top,
)
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.queries import case as case_query
from bot.slack.ids import Action
from bot.slack.views import response
from bot.slack.views.response import CommandHelp
from bot.store.decisions import quarantine as quarantine_store

_WAITING = 5


def on_help(door: Door, body: Body) -> None:
    """Show what waits, and what can be asked."""
    with door.db.begin() as session:
        present = door.visible(session)
        held = quarantine_store.list_open(session, present, [State.PROPOSED])
        waiting = case_query.list_quarantined(session, held[:_WAITING], now())
    door.answer(body, response.help_menu([_help(one) for one in COMMANDS], waiting, len(held)))


def on_command(door: Door, body: Body) -> None:
    """Answer `/flakeguard`, or what was said to the bot."""
    typed = parser.parse(body.text)
    command = _BY_NAME.get(typed.word) if typed.word else _BY_NAME["help"]
    if command is None:
        door.answer(body, response.closest(typed.word, parser.closest(typed.word, list(_BY_NAME))))
        return
    telemetry.commands_total.labels(command=command.name).inc()
    command.run(door, body, typed)


def on_carry_on(door: Door, body: Body) -> None:
    """Go on with a command that was said to the bot and asks for more."""
    on_command(door, body.model_copy(update={"text": body.choice}))


def _run_help(door: Door, body: Body, typed: Typed) -> None:
    word = typed.words[0].lower() if typed.words else ""
    if not word:
        on_help(door, body)
    elif command := _BY_NAME.get(word):
        door.answer(body, response.command_help(_help(command)))
    else:
        door.answer(body, response.closest(word, parser.closest(word, list(_BY_NAME))))


def _help(command: Command) -> CommandHelp:
    return CommandHelp(command.name, command.usage, command.says, command.examples)


COMMANDS: tuple[Command, ...] = (
    Command(
        name="help",
        usage="[command]",
        says="what waits for you and what can be asked, or how one command is used",
        examples=("help", "help quarantine"),
        run=_run_help,
        also=Action.MENU_HELP,
    ),
    *account.COMMANDS,
    *health.COMMANDS,
    *settings.COMMANDS,
    *case.COMMANDS,
    *quarantine.COMMANDS,
    *quarantine_edit.COMMANDS,
    *case_list.COMMANDS,
    *top.COMMANDS,
    *incident.COMMANDS,
    *run.COMMANDS,
    *subscription.COMMANDS,
    *digest.COMMANDS,
)
_BY_NAME = {command.name: command for command in COMMANDS}
