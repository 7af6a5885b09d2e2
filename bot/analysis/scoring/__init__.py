"""The filter: a Bayesian estimate of how every case behaves and of the state of the code, outages discounted (ADR 9).

It estimates two hidden states per (case, variant): how the case flakes, if it does, and whether the code is good or bad
for it, per chain of commits. `Scorer.observe` takes one execution, `readout` gives the scores.
"""

from __future__ import annotations

from bot.analysis.scoring import readout, status
from bot.analysis.scoring.active import ActiveCases
from bot.analysis.scoring.execution import Execution, Observation
from bot.analysis.scoring.memory import BranchBeliefs, RepositoryMemory, branch_key
from bot.analysis.scoring.model import INCIDENT, MODEL, REFERENCE, Model
from bot.analysis.scoring.scorer import Scorer

__all__ = [
    "INCIDENT",
    "MODEL",
    "REFERENCE",
    "ActiveCases",
    "BranchBeliefs",
    "Execution",
    "Model",
    "Observation",
    "RepositoryMemory",
    "Scorer",
    "branch_key",
    "readout",
    "status",
]
