"""Lists of cases, pure: a row with a menu for each, and how many are not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.analysis.lifecycle import Quarantine, State
from bot.analysis.model import CaseProfile, Status
from bot.slack import blockkit, phrases
from bot.slack.blockkit import Block, Element, Message
from bot.slack.names import Action, Deed

MAX_ROWS = 20
_ROW_TITLE = 160
_DONE = {State.ACTIVE: "approved"}
_LABELS = {
    Deed.DETAILS: "Details",
    Deed.WHY: "Why?",
    Deed.QUARANTINE: "Quarantine…",
    Deed.EXTEND: "Extend…",
    Deed.LIFT: "Lift…",
    Deed.ASSIGN: "Assign…",
    Deed.MUTE: "Mute…",
    Deed.UNMUTE: "End the mute",
    Deed.LABEL: "Not flaky…",
}


class ListKind(StrEnum):
    """Which cases a list shows; the words of `/flakeguard list`."""

    QUARANTINED = "quarantined"
    PROPOSED = "proposed"
    EXPIRING = "expiring"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in a list, with its quarantine where it has one; `stands_for` counts the cases that are one item."""

    profile: CaseProfile
    quarantine: Quarantine | None = None
    stands_for: int = 1


def case_list(kind: ListKind, found: Sequence[CaseRow], total: int | None = None) -> Message:
    """Show the cases of one kind; `total` is how many there are where not all are given."""
    number = len(found) if total is None else total
    what = f"{phrases.count(number, 'test')} {'is' if number == 1 else 'are'} {kind}"
    first = f", the first is {phrases.case_text(found[0].profile)}" if found else ""
    blocks = [blockkit.section(f"*{what}*"), *rows(found, total=number), blockkit.actions(*menu_buttons())]
    return Message(f"{what}{first}.", tuple(blocks))


def rows(found: Sequence[CaseRow], *, total: int | None = None, limit: int = MAX_ROWS) -> list[Block]:
    """Return a section with a menu for each case, and how many are not shown."""
    blocks = [blockkit.section(_row_text(row), accessory=menu(row.profile, row.quarantine)) for row in found[:limit]]
    named = sum(row.stands_for for row in found) if total is None else total
    hidden = named - sum(row.stands_for for row in found[:limit])
    if hidden > 0:
        blocks.append(blockkit.context(f"and {hidden:,} more; narrow the list with a name"))
    return blocks


def menu(profile: CaseProfile, quarantine: Quarantine | None) -> Element:
    """Return the menu of what can be done with a case as it stands."""
    values = [(f"{deed}:{profile.case_id}", _LABELS[deed]) for deed in deeds(profile, quarantine)]
    return blockkit.overflow(Action.MORE, values)


def deeds(profile: CaseProfile, quarantine: Quarantine | None) -> tuple[Deed, ...]:
    """What can be done with a case as it stands, at most five deeds."""
    quiet = Deed.MUTE if profile.muted_until is None else Deed.UNMUTE
    if quarantine is not None and quarantine.state is State.PROPOSED:
        return (Deed.DETAILS, Deed.WHY, Deed.ASSIGN, quiet)
    if quarantine is not None and quarantine.state is State.ACTIVE:
        return (Deed.DETAILS, Deed.EXTEND, Deed.LIFT, Deed.ASSIGN, quiet)
    if quarantine is not None and quarantine.state is State.SUSPENDED:
        return (Deed.DETAILS, Deed.WHY, Deed.LIFT, Deed.ASSIGN, quiet)
    if profile.status is Status.FLAKY:
        return (Deed.DETAILS, Deed.WHY, Deed.QUARANTINE, Deed.LABEL, quiet)
    return (Deed.DETAILS, Deed.WHY, quiet)


def menu_buttons() -> tuple[Element, ...]:
    """Return a button for every question that needs no word."""
    return (
        blockkit.button("Status", Action.MENU_STATUS, says="Show the health of the repository"),
        blockkit.button("What to fix first", Action.MENU_TOP, says="Rank the tests by what they cost"),
        blockkit.button("Quarantined", Action.MENU_QUARANTINED, says="List the quarantined tests"),
        blockkit.button("Proposed", Action.MENU_PROPOSED, says="List the proposals that wait"),
        blockkit.button("Expiring", Action.MENU_EXPIRING, says="List the quarantines that end soon"),
        blockkit.button("Broken", Action.MENU_BROKEN, says="List the broken tests"),
    )


def _row_text(row: CaseRow) -> str:
    profile, quarantine = row.profile, row.quarantine
    worst = f"fails {phrases.rate(profile.worst)}" if profile.worst else "not scored yet"
    state = f"{phrases.DOTS[profile.status]} {phrases.WORDS[profile.status]}"
    parts = [state, worst, phrases.repository(profile.repository)]
    if row.stands_for > 1:
        parts.append(f"one item of {phrases.count(row.stands_for, 'test')}")
    if quarantine is not None and quarantine.state.is_open:
        by = phrases.person(quarantine.decided_by or quarantine.proposed_by)
        parts.append(f"{_DONE.get(quarantine.state, quarantine.state)} by {by}")
        if quarantine.expires_at is not None:
            parts.append(f"until {phrases.when(quarantine.expires_at)}")
    return f"{blockkit.code(profile.title, _ROW_TITLE)}\n{' · '.join(parts)}"
