"""The messages FlakeGuard posts: state in, blocks out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.analysis.lifecycle import Quarantine, RejectReason, Scope, State
from bot.analysis.model import Actor, ActorKind, CaseProfile, Problem, Status, Verdict
from bot.slack import blockkit as kit
from bot.slack.blockkit import Block, Message

DOTS = {
    Status.BROKEN: ":red_circle:",
    Status.FLAKY: ":large_orange_circle:",
    Status.SUSPECT: ":large_yellow_circle:",
    Status.INFRA: ":large_blue_circle:",
    Status.INSUFFICIENT: ":white_circle:",
    Status.HEALTHY: ":large_green_circle:",
}
WORDS = {
    Status.BROKEN: "broken",
    Status.FLAKY: "flaky",
    Status.SUSPECT: "watched: evidence insufficient",
    Status.INFRA: "hit by an outage",
    Status.INSUFFICIENT: "not run often enough to judge",
    Status.HEALTHY: "healthy",
}
REASONS = {
    RejectReason.BUG: "Real bug",
    RejectReason.INFRA: "Infrastructure",
    RejectReason.FIXED: "Already fixed",
    RejectReason.NEVER: "Never quarantine",
}
_STRIP = {
    Verdict.PASSED: ":white_check_mark:",
    Verdict.FAILED: ":x:",
    Verdict.FLAKY: ":warning:",
    Verdict.SKIPPED: ":heavy_minus_sign:",
}
_DONE = {
    "quarantine:propose": "proposed a quarantine",
    "quarantine:approve": "approved the quarantine",
    "quarantine:reject": "rejected the quarantine",
    "quarantine:withdraw": "withdrew the proposal",
    "quarantine:lift": "lifted the quarantine: the test fails builds again",
    "quarantine:expire": "ended the quarantine: its time is over, the test fails builds again",
    "quarantine:suspend": "suspended the quarantine: the test is broken and fails builds",
    "quarantine:resume": "resumed the quarantine",
    "case:label": "said it is not flaky",
}
BROADCAST = frozenset({"quarantine:propose", "quarantine:approve", "quarantine:suspend", "quarantine:expire"})
"""The moves that are shown in the channel too; the others stay in the thread."""


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line of the audit trail; `tag` is `subject:action`."""

    at: datetime
    actor: Actor
    tag: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What was read of a repository's history."""

    repository: str
    runs: int
    cases: int
    counts: Mapping[Status, int]
    first_at: datetime
    last_at: datetime
    problems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryHealth:
    """How a repository stands: its cases by status, its quarantines, and what to look at first."""

    repository: str
    cases: int
    counts: Mapping[Status, int]
    quarantined: int
    proposed: int
    top: tuple[CaseProfile, ...]


def person(actor: Actor) -> str:
    """An actor as a message names them: a mention where they are on Slack."""
    return f"<@{actor.id}>" if actor.kind is ActorKind.SLACK else kit.escape(actor.name, 80)


def short(title: str) -> str:
    """The last parts of a title: file name and test."""
    head, _, tail = title.partition("::")
    return f"{head.rpartition('/')[2]}::{tail}" if tail else title


def rate(profile: CaseProfile) -> str:
    """How often a case fails, with its interval."""
    worst = profile.worst
    if worst is None or worst.failures == 0:
        return "never failed"
    low, high = (f"{share * 100:.3g}" for share in worst.interval)
    return f"{worst.rate * 100:.2g} % ({low} to {high} %); {worst.failures} of {worst.runs} runs failed"


def card(profile: CaseProfile, quarantine: Quarantine | None, now: datetime) -> Message:
    """The one living card of a case: its latest state, and what can be done about it."""
    state = quarantine.state if quarantine else None
    metadata = {
        "event_type": "flakeguard_case",
        "event_payload": {
            "repository_id": profile.repository_id,
            "case_id": profile.case_id,
            "state": state.value if state else profile.status.value,
        },
    }
    if quarantine is None:
        return _open_card(profile, None, metadata)
    match quarantine.state:
        case State.PROPOSED:
            return _approval_card(profile, quarantine, metadata)
        case State.ACTIVE:
            return _confirmed_card(profile, quarantine, metadata, now)
        case State.SUSPENDED:
            return _suspended_card(profile, quarantine, metadata)
        case State.REJECTED | State.WITHDRAWN | State.LIFTED | State.EXPIRED:
            return _open_card(profile, quarantine, metadata)
        case _:
            assert_never(quarantine.state)


