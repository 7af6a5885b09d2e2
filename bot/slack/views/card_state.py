"""How a card tells the state of a case and of its quarantine: the dot, the title, the decision, the whole sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.analysis.audit import AuditAction
from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import Status
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.slack import mrkdwn
from bot.slack.views import phrase

_STATUS_TITLES = {
    Status.FLAKY: "is flaky",
    Status.HEALTHY: "is healthy again",
    Status.BROKEN: "is *broken*",
    Status.INFRA: "fails with its run (infra)",
    Status.SUSPECT: f"({phrase.WORDS[Status.SUSPECT]})",
    Status.INSUFFICIENT: f"({phrase.WORDS[Status.INSUFFICIENT]})",
}
# state: the action that led to it, title, what was done in a line
_ENDED = {
    State.REJECTED: (AuditAction.REJECT, "is not quarantined", "Rejected"),
    State.WITHDRAWN: (AuditAction.WITHDRAW, "is not quarantined", "Withdrawn"),
    State.LIFTED: (AuditAction.LIFT, "is out of quarantine", "Lifted"),
    State.EXPIRED: (AuditAction.EXPIRE, "is out of quarantine", "Time over, ended"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """The texts of a card that depend on its state; `sentence` is for the top-level text, the others are mrkdwn."""

    dot: str
    title: str
    decision: str
    sentence: str


def describe(profile: CaseProfile, quarantine: Quarantine | None, now: datetime) -> Story:
    """Describe the state of a case at `now`."""
    if quarantine is None:
        return Story(phrase.DOTS[profile.status], _STATUS_TITLES[profile.status], "", _status_sentence(profile))
    if not quarantine.state.is_open:
        return _ended(profile, quarantine)
    if quarantine.state is State.PROPOSED:
        return _proposed(profile, quarantine)
    if quarantine.state is State.SUSPENDED:
        return _suspended(profile, quarantine)
    return _active(profile, quarantine, now)


def because(reason: str) -> str:
    """Return a reason as a sentence of its own of top-level text, with a space before it."""
    words = mrkdwn.escape(mrkdwn.line(reason), 300).rstrip(".")
    return f" Reason: {words}." if words else ""


def _name(profile: CaseProfile) -> str:
    return f"{phrase.case_text(profile)} in {phrase.repository_text(profile.repository)}"


def _status_sentence(profile: CaseProfile) -> str:
    name, evidence, worst = _name(profile), phrase.evidence(profile), profile.worst
    match profile.status:
        case Status.FLAKY:
            mixed = phrase.count(worst.mixed_commits if worst else 0, "commit")
            return f"Flaky: {name}; {evidence}, and {mixed} both passed and failed."
        case Status.HEALTHY:
            again = " again" if worst and worst.failures else ""
            return f"Healthy{again}: {name}; {evidence}."
        case Status.BROKEN:
            return f"Broken: {name} fails since a change; {evidence}."
        case Status.INFRA:
            return f"Infra: {name} fails together with the rest of the run; {evidence}."
        case Status.SUSPECT | Status.INSUFFICIENT:
            return f"{phrase.WORDS[profile.status].capitalize()}: {name}; {evidence}."
        case _:
            assert_never(profile.status)


def _proposed(profile: CaseProfile, quarantine: Quarantine) -> Story:
    proposer, at = phrase.person(quarantine.proposed_by), phrase.when(quarantine.proposed_at, "both")
    sentence = (
        f"{phrase.person_text(quarantine.proposed_by)} proposes to quarantine {_name(profile)} "
        f"for {phrase.count(quarantine.days, 'day')}; {phrase.evidence(profile)}."
        f"{because(quarantine.reason)} Waiting for an approver."
    )
    decision = f"{proposer} proposes it · {at} · waiting for somebody else to approve"
    return Story(phrase.PROPOSED_DOT, "is proposed for quarantine", decision, sentence)


def _active(profile: CaseProfile, quarantine: Quarantine, now: datetime) -> Story:
    until = phrase.when(quarantine.expires_at) if quarantine.expires_at else "further notice"
    until_text = phrase.day(quarantine.expires_at) if quarantine.expires_at else "further notice"
    evidence = phrase.evidence(profile)
    if quarantine.expires_at is not None and now >= quarantine.expires_at:
        # It masks nothing from this moment, although the clock's job has not moved it to expired yet.
        over = f"The time of this quarantine was over on {until}: its failures count again."
        sentence = f"The quarantine of {_name(profile)} was over on {until_text}, so its failures count; {evidence}."
        return Story(phrase.DECIDED_DOT, "is out of quarantine", over, sentence)
    decider = quarantine.decided_by or quarantine.proposed_by
    at = phrase.when(quarantine.decided_at or quarantine.proposed_at, "both")
    decision = (
        f"\N{WHITE HEAVY CHECK MARK} Approved by {phrase.person(decider)} · {at} · until {until}\n"
        f"{phrase.scope(quarantine)} · owner {phrase.owner(quarantine.owner)}\n{mrkdwn.quote(quarantine.reason)}"
    )
    sentence = (
        f"Quarantined until {until_text}, approved by {phrase.person_text(decider)}: {_name(profile)}; {evidence}."
    )
    return Story(phrase.DECIDED_DOT, "is quarantined", decision, sentence)


def _suspended(profile: CaseProfile, quarantine: Quarantine) -> Story:
    at = phrase.when(quarantine.decided_at or quarantine.proposed_at, "both")
    sentence = (
        f"BROKEN ON MAIN: {_name(profile)} fails since a change, so its quarantine is suspended; "
        f"{phrase.evidence(profile)}."
    )
    decision = (
        f"Quarantine suspended · {at} · the build fails until the test is mended, or a person lifts or resumes it"
    )
    return Story(phrase.DOTS[Status.BROKEN], "is *BROKEN ON MAIN*", decision, sentence)


def _ended(profile: CaseProfile, quarantine: Quarantine) -> Story:
    action, title, word = _ENDED[quarantine.state]
    dot = phrase.DECIDED_DOT
    if profile.status in {Status.HEALTHY, Status.BROKEN}:  # news that outranks how the quarantine ended
        dot, title = phrase.DOTS[profile.status], _STATUS_TITLES[profile.status]
    decider = quarantine.decided_by or quarantine.proposed_by
    at = phrase.when(quarantine.decided_at or quarantine.proposed_at, "both")
    why = phrase.reason(quarantine.decision)
    decision = f"{word} by {phrase.person(decider)} · {at} · its failures count"
    if why:
        decision = f"{decision}\n{mrkdwn.quote(why)}"
    sentence = (
        f"{phrase.person_text(decider)} {action.case_phrase} {_name(profile)}.{because(why)} "
        f"It is {phrase.WORDS[profile.status]}: {phrase.evidence(profile)}."
    )
    return Story(dot, title, decision, sentence)
