"""The one registry of commands: what is typed is looked up here, and help is made of it."""

from __future__ import annotations

from bot import telemetry
from bot.analysis.quarantine.lifecycle import State
from bot.commands import (
    account,
    case,
    case_list,
    digest,
    incident,
    quarantine,
    quarantine_edit,
    repository,
    run,
    settings,
    subscription,
)
from bot.commands.request import parser
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.queries import case as case_query
from bot.slack.event_payloads import AppMention
from bot.slack.ids import Action
from bot.slack.payloads import BlockAction, SlashCommand
from bot.slack.views import response
from bot.slack.views.response import CommandHelp
from bot.store.decisions import quarantine as quarantine_store

_WAITING = 5


def on_help(context: SlackContext, _request: BlockAction | Typed) -> None:
    """Show what waits for a decision, and the commands."""
    with context.begin() as session:
        proposed = quarantine_store.list_open(session, context.visible(session), [State.PROPOSED])
        waiting = case_query.list_quarantined(session, proposed[:_WAITING], context.now)
    context.answer(response.help_menu([_help(command) for command in COMMANDS], waiting, len(proposed)))


def on_command(context: SlackContext, command: SlashCommand) -> None:
    """Answer `/flakeguard`."""
    _run(context, command.text)


def on_mention(context: SlackContext, mention: AppMention) -> None:
    """Answer a mention of the bot."""
    _run(context, mention.event.text)


def on_carry_on(context: SlackContext, action: BlockAction) -> None:
    """Go on with a command of a mention that needs a form."""
    _run(context, action.value)


def _run(context: SlackContext, text: str) -> None:
    typed = parser.parse(text)
    command = _BY_NAME.get(typed.word) if typed.word else _BY_NAME["help"]
    if command is None:
        context.answer(response.closest(typed.word, parser.closest(typed.word, list(_BY_NAME))))
        return
    telemetry.commands_total.labels(command=command.name).inc()
    command.run(context, typed)


def _run_help(context: SlackContext, typed: Typed) -> None:
    word = typed.words[0].lower() if typed.words else ""
    if not word:
        on_help(context, typed)
    elif command := _BY_NAME.get(word):
        context.answer(response.command_help(_help(command)))
    else:
        context.answer(response.closest(word, parser.closest(word, list(_BY_NAME))))


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
    *repository.COMMANDS,
    *settings.COMMANDS,
    *case.COMMANDS,
    *quarantine.COMMANDS,
    *quarantine_edit.COMMANDS,
    *case_list.COMMANDS,
    *incident.COMMANDS,
    *run.COMMANDS,
    *subscription.COMMANDS,
    *digest.COMMANDS,
)
_BY_NAME = {command.name: command for command in COMMANDS}