def _title(profile: CaseProfile, dot: str, says: str) -> Block:
    url = profile.last_failure.run_url if profile.last_failure else ""
    name = kit.link(url, f"*{kit.escape(short(profile.title))}*")
    return kit.section(f"{dot} {name} {says}", block_id=f"fc_{profile.case_id}:title")


def _open_card(profile: CaseProfile, ended: Quarantine | None, metadata: Mapping[str, kit.Json]) -> Message:
    word = WORDS[profile.status]
    where = kit.plain(profile.repository)
    text = f"{kit.plain(profile.title)} in {where} is {word}: {rate(profile)}."
    blocks: list[Block] = [_title(profile, DOTS[profile.status], f"is {word} in {kit.code(profile.repository)}")]
    if ended is not None:
        blocks.append(kit.section(_ending(ended)))
        text += f" {_ending_text(ended)}"
    blocks.append(kit.fields(_facts(profile)))
    if profile.last_failure and (profile.last_failure.message or profile.last_failure.text):
        blocks.append(kit.section(kit.code_block(profile.last_failure.message or profile.last_failure.text)))
    label = kit.plain(short(profile.title), 50)
    value = str(profile.case_id)
    elements: list[kit.Json] = []
    if profile.status is not Status.BROKEN:
        elements.append(
            kit.button("fg_quarantine_open", "Quarantine…", value, label=f"Quarantine {label}", style="primary")
        )
    if profile.status in {Status.FLAKY, Status.SUSPECT}:
        elements.append(kit.button("fg_label_open", "Not flaky…", value, label=f"Say {label} is not flaky"))
    elements.append(kit.button("fg_details", "Details", value, label=f"Details of {label}"))
    blocks.append(kit.actions(f"fc_{profile.case_id}:act", *elements))
    blocks.append(_footer(profile))
    return Message(text, tuple(blocks), metadata)


def _approval_card(profile: CaseProfile, held: Quarantine, metadata: Mapping[str, kit.Json]) -> Message:
    name = kit.plain(profile.title)
    text = (
        f"{kit.plain(held.proposed_by.name)} proposes to quarantine {name} in {kit.plain(profile.repository)} for "
        f"{held.days} days: {kit.plain(held.reason, 300)} {rate(profile)}. Waiting for an approver."
    )
    value = str(held.id)
    label = kit.plain(short(profile.title), 40)
    blocks = (
        kit.section(
            f":large_yellow_circle: {person(held.proposed_by)} proposes to quarantine "
            f"*{kit.escape(short(profile.title))}* in {kit.code(profile.repository)}",
            block_id=f"fc_{profile.case_id}:title",
        ),
        kit.fields(
            [
                ("For", f"{held.days} days from the approval on"),
                ("Scope", _scope(held)),
                ("Evidence", rate(profile)),
                ("Owner", f"<@{held.owner}>" if held.owner else "nobody named"),
            ]
        ),
        kit.section(f"> {kit.escape(held.reason, 500)}"),
        kit.actions(
            f"fq_{held.id}:act",
            kit.button("fg_approve", "Approve", value, label=f"Approve the quarantine of {label}", style="primary"),
            kit.button("fg_reject_open", "Reject…", value, label=f"Reject the quarantine of {label}"),
            kit.button(
                "fg_withdraw",
                "Withdraw",
                value,
                label=f"Withdraw the proposal about {label}",
                confirm=kit.confirm("Withdraw the proposal?", "Only the one who proposed it can.", "Withdraw"),
            ),
        ),
        kit.context("Somebody other than the proposer approves · q" + value),
    )
    return Message(text, blocks, metadata)


