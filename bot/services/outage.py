"""Outages of a run as facts: what the filter found in its variants, and the window somebody marked around it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.incident import Incident, Kind
from bot.analysis.model import SYSTEM, RepositoryId, RunId
from bot.services.judge import JudgedVariant
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.scores import incident as incident_store

NEWS = timedelta(days=1)
"""A suite or runner that stays out is told of once in this time."""


def covering(windows: Iterable[Incident], started_at: datetime, completed_at: datetime | None) -> Incident | None:
    """The marked window that covers a run of these times."""
    return next((one for one in windows if one.covers(started_at, completed_at)), None)


def of_variant(
    repository_id: RepositoryId,
    run_id: RunId,
    started_at: datetime,
    judged: JudgedVariant,
    observation: scoring.Observation,
) -> list[Incident]:
    """What the filter found in one variant of a run."""
    found = []
    if observation.is_incident:
        found.append(_found(repository_id, run_id, started_at, judged, Kind.RUN, "", judged.failed))
    for number in sorted(observation.suite_outages):
        inside = judged.suites == number
        found.append(
            _found(
                repository_id, run_id, started_at, judged, Kind.SUITE, judged.suite_names[number], judged.failed[inside]
            )
        )
    if judged.runners is not None:
        for number in sorted(observation.runner_outages):
            failed = judged.failed[judged.runners.numbers == number]
            found.append(
                _found(repository_id, run_id, started_at, judged, Kind.RUNNER, judged.runners.names[number], failed)
            )
    return found


def is_news(session: Session, repository_id: RepositoryId, run_id: RunId, now: datetime) -> bool:
    """Whether a suite or a runner was out in a run and not yet in another one since yesterday.

    What a pull request does to a suite is its author's: only the default branch tells of a suite.
    """
    known = incident_store.list_since(session, [repository_id], now - NEWS)
    suites = {one.run_id for one in known if one.kind is Kind.SUITE and one.run_id is not None}
    on_main = {one for one in suites if run_store.get(session, repository_id, one).on_default_branch}
    telling = [one for one in known if one.kind is Kind.RUNNER or (one.kind is Kind.SUITE and one.run_id in on_main)]
    before = {(one.kind, one.suite) for one in telling if one.run_id != run_id}
    return any(one.run_id == run_id and (one.kind, one.suite) not in before for one in telling)


def _found(
    repository_id: RepositoryId,
    run_id: RunId,
    started_at: datetime,
    judged: JudgedVariant,
    kind: Kind,
    suite: str,
    failed: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Incident:
    return Incident(
        id=0,
        repository_id=repository_id,
        kind=kind,
        started_at=started_at,
        ended_at=None,
        reason="",
        actor=SYSTEM,
        run_id=run_id,
        variant=judged.variant,
        suite=suite,
        failed=int(failed.sum()),
        ran=len(failed),
    )
