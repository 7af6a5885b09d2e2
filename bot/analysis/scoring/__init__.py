"""The filter: a Bayesian estimate of every case's flake rate and of the state of the code, outages discounted.

Two hidden things per (case, variant): the rate `f` at which it fails for no reason, and whether the code is
good or bad for it, per chain of commits. `observe` takes one execution in, `readout` says what follows.
"""

from __future__ import annotations

from bot.analysis.scoring.constants import INCIDENT
from bot.analysis.scoring.observe import Execution, Observation, observe
from bot.analysis.scoring.readout import Score, inactive_status, readout
from bot.analysis.scoring.state import ActiveCases, RepositoryState

__all__ = [
    "INCIDENT",
    "ActiveCases",
    "Execution",
    "Observation",
    "RepositoryState",
    "Score",
    "inactive_status",
    "observe",
    "readout",
]
