"""Lists of cases, pure: a row with a menu for each, and how many are not shown."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from bot.analysis.case_profile import CaseProfile, ListedCase
from bot.analysis.model import Status
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Element, Message
from bot.slack.ids import Action, CaseAction, CaseChoice
from bot.slack.views import phrase

MAX_ROWS = 20
_ROW_TITLE = 160
_DONE = {State.ACTIVE: "approved"}
_LABELS = {
    CaseAction.DETAILS: "Details",
    CaseAction.WHY: "Why?",
    CaseAction.QUARANTINE: "Quarantine…",
    CaseAction.EXTEND: "Extend…",
    CaseAction.LIFT: "Lift…",
    CaseAction.ASSIGN: "Assign…",
    CaseAction.MUTE: "Mute…",
    CaseAction.UNMUTE: "End the mute",
    CaseAction.LABEL: "Not flaky…",
}


class ListKind(StrEnum):
    """Which cases a list shows; the words of `/flakeguard list`."""

    QUARANTINED = "quarantined"
    PROPOSED = "proposed"
    EXPIRING = "expiring"
    BROKEN = "broken"


def case_list(kind: ListKind, listed: Sequence[ListedCase], total: int | None = None) -> Message:
    """Show the cases of one kind; `total` is how many there are where not all are given."""
    number = len(listed) if total is None else total
    what = f"{phrase.count(number, 'test')} {'is' if number == 1 else 'are'} {kind}"
    first = f", the first is {phrase.case_text(listed[0].profile)}" if listed else ""
    blocks = [block_kit.section(f"*{what}*"), *rows(listed, total=number), block_kit.actions(*menu_buttons())]
    return Message(f"{what}{first}.", tuple(blocks))


def rows(listed: Sequence[ListedCase], *, total: int | None = None, limit: int = MAX_ROWS) -> list[Block]:
    """Return a section with a menu for each case, and how many are not shown."""
    blocks = [block_kit.section(_row_text(row), accessory=menu(row.profile, row.quarantine)) for row in listed[:limit]]
    named = sum(row.stands_for for row in listed) if total is None else total
    hidden = named - sum(row.stands_for for row in listed[:limit])
    if hidden > 0:
        blocks.append(block_kit.context(f"and {hidden:,} more; narrow the list with a name"))
    return blocks


def menu(profile: CaseProfile, quarantine: Quarantine | None) -> Element:
    """Return the menu of what can be done with a case as it stands."""
    values = [
        (CaseChoice(action, profile.case_id).encode(), _LABELS[action]) for action in actions(profile, quarantine)
    ]
    return block_kit.overflow(Action.MORE, values)


def actions(profile: CaseProfile, quarantine: Quarantine | None) -> tuple[CaseAction, ...]:
    """What can be done with a case as it stands, at most five actions."""
    quiet = CaseAction.MUTE if profile.muted_until is None else CaseAction.UNMUTE
    if quarantine is not None and quarantine.state is State.PROPOSED:
        return (CaseAction.DETAILS, CaseAction.WHY, CaseAction.ASSIGN, quiet)
    if quarantine is not None and quarantine.state is State.ACTIVE:
        return (CaseAction.DETAILS, CaseAction.EXTEND, CaseAction.LIFT, CaseAction.ASSIGN, quiet)
    if quarantine is not None and quarantine.state is State.SUSPENDED:
        return (CaseAction.DETAILS, CaseAction.WHY, CaseAction.LIFT, CaseAction.ASSIGN, quiet)
    if profile.status is Status.FLAKY:
        return (CaseAction.DETAILS, CaseAction.WHY, CaseAction.QUARANTINE, CaseAction.LABEL, quiet)
    return (CaseAction.DETAILS, CaseAction.WHY, quiet)


def menu_buttons() -> tuple[Element, ...]:
    """Return a button for every question that needs no word."""
    return (
        block_kit.button("Status", Action.MENU_STATUS, says="Show the health of the repository"),
        block_kit.button("What to fix first", Action.MENU_TOP, says="Rank the tests by what they cost"),
        block_kit.button("Quarantined", Action.MENU_QUARANTINED, says="List the quarantined tests"),
        block_kit.button("Proposed", Action.MENU_PROPOSED, says="List the proposals that wait"),
        block_kit.button("Expiring", Action.MENU_EXPIRING, says="List the quarantines that end soon"),
        block_kit.button("Broken", Action.MENU_BROKEN, says="List the broken tests"),
    )


def _row_text(row: ListedCase) -> str:
    profile, quarantine = row.profile, row.quarantine
    worst = f"fails {phrase.rate(profile.worst)}" if profile.worst else "not scored yet"
    state = f"{phrase.DOTS[profile.status]} {phrase.WORDS[profile.status]}"
    parts = [state, worst, phrase.repository(profile.repository)]
    if row.stands_for > 1:
        parts.append(f"one item of {phrase.count(row.stands_for, 'test')}")
    if quarantine is not None and quarantine.state.is_open:
        by = phrase.person(quarantine.decided_by or quarantine.proposed_by)
        parts.append(f"{_DONE.get(quarantine.state, quarantine.state)} by {by}")
        if quarantine.expires_at is not None:
            parts.append(f"until {phrase.when(quarantine.expires_at)}")
    return f"{mrkdwn.code(profile.title, _ROW_TITLE)}\n{' · '.join(parts)}"
