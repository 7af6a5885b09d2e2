"""Everything about one case, pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.lifecycle import Quarantine, State
from bot.analysis.model import CaseProfile, Verdict
from bot.slack import blockkit, messages, phrases
from bot.slack.blockkit import Block, Message
from bot.slack.names import Action

_MAX_RECENT = 30
_MAX_AUDIT = 10
_SQUARES = {
    Verdict.PASSED: ("\N{LARGE GREEN SQUARE}", "passed"),
    Verdict.FAILED: ("\N{LARGE RED SQUARE}", "failed"),
    Verdict.FLAKY: ("\N{LARGE ORANGE SQUARE}", "did both"),
    Verdict.SKIPPED: ("\N{WHITE LARGE SQUARE}", "skipped"),
}


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry of the audit trail, such as "approved the quarantine"."""

    at: datetime
    actor_name: str
    action: str
    reason: str = ""


def case_details(
    profile: CaseProfile, quarantine: Quarantine | None, history: Sequence[AuditLine], now: datetime
) -> Message:
    """Show everything known of a case: its card, recent verdicts, variants and audit trail."""
    card = messages.card(profile, quarantine, now)
    recent = profile.recent[-_MAX_RECENT:]
    tally = Counter(recent)
    words = phrases.listing(f"{tally[one]} {word}" for one, (_, word) in _SQUARES.items() if tally[one])
    commits = phrases.count(len(recent), "commit")
    seen = f"The last {commits}, oldest first: {words}" if recent else "It did not run on a commit yet"
    head, foot = card.blocks[:-2], card.blocks[-1]
    blocks: list[Block] = [*head]
    if quarantine is not None and quarantine.state is not State.SUSPENDED:
        blocks += messages.evidence(profile)
    blocks.append(blockkit.section(f"{seen}\n{''.join(_SQUARES[one][0] for one in recent)}".strip()))
    if len(profile.variants) > 1:
        blocks.append(blockkit.section(f"*By variant*\n{_variant_lines(profile)}"))
    blocks.append(blockkit.section(f"*History*\n{_audit_lines(history)}"))
    if moves := [one for one in messages.buttons(profile, quarantine) if one["action_id"] != Action.DETAILS]:
        blocks.append(blockkit.actions(*moves))
    return Message(f"{card.text} {seen}.", (*blocks, foot))


def _variant_lines(profile: CaseProfile) -> str:
    lines = [
        f"{phrases.DOTS[one.status]} {blockkit.code(one.variant, 80)}: {phrases.WORDS[one.status]}, "
        f"fails {phrases.rate(one)}, likely {phrases.interval(one)}"
        for one in profile.variants[:8]
    ]
    more = len(profile.variants) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def _audit_lines(history: Sequence[AuditLine]) -> str:
    lines = []
    for entry in history[:_MAX_AUDIT]:
        why = f": {blockkit.escape(blockkit.line(phrases.reason(entry.reason)), 120)}" if entry.reason else ""
        who, what = (blockkit.escape(blockkit.line(part), 60) for part in (entry.actor_name, entry.action))
        lines.append(f"• {phrases.when(entry.at, 'both')} {who} {what}{why}")
    if len(history) > _MAX_AUDIT:
        lines.append(f"and {phrases.count(len(history) - _MAX_AUDIT, 'earlier entry', 'earlier entries')}")
    return "\n".join(lines) or "nobody has decided anything yet"