def _confirmed_card(profile: CaseProfile, held: Quarantine, metadata: Mapping[str, kit.Json], now: datetime) -> Message:
    by, at, until = held.decided_by or held.proposed_by, held.decided_at or now, held.expires_at or now
    text = (
        f"Quarantined by {kit.plain(by.name)} until {until:%d %B %Y}: {kit.plain(profile.title)} in "
        f"{kit.plain(profile.repository)}. It goes on running and does not fail builds."
    )
    approved = "Approved" if held.decision is None else "Resumed"
    blocks = (
        _title(profile, ":white_circle:", f"is quarantined in {kit.code(profile.repository)}"),
        kit.section(
            f":white_check_mark: *{approved} by {person(by)}* · {kit.date(at.timestamp(), f'{at:%d %b %H:%M} UTC')} · "
            f"until {kit.date(until.timestamp(), f'{until:%d %b %Y}', '{date_short_pretty}')}"
        ),
        kit.section(f"> {kit.escape(held.reason, 500)}\nProposed by {person(held.proposed_by)} · {_scope(held)}"),
        kit.actions(
            f"fq_{held.id}:act",
            kit.button(
                "fg_lift",
                "Undo",
                str(held.id),
                label=f"Undo the quarantine of {kit.plain(short(profile.title), 40)}",
                confirm=kit.confirm("Undo the quarantine?", "The test fails builds again from now on.", "Undo"),
            ),
            kit.button("fg_details", "Details", str(profile.case_id), label="Details of this test"),
        ),
        _footer(profile),
    )
    return Message(text, blocks, metadata)


def _suspended_card(profile: CaseProfile, held: Quarantine, metadata: Mapping[str, kit.Json]) -> Message:
    text = (
        f"Masked regression: {kit.plain(profile.title)} in {kit.plain(profile.repository)} is broken on main. "
        f"Its quarantine is suspended and it fails builds."
    )
    blocks = (
        _title(profile, ":red_circle:", f"is *BROKEN ON MAIN* in {kit.code(profile.repository)}"),
        kit.section("Its quarantine is suspended: it hid a real failure, so the test fails builds again."),
        kit.fields(_facts(profile)),
        kit.actions(
            f"fq_{held.id}:act",
            kit.button("fg_lift", "Lift", str(held.id), label="Lift the suspended quarantine", style="primary"),
            kit.button("fg_resume_open", "Resume…", str(held.id), label="Resume the suspended quarantine"),
        ),
        _footer(profile),
    )
    return Message(text, blocks, metadata)


def _facts(profile: CaseProfile) -> list[tuple[str, str]]:
    worst = profile.worst
    sure = max(worst.p_broken, worst.p_flaky) if worst else 0.0
    facts = [("Fails", rate(profile)), ("Confidence", f"{sure:.2f}")]
    if worst and worst.mixed_commits:
        facts.append(("Same code", f"passed and failed on {worst.mixed_commits} commits"))
    if profile.variants:
        facts.append(("Where", ", ".join(kit.escape(one.variant, 60) for one in profile.variants[:4])))
    return facts


def _footer(profile: CaseProfile) -> Block:
    parts = []
    if failure := profile.last_failure:
        parts.append(f"last failed in {kit.link(failure.run_url, f'run #{failure.run_number}')} at `{failure.sha[:7]}`")
    first = profile.first_seen_at
    parts.append(f"first seen {kit.date(first.timestamp(), f'{first:%d %b}', '{date_short_pretty}')}")
    parts.append(f"`{profile.uid}`")
    return kit.context(" · ".join(parts))


def _scope(held: Quarantine) -> str:
    match held.scope:
        case Scope.CASE:
            return "The whole case"
        case Scope.VARIANT:
            return f"Only {kit.escape(held.variant or '', 80)}"
        case Scope.FAILURE:
            return "Only when it fails like this"


def _ending(held: Quarantine) -> str:
    actor = person(held.decided_by or held.proposed_by)
    return f":white_circle: Quarantine {held.state.value} by {actor}{_why(held)}"


def _ending_text(held: Quarantine) -> str:
    return f"Quarantine {held.state.value} by {kit.plain((held.decided_by or held.proposed_by).name)}."


def _why(held: Quarantine) -> str:
    if held.state is State.REJECTED and held.decision in set(RejectReason):
        return f": {REASONS[RejectReason(held.decision)]}"
    return ""


def trail_sentence(line: TrailLine) -> str:
    """One line of the audit trail as a sentence, for mrkdwn."""
    done = _DONE.get(line.tag, kit.escape(line.tag))
    reason = line.reason
    if line.tag in {"quarantine:reject", "case:label"} and reason in set(RejectReason):
        reason = REASONS[RejectReason(reason)]
    return f"{person(line.actor)} {done}{f': {kit.escape(reason, 300)}' if reason else ''}"


