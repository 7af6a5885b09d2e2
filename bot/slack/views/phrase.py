"""The words every view shares: how a rate, a time, a person and a status read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.analysis import model
from bot.analysis.case_profile import CaseProfile, FailureExcerpt
from bot.analysis.case_state import VariantScore
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine import owner as owners
from bot.slack import mrkdwn

MAX_TITLE = 200
_CERTAIN = 0.995
_SMALL = 0.01

DOTS = {
    model.Status.HEALTHY: "\N{WHITE HEAVY CHECK MARK}",
    model.Status.FLAKY: "\N{LARGE ORANGE CIRCLE}",
    model.Status.BROKEN: "\N{LARGE RED CIRCLE}",
    model.Status.INFRA: "\N{LARGE BLUE CIRCLE}",
    model.Status.SUSPECT: "\N{EYES}",
    model.Status.INSUFFICIENT: "\N{MEDIUM WHITE CIRCLE}",
}
WORDS = {
    model.Status.HEALTHY: "healthy",
    model.Status.FLAKY: "flaky",
    model.Status.BROKEN: "broken",
    model.Status.INFRA: "infra",
    model.Status.SUSPECT: "watched: evidence insufficient",
    model.Status.INSUFFICIENT: "too few runs",
}
INFRA_DOT = DOTS[model.Status.INFRA]
PROPOSED_DOT = "\N{LARGE YELLOW CIRCLE}"
DECIDED_DOT = "\N{MEDIUM WHITE CIRCLE}"
REJECT_REASONS = {
    lifecycle.RejectReason.BUG: "Real bug",
    lifecycle.RejectReason.INFRA: "Infrastructure",
    lifecycle.RejectReason.FIXED: "Already fixed",
    lifecycle.RejectReason.NEVER: "Never quarantine",
}


def percent(share: float) -> str:
    """Return a share of 0 to 1 as people read it, such as `13 %`."""
    if 0 < share < _SMALL:
        return f"{share:.1%}".replace("%", " %") if share >= _SMALL / 10 else "under 0.1 %"
    return f"{share:.0%}".replace("%", " %")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, such as `1 run` or `7 runs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listing(parts: Iterable[str]) -> str:
    """Join parts as a sentence does."""
    words = list(parts)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def rate(score: VariantScore) -> str:
    """Return how often a variant fails, such as `13 % (7 of 52 runs)` or `42 % lately (3 of 93 runs in all)`."""
    share = f"{score.failures:,} of {count(score.runs, 'run')}"
    if not score.failures:
        # The rate is an estimate and never quite 0, which reads as a contradiction beside no failure at all.
        return share
    apart = _apart(score)
    return f"{percent(score.rate)}{apart} ({share}{' in all' if apart else ''})"


def _apart(score: VariantScore) -> str:
    """Why the rate is far from the share of runs that failed: it was lower before, or most failures had a reason."""
    if score.began_lately:
        return " lately"
    return " for no reason" if score.had_reasons else ""


def interval(score: VariantScore) -> str:
    """Return the range the true rate lies in with 90 % certainty."""
    low, high = score.interval
    return f"{percent(low)} to {percent(high)}"


def confidence(score: VariantScore) -> str:
    """Return how sure the filter is of the status, in words."""
    likely = score.p_broken if score.status is model.Status.BROKEN else score.p_flaky
    what = "broken" if score.status is model.Status.BROKEN else "flaky"
    shown = "over 99 %" if likely >= _CERTAIN else percent(likely)
    return f"{shown} {what}, {count(score.mixed_commits, 'commit')} did both"


def evidence(profile: CaseProfile) -> str:
    """Return the numbers of the worst variant as a clause of a sentence."""
    score = profile.worst
    if score is None:
        return "it was not scored yet"
    shown = f"{score.failures:,} of {count(score.runs, 'run')} failed"
    return f"{shown} ({percent(score.rate)}{_apart(score)})" if score.failures else shown


def cause(failure: FailureExcerpt) -> str:
    """Return the likely cause of a failure with the words that told it; empty where nothing did."""
    if not failure.evidence:
        return ""
    return f"Likely cause by its text: {failure.category} ({mrkdwn.code(failure.evidence, 100)})"


def variants(profile: CaseProfile, limit: int = 4) -> str:
    """Return each variant with its rate, the worst first."""
    shown = [
        f"{mrkdwn.code(one.variant, 80)} {percent(one.rate) if one.failures else 'never'}"
        for one in profile.variants[:limit]
    ]
    more = len(profile.variants) - limit
    return ", ".join([*shown, *([f"{more} more"] if more > 0 else [])]) or "none yet"


def case(profile: CaseProfile, limit: int = MAX_TITLE) -> str:
    """Return the name of a case for mrkdwn, linked to its last failing run where there is one."""
    name = mrkdwn.code(profile.title, limit)
    return mrkdwn.link(profile.last_failure.run_url, name) if profile.last_failure else name


def case_text(profile: CaseProfile) -> str:
    """Return the name of a case for the top-level text of a message."""
    return mrkdwn.escape(mrkdwn.line(profile.title), MAX_TITLE)


def repository(name: str) -> str:
    """Return the name of a repository for mrkdwn."""
    return mrkdwn.code(name, 140)


def repository_text(name: str) -> str:
    """Return the name of a repository for the top-level text of a message."""
    return mrkdwn.escape(mrkdwn.line(name), 140)


def person(actor: model.Actor) -> str:
    """Mention a person of the workspace; name anybody else."""
    if actor.kind is model.ActorKind.SLACK and owners.is_person(actor.id):
        return f"<@{actor.id}>"
    return f"*{person_text(actor)}*"


def person_text(actor: model.Actor) -> str:
    """Name a person in the top-level text of a message, where a mention would notify twice."""
    return mrkdwn.escape(re.sub(r"[*_~`]", "", mrkdwn.line(actor.name)), 80) or "somebody"


def owner(name: str | None) -> str:
    """Return an owner: a person or a user group of the workspace is mentioned, anything else named."""
    if not name:
        return "nobody yet"
    if owners.is_person(name):
        return f"<@{name}>"
    return f"<!subteam^{name}>" if owners.is_group(name) else mrkdwn.escape(mrkdwn.line(name), 120)


def owner_list(names: Sequence[str], limit: int = 5) -> str:
    """Return who owns a case together; the first where they are many."""
    more = [f"{len(names) - limit:,} more"] if len(names) > limit else []
    return ", ".join([*map(owner, names[:limit]), *more]) or owner(None)


def when(at: datetime, form: Literal["date", "time", "both"] = "date") -> str:
    """Return a time that Slack shows in the reader's own time zone."""
    token = {"date": "{date_short_pretty}", "time": "{time}", "both": "{date_short_pretty} at {time}"}[form]
    moment = at.astimezone(UTC)
    fallback = {"date": day(at), "time": f"{moment:%H:%M} UTC", "both": f"{day(at)} {moment:%H:%M} UTC"}[form]
    return f"<!date^{int(at.timestamp())}^{token}|{fallback}>"


def span(length: timedelta) -> str:
    """Return a length of time in its largest unit, such as `5 minutes`."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= unit:
            return count(seconds // unit, name)
    return "less than a minute"


def day(at: datetime) -> str:
    """Return a day for the top-level text of a message, such as `7 December`."""
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%B}"


def scope(quarantine: lifecycle.Quarantine) -> str:
    """Return what a quarantine masks."""
    match quarantine.scope:
        case lifecycle.Scope.CASE:
            return "The whole case"
        case lifecycle.Scope.VARIANT:
            return f"Only in {mrkdwn.code(quarantine.variant or 'default', 120)}"
        case lifecycle.Scope.FAILURE:
            return "Only when it fails like this"


def reason(text: str | None) -> str:
    """Return the reason of a decision: one of ours in its own words, any other as it was written."""
    if not text:
        return ""
    for known, words in REJECT_REASONS.items():
        if text == known.value:
            return words
        if text.startswith(f"{known.value}: "):
            return f"{words}: {text.removeprefix(f'{known.value}: ')}"
    return text
