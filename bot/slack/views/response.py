"""Answers to one person that are about no case: the menu, help, a question back, an error. Pure, ephemeral."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.case_profile import ListedCase
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Element, Message
from bot.slack.ids import Action, CaseAction, PickList
from bot.slack.views import case_list, phrase

MAX_CHOICES = 5
_MAX_WAITING = 5
_MAX_WORDS = 100
_MAX_VALUE = 2000  # of a button
_QUESTIONS = {
    CaseAction.DETAILS: "to look at",
    CaseAction.WHY: "to explain",
    CaseAction.QUARANTINE: "to quarantine",
    CaseAction.EXTEND: "to keep in quarantine longer",
    CaseAction.LIFT: "to take out of quarantine",
    CaseAction.ASSIGN: "to assign",
    CaseAction.MUTE: "to mute",
    CaseAction.UNMUTE: "to unmute",
    CaseAction.LABEL: "to call not flaky",
}


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """The help for one command: its word, what follows it, what it does, and lines to try."""

    name: str
    usage: str
    says: str
    examples: tuple[str, ...]

    @property
    def line(self) -> str:
        """The command as it is typed."""
        return f"/flakeguard {self.name} {self.usage}".strip()


@dataclass(frozen=True, slots=True)
class CaseOption:
    """One of several tests that a name fits."""

    case_id: int
    title: str
    repository: str


def help_menu(commands: Sequence[CommandHelp], waiting: Sequence[ListedCase] = (), total: int = 0) -> Message:
    """Show what waits for the person, a button for everything else, and what can be typed."""
    many = phrase.count(total, "proposal waits", "proposals wait")
    words = phrase.listing(one.name for one in commands)
    text = f"FlakeGuard: {many} for an approver. You can type {words}, or use the buttons."
    blocks: list[Block] = [block_kit.header("FlakeGuard"), block_kit.section(f"*{many} for an approver.*")]
    blocks += case_list.rows(waiting, total=total, limit=_MAX_WAITING)
    blocks += [
        block_kit.actions(*case_list.menu_buttons()),
        block_kit.actions(*tool_buttons()),
        block_kit.section("\n".join(f"{mrkdwn.code(one.line, 200)} {one.says}" for one in commands)),
    ]
    return Message(text, tuple(blocks))


def tool_buttons() -> tuple[Element, ...]:
    """Return a button for everything that asks for more first."""
    return (
        block_kit.button("Find a test…", Action.FIND_OPEN, says="Find a test by a part of its name"),
        block_kit.button("Ask about a run…", Action.RUN_OPEN, says="Say what failed in a workflow run"),
        block_kit.button("Outage…", Action.INCIDENT_OPEN, says="Mark the present time as an outage"),
        block_kit.button("Subscribe…", Action.SUBSCRIBE_OPEN, says="Subscribe a channel to a repository"),
        block_kit.button("Who am I?", Action.WHOAMI, says="Show which GitHub account you are linked with"),
        block_kit.button("Settings", Action.MENU_SETTINGS, says="Show the policy in force"),
        block_kit.button("Connections", Action.MENU_HEALTH, says="Show whether everything is connected"),
    )


def carry_on(command: str) -> Message:
    """Offer to go on with a command that needs a form, which only a click can open."""
    text = "This needs a few words more. Press the button, and a form asks for them."
    button = block_kit.button("Open the form…", Action.CARRY_ON, mrkdwn.clip(command, _MAX_VALUE), says="Open the form")
    return block_kit.message(text, block_kit.actions(button))


def command_help(one: CommandHelp) -> Message:
    """Show how one command is used."""
    examples = "\n".join(mrkdwn.code(f"/flakeguard {example}", 200) for example in one.examples)
    text = f"{one.line}: {one.says}."
    shown = f"{mrkdwn.code(one.line, 200)}\n{one.says[0].upper()}{one.says[1:]}."
    blocks = [block_kit.section(shown), *([block_kit.section(f"*For example*\n{examples}")] if examples else [])]
    return Message(mrkdwn.escape(text), tuple(blocks))


def pick(
    words: str, choices: Sequence[CaseOption], action: CaseAction, *, days: int | None = None, many: bool = False
) -> Message:
    """Ask which of several tests a name means; `many` says that there are more than those given."""
    count = f"More than {len(choices)} tests fit" if many else phrase.count(len(choices), "test fits", "tests fit")
    what = _QUESTIONS[action]
    text = f"{count} “{mrkdwn.escape(mrkdwn.line(words), _MAX_WORDS)}”. Choose the one {what}."
    first = "\n".join(
        f"• {mrkdwn.code(one.title, 160)} in {mrkdwn.code(one.repository, 80)}" for one in choices[:MAX_CHOICES]
    )
    menu = block_kit.external_select(Action.PICK, "Type a part of its name")
    blocks = (
        block_kit.section(f"{count} {mrkdwn.code(words, _MAX_WORDS)}. Choose the one {what}.\n{first}".strip()),
        block_kit.actions(menu, block_id=PickList(action, days, words).encode()),
    )
    return Message(text, blocks)


def outage(repository_id: int, repository: str, reason: str, since: datetime | None = None) -> Message:
    """Say that an outage began, now or at an earlier time, with the button that ends it."""
    name, why = mrkdwn.escape(mrkdwn.line(repository), 140), mrkdwn.escape(mrkdwn.line(reason), 500)
    begun = "now" if since is None else f"{since.day} {since:%B, %H:%M} UTC"
    sentence = f"An outage of {name} is marked from {begun} on{f': {why}' if why else ''}"
    end = block_kit.button(
        "It is over", Action.INCIDENT_END, str(repository_id), says=f"End the outage of {repository}"
    )
    text = f"{sentence}. Its runs leave every score until somebody ends it."
    return Message(text, (block_kit.section(f"{phrase.INFRA_DOT} {text}"), block_kit.actions(end)))


def done(text: str) -> Message:
    """Say that something was done."""
    safe = mrkdwn.escape(text, 1500)
    return Message(safe, (block_kit.section(f"\N{WHITE HEAVY CHECK MARK} {safe}"),))


def error(text: str) -> Message:
    """Say what went wrong and what to do."""
    safe = mrkdwn.escape(text, 1500)
    return Message(safe, (block_kit.section(f"\N{WARNING SIGN} {safe}"),))


def closest(word: str, suggestion: str | None) -> Message:
    """Answer a word that is no command with the nearest that is."""
    typed = mrkdwn.escape(mrkdwn.line(word), 100)
    hint = f"Did you mean “{suggestion}”?" if suggestion else "Try “help”."
    shown = f"Did you mean {mrkdwn.code(f'/flakeguard {suggestion}')}?" if suggestion else "Try `/flakeguard help`."
    blocks = (
        block_kit.section(f"I do not know {mrkdwn.code(word, 100)}. {shown}"),
        block_kit.actions(*case_list.menu_buttons()),
    )
    return Message(f"FlakeGuard does not know “{typed}”. {hint}", blocks)