def history(profile: CaseProfile, line: TrailLine) -> Message:
    """A line of the audit trail, for the thread of the card."""
    sentence = trail_sentence(line)
    text = f"{kit.plain(line.actor.name)} {_DONE.get(line.tag, line.tag)}: {kit.plain(profile.title)}."
    return Message(text, (kit.section(f"{sentence} · {kit.escape(short(profile.title))}"),))


def status_change(profile: CaseProfile, before: Status, after: Status) -> Message:
    """A change of status, for the thread of the card."""
    text = f"{kit.plain(profile.title)} was {WORDS[before]} and is {WORDS[after]} now: {rate(profile)}."
    return Message(
        text, (kit.section(f"{DOTS[after]} Was {WORDS[before]}, is *{WORDS[after]}* now. {rate(profile)}."),)
    )


def imported(summary: ImportSummary) -> Message:
    """What was read of a repository's history, in one message instead of many."""
    counts = summary.counts
    told = ", ".join(
        f"{counts[status]} {WORDS[status]}" for status in (Status.FLAKY, Status.BROKEN) if counts.get(status)
    )
    text = (
        f"History of {kit.plain(summary.repository)} imported: {summary.runs} runs from {summary.first_at:%d %b} to "
        f"{summary.last_at:%d %b}, {summary.cases} tests, {told or 'none flaky or broken'}."
    )
    blocks = [
        kit.section(f":books: History of {kit.code(summary.repository)} imported"),
        kit.fields(
            [
                ("Runs", f"{summary.runs}, {summary.first_at:%d %b} to {summary.last_at:%d %b}"),
                ("Tests", f"{summary.cases}"),
                ("Found", told or "none flaky or broken"),
                ("Unreadable", f"{summary.problems} files" if summary.problems else "nothing"),
            ]
        ),
        kit.context("`/flakeguard list flaky` shows them · from now on, each new flake gets a card"),
    ]
    return Message(text, tuple(blocks))


def incident(repository: str, run_number: int, run_url: str, failed: int, ran: int) -> Message:
    """A run in which far more failed than usual."""
    text = f"Run #{run_number} of {kit.plain(repository)}: {failed} of {ran} tests failed, far more than usual. No test is accused."
    return Message(
        text,
        (
            kit.section(
                f":large_blue_circle: {kit.link(run_url, f'Run #{run_number}')} of {kit.code(repository)}: {failed} of "
                f"{ran} tests failed, far more than usual. It looks like an outage, so no test is accused for it."
            ),
        ),
    )


def unreadable(repository: str, run_number: int, run_url: str, problems: Sequence[Problem]) -> Message:
    """What could not be read of a run."""
    text = f"Run #{run_number} of {kit.plain(repository)}: {len(problems)} files could not be read; it does not count as passed."
    lines = [f"• {kit.code(one.path or one.artifact)}: {kit.escape(one.reason, 200)}" for one in problems[:8]]
    if len(problems) > len(lines):
        lines.append(f"• and {len(problems) - len(lines)} more")
    head = f":grey_question: {kit.link(run_url, f'Run #{run_number}')} of {kit.code(repository)} could not be read in full:"
    return Message(text, (kit.section("\n".join([head, *lines])),))


def status(health: RepositoryHealth) -> Message:
    """How a repository stands."""
    counts = health.counts
    known = sum(counts.values())
    shown = [(one, counts.get(one, 0)) for one in Status if one is not Status.HEALTHY and counts.get(one, 0)]
    told = ", ".join(f"{number} {WORDS[one]}" for one, number in shown) or "none flaky or broken"
    text = f"{kit.plain(health.repository)}: {health.cases} tests, {told}, {health.quarantined} quarantined, {health.proposed} proposed."
    blocks: list[Block] = [kit.header(f"Health of {health.repository}")]
    blocks.append(
        kit.section(
            "\n".join(f"{DOTS[one]} *{number}* {WORDS[one]}" for one, number in shown)
            + f"\n{DOTS[Status.HEALTHY]} *{max(0, health.cases - known) + counts.get(Status.HEALTHY, 0)}* healthy"
        )
    )
    blocks.append(kit.context(f"{health.quarantined} quarantined · {health.proposed} waiting for approval"))
    blocks += [_row(profile) for profile in health.top]
    return Message(text, tuple(blocks))


