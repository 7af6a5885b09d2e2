"""The model learned from labels: a logistic regression, stored as JSON and never as a pickle (ADR 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import exp
from typing import Final

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from bot.analysis.learning import feature

_MAX_LOG_ODDS: Final = 30.0
_FINITE: Final = ConfigDict(allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True, config=_FINITE)
class LearnedModel:
    """Weights over standardised features, (value - mean) / scale, aligned with `feature.NAMES`."""

    features_version: int
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def predict(self, vector: Sequence[float]) -> float:
        """The chance that people call a case flaky, 0 to 1."""
        total = self.bias + sum(
            weight * (value - mean) / scale
            for value, mean, scale, weight in zip(vector, self.means, self.scales, self.weights, strict=True)
        )
        return 1 / (1 + exp(-min(max(total, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)))


@dataclass(frozen=True, slots=True, kw_only=True, config=_FINITE)
class TrainingReport:
    """The model compared with the filter on the latest labels, which training did not see.

    A loss is the mean logarithmic loss. A precision is the share of cases called flaky (p of .8 or more) that people
    called flaky, None if there are none. `reason` is a sentence on why the model is used or not.
    """

    labels: int
    actors: int
    held_back: int = 0
    filter_loss: float | None = None
    model_loss: float | None = None
    filter_precision: float | None = None
    model_precision: float | None = None
    is_used: bool = False
    reason: str
    trained_at: datetime | None = None


_MODEL: Final = TypeAdapter(LearnedModel)
_REPORT: Final = TypeAdapter(TrainingReport)


def to_document(model: LearnedModel | None, report: TrainingReport) -> dict[str, object]:
    """A model and its report as JSON; the store keeps the time of training beside them."""
    return {
        "model": None if model is None else _MODEL.dump_python(model, mode="json") | {"names": list(feature.NAMES)},
        "report": _REPORT.dump_python(report, mode="json", exclude={"trained_at"}),
    }


def read_report(document: Mapping[str, object], trained_at: datetime) -> TrainingReport:
    """The report of a stored document."""
    return replace(_REPORT.validate_python(document["report"]), trained_at=trained_at)


def read_model(document: Mapping[str, object]) -> LearnedModel | None:
    """The model of a stored document; None if there is none, or if its features are not the current ones."""
    stored = document.get("model")
    if not isinstance(stored, Mapping) or stored.get("names") != list(feature.NAMES):
        return None
    model = _MODEL.validate_python(stored)
    sizes = {len(model.means), len(model.scales), len(model.weights)}
    is_current = model.features_version == feature.VERSION and sizes == {len(feature.NAMES)}
    return model if is_current and all(scale > 0 for scale in model.scales) else None
