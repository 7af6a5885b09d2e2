"""Fitting a logistic regression; the only place that knows scikit-learn, which is an optional extra."""

from __future__ import annotations

import importlib.util

import numpy as np
from numpy.typing import NDArray

PENALTY = 1.0
"""The inverse strength of the L2 penalty; features are standardised, so one fits all."""
_STEPS = 1000


def is_available() -> bool:
    """Whether scikit-learn is installed (`pip install 'flakeguard-slack[learn]'`)."""
    return importlib.util.find_spec("sklearn") is not None


def fit(
    vectors: NDArray[np.float64], flaky: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[tuple[float, ...], float]:
    """The weights of the features and the bias; rows are examples, each with its weight, of both kinds."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # absent where the extra is

    fitted = LogisticRegression(C=PENALTY, max_iter=_STEPS).fit(vectors, flaky, sample_weight=weights)
    return tuple(float(weight) for weight in fitted.coef_[0]), float(fitted.intercept_[0])
