"""Everything about one case, pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.case_profile import CaseProfile
from bot.analysis.explanation.explanation import Explanation
from bot.analysis.model import ClusterKind, OrderKind, Verdict
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message
from bot.slack.ids import Action
from bot.slack.views import card as card_view
from bot.slack.views import phrase

_MAX_RECENT = 30
_MAX_AUDIT = 10
_MAX_KINDS = 4
_MAX_LINES = 8
_LONGEST_LINE = 300
_TOGETHER = {
    ClusterKind.FIXTURE: "Fails with its fixture",
    ClusterKind.TOGETHER: "Fails together with others",
    ClusterKind.ALIKE: "Fails like others",
}
_ORDERS = {OrderKind.AFTER: "after", OrderKind.WITHOUT: "without"}
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
    profile: CaseProfile,
    quarantine: Quarantine | None,
    history: Sequence[AuditLine],
    now: datetime,
    *,
    recent: Sequence[Verdict] = (),
    explanation: Explanation | None = None,
    owners: Sequence[str] = (),
    address: str = "",
) -> Message:
    """Show everything known of a case: its card, why, how it fails, variants and audit trail.

    `recent` holds the verdicts of the latest commits that ran it, oldest first; `address` is that of its own page.
    """
    card = card_view.card(profile, quarantine, now)
    recent = recent[-_MAX_RECENT:]
    tally = Counter(recent)
    words = phrase.listing(f"{tally[one]} {word}" for one, (_, word) in _SQUARES.items() if tally[one])
    commits = phrase.count(len(recent), "commit")
    seen = f"The last {commits}, oldest first: {words}" if recent else "It did not run on a commit yet"
    head, foot = card.blocks[:-2], card.blocks[-1]
    blocks: list[Block] = [*head]
    if quarantine is not None and quarantine.state is not State.SUSPENDED:
        blocks += card_view.evidence(profile)
    blocks.append(block_kit.section(f"{seen}\n{''.join(_SQUARES[one][0] for one in recent)}".strip()))
    if explanation is not None:
        blocks.append(block_kit.section(f"*Why*\n{mrkdwn.escape(explanation.sentence, 900)}"))
        blocks += _failures(explanation)
    blocks += _company(profile, owners)
    if len(profile.variants) > 1:
        blocks.append(block_kit.section(f"*By variant*\n{_variant_lines(profile)}"))
    blocks.append(block_kit.section(f"*History*\n{_audit_lines(history)}"))
    moves = [one for one in card_view.buttons(profile, quarantine) if one["action_id"] != Action.DETAILS]
    why = block_kit.button("Why?", Action.WHY, str(profile.case_id), says=f"Why this is so: {profile.title}")
    blocks.append(block_kit.actions(*moves[:-1], why, moves[-1]))
    if address:
        blocks.append(block_kit.context(mrkdwn.link(address, "Page of this test, to share for 30 days")))
    return Message(f"{card.text} {seen}.", (*blocks, foot))


def explained(profile: CaseProfile, explanation: Explanation) -> Message:
    """Say why a case has its status, and what would change it."""
    sentence = mrkdwn.escape(explanation.sentence, 1200)
    blocks: list[Block] = [
        block_kit.section(
            f"{phrase.DOTS[profile.status]} {phrase.case(profile)} in {phrase.repository(profile.repository)}\n"
            f"{sentence}"
        )
    ]
    if explanation.lines:
        blocks.append(block_kit.section(f"*What it rests on*\n{_bullets(explanation.lines)}"))
    if explanation.counterfactuals:
        foretold = [one.sentence for one in explanation.counterfactuals]
        blocks.append(block_kit.section(f"*What would change it*\n{_bullets(foretold)}"))
    details = block_kit.button("Details", Action.DETAILS, str(profile.case_id), says=f"Details of {profile.title}")
    blocks.append(block_kit.actions(details))
    ending = "" if sentence.endswith((".", "…", "?", "!")) else "."
    return Message(f"{phrase.case_text(profile)}: {sentence}{ending}", tuple(blocks))


def _bullets(sentences: Sequence[str]) -> str:
    lines = [f"• {mrkdwn.escape(mrkdwn.line(one), _LONGEST_LINE)}" for one in sentences[:_MAX_LINES]]
    more = len(sentences) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])


def _failures(explanation: Explanation) -> list[Block]:
    """Since which commit it fails, and its failures by cause."""
    blocks: list[Block] = []
    if explanation.evidence.first_bad is not None:
        where = explanation.evidence.first_bad.sentence
        blocks.append(block_kit.section(f"*First bad commit*\n{where[0].upper()}{where[1:]}"))
    if explanation.evidence.kinds:
        lines = [
            f"• {one.count:,} x {mrkdwn.code(one.message or one.category, 160)}, last {phrase.when(one.last_at)}"
            for one in explanation.evidence.kinds[:_MAX_KINDS]
        ]
        more = len(explanation.evidence.kinds) - len(lines)
        shown = "\n".join([*lines, *([f"and {phrase.count(more, 'other cause')}"] if more > 0 else [])])
        blocks.append(block_kit.section(f"*How it fails*\n{shown}"))
    return blocks


def _company(profile: CaseProfile, owners: Sequence[str]) -> list[Block]:
    """Who answers for it, what it fails together with, and whether the order of tests matters."""
    parts = [f"*Owner*\n{phrase.owner_list(owners)}"]
    if (cluster := profile.cluster) is not None:
        others = ", ".join(mrkdwn.code(one, 120) for one in cluster.others)
        parts.append(
            f"*{_TOGETHER[cluster.kind]}*\nOne item of {phrase.count(cluster.size, 'test')}, seen "
            f"{phrase.count(cluster.times, 'time')}: {others}"
        )
    if (order := profile.order) is not None:
        names = ", ".join(mrkdwn.code(one, 120) for one in order.follows) or "others"
        parts.append(f"*Order of tests*\nIn {mrkdwn.code(order.variant, 80)} it fails {_ORDERS[order.kind]} {names}")
    return [block_kit.section("\n".join(parts))]


def _variant_lines(profile: CaseProfile) -> str:
    lines = [
        f"{phrase.DOTS[one.status]} {mrkdwn.code(one.variant, 80)}: {phrase.WORDS[one.status]}, "
        + (
            f"fails {phrase.rate(one)}, likely {phrase.interval(one)}"
            if one.failures
            else f"failed in {phrase.rate(one)}"
        )
        for one in profile.variants[:8]
    ]
    more = len(profile.variants) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def _audit_lines(history: Sequence[AuditLine]) -> str:
    lines = []
    for entry in history[:_MAX_AUDIT]:
        why = f": {mrkdwn.escape(mrkdwn.line(phrase.reason(entry.reason)), 120)}" if entry.reason else ""
        who, what = (mrkdwn.escape(mrkdwn.line(part), 60) for part in (entry.actor_name, entry.action))
        lines.append(f"• {phrase.when(entry.at, 'both')} {who} {what}{why}")
    if len(history) > _MAX_AUDIT:
        lines.append(f"and {phrase.count(len(history) - _MAX_AUDIT, 'earlier entry', 'earlier entries')}")
    return "\n".join(lines) or "nobody has decided anything yet"
