"""What people taught FlakeGuard in a repository, in words, pure."""

from __future__ import annotations

from bot.analysis.learning.learned_model import TrainingReport
from bot.slack.views import phrase


def sentence(report: TrainingReport) -> str:
    """Say whether a model orders what to fix first, why or why not, and how often each was right."""
    verdicts = phrase.count(report.labels, "verdict")
    people = phrase.count(report.actors, "person", "people")
    by = f"A model of {verdicts} by {people}" if report.is_used else "The judging alone"
    return f"{by} orders what to fix first. {report.reason}{_precisions(report)}"


def _precisions(report: TrainingReport) -> str:
    if report.held_back == 0:
        return ""
    model, judging = (_share(one) for one in (report.model_precision, report.filter_precision))
    return f" Of what it called flaky then {model} was; of what the judging called so, {judging}."


def _share(precision: float | None) -> str:
    return "nothing" if precision is None else phrase.percent(precision)