def details(profile: CaseProfile, held: Quarantine | None, trail: Sequence[TrailLine]) -> Message:
    """Everything about one case: recent verdicts, each variant, the latest failure, the audit trail."""
    text = f"{kit.plain(profile.title)} in {kit.plain(profile.repository)} is {WORDS[profile.status]}: {rate(profile)}."
    blocks: list[Block] = [_title(profile, DOTS[profile.status], f"is {WORDS[profile.status]}")]
    if profile.recent:
        failed = sum(one is not Verdict.PASSED for one in profile.recent)
        strip = "".join(_STRIP[one] for one in profile.recent)
        blocks.append(kit.section(f"{strip}\n{failed} of the last {len(profile.recent)} commits did not simply pass."))
    for one in profile.variants[:6]:
        low, high = (f"{share * 100:.3g}" for share in one.interval)
        blocks.append(
            kit.section(
                f"{DOTS[one.status]} {kit.code(one.variant)} {WORDS[one.status]}: fails {one.rate * 100:.2g} % "
                f"({low} to {high} %), {one.failures} of {one.runs} runs; flaky {one.p_flaky:.2f}, broken {one.p_broken:.2f}"
            )
        )
    if profile.last_failure:
        blocks.append(kit.section(kit.code_block(profile.last_failure.message or profile.last_failure.text)))
    if held and held.state.is_open:
        blocks.append(kit.section(f"Quarantine {held.state.value}, {_scope(held)}: {kit.escape(held.reason, 300)}"))
    if trail:
        lines = [f"{kit.date(one.at.timestamp(), f'{one.at:%d %b %H:%M}')} {trail_sentence(one)}" for one in trail]
        blocks.append(kit.section("*Audit trail*\n" + "\n".join(lines[-10:])))
    if held is None or not held.state.is_open:
        label = kit.plain(short(profile.title), 50)
        quarantine = kit.button("fg_quarantine_open", "Quarantine…", str(profile.case_id), label=f"Quarantine {label}")
        if profile.status is not Status.BROKEN:
            blocks.append(kit.actions(f"fd_{profile.case_id}:act", quarantine))
    blocks.append(_footer(profile))
    return Message(text, tuple(blocks))


def pick(words: str, profiles: Sequence[CaseProfile]) -> Message:
    """A choice where a name fits several cases."""
    text = f"{len(profiles)} tests fit “{kit.plain(words, 80)}”; choose one."
    return Message(
        text, (kit.section(f"{len(profiles)} tests fit {kit.code(words, 80)}; choose one:"), *map(_row, profiles))
    )


def listing(title: str, profiles: Sequence[CaseProfile]) -> Message:
    """A list of cases."""
    text = f"{title}: {len(profiles)} tests." if profiles else f"{title}: none."
    return Message(text, (kit.section(f"*{title}*: {len(profiles) or 'none'}"), *map(_row, profiles)))


def _row(profile: CaseProfile) -> Block:
    label = kit.plain(short(profile.title), 50)
    return kit.section(
        f"{DOTS[profile.status]} *{kit.escape(short(profile.title))}* {WORDS[profile.status]}\n{rate(profile)} · "
        f"{kit.code(profile.repository)}",
        block_id=f"row_{profile.case_id}",
        accessory=kit.button("fg_details", "Details", str(profile.case_id), label=f"Details of {label}"),
    )


def help_menu(lines: Sequence[tuple[str, str]], waiting: int) -> Message:
    """What FlakeGuard can be asked, and how much waits for a decision."""
    text = f"FlakeGuard: {waiting} proposals wait for a decision. Type /flakeguard and one of: " + ", ".join(
        usage.split()[0] for usage, _ in lines
    )
    body = "\n".join(f"`/flakeguard {usage}` {meaning}" for usage, meaning in lines)
    row = kit.actions(
        "help:act",
        kit.button("fg_show_status", "Status", "status", label="Show the health of the repositories"),
        kit.button("fg_show_list", f"Waiting ({waiting})", "proposed", label="Show the proposals that wait"),
    )
    return Message(text, (kit.section(body), row))


def sentence(text: str) -> Message:
    """A plain answer; `text` is ours, anything untrusted in it already safe."""
    return Message(text, (kit.section(text),))
