"""Louder words for what waits, and reminders before a quarantine ends. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.lifecycle import Quarantine, State
from bot.analysis.model import CaseProfile
from bot.slack import blockkit, messages, phrases
from bot.slack.blockkit import Message


def mention(profile: CaseProfile, quarantine: Quarantine | None, since: datetime) -> Message:
    """Render the line in the thread of a card that asks its owner to decide."""
    owner = _owner(quarantine)
    evidence = phrases.evidence(profile)
    text = f"Nobody has decided about {phrases.case_text(profile)} since {phrases.day(since)}; {evidence}."
    shown = f"\N{ALARM CLOCK} {owner}: {_waits(quarantine)} since {phrases.when(since, 'both')}; {evidence}."
    return Message(text, (blockkit.section(shown),))


def direct(profile: CaseProfile, quarantine: Quarantine | None, since: datetime, channel: str) -> Message:
    """Render the direct message to the one who should decide."""
    name = phrases.case_text(profile)
    text = (
        f"You are asked to decide about {name} in {phrases.repository_text(profile.repository)}, which has waited "
        f"since {phrases.day(since)}; {phrases.evidence(profile)}."
    )
    shown = (
        f"\N{ALARM CLOCK} {phrases.case(profile)} in {phrases.repository(profile.repository)}: {_waits(quarantine)} "
        f"since {phrases.when(since, 'both')}; {phrases.evidence(profile)}. Its card is in <#{channel}>."
    )
    blocks = [blockkit.section(shown), blockkit.actions(*messages.buttons(profile, quarantine))]
    return Message(text, tuple(blocks))


def reminder(profile: CaseProfile, quarantine: Quarantine, days: int) -> Message:
    """Render the line in the thread of a card that says when its quarantine ends; `days` is 3, or 0 for today."""
    until = quarantine.expires_at or quarantine.proposed_at
    soon = "today" if days == 0 else f"in {phrases.count(days, 'day')}"
    text = (
        f"The quarantine of {phrases.case_text(profile)} ends {soon}, on {phrases.day(until)}; "
        f"then its failures count again. {phrases.evidence(profile).capitalize()}."
    )
    shown = (
        f"\N{HOURGLASS WITH FLOWING SAND} {_owner(quarantine)}: the quarantine ends *{soon}*, "
        f"{phrases.when(until, 'both')}; then failures count again. {phrases.evidence(profile).capitalize()}."
    )
    return Message(text, (blockkit.section(shown), blockkit.actions(*messages.buttons(profile, quarantine))))


def _owner(quarantine: Quarantine | None) -> str:
    return phrases.owner(quarantine.owner) if quarantine and quarantine.owner else "Nobody owns this test yet"


def _waits(quarantine: Quarantine | None) -> str:
    if quarantine is not None and quarantine.state is State.PROPOSED:
        return "a proposal waits for an approver"
    return "nobody has decided"
