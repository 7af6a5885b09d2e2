"""What is said in the thread of a card: an entry of the audit trail, a change of status."""

from __future__ import annotations

from bot.analysis.audit import AuditAction, AuditEvent
from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import SYSTEM, Status
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Message
from bot.slack.views import card_state, phrase

_ACTION_DOTS = {
    AuditAction.PROPOSE: phrase.PROPOSED_DOT,
    AuditAction.APPROVE: "\N{WHITE HEAVY CHECK MARK}",
    AuditAction.RESUME: phrase.PROPOSED_DOT,
    AuditAction.SUSPEND: phrase.DOTS[Status.BROKEN],
    AuditAction.RELEASE: phrase.DOTS[Status.HEALTHY],
    AuditAction.ASSIGN: "\N{BUST IN SILHOUETTE}",
    AuditAction.LABEL: "\N{LABEL}",
    AuditAction.RENAME: "\N{LABEL}",
    AuditAction.MUTE: "\N{SPEAKER WITH CANCELLATION STROKE}",
    AuditAction.UNMUTE: "\N{SPEAKER}",
}
_COUNTS = ", so its failures count"
_CONSEQUENCES = {
    AuditAction.PROPOSE: " for {days}; {evidence}",
    AuditAction.APPROVE: " {until}",
    AuditAction.RESUME: " {until}",
    AuditAction.EXTEND: " {until}",
    AuditAction.SUSPEND: ": it is BROKEN ON MAIN, so the build fails again; {evidence}",
    AuditAction.LABEL: ", which counts against the belief that it is flaky",
    AuditAction.RELEASE: ", so its failures count again; {evidence}",
    AuditAction.REJECT: _COUNTS,
    AuditAction.WITHDRAW: _COUNTS,
    AuditAction.LIFT: _COUNTS,
    AuditAction.EXPIRE: _COUNTS,
}
"""What an action means for the build, or what it rests on."""


def audit_line(event: AuditEvent, quarantine: Quarantine | None, profile: CaseProfile) -> Message:
    """Render an entry of the audit trail as a reply in the thread of the card."""
    days = phrase.count(quarantine.days, "day") if quarantine else "some time"
    end = quarantine.expires_at if quarantine else None
    consequence = _CONSEQUENCES.get(event.action, "")

    def sentence(actor: str, case: str, until: str) -> str:
        rest = consequence.format(days=days, until=until, evidence=phrase.evidence(profile))
        return f"{actor} {event.action.case_phrase} {case}{rest}."

    text = sentence(
        phrase.person_text(event.actor),
        phrase.case_text(profile),
        f"until {phrase.day(end)}" if end else f"for {days}",
    )
    shown = sentence(
        phrase.person(event.actor), phrase.case(profile), f"until {phrase.when(end)}" if end else f"for {days}"
    )
    dot = _ACTION_DOTS.get(event.action, phrase.DECIDED_DOT)
    return _line(text, f"{dot} {shown}", event.reason)


def status_line(profile: CaseProfile, change: str) -> Message:
    """Render a change of status as a reply in the thread of the card; `change` is such as "from flaky to healthy"."""
    dot, status = phrase.DOTS[profile.status], phrase.WORDS[profile.status]
    rest = f"as {status}; {phrase.evidence(profile)}."
    text = f"{phrase.person_text(SYSTEM)} now sees {phrase.case_text(profile)} {rest}"
    return _line(text, f"{dot} {phrase.person(SYSTEM)} now sees {phrase.case(profile)} {rest}", change)


def _line(text: str, shown: str, reason: str) -> Message:
    why = phrase.reason(reason or None)
    blocks = [block_kit.section(shown), *([block_kit.section(mrkdwn.quote(why))] if why else [])]
    return Message(f"{text}{card_state.because(why)}", tuple(blocks))
