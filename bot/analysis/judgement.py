"""What judging a run concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.analysis import scoring
from bot.analysis.case_state import StatusChange


@dataclass(frozen=True, slots=True)
class Judgement:
    """The changes of status by a run, and its outage term: the largest of its variants, 0 to 1.

    `observations` is what the filter saw, by variant; None where the run was not judged, for now or for good.
    """

    changes: tuple[StatusChange, ...]
    outage: float
    observations: Mapping[str, scoring.Observation] | None

    @property
    def is_incident(self) -> bool:
        """Whether so much failed in a variant that the run is an incident."""
        return any(observation.is_incident for observation in (self.observations or {}).values())

    @property
    def has_part_out(self) -> bool:
        """Whether a suite or a runner of it was out as a whole."""
        return any(
            observation.suite_outages or observation.runner_outages
            for observation in (self.observations or {}).values()
        )
