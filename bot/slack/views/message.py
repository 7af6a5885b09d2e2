"""What is posted in channels, pure: the living card of a case, the lines of its history, and news of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.audit import AuditAction, AuditEvent
from bot.analysis.case_profile import CaseProfile
from bot.analysis.failures import fingerprint
from bot.analysis.impact import Impact
from bot.analysis.incident import Incident, Kind
from bot.analysis.model import SYSTEM, Problem, Status
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.slack import block_kit, ids, mrkdwn
from bot.slack.block_kit import Block, Element, Json, Message, Metadata
from bot.slack.ids import Action, InRepository
from bot.slack.views import card_state, case_list, impact, phrase

_MAX_PROBLEMS = 5
_MAX_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """The history of a repository as it was first imported, in numbers of cases."""

    repository: str
    runs: int
    cases: int
    flaky: int
    broken: int
    first_at: datetime
    last_at: datetime
    problems: int


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


def card(
    profile: CaseProfile,
    quarantine: Quarantine | None,
    now: datetime,
    owners: Sequence[str] = (),
    week: Impact | None = None,
) -> Message:
    """Render the living card: always the latest state of the case and of its quarantine.

    `owners` own it, `week` is what it cost in the last seven days.
    """
    story = card_state.describe(profile, quarantine, now)
    title = f"{story.dot} {phrase.case(profile)} {story.title} in {phrase.repository(profile.repository)}"
    blocks: list[Block] = [block_kit.section(title, block_id=ids.card_block(profile.case_id, "title"))]
    if story.decision:
        blocks.append(block_kit.section(story.decision, block_id=ids.card_block(profile.case_id, "decision")))
    if quarantine is not None and quarantine.state is State.PROPOSED:
        blocks.append(_proposal_fields(profile, quarantine, owners))
        blocks.append(block_kit.section(mrkdwn.quote(quarantine.reason)))
    if quarantine is None or quarantine.state is State.SUSPENDED:
        blocks += evidence(profile, owners, week)
    blocks.append(
        block_kit.actions(*buttons(profile, quarantine), block_id=ids.card_block(profile.case_id, ids.CARD_ACTIONS))
    )
    blocks.append(_footer(profile, quarantine))
    payload: dict[str, Json] = {
        "case_id": int(profile.case_id),
        "repository_id": int(profile.repository_id),
        "state": (quarantine.state if quarantine else profile.status).value,
    }
    return Message(story.sentence, tuple(blocks), Metadata(ids.CARD_EVENT, payload))


def buttons(profile: CaseProfile, quarantine: Quarantine | None) -> tuple[Element, ...]:
    """Return the buttons for the state a case and its quarantine are in, and the menu of everything else."""
    case, spoken = str(profile.case_id), profile.title
    details = block_kit.button("Details", Action.DETAILS, case, says=f"Details of {spoken}")
    rest = (*_rerun(profile), details, case_list.menu(profile, quarantine))
    if quarantine is not None and quarantine.state.is_open:
        return (*_open_buttons(quarantine, spoken), *rest)
    if profile.status is not Status.FLAKY:
        return rest
    ended = quarantine is not None
    again = "Quarantine again…" if ended else "Quarantine…"
    propose = block_kit.button(
        again, Action.QUARANTINE_OPEN, case, says=f"Quarantine {spoken}", style=None if ended else "primary"
    )
    not_flaky = block_kit.button("Not flaky…", Action.LABEL_OPEN, case, says=f"Say that this is not flaky: {spoken}")
    return (propose, not_flaky, *rest)


def _rerun(profile: CaseProfile) -> tuple[Element, ...]:
    failure = profile.last_failure
    if failure is None or failure.red_run is None or profile.status is not Status.FLAKY:
        return ()
    ask = block_kit.confirm("Run the failed jobs again?", "It costs their minutes once more.", yes="Re-run")
    value, says = (
        InRepository(failure.red_run, profile.repository_id).encode(),
        f"Run the failed jobs of run {failure.run_number} again",
    )
    return (block_kit.button("Re-run failed", Action.RERUN_FAILED, value, says=says, ask=ask),)


def lift_question(profile: CaseProfile, quarantine: Quarantine) -> Message:
    """Show how a case is quarantined or proposed, and the buttons that end that."""
    until = f" until {phrase.day(quarantine.expires_at)}" if quarantine.expires_at else ""
    state = f"{phrase.case(profile)} is {quarantine.state} in {phrase.repository(profile.repository)}{until}."
    buttons = block_kit.actions(*_open_buttons(quarantine, profile.title))
    return block_kit.message(f"{state}\nDo you want to end that?", buttons)


def unfurl(profile: CaseProfile, quarantine: Quarantine | None, now: datetime) -> tuple[Block, ...]:
    """Render a case in short, as it is shown under a shared link; nothing of it can be pressed."""
    story = card_state.describe(profile, quarantine, now)
    title = f"{story.dot} {phrase.case(profile)} {story.title} in {phrase.repository(profile.repository)}"
    return (block_kit.section(f"{title}\n{story.sentence}"), block_kit.context(mrkdwn.code(profile.uid, 60)))


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


def imported(summary: ImportSummary) -> Message:
    """Say once what the history of a repository taught."""
    found = phrase.listing([f"{summary.flaky:,} flaky", f"{summary.broken:,} broken"])
    runs, cases = phrase.count(summary.runs, "run"), phrase.count(summary.cases, "test")
    head = f"\N{BOOKS} History of {phrase.repository(summary.repository)} imported: {runs} of {cases}."
    text = f"{mrkdwn.spoken(head)} From {phrase.day(summary.first_at)} to {phrase.day(summary.last_at)}: {found}."
    blocks: list[Block] = [
        block_kit.fields(
            ("Flaky", f"{phrase.DOTS[Status.FLAKY]} {phrase.count(summary.flaky, 'test')}"),
            ("Broken", f"{phrase.DOTS[Status.BROKEN]} {phrase.count(summary.broken, 'test')}"),
            ("From", phrase.when(summary.first_at)),
            ("To", phrase.when(summary.last_at)),
        ),
        block_kit.actions(
            block_kit.button("Show status", Action.MENU_STATUS, says=f"Show the status of {summary.repository}")
        ),
    ]
    if summary.problems:
        unread = f"{phrase.count(summary.problems, 'report')} could not be read."
        text = f"{text} {unread}"
        blocks.append(block_kit.context(f"\N{WARNING SIGN} {unread}"))
    return block_kit.message(head, *blocks, text=text)


def incident(repository: str, run_url: str, run_number: int, failed: int, cases: int) -> Message:
    """Say that so much of one run failed together that it speaks of the run, not of its tests."""
    share = f"{failed:,} of {phrase.count(cases, 'test')} failed together"
    run = f"{mrkdwn.link(run_url, f'run #{run_number}')} of {phrase.repository(repository)}"
    dot = phrase.DOTS[Status.INFRA]
    return block_kit.message(f"{dot} *Infra:* {share} in {run}, so the run does not count against them.")


def part_out(repository: str, run_url: str, run_number: int, found: Sequence[Incident]) -> Message:
    """Say which suites or runners of a run failed as a whole, so that it speaks of these, not of their tests."""
    named = [_part(one) for one in found[:_MAX_PARTS]]
    if (more := len(found) - len(named)) > 0:
        named.append(f"{more:,} more of its suites and runners")
    subject = f"{phrase.listing(named)} failed together"
    run = f"{mrkdwn.link(run_url, f'run #{run_number}')} of {phrase.repository(repository)}"
    dot = phrase.DOTS[Status.INFRA]
    return block_kit.message(f"{dot} *Infra:* {subject} in {run}, so these failures do not count against them.")


def _part(found: Incident) -> str:
    what = "on" if found.kind is Kind.RUNNER else "of suite"
    name = mrkdwn.escape(mrkdwn.line(found.suite), 140) or "no name"
    return f"{found.failed:,} of {phrase.count(found.ran, 'test')} {what} {name}"


def unreadable(repository: str, run_url: str, run_number: int, problems: Sequence[Problem]) -> Message:
    """Say what of a run is missing or could not be read, and why."""
    many = f"{phrase.count(len(problems), 'part')} of it {'is' if len(problems) == 1 else 'are'} missing or unreadable"
    first = f" The first: {mrkdwn.escape(mrkdwn.line(problems[0].reason), 200)}." if problems else ""
    run = f"{mrkdwn.link(run_url, f'Run #{run_number}')} of {phrase.repository(repository)}"
    incomplete = f"\N{WARNING SIGN} {run} is incomplete: {many}."
    lines = [
        f"• {mrkdwn.code(f'{one.artifact}/{one.path}' if one.path else one.artifact, 160)}: "
        f"{mrkdwn.escape(mrkdwn.line(one.reason), 300)}"
        for one in problems[:_MAX_PROBLEMS]
    ]
    if len(problems) > _MAX_PROBLEMS:
        lines.append(f"and {len(problems) - _MAX_PROBLEMS} more")
    listed = [block_kit.section("\n".join(lines))] if lines else []
    return block_kit.message(incomplete, *listed, text=f"{mrkdwn.spoken(incomplete)}{first}")


def _open_buttons(quarantine: Quarantine, spoken: str) -> tuple[Element, ...]:
    value = str(quarantine.id)
    counts = "The test fails builds again from now on."
    if quarantine.state is State.PROPOSED:
        ask = block_kit.confirm("Withdraw the proposal?", "Only who proposed it can take it back.", yes="Withdraw")
        return (
            block_kit.button(
                "Approve", Action.APPROVE, value, says=f"Approve the quarantine of {spoken}", style="primary"
            ),
            block_kit.button("Reject…", Action.REJECT_OPEN, value, says=f"Reject the quarantine of {spoken}"),
            block_kit.button("Withdraw", Action.WITHDRAW, value, says=f"Withdraw the proposal for {spoken}", ask=ask),
        )
    if quarantine.state is State.SUSPENDED:
        ask = block_kit.confirm("Lift the quarantine?", counts, yes="Lift")
        return (
            block_kit.button(
                "Lift", Action.LIFT, value, says=f"Lift the quarantine of {spoken}", style="primary", ask=ask
            ),
            block_kit.button("Resume…", Action.RESUME_OPEN, value, says=f"Resume the quarantine of {spoken}"),
        )
    ask = block_kit.confirm("Undo the quarantine?", counts, yes="Undo")
    return (
        block_kit.button("Undo", Action.LIFT, value, says=f"Undo the quarantine of {spoken}", ask=ask),
        block_kit.button("Extend…", Action.EXTEND_OPEN, value, says=f"Extend the quarantine of {spoken}"),
    )


def evidence(profile: CaseProfile, owners: Sequence[str] = (), week: Impact | None = None) -> list[Block]:
    """Return the numbers of the worst variant, its cost and owners if it has any, and what the last failure said."""
    blocks: list[Block] = []
    if (worst := profile.worst) is not None and worst.failures:
        blocks.append(
            block_kit.fields(
                ("Failure rate", phrase.rate(worst)),
                ("Likely between", phrase.interval(worst)),
                ("Confidence", phrase.confidence(worst)),
                ("Variants", phrase.variants(profile)),
                *((("Cost in 7 days", impact.in_short(week)),) if week else ()),
                *((("Owner", phrase.owner_list(owners)),) if owners else ()),
            )
        )
    if (failure := profile.last_failure) is not None and profile.status is not Status.HEALTHY:
        blocks.append(block_kit.section(mrkdwn.code_block(fingerprint.excerpt(failure.message, failure.text))))
        if cause := phrase.cause(failure):
            blocks.append(block_kit.context(cause))
    return blocks


def _proposal_fields(profile: CaseProfile, quarantine: Quarantine, owners: Sequence[str]) -> Block:
    return block_kit.fields(
        ("For", phrase.count(quarantine.days, "day")),
        ("Scope", phrase.scope(quarantine)),
        ("Evidence", phrase.rate(profile.worst) if profile.worst else "none yet"),
        ("Owner", phrase.owner_list(owners) if owners else phrase.owner(quarantine.owner)),
    )


def _footer(profile: CaseProfile, quarantine: Quarantine | None) -> Block:
    parts = []
    if (failure := profile.last_failure) is not None:
        run = mrkdwn.link(failure.run_url, f"run #{failure.run_number}")
        parts.append(f"last failed in {run} at {mrkdwn.code(failure.sha[:7], 20)}")
    if quarantine is not None and profile.worst is not None:
        parts.append(f"fails {phrase.rate(profile.worst)}")
    parts.append(f"first seen {phrase.when(profile.first_seen_at)}")
    if profile.muted_until is not None:
        parts.append(f"\N{SPEAKER WITH CANCELLATION STROKE} muted until {phrase.when(profile.muted_until)}")
    return block_kit.context(" · ".join(parts), mrkdwn.code(profile.uid, 60))
