"""Louder words for what waits, and reminders before a quarantine ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.analysis.case_profile import CaseProfile
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Message
from bot.slack.views import card, phrase


def mention(profile: CaseProfile, quarantine: Quarantine | None, owners: Sequence[str], since: datetime) -> Message:
    """Render the line in the thread of a card that asks its owner to decide."""
    evidence = phrase.evidence(profile)
    text = f"Nobody has decided about {phrase.case_text(profile)} since {phrase.day(since)}; {evidence}."
    shown = f"\N{ALARM CLOCK} {_owners(owners)}: {_waits(quarantine)} since {phrase.when(since, 'both')}; {evidence}."
    return block_kit.message(shown, text=text)


def direct(profile: CaseProfile, quarantine: Quarantine | None, since: datetime, channel: str) -> Message:
    """Render the direct message to the one who should decide."""
    waiting = (
        f"\N{ALARM CLOCK} {phrase.case(profile)} in {phrase.repository(profile.repository)}: {_waits(quarantine)} "
        f"since {phrase.when(since, 'both')}; {phrase.evidence(profile)}."
    )
    buttons = block_kit.actions(*card.buttons(profile, quarantine))
    text = f"You are asked to decide: {mrkdwn.spoken(waiting)}"
    return block_kit.message(f"{waiting} Its card is in <#{channel}>.", buttons, text=text)


def reminder(
    profile: CaseProfile, quarantine: Quarantine, owners: Sequence[str], now: datetime, zone: ZoneInfo
) -> Message:
    """Render the line in the thread of a card that says when its quarantine ends, by the calendar of the channel."""
    until = quarantine.expires_at or quarantine.proposed_at
    last = until.astimezone(zone).date()
    days = (last - now.astimezone(zone).date()).days
    soon = {0: "today", 1: "tomorrow"}.get(days, f"in {phrase.count(days, 'day')}")
    text = (
        f"The quarantine of {phrase.case_text(profile)} ends {soon}, on {last.day} {last:%B}; "
        f"then its failures count again. {phrase.evidence(profile).capitalize()}."
    )
    shown = (
        f"\N{HOURGLASS WITH FLOWING SAND} {_owners(owners)}: the quarantine ends *{soon}*, "
        f"{phrase.when(until, 'both')}; then failures count again. {phrase.evidence(profile).capitalize()}."
    )
    return block_kit.message(shown, block_kit.actions(*card.buttons(profile, quarantine)), text=text)


def _owners(names: Sequence[str]) -> str:
    return phrase.owner_list(names) if names else "Nobody owns this test yet"


def _waits(quarantine: Quarantine | None) -> str:
    if quarantine is not None and quarantine.state is State.PROPOSED:
        return "a proposal waits for an approver"
    return "nobody has decided"
