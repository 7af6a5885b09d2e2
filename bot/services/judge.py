"""Judging one run: the filter over every leg, the scores it changes, and what each change announces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.model import CaseId, RepositoryId, Status
from bot.store import cases
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class JudgedLeg:
    """What the filter needs of one leg: aligned arrays over the cases that ran, ascending by case."""

    variant: str
    case_ids: NDArray[np.int32]
    suites: NDArray[np.int32]
    failed: NDArray[np.bool_]
    retries: Mapping[int, tuple[bool, ...]]


@dataclass(frozen=True, slots=True)
class Commit:
    """Where an execution stands among the commits; same code is (sha, event kind)."""

    branch: str
    on_default_branch: bool
    sha: str
    base_sha: str | None
    event_kind: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose status over all variants moved."""

    case_id: CaseId
    before: Status
    after: Status
    episode: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judging a run concluded: the changes of status, and the largest outage term of its legs."""

    changes: tuple[Change, ...]
    outage: float
    is_incident: bool
    failed: int
    ran: int


def judge(
    session: Session, repository_id: RepositoryId, commit: Commit, legs: tuple[JudgedLeg, ...], now: datetime
) -> Judgement:
    """Update the scores of a repository by the legs of one run, in order of variant.

    Holds the repository's scorer for the rest of the transaction, so that runs are judged one after another.
    """
    stored = cases.lock_scorer(session, repository_id)
    repository = scoring.RepositoryState.from_bytes(stored) if stored else scoring.RepositoryState.new()
    counts = cases.get_pass_counts(session, repository_id)
    touched = sorted({int(case) for leg in legs for case in leg.case_ids})
    known = cases.list_scores(session, repository_id, case_ids=touched)
    before = {(row.case_id, row.variant): row for row in known}
    keys = _count_keys(counts, legs)
    changed: list[cases.ScoreRow] = []
    outage = 0.0
    incident = False
    for leg in sorted(legs, key=lambda one: one.variant):
        rows = [(row.case_id, row.state) for row in known if row.variant == leg.variant]
        seen, passes = _align(counts.get(leg.variant), leg.case_ids)
        observation = scoring.observe(
            scoring.Execution(
                variant=leg.variant,
                branch=commit.branch,
                on_default_branch=commit.on_default_branch,
                sha=commit.sha,
                base_sha=commit.base_sha,
                event_kind=commit.event_kind,
                started_at=commit.started_at,
                case_ids=leg.case_ids,
                suites=leg.suites,
                failed=leg.failed,
                retries=leg.retries,
            ),
            repository,
            scoring.ActiveCases.from_rows(rows),
            passes,
            keys,
        )
        seen.update(zip(leg.case_ids.tolist(), observation.passes.tolist(), strict=True))
        _store_counts(session, repository_id, leg.variant, seen)
        outage = max(outage, observation.outage)
        incident = incident or observation.is_incident
        changed += _read_out(observation.active, leg.variant, before, commit.started_at)
    cases.put_scores(session, repository_id, changed, now)
    cases.put_scorer(session, repository_id, repository.to_bytes(), keys, now)
    return Judgement(
        changes=_changes(known, changed),
        outage=outage,
        is_incident=incident,
        failed=sum(int(leg.failed.sum()) for leg in legs),
        ran=sum(len(leg.case_ids) for leg in legs),
    )


def _count_keys(counts: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int32]]], legs: tuple[JudgedLeg, ...]) -> int:
    """How many (case, variant) keys the repository has once these legs are in."""
    total = sum(len(ids) for ids, _ in counts.values())
    for leg in legs:
        known = counts[leg.variant][0] if leg.variant in counts else np.empty(0, dtype=np.int32)
        total += int(np.isin(leg.case_ids, known, invert=True).sum())
    return total


def _align(
    stored: tuple[NDArray[np.int32], NDArray[np.int32]] | None, case_ids: NDArray[np.int32]
) -> tuple[dict[int, int], NDArray[np.int32]]:
    seen = {} if stored is None else dict(zip(stored[0].tolist(), stored[1].tolist(), strict=True))
    return seen, np.array([seen.get(case, 0) for case in case_ids.tolist()], dtype=np.int32)


def _store_counts(session: Session, repository_id: RepositoryId, variant: str, seen: Mapping[int, int]) -> None:
    ids = sorted(seen)
    cases.put_pass_counts(
        session,
        repository_id,
        variant,
        np.array(ids, dtype=np.int32),
        np.array([seen[case] for case in ids], dtype=np.int32),
    )


def _read_out(
    active: scoring.ActiveCases,
    variant: str,
    before: Mapping[tuple[CaseId, str], cases.ScoreRow],
    at: datetime,
) -> list[cases.ScoreRow]:
    states = dict(active.to_rows())
    rows = []
    for score in scoring.readout(active, at):
        case_id = CaseId(score.case_id)
        known = before.get((case_id, variant))
        episode = 0 if known is None else known.episode
        rows.append(
            cases.ScoreRow(
                case_id=case_id,
                variant=variant,
                state=states[score.case_id],
                status=score.status,
                p_flaky=score.p_flaky,
                p_broken=score.p_broken,
                score=score.score,
                rate=score.rate,
                low=score.interval[0],
                high=score.interval[1],
                runs=score.runs,
                failures=score.failures,
                mixed_commits=score.mixed_commits,
                episode=episode + (known is None or known.status is not score.status),
            )
        )
    return rows


def _changes(known: list[cases.ScoreRow], changed: list[cases.ScoreRow]) -> tuple[Change, ...]:
    """The cases whose worst status over all variants moved."""
    old: dict[CaseId, dict[str, cases.ScoreRow]] = {}
    for row in known:
        old.setdefault(row.case_id, {})[row.variant] = row
    new = {case_id: dict(variants) for case_id, variants in old.items()}
    for row in changed:
        new.setdefault(row.case_id, {})[row.variant] = row
    moves = []
    for case_id in sorted(new):
        before = worst(old.get(case_id, {}).values())
        after = worst(new[case_id].values())
        if before is not after:
            episode = sum(row.episode for row in new[case_id].values())
            moves.append(Change(case_id, before, after, episode))
    return tuple(moves)


def worst(rows: Iterable[cases.ScoreRow]) -> Status:
    """The status of a case: that of its worst variant, healthy where it never failed."""
    return min((row.status for row in rows), key=cases.SEVERITY.index, default=Status.HEALTHY)
