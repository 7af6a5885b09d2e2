"""Stored runs as the filter takes them in: in the order they were read, the same cases read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bot.analysis.identity.outage_group import Runners
from bot.analysis.model import CaseId, Outcome, RepositoryId, RunId
from bot.analysis.run import StoredRun
from bot.store import record, relation
from bot.store.database import Session
from bot.store.runs import history as history_store
from bot.store.runs.result import CODES, FAILED, OUTCOMES, unpack_integers
from bot.store.tables.results import failures, run_results, runs

_PASSED, _SKIPPED = CODES[Outcome.PASSED], CODES[Outcome.SKIPPED]


@dataclass(frozen=True, slots=True, eq=False)
class StoredExecution:
    """One variant of a run: aligned arrays ascending by case, and by case whether each retry failed.

    `whole` says that the variant was read in full; variants of one `kind` ran the same cases.
    """

    variant: str
    kind: bytes
    case_ids: NDArray[np.int32]
    outcomes: NDArray[np.uint8]
    whole: bool
    retries: Mapping[int, tuple[bool, ...]]
    runners: Runners | None

    def judged(self) -> tuple[NDArray[np.int32], NDArray[np.bool_], Mapping[int, tuple[bool, ...]], Runners | None]:
        """The cases that ran, whether each failed, their retries and runners; skipped cases are left out."""
        ran = self.outcomes != _SKIPPED
        case_ids = self.case_ids[ran]
        inside = set(case_ids.tolist()) if self.retries else set()
        failed = self.outcomes[ran] != _PASSED
        retries = {case: failed for case, failed in self.retries.items() if case in inside}
        return case_ids, failed, retries, None if self.runners is None else self.runners.among(ran)


class ExecutionReader:
    """Reads the stored runs of a repository on from where it stands; the cases of variants are kept while it lives."""

    def __init__(self, repository_id: RepositoryId) -> None:
        self._repository_id = repository_id
        self._cases: dict[bytes, NDArray[np.int32]] = {}
        self.position = 0

    def read(self, session: Session, limit: int) -> list[tuple[StoredRun, tuple[StoredExecution, ...]]]:
        """The next runs, each with its variants in order; none at the end."""
        new_runs = history_store.list_runs_after(session, self._repository_id, self.position, limit)
        if not new_runs:
            return []
        run_ids = [run.id for run in new_runs]
        rows = session.execute(
            sa.select(
                run_results.c.run_id,
                run_results.c.variant,
                run_results.c.cases_hash,
                run_results.c.outcomes,
                run_results.c.complete,
                run_results.c.runners,
                run_results.c.runner_names,
            ).where(relation.is_of_runs(run_results, self._repository_id, run_ids))
        ).all()
        self._learn(session, {row[2]: (row[0], row[1]) for row in rows})
        retries = self._retries(session, run_ids)
        executions: dict[RunId, list[StoredExecution]] = {}
        for run_id, variant, kind, outcomes, complete, numbers, names in sorted(rows, key=lambda row: row.variant):
            runners = None
            if numbers is not None:
                runners = Runners(np.frombuffer(numbers, dtype=np.uint8).astype(np.int32), tuple(names))
            execution = StoredExecution(
                variant,
                kind,
                self._cases[kind],
                np.frombuffer(outcomes, dtype=np.uint8),
                complete,
                retries.get((run_id, variant), {}),
                runners,
            )
            executions.setdefault(run_id, []).append(execution)
        self.position = new_runs[-1].ordinal
        return [(run, tuple(executions.get(run.id, ()))) for run in new_runs]

    def _learn(self, session: Session, kinds: Mapping[bytes, tuple[int, str]]) -> None:
        """Read the cases of variants that ran others than any variant before."""
        new = {place: kind for kind, place in kinds.items() if kind not in self._cases}
        if not new:
            return
        rows = session.execute(
            sa.select(run_results.c.run_id, run_results.c.variant, sa.func.array_send(run_results.c.case_ids)).where(
                run_results.c.repository_id == self._repository_id,
                sa.tuple_(run_results.c.run_id, run_results.c.variant).in_(new),
            )
        )
        for run_id, variant, packed in rows:
            self._cases[new[run_id, variant]] = unpack_integers(packed)

    def _retries(
        self, session: Session, run_ids: Sequence[RunId]
    ) -> dict[tuple[int, str], dict[int, tuple[bool, ...]]]:
        rows = session.execute(
            sa.select(failures.c.run_id, failures.c.variant, failures.c.case_id, failures.c.outcome)
            .where(
                relation.is_of_runs(failures, self._repository_id, run_ids),
                failures.c.retry > 0,
                failures.c.outcome != _SKIPPED,
            )
            .order_by(failures.c.case_id, failures.c.retry)
        )
        retries: dict[tuple[int, str], dict[int, tuple[bool, ...]]] = {}
        for run_id, variant, case_id, outcome in rows:
            by_case = retries.setdefault((run_id, variant), {})
            by_case[case_id] = (*by_case.get(case_id, ()), OUTCOMES[outcome].is_failure)
        return retries


def count_keys(session: Session, repository_id: RepositoryId) -> int:
    """How many (case, variant) the stored runs hold."""
    kinds = (
        sa.select(run_results.c.cases_hash, run_results.c.variant, sa.func.min(run_results.c.run_id).label("run_id"))
        .where(run_results.c.repository_id == repository_id)
        .group_by(run_results.c.cases_hash, run_results.c.variant)
        .subquery()
    )
    sample = run_results.alias()
    keys = (
        sa.select(kinds.c.variant, sa.func.unnest(sample.c.case_ids).label("case_id"))
        .join(sample, sa.and_(sample.c.repository_id == repository_id, relation.same_variant(sample, kinds)))
        .distinct()
        .subquery()
    )
    return session.execute(sa.select(sa.func.count()).select_from(keys)).scalar_one()


def set_outages(
    session: Session, repository_id: RepositoryId, outages: Mapping[RunId, float], since: datetime
) -> list[str]:
    """Store the outage term of runs, all judged now; returns the commits where it moved, of runs since a time."""
    rows = session.execute(
        sa.select(runs.c.id, runs.c.head_sha, runs.c.outage, runs.c.judged, runs.c.started_at).where(
            runs.c.repository_id == repository_id, record.is_any(runs.c.id, outages)
        )
    ).all()
    moved = [row for row in rows if row[2] != outages[row[0]] or not row[3]]
    if moved:
        session.execute(
            sa.update(runs)
            .where(runs.c.repository_id == repository_id, runs.c.id == sa.bindparam("run"))
            .values(outage=sa.bindparam("term"), judged=True),
            [{"run": row[0], "term": outages[row[0]]} for row in moved],
        )
    return sorted({row[1] for row in moved if row[4] >= since})


def list_unjudged(session: Session, repository_id: RepositoryId) -> list[RunId]:
    """The runs that were read but not judged yet."""
    rows = session.execute(
        sa.select(runs.c.id)
        .where(runs.c.repository_id == repository_id, runs.c.ordinal.is_not(None), runs.c.judged.is_(False))
        .order_by(runs.c.ordinal)
    )
    return [RunId(row[0]) for row in rows]


def list_failing_runs(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> dict[CaseId, RunId]:
    """The first of some runs in which each case failed; cases that failed in none are left out."""
    rows = session.execute(
        sa.select(failures.c.case_id, sa.func.min(failures.c.run_id))
        .where(relation.is_of_runs(failures, repository_id, run_ids), failures.c.outcome.in_(FAILED))
        .group_by(failures.c.case_id)
    )
    return {CaseId(row[0]): RunId(row[1]) for row in rows}
