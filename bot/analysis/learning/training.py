"""Train a model on labels, limit what one person weighs, and compare it with the filter (thresholds: ADR 11)."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.learning import feature
from bot.analysis.learning.label import Label
from bot.analysis.learning.learned_model import LearnedModel, TrainingReport

MIN_LABELS = 60
MIN_OF_EACH = 12
"""Of flaky and of not flaky labels."""
MIN_HELD_BACK_OF_EACH = 5
MIN_ACTORS = 3
"""With fewer people, nobody contradicts one who is wrong or malicious."""
MAX_SHARE = 0.4
"""The most that one person may weigh, as a share of all."""
HELD_BACK = 0.3
"""The share of latest labels held out for validation: a model must do well on what came after its training."""
CALLED_FLAKY = 0.8
_FLOOR = 0.01  # bounds the filter's p, or one surprise would make its loss infinite
PENALTY = 1.0
"""The inverse strength of the L2 penalty, scikit-learn's default; it fits standardised features."""
_MAX_ITERATIONS = 1000


@dataclass(frozen=True, slots=True)
class Example:
    """One label: the features of the case and the filter's p_flaky at that moment, and the verdict."""

    vector: tuple[float, ...]
    is_flaky: bool
    p_flaky: float
    actor: str
    given_at: datetime


def examples(labels: Iterable[Label]) -> list[Example]:
    """The examples in labels, oldest first: the last verdict of each person on each case.

    Verdicts that do not say flaky or not, and those without features of the current version, are left out.
    """
    last: dict[tuple[str, int], Example] = {}
    for label in sorted(labels, key=lambda label: (label.created_at, label.id)):
        is_flaky, actor = label.verdict.says_flaky, label.actor.subject
        if is_flaky is not None and label.features is not None and label.features_version == feature.VERSION:
            last.pop((actor, label.case_id), None)  # an example stands where the last verdict was given
            last[actor, label.case_id] = Example(label.features, is_flaky, label.p_flaky, actor, label.created_at)
    return list(last.values())


def train(samples: Sequence[Example]) -> tuple[LearnedModel | None, TrainingReport]:
    """A model of all labels if one of the older labels beats the filter on the latest, and the report.

    It beats the filter if its logarithmic loss is smaller by more than one standard error of the difference. Otherwise,
    and with too few labels, the model is None and the report says why.
    """
    actors = _count_actors(samples)
    if lacking := _lacking(samples):
        return None, TrainingReport(labels=len(samples), actors=actors, reason=lacking)
    cut = len(samples) - round(HELD_BACK * len(samples))
    older, latest = samples[:cut], samples[cut:]
    if min(_kinds(older)) < MIN_HELD_BACK_OF_EACH or min(_kinds(latest)) < MIN_HELD_BACK_OF_EACH:
        reason = "The latest verdicts are nearly all the same, so nothing can be compared."
        return None, TrainingReport(labels=len(samples), actors=actors, reason=reason)
    candidate = _fit(older)
    weights = _weights(latest)
    truth = np.array([example.is_flaky for example in latest])
    by_model = np.array([candidate.predict(example.vector) for example in latest])
    by_filter = np.clip([example.p_flaky for example in latest], _FLOOR, 1 - _FLOOR)
    loss_model, loss_filter = _losses(by_model, truth), _losses(by_filter, truth)
    gained = loss_filter - loss_model
    gain = float(np.average(gained, weights=weights))
    # The standard error of a weighted mean, with the effective number of examples.
    effective = weights.sum() ** 2 / (weights**2).sum()
    error = float(np.sqrt(np.average((gained - gain) ** 2, weights=weights) / effective))
    is_used = gain > error
    verdict = "better" if is_used else "not better"
    report = TrainingReport(
        labels=len(samples),
        actors=actors,
        held_back=len(latest),
        filter_loss=float(np.average(loss_filter, weights=weights)),
        model_loss=float(np.average(loss_model, weights=weights)),
        filter_precision=_precision(np.array([example.p_flaky for example in latest]), truth),
        model_precision=_precision(by_model, truth),
        is_used=is_used,
        reason=f"On the {len(latest)} latest verdicts the model was {verdict} than the judging alone.",
    )
    return (_fit(samples) if is_used else None), report


def untrained(samples: Sequence[Example]) -> TrainingReport:
    """The report of a repository without a model."""
    reason = _lacking(samples) or "There is enough to learn from; a model is on its way."
    return TrainingReport(labels=len(samples), actors=_count_actors(samples), reason=reason)


def cap(counts: Sequence[float], share: float) -> float:
    """The most that one of several may weigh, so that none has more than a share of the sum.

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


def _count_actors(samples: Sequence[Example]) -> int:
    return len({example.actor for example in samples})


def _lacking(samples: Sequence[Example]) -> str:
    """What is missing for training, as a sentence; empty if nothing is."""
    flaky, other = _kinds(samples)
    actors = _count_actors(samples)
    if importlib.util.find_spec("sklearn") is None:
        return "scikit-learn is not installed, so the filter decides alone: pip install 'flakeguard-slack[learn]'."
    if len(samples) < MIN_LABELS:
        return f"{len(samples)} of the {MIN_LABELS} verdicts that are needed were given."
    if min(flaky, other) < MIN_OF_EACH:
        return f"{flaky} verdicts say flaky and {other} say not; {MIN_OF_EACH} of each are needed."
    if actors < MIN_ACTORS:
        return f"All verdicts are of {actors} people; {MIN_ACTORS} are needed."
    return ""


def _kinds(samples: Sequence[Example]) -> tuple[int, int]:
    flaky = sum(example.is_flaky for example in samples)
    return flaky, len(samples) - flaky


def _weights(samples: Sequence[Example]) -> NDArray[np.float64]:
    """The weight of each example, less for those of a person who gave too many."""
    counts = Counter(example.actor for example in samples)
    most = cap(list(counts.values()), max(MAX_SHARE, 1 / len(counts)))
    return np.array([min(1.0, most / counts[example.actor]) for example in samples])


def _fit(samples: Sequence[Example]) -> LearnedModel:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # an optional extra

    vectors = np.array([example.vector for example in samples])
    means, scales = vectors.mean(axis=0), vectors.std(axis=0)
    scales[scales < 1e-9] = 1.0  # noqa: PLR2004  # a constant feature has no scale, and gets no weight
    truth = np.array([example.is_flaky for example in samples])
    regression = LogisticRegression(C=PENALTY, max_iter=_MAX_ITERATIONS)
    fitted = regression.fit((vectors - means) / scales, truth, sample_weight=_weights(samples))
    return LearnedModel(
        features_version=feature.VERSION,
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        weights=tuple(fitted.coef_[0].tolist()),
        bias=float(fitted.intercept_[0]),
    )


def _losses(p: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    losses: NDArray[np.float64] = -np.log(np.clip(np.where(truth, p, 1 - p), 1e-12, 1))
    return losses


def _precision(p: NDArray[np.float64], truth: NDArray[np.bool_]) -> float | None:
    called = p >= CALLED_FLAKY
    return float(truth[called].mean()) if called.any() else None
