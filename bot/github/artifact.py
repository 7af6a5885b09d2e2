"""Artifacts of a run, and which of its attempts made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ArtifactInfo:
    """An artifact of a run; it names neither job nor attempt."""

    id: int
    name: str
    size: int
    created_at: datetime
    expired: bool


def artifacts_of_attempt(
    artifacts: Sequence[ArtifactInfo], starts: Mapping[int, datetime], attempt: int
) -> list[ArtifactInfo]:
    """The artifacts made by one attempt: those whose latest start before their creation is that attempt's.

    `starts` holds when each known attempt started; an artifact older than every start belongs to the first.
    """
    ordered = sorted((start, number) for number, start in starts.items())
    mine = []
    for artifact in artifacts:
        owner = ordered[0][1] if ordered else attempt
        for start, number in ordered:
            if start <= artifact.created_at:
                owner = number
        if owner == attempt:
            mine.append(artifact)
    return mine
