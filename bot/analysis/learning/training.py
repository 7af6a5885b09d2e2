"""Learning from labels: who may teach how much, what is held back, and whether the model beats the filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.learning import feature, fitting
from bot.analysis.learning.label import Label
from bot.analysis.learning.model import Model, Report

MIN_LABELS = 60
MIN_OF_EACH = 12
"""Of flaky and of not flaky, in all."""
MIN_HELD_BACK_OF_EACH = 5
MIN_ACTORS = 3
"""With fewer people there is nobody to contradict the one who is wrong, or means harm."""
MAX_SHARE = 0.4
"""What one person may weigh in all, as a share of everybody together."""
HELD_BACK = 0.3
"""The latest labels, as a share: a model has to do well on what came after what it learned from."""
CALLED_FLAKY = 0.8
_FLOOR = 0.01  # the filter's p is not let nearer to 0 or 1, or one surprise would cost it everything


@dataclass(frozen=True, slots=True)
class Example:
    """One verdict to learn from: the features of the case at that moment, and the filter's p_flaky."""

    vector: tuple[float, ...]
    is_flaky: bool
    p_flaky: float
    actor: str
    given_at: datetime


def examples(labels: Iterable[Label]) -> list[Example]:
    """What there is to learn, oldest first: the last word of each person on each case.

    Verdicts that claim nothing, and those whose features are missing or of another version, are left out.
    """
    last: dict[tuple[str, int], tuple[datetime, int, Example]] = {}
    for label in labels:
        says = label.verdict.says_flaky
        if says is None or label.features is None or label.features_version != feature.VERSION:
            continue
        example = Example(label.features, says, label.p_flaky, label.actor.subject, label.created_at)
        key = (label.actor.subject, label.case_id)
        if key not in last or last[key][:2] < (label.created_at, label.id):
            last[key] = (label.created_at, label.id, example)
    return [example for _, _, example in sorted(last.values(), key=lambda one: one[:2])]


def train(found: Sequence[Example]) -> tuple[Model | None, Report]:
    """A model of all labels where one of the older labels beats the filter on the latest, and the report.

    Beating is a smaller logarithmic loss by more than one standard error of the difference. Where it does not, or
    where there is too little to tell, the model is None and the report says why.
    """
    actors = len({example.actor for example in found})
    lacking = _lacking(found, actors)
    if lacking:
        return None, _unused(found, actors, lacking)
    cut = len(found) - round(HELD_BACK * len(found))
    older, latest = found[:cut], found[cut:]
    if min(_kinds(older)) < MIN_HELD_BACK_OF_EACH or min(_kinds(latest)) < MIN_HELD_BACK_OF_EACH:
        return None, _unused(found, actors, "The latest verdicts are nearly all the same, so nothing can be compared.")
    tried = _fit(older)
    weights = _weights(latest)
    truth = np.array([example.is_flaky for example in latest])
    by_model = np.array([tried.predict(example.vector) for example in latest])
    by_filter = np.clip([example.p_flaky for example in latest], _FLOOR, 1 - _FLOOR)
    loss_model, loss_filter = _losses(by_model, truth), _losses(by_filter, truth)
    gained = loss_filter - loss_model
    gain = float(np.average(gained, weights=weights))
    # The standard error of a weighted mean, by the number of examples the weights amount to.
    amount = weights.sum() ** 2 / (weights**2).sum()
    error = float(np.sqrt(np.average((gained - gain) ** 2, weights=weights) / amount))
    is_used = gain > error
    verdict = "better" if is_used else "not better"
    report = Report(
        labels=len(found),
        actors=actors,
        held_back=len(latest),
        filter_loss=float(np.average(loss_filter, weights=weights)),
        model_loss=float(np.average(loss_model, weights=weights)),
        filter_precision=_precision(np.array([example.p_flaky for example in latest]), truth),
        model_precision=_precision(by_model, truth),
        is_used=is_used,
        reason=f"On the {len(latest)} latest verdicts the model was {verdict} than the judging alone.",
    )
    return (_fit(found) if is_used else None), report


def untrained(found: Sequence[Example]) -> Report:
    """The report of a repository whose labels nothing was learned from yet."""
    actors = len({example.actor for example in found})
    return _unused(found, actors, _lacking(found, actors) or "There is enough to learn from; a model is on its way.")


def cap(counts: Sequence[float], share: float) -> float:
    """The most that one of several may weigh, so that none has more than a share of all together.

    The largest c with c <= share * sum(min(n, c)) over the counts n; the share is at least 1 / len(counts).
    """
    ordered = sorted(counts, reverse=True)
    for capped in range(len(ordered) + 1):
        rest = sum(ordered[capped:])
        if share * capped >= 1:
            break
        limit = share * rest / (1 - share * capped)
        if capped == len(ordered) or ordered[capped] <= limit:
            return limit if capped else ordered[0]
    return ordered[-1]


def _lacking(found: Sequence[Example], actors: int) -> str:
    flaky, other = _kinds(found)
    if not fitting.is_available():
        return "scikit-learn is not installed, so the filter decides alone: pip install 'flakeguard-slack[learn]'."
    if len(found) < MIN_LABELS:
        return f"{len(found)} of the {MIN_LABELS} verdicts that are needed were given."
    if min(flaky, other) < MIN_OF_EACH:
        return f"{flaky} verdicts say flaky and {other} say not; {MIN_OF_EACH} of each are needed."
    if actors < MIN_ACTORS:
        return f"All verdicts are of {actors} people; {MIN_ACTORS} are needed."
    return ""


def _unused(found: Sequence[Example], actors: int, reason: str) -> Report:
    return Report(
        labels=len(found),
        actors=actors,
        held_back=0,
        filter_loss=None,
        model_loss=None,
        filter_precision=None,
        model_precision=None,
        is_used=False,
        reason=reason,
    )


def _kinds(found: Sequence[Example]) -> tuple[int, int]:
    flaky = sum(example.is_flaky for example in found)
    return flaky, len(found) - flaky


def _weights(found: Sequence[Example]) -> NDArray[np.float64]:
    """One per example, less for the examples of a person who gave too many."""
    counts = Counter(example.actor for example in found)
    most = cap(list(counts.values()), max(MAX_SHARE, 1 / len(counts)))
    return np.array([min(1.0, most / counts[example.actor]) for example in found])


def _fit(found: Sequence[Example]) -> Model:
    vectors = np.array([example.vector for example in found])
    means, scales = vectors.mean(axis=0), vectors.std(axis=0)
    scales[scales < 1e-9] = 1.0  # noqa: PLR2004  # a feature that never varies has no scale, and gets no weight
    weights, bias = fitting.fit(
        (vectors - means) / scales, np.array([example.is_flaky for example in found]), _weights(found)
    )
    return Model(
        features_version=feature.VERSION,
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        weights=weights,
        bias=bias,
    )


def _losses(p: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    losses: NDArray[np.float64] = -np.log(np.clip(np.where(truth, p, 1 - p), 1e-12, 1))
    return losses


def _precision(p: NDArray[np.float64], truth: NDArray[np.bool_]) -> float | None:
    called = p >= CALLED_FLAKY
    return float(truth[called].mean()) if called.any() else None
