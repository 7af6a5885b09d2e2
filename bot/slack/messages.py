"""What is posted in channels, pure: the living card of a case, the lines of its history, and news of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bot.analysis.lifecycle import Quarantine, State
from bot.analysis.model import Actor, CaseProfile, Problem, Status
from bot.slack import blockkit, names, phrases
from bot.slack.blockkit import Block, Element, Message, Metadata
from bot.slack.names import Action

_MAX_PROBLEMS = 5


class History(StrEnum):
    """What a line in the thread of a card tells."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LIFTED = "lifted"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    LABELLED = "labelled"
    STATUS = "status"

    @property
    def is_broadcast(self) -> bool:
        """Whether the line is shown in the channel as well: it is where it changes what CI does to others."""
        return self not in {History.REJECTED, History.WITHDRAWN, History.LABELLED, History.STATUS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What the history of a repository held when it was read for the first time; cases are counted."""

    repository: str
    runs: int
    cases: int
    flaky: int
    broken: int
    first_at: datetime
    last_at: datetime
    problems: int


def card(profile: CaseProfile, quarantine: Quarantine | None, now: datetime) -> Message:
    """Render the living card: always the latest state of the case and of its quarantine."""
    quarantine = None if quarantine is not None and _is_past(profile, quarantine) else quarantine
    dot, headline, sentence = _headline(profile, quarantine, now)
    blocks: list[Block] = [
        blockkit.section(
            f"{dot} {phrases.case(profile)} {headline} in {phrases.repository(profile.repository)}",
            block_id=_block_id(profile, "title"),
        )
    ]
    if quarantine is not None:
        blocks.append(blockkit.section(_decision(quarantine, now), block_id=_block_id(profile, "decision")))
        if quarantine.state is State.PROPOSED:
            blocks.append(_proposal_fields(profile, quarantine))
            blocks.append(blockkit.section(blockkit.quote(quarantine.reason)))
    if quarantine is None or quarantine.state is State.SUSPENDED:
        blocks += _evidence(profile)
    blocks.append(blockkit.actions(*buttons(profile, quarantine), block_id=_block_id(profile, "act")))
    blocks.append(_footer(profile, quarantine))
    payload = {
        "case_id": int(profile.case_id),
        "repository_id": int(profile.repository_id),
        "state": (quarantine.state if quarantine else profile.status).value,
    }
    return Message(sentence, tuple(blocks), Metadata(names.CARD_EVENT, payload))


def buttons(profile: CaseProfile, quarantine: Quarantine | None) -> tuple[Element, ...]:
    """Return the buttons for the state a case and its quarantine are in."""
    case, spoken = str(profile.case_id), profile.title
    details = blockkit.button("Details", Action.DETAILS, case, says=f"Details of {spoken}")
    if quarantine is not None and quarantine.state.is_open:
        return (*_open_buttons(quarantine, spoken), details)
    if profile.status is not Status.FLAKY:
        return (details,)
    ended = quarantine is not None
    again = "Quarantine again…" if ended else "Quarantine…"
    propose = blockkit.button(
        again, Action.QUARANTINE_OPEN, case, says=f"Quarantine {spoken}", style=None if ended else "primary"
    )
    not_flaky = blockkit.button("Not flaky…", Action.LABEL_OPEN, case, says=f"Say that this is not flaky: {spoken}")
    return (propose, not_flaky, details)


def history_line(
    kind: History, actor: Actor, quarantine: Quarantine | None, profile: CaseProfile, reason: str | None
) -> Message:
    """Render one entry of the audit trail as a reply in the thread of the card."""
    days = phrases.count(quarantine.days, "day") if quarantine else "some time"
    until = quarantine.expires_at if quarantine else None
    for_text = f"until {phrases.day(until)}" if until else f"for {days}"
    for_blocks = f"until {phrases.when(until)}" if until else f"for {days}"
    who, who_text = phrases.person(actor), phrases.person_text(actor)
    name, name_text = phrases.case(profile, 120), phrases.case_text(profile)
    evidence = phrases.evidence(profile)
    match kind:
        case History.PROPOSED:
            dot, what = phrases.PROPOSED_DOT, ("proposed to quarantine", f"for {days}; {evidence}")
        case History.APPROVED:
            dot, what = "\N{WHITE HEAVY CHECK MARK}", ("approved the quarantine of", "{until}")
        case History.REJECTED:
            dot, what = phrases.DECIDED_DOT, ("rejected the quarantine of", "so its failures count")
        case History.WITHDRAWN:
            dot, what = phrases.DECIDED_DOT, ("withdrew the proposal to quarantine", "so its failures count")
        case History.LIFTED:
            dot, what = phrases.DECIDED_DOT, ("lifted the quarantine of", "so its failures count again")
        case History.EXPIRED:
            dot, what = phrases.DECIDED_DOT, ("ended the quarantine of", "after {days}, so its failures count again")
        case History.SUSPENDED:
            dot = phrases.DOTS[Status.BROKEN]
            what = ("suspended the quarantine of", f"because it is BROKEN ON MAIN: {evidence}; the build fails again")
        case History.RESUMED:
            dot, what = phrases.PROPOSED_DOT, ("resumed the quarantine of", "{until}")
        case History.LABELLED:
            dot, what = "\N{LABEL}", ("gave a verdict on", "which counts against the flaky belief")
        case History.STATUS:
            dot, what = phrases.DOTS[profile.status], ("now sees", f"as {phrases.WORDS[profile.status]}: {evidence}")
        case _:
            assert_never(kind)
    verb, rest = what
    why = phrases.reason(reason)
    text = f"{who_text} {verb} {name_text} {rest.format(until=for_text, days=days)}{_because_text(why)}."
    shown = f"{dot} {who} {verb} {name} {rest.format(until=for_blocks, days=days)}."
    blocks = [blockkit.section(shown), *([blockkit.section(blockkit.quote(why))] if why else [])]
    return Message(text, tuple(blocks))


def imported(summary: ImportSummary) -> Message:
    """Say once what the history of a repository taught."""
    found = phrases.listing([f"{summary.flaky:,} flaky", f"{summary.broken:,} broken"])
    runs, cases = phrases.count(summary.runs, "run"), phrases.count(summary.cases, "test")
    text = (
        f"History of {blockkit.escape(blockkit.line(summary.repository), 140)} imported: {runs} of {cases} "
        f"from {phrases.day(summary.first_at)} to {phrases.day(summary.last_at)}; {found}."
    )
    blocks = [
        blockkit.section(f"\N{BOOKS} History of {phrases.repository(summary.repository)} imported: {runs} of {cases}."),
        blockkit.fields(
            ("Flaky", f"{phrases.DOTS[Status.FLAKY]} {phrases.count(summary.flaky, 'test')}"),
            ("Broken", f"{phrases.DOTS[Status.BROKEN]} {phrases.count(summary.broken, 'test')}"),
            ("From", phrases.when(summary.first_at)),
            ("To", phrases.when(summary.last_at)),
        ),
        blockkit.actions(
            blockkit.button("Show status", Action.MENU_STATUS, says=f"Show the status of {summary.repository}")
        ),
    ]
    if summary.problems:
        unread = f"{phrases.count(summary.problems, 'report')} could not be read."
        text = f"{text} {unread}"
        blocks.append(blockkit.context(f"\N{WARNING SIGN} {unread}"))
    return Message(text, tuple(blocks))


def incident(repository: str, run_url: str, run_number: int, failed: int, cases: int) -> Message:
    """Say that so much of one run failed together that it speaks of the run, not of its tests."""
    share = f"{failed:,} of {phrases.count(cases, 'test')} failed together"
    name = blockkit.escape(blockkit.line(repository), 140)
    text = f"Infra: {share} in run {run_number} of {name}, so the run does not count against them."
    shown = (
        f"{phrases.DOTS[Status.INFRA]} *Infra:* {share} in {blockkit.link(run_url, f'run #{run_number}')} of "
        f"{phrases.repository(repository)}, so the run does not count against them."
    )
    return Message(text, (blockkit.section(shown),))


def unreadable(repository: str, run_url: str, run_number: int, problems: Sequence[Problem]) -> Message:
    """Say what of a run could not be read, and why."""
    many = phrases.count(len(problems), "report")
    name = blockkit.escape(blockkit.line(repository), 140)
    first = f" The first: {blockkit.escape(blockkit.line(problems[0].reason), 200)}" if problems else ""
    text = f"{many} of run {run_number} of {name} could not be read, so the run counts as incomplete.{first}"
    shown = (
        f"\N{WARNING SIGN} {many} of {blockkit.link(run_url, f'run #{run_number}')} of "
        f"{phrases.repository(repository)} could not be read, so the run counts as incomplete."
    )
    lines = [
        f"• {blockkit.code(f'{one.artifact}/{one.path}' if one.path else one.artifact, 160)}: "
        f"{blockkit.escape(blockkit.line(one.reason), 300)}"
        for one in problems[:_MAX_PROBLEMS]
    ]
    if len(problems) > _MAX_PROBLEMS:
        lines.append(f"and {len(problems) - _MAX_PROBLEMS} more")
    blocks = [blockkit.section(shown), *([blockkit.section("\n".join(lines))] if lines else [])]
    return Message(text, tuple(blocks))


def _is_past(profile: CaseProfile, quarantine: Quarantine) -> bool:
    """Whether the end of a quarantine is old news: the case has become something else since."""
    return not quarantine.state.is_open and profile.status in {Status.HEALTHY, Status.BROKEN}


def _headline(profile: CaseProfile, quarantine: Quarantine | None, now: datetime) -> tuple[str, str, str]:
    """Return the dot, what the title says of the case, and the whole sentence for the top-level text."""
    name = f"{phrases.case_text(profile)} in {blockkit.escape(blockkit.line(profile.repository), 140)}"
    evidence = phrases.evidence(profile)
    if quarantine is None:
        return _status_headline(profile, name)
    proposer = phrases.person_text(quarantine.proposed_by)
    decider = phrases.person_text(quarantine.decided_by or quarantine.proposed_by)
    until = phrases.day(quarantine.expires_at) if quarantine.expires_at else "further notice"
    why = _because_text(phrases.reason(quarantine.decision))
    dot, still = phrases.DECIDED_DOT, f"It is {phrases.WORDS[profile.status]}: {evidence}."
    match quarantine.state:
        case State.PROPOSED:
            sentence = (
                f"{proposer} proposes to quarantine {name} for {phrases.count(quarantine.days, 'day')}"
                f"{_because_text(quarantine.reason)}; {evidence}. Waiting for an approver."
            )
            return phrases.PROPOSED_DOT, "is proposed for quarantine", sentence
        case State.ACTIVE if quarantine.expires_at is not None and now >= quarantine.expires_at:
            return dot, "was quarantined", f"The quarantine of {name} ended {until}; its failures count again. {still}"
        case State.ACTIVE:
            sentence = f"Quarantined, approved by {decider}, until {until}: {name}; {evidence}."
            return dot, "is quarantined", sentence
        case State.SUSPENDED:
            sentence = f"BROKEN ON MAIN: {name} fails since a change; its quarantine is suspended. {evidence}."
            return phrases.DOTS[Status.BROKEN], "is *BROKEN ON MAIN*", sentence
        case State.REJECTED:
            return dot, "is not quarantined", f"{decider} rejected the quarantine of {name}{why}. {still}"
        case State.WITHDRAWN:
            return dot, "is not quarantined", f"{decider} withdrew the proposal to quarantine {name}{why}. {still}"
        case State.LIFTED:
            return dot, "is out of quarantine", f"{decider} lifted the quarantine of {name}{why}. {still}"
        case State.EXPIRED:
            return dot, "is out of quarantine", f"The quarantine of {name} expired {until}. {still}"
        case _:
            assert_never(quarantine.state)


def _status_headline(profile: CaseProfile, name: str) -> tuple[str, str, str]:
    dot, evidence = phrases.DOTS[profile.status], phrases.evidence(profile)
    match profile.status:
        case Status.FLAKY:
            mixed = phrases.count(profile.worst.mixed_commits if profile.worst else 0, "commit")
            return dot, "is flaky", f"Flaky: {name}; {evidence}, and {mixed} both passed and failed."
        case Status.HEALTHY:
            return dot, "is healthy again", f"Healthy again: {name}; {evidence}."
        case Status.BROKEN:
            return dot, "is broken", f"Broken: {name} fails since a change; {evidence}."
        case Status.INFRA:
            return (
                dot,
                "fails with its run (infra)",
                f"Infra: {name} fails together with the rest of the run; {evidence}.",
            )
        case Status.SUSPECT | Status.INSUFFICIENT:
            words = phrases.WORDS[profile.status]
            return dot, f"({words})", f"{words.capitalize()}: {name}; {evidence}."
        case _:
            assert_never(profile.status)


def _decision(quarantine: Quarantine, now: datetime) -> str:
    """Return who moved the quarantine to its state, when and why, for mrkdwn."""
    who = phrases.person(quarantine.decided_by or quarantine.proposed_by)
    at = phrases.when(quarantine.decided_at or quarantine.proposed_at, "both")
    until = phrases.when(quarantine.expires_at) if quarantine.expires_at else "further notice"
    why = phrases.reason(quarantine.decision)
    reason = f"\n{blockkit.quote(why)}" if why else ""
    match quarantine.state:
        case State.PROPOSED:
            asked = phrases.when(quarantine.proposed_at, "both")
            return (
                f"{phrases.person(quarantine.proposed_by)} proposes it · {asked} · waiting for somebody else to approve"
            )
        case State.ACTIVE if quarantine.expires_at is not None and now >= quarantine.expires_at:
            return f"The time of this quarantine ended {until}: its failures count again."
        case State.ACTIVE:
            scope, owner = phrases.scope(quarantine), phrases.owner(quarantine.owner)
            return (
                f"\N{WHITE HEAVY CHECK MARK} Approved by {who} · {at} · until {until}\n"
                f"{scope} · owner {owner}\n{blockkit.quote(quarantine.reason)}"
            )
        case State.SUSPENDED:
            return (
                f"Quarantine suspended by {who} · {at}: the build fails until it is mended, lifted or resumed.{reason}"
            )
        case State.REJECTED:
            return f"Rejected by {who} · {at}{reason}"
        case State.WITHDRAWN:
            return f"Withdrawn by {who} · {at}{reason}"
        case State.LIFTED:
            return f"Lifted by {who} · {at} · its failures count again{reason}"
        case State.EXPIRED:
            return f"Expired {until} · its failures count again"
        case _:
            assert_never(quarantine.state)


def _open_buttons(quarantine: Quarantine, spoken: str) -> tuple[Element, ...]:
    value = str(quarantine.id)
    counts = "The test fails builds again from now on."
    if quarantine.state is State.PROPOSED:
        ask = blockkit.confirm("Withdraw the proposal?", "Only who proposed it can take it back.", yes="Withdraw")
        return (
            blockkit.button(
                "Approve", Action.APPROVE, value, says=f"Approve the quarantine of {spoken}", style="primary"
            ),
            blockkit.button("Reject…", Action.REJECT_OPEN, value, says=f"Reject the quarantine of {spoken}"),
            blockkit.button("Withdraw", Action.WITHDRAW, value, says=f"Withdraw the proposal for {spoken}", ask=ask),
        )
    if quarantine.state is State.SUSPENDED:
        ask = blockkit.confirm("Lift the quarantine?", counts, yes="Lift")
        return (
            blockkit.button(
                "Lift", Action.LIFT, value, says=f"Lift the quarantine of {spoken}", style="primary", ask=ask
            ),
            blockkit.button("Resume…", Action.RESUME_OPEN, value, says=f"Resume the quarantine of {spoken}"),
        )
    ask = blockkit.confirm("Undo the quarantine?", counts, yes="Undo")
    return (blockkit.button("Undo", Action.LIFT, value, says=f"Undo the quarantine of {spoken}", ask=ask),)


def _evidence(profile: CaseProfile) -> list[Block]:
    blocks: list[Block] = []
    if (worst := profile.worst) is not None:
        blocks.append(
            blockkit.fields(
                ("Failure rate", phrases.rate(worst)),
                ("Likely between", phrases.interval(worst)),
                ("Confidence", phrases.confidence(worst)),
                ("Variants", phrases.variants(profile)),
            )
        )
    if (failure := profile.last_failure) is not None and profile.status is not Status.HEALTHY:
        blocks.append(blockkit.section(blockkit.code_block(failure.text or failure.message)))
    return blocks


def _proposal_fields(profile: CaseProfile, quarantine: Quarantine) -> Block:
    return blockkit.fields(
        ("For", phrases.count(quarantine.days, "day")),
        ("Scope", phrases.scope(quarantine)),
        ("Evidence", phrases.rate(profile.worst) if profile.worst else "none yet"),
        ("Owner", phrases.owner(quarantine.owner)),
    )


def _footer(profile: CaseProfile, quarantine: Quarantine | None) -> Block:
    parts = []
    if (failure := profile.last_failure) is not None:
        run = blockkit.link(failure.run_url, f"run #{failure.run_number}")
        parts.append(f"last failed in {run} at {blockkit.code(failure.sha[:7], 20)}")
    if quarantine is not None and profile.worst is not None:
        parts.append(f"fails {phrases.rate(profile.worst)}")
    parts.append(f"first seen {phrases.when(profile.first_seen_at)}")
    return blockkit.context(" · ".join(parts), blockkit.code(profile.uid, 60))


def _because_text(reason: str) -> str:
    words = blockkit.escape(blockkit.line(reason), 300).rstrip(".")
    return f" because: {words}" if words else ""


def _block_id(profile: CaseProfile, part: str) -> str:
    return f"fc_{profile.case_id}:{part}"
