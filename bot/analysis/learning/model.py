"""The model learned from labels: a logistic regression, kept as data and never as a pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite

from bot.analysis.learning import feature

_CEILING = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights over standardised features: (value - mean) / scale, aligned with the names of the features."""

    features_version: int
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def predict(self, vector: Sequence[float]) -> float:
        """The chance that people would call a case flaky, 0 to 1."""
        total = self.bias + sum(
            weight * (value - mean) / scale
            for value, mean, scale, weight in zip(vector, self.means, self.scales, self.weights, strict=True)
        )
        return 1 / (1 + exp(-min(max(total, -_CEILING), _CEILING)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the model did against the filter alone on labels held back, the latest ones.

    A loss is the mean logarithmic loss (a proper score, less is better). A precision is the share of cases called
    flaky (p of .8 or more) that people called flaky, None where none was. `reason` says in a sentence why the model
    is used or is not.
    """

    labels: int
    actors: int
    held_back: int
    filter_loss: float | None
    model_loss: float | None
    filter_precision: float | None
    model_precision: float | None
    is_used: bool
    reason: str
    trained_at: datetime | None = None


def to_document(model: Model | None, report: Report) -> dict[str, object]:
    """A model and its report as JSON has them; the time of training is kept beside them."""
    return {
        "model": None
        if model is None
        else {
            "features_version": model.features_version,
            "names": list(feature.NAMES),
            "means": list(model.means),
            "scales": list(model.scales),
            "weights": list(model.weights),
            "bias": model.bias,
        },
        "report": {
            "labels": report.labels,
            "actors": report.actors,
            "held_back": report.held_back,
            "filter_loss": report.filter_loss,
            "model_loss": report.model_loss,
            "filter_precision": report.filter_precision,
            "model_precision": report.model_precision,
            "is_used": report.is_used,
            "reason": report.reason,
        },
    }


def read_report(document: Mapping[str, object], trained_at: datetime) -> Report:
    """The report of a stored document."""
    stored = _mapping(document["report"])
    return Report(
        labels=_integer(stored["labels"]),
        actors=_integer(stored["actors"]),
        held_back=_integer(stored["held_back"]),
        filter_loss=_optional(stored["filter_loss"]),
        model_loss=_optional(stored["model_loss"]),
        filter_precision=_optional(stored["filter_precision"]),
        model_precision=_optional(stored["model_precision"]),
        is_used=stored["is_used"] is True,
        reason=str(stored["reason"]),
        trained_at=trained_at,
    )


def read_model(document: Mapping[str, object]) -> Model | None:
    """The model of a stored document; None where there is none, or it is of other features than those of now."""
    if document.get("model") is None:
        return None
    stored = _mapping(document["model"])
    if stored.get("features_version") != feature.VERSION or stored.get("names") != list(feature.NAMES):
        return None
    model = Model(
        features_version=feature.VERSION,
        means=_floats(stored["means"]),
        scales=_floats(stored["scales"]),
        weights=_floats(stored["weights"]),
        bias=_number(stored["bias"]),
    )
    sizes = {len(model.means), len(model.scales), len(model.weights)}
    return model if sizes == {len(feature.NAMES)} and all(scale > 0 for scale in model.scales) else None


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        message = "The stored model is damaged: a mapping is missing."
        raise TypeError(message)
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        message = "The stored model is damaged: a number is missing."
        raise TypeError(message)
    return float(value)


def _integer(value: object) -> int:
    return int(_number(value))


def _optional(value: object) -> float | None:
    return None if value is None else _number(value)


def _floats(value: object) -> tuple[float, ...]:
    return tuple(_number(one) for one in value) if isinstance(value, list) else ()
