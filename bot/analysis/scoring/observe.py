"""One execution taken in: the outage term, the transition of the code, the likelihood, the update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring import constants as c
from bot.analysis.scoring.state import FAILED, PASSED, RECORD, ActiveCases, BranchRow, Floats, RepositoryState, digest


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """One variant of one attempt of a run: aligned arrays over its cases, ascending by case, skipped ones left out.

    `retries` holds, by case, whether each further try failed. Same code is (sha, event kind).
    """

    variant: str
    branch: str
    on_default_branch: bool
    sha: str
    base_sha: str | None
    event_kind: str
    started_at: datetime
    case_ids: NDArray[np.int32]
    suites: NDArray[np.int32]
    failed: NDArray[np.bool_]
    retries: Mapping[int, tuple[bool, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What an execution changed: the active cases of it, the pass counts of the others, and the outage term.

    `keep` says, by case that failed, how much its failure counts here: 0 nothing, 1 in full.
    """

    active: ActiveCases
    passes: NDArray[np.int32]
    outage: float
    unexpected: float
    keep: dict[int, float]

    @property
    def is_incident(self) -> bool:
        """Whether so much failed that the run is an incident of its own."""
        return self.outage >= c.INCIDENT


@dataclass(frozen=True, slots=True, eq=False)
class _Outage:
    chance: Floats
    keep: Floats
    run: float
    unexpected: float


def observe(
    execution: Execution, repository: RepositoryState, active: ActiveCases, passes: NDArray[np.int32], keys: int
) -> Observation:
    """Take one execution in; `repository` is changed in place, and `active` is used up.

    `active` holds the cases that failed before; those the execution did not run are left alone and left out of the
    answer. `passes` is how often each case of the execution that never failed has passed, `keys` the number of
    (case, variant) of the repository.
    """
    failed = execution.failed
    ran = np.isin(active.case_ids, execution.case_ids)
    if not ran.all():
        active = active.take(np.flatnonzero(ran))
    at_active = np.searchsorted(execution.case_ids, active.case_ids)
    predicted = np.zeros(len(failed))
    predicted[at_active] = active.records["pred"]
    outage = _outage(execution, predicted, repository)
    position = _position(execution, repository)
    commit = digest(execution.variant, execution.sha, execution.event_kind)
    seen_before = repository.execute(commit)
    is_new = failed.copy()
    is_new[at_active] = False
    joined = _activate(execution, active, np.flatnonzero(is_new), passes, position, keys)
    where = np.searchsorted(execution.case_ids, joined.case_ids)
    if seen_before:
        # A case that never passed was not part of the earlier execution.
        for index in np.flatnonzero((is_new & (passes > 0))[where]).tolist():
            joined.remember(index, commit, PASSED)
    _update(execution, repository, joined, where, outage, position, keys)
    _count(execution, joined, where, outage, commit)
    counted = passes.copy()
    idle = np.ones(len(failed), dtype=np.bool_)
    idle[where] = False
    counted[idle] += 1
    return Observation(
        active=joined,
        passes=counted,
        outage=outage.run,
        unexpected=outage.unexpected,
        keep={int(execution.case_ids[i]): float(outage.keep[i]) for i in np.flatnonzero(failed).tolist()},
    )


def _outage(execution: Execution, predicted: Floats, repository: RepositoryState) -> _Outage:
    """How likely each failure is part of an outage, each case left out of its own evidence."""
    n = len(execution.failed)
    unexpected = execution.failed * (1 - predicted)
    total = float(unexpected.sum())
    run = np.maximum(0.0, total - unexpected - (4 + 2 * repository.background)) / (n - 1 + 20)
    sizes = np.bincount(execution.suites) if n else np.zeros(1, dtype=np.int_)
    sums = np.bincount(execution.suites, weights=unexpected) if n else np.zeros(1)
    size = sizes[execution.suites]
    suite = np.maximum(0.0, sums[execution.suites] - unexpected - 1) / (size - 1 + 8)
    suite = np.where(size >= 10, suite, 0.0)  # noqa: PLR2004  # smaller suites say too little
    repository.background += 0.02 * (min(total, 10 + repository.background) - repository.background)
    chance = np.clip(np.maximum(run**1.5, suite**1.5), c.OUTAGE_FLOOR, c.OUTAGE_CEILING)
    keep = 1 - np.clip(np.maximum((run - 0.02) / 0.03, (suite - 0.3) / 0.3), 0, 1)
    return _Outage(chance, keep, float(run.max(initial=0.0)), total)


def _position(execution: Execution, repository: RepositoryState) -> int:
    if execution.on_default_branch:
        return repository.position(execution.sha)
    if execution.base_sha:
        return repository.position(execution.base_sha)
    return repository.newest


def _activate(
    execution: Execution,
    active: ActiveCases,
    new: NDArray[np.int_],
    passes: NDArray[np.int32],
    position: int,
    keys: int,
) -> ActiveCases:
    """The active cases of the execution, those that fail for the first time included, ascending by case."""
    if not len(new):
        return active
    fresh = np.zeros(len(new), dtype=RECORD)
    fresh["w"] = c.ALL_PASS[np.minimum(passes[new], c.ALL_PASS_LENGTH)]
    fresh["bad"] = fresh["bad_before"] = c.breakage_main(keys)
    fresh["last"] = position - 1 if execution.on_default_branch else position
    fresh["runs"] = passes[new]
    fresh["calm"] = 1
    ids = np.concatenate([active.case_ids, execution.case_ids[new]])
    order = np.argsort(ids, kind="stable")
    commits = [*active.commits, *({} for _ in new)]
    branches: list[dict[int, BranchRow]] = [*active.branches, *({} for _ in new)]
    return ActiveCases(
        ids[order],
        np.concatenate([active.records, fresh])[order],
        [commits[index] for index in order.tolist()],
        [branches[index] for index in order.tolist()],
    )


def _update(
    execution: Execution,
    repository: RepositoryState,
    active: ActiveCases,
    where: NDArray[np.int_],
    outage: _Outage,
    position: int,
    keys: int,
) -> None:
    if not execution.on_default_branch:
        branch, pushes = repository.push(execution.branch, execution.sha)
    records = active.records
    if not len(records):
        return
    lam_main, lam_branch = c.breakage_main(keys), c.breakage_branch(keys)
    newer = position > records["last"]
    records["bad_before"][newer] = records["bad"][newer]
    moved = records["bad"][newer]
    records["bad"][newer] = moved * (1 - c.MU_MAIN) + (1 - moved) * lam_main
    records["last"][newer] = position
    failed = execution.failed[where]
    keep = outage.keep[where]
    good, bad = _likelihood(execution, active, failed, outage.chance[where], keep)
    if execution.on_default_branch:
        late = position < records["last"]
        chain = np.where(late[:, None], records["bad_before"], records["bad"])
    else:
        carried = c.CARRY * records["bad"]
        chain = carried + (1 - carried) * lam_branch
        # A row ahead of the branch is of one that was forgotten and came back: it starts anew.
        stored = np.array([branch in rows and rows[branch].commits <= pushes for rows in active.branches])
        for index in np.flatnonzero(stored).tolist():
            row = active.branches[index][branch]
            while row.commits < pushes:
                row.bad = (1 - c.MU_PUSH) * row.bad + (1 - row.bad) * (lam_branch / 2)
                row.commits += 1
            chain[index] = row.bad
    evidence = (1 - chain) * good + chain * bad
    belief = ((1 - c.FORGETTING) * records["w"] + c.FORGETTING * c.PRIOR) * evidence
    belief /= belief.sum(axis=1, keepdims=True)
    records["w"] = belief
    after = np.clip(chain * bad / evidence, 1e-9, 1 - 1e-9)
    if execution.on_default_branch:
        records["bad_before"] = np.where(late[:, None], after, records["bad_before"])
        records["bad"] = np.where(late[:, None], records["bad"], after)
        records["pred"] = (belief * (records["bad"] + (1 - records["bad"]) * c.GRID)).sum(axis=1)
        _count_episodes(records, belief)
    else:
        through = c.CARRY * bad + (1 - c.CARRY) * ((1 - lam_branch) * good + lam_branch * bad)
        main = np.clip(records["bad"] * through / evidence, 1e-9, 1 - 1e-9)
        records["bad"] = np.where(stored[:, None], records["bad"], main)
        for index in np.flatnonzero(stored | failed).tolist():
            active.branches[index][branch] = BranchRow(pushes, after[index].copy())
            if len(active.branches[index]) > 1:
                for old in [key for key in active.branches[index] if key not in repository.branches]:
                    del active.branches[index][old]
    _attribute(records, belief, failed, keep, outage.chance[where], chain * bad / evidence)


def _likelihood(
    execution: Execution,
    active: ActiveCases,
    failed: NDArray[np.bool_],
    chance: Floats,
    keep: Floats,
) -> tuple[Floats, Floats]:
    """Chance of what was seen given good and given bad code, per case and flake rate."""
    fails_good = 1 - (1 - c.GRID) * (1 - chance[:, None])
    good = np.where(failed[:, None], fails_good, 1 - fails_good)
    bad = np.where(failed, 1 - c.EPSILON, c.EPSILON)[:, None] * np.ones(len(c.GRID))
    if execution.retries:
        sticky = c.STICKINESS + (1 - c.STICKINESS) * fails_good
        known = {case_id: index for index, case_id in enumerate(active.case_ids.tolist())}
        for case_id, tries in execution.retries.items():
            index = known.get(case_id, -1)
            for again in tries if index >= 0 else ():
                good[index] *= sticky[index] if again else 1 - sticky[index]
                bad[index] *= 1 - c.EPSILON if again else c.EPSILON
    discounted = failed & (keep < 1)
    good[discounted] **= keep[discounted, None]
    bad[discounted] **= keep[discounted, None]
    return good, bad


def _count_episodes(records: np.ndarray[tuple[int], np.dtype[np.void]], belief: Floats) -> None:
    expected = (belief * records["bad"]).sum(axis=1)
    rose = (expected > 0.8) & (records["calm"] == 1)  # noqa: PLR2004  # the definition of an episode
    records["episodes"][rose] += 1
    records["calm"][rose] = 0
    records["calm"][expected < 0.2] = 1  # noqa: PLR2004


def _attribute(
    records: np.ndarray[tuple[int], np.dtype[np.void]],
    belief: Floats,
    failed: NDArray[np.bool_],
    keep: Floats,
    chance: Floats,
    bad_after: Floats,
) -> None:
    """Share each failure out to flaky, broken and infra."""
    if not failed.any():
        return
    chosen = np.flatnonzero(failed)
    o = chance[chosen, None]
    g = 1 - (1 - c.GRID) * (1 - o)
    infra = np.maximum((1 - bad_after[chosen]) * o / g, 1 - keep[chosen, None])
    broken = np.minimum(bad_after[chosen], 1 - infra)
    shares = np.stack([1 - infra - broken, broken, infra], axis=1)
    mass = (shares * belief[chosen, None, :]).sum(axis=2)
    records["mass"][chosen] = c.MASS_DECAY * records["mass"][chosen] + mass


def _count(execution: Execution, active: ActiveCases, where: NDArray[np.int_], outage: _Outage, commit: int) -> None:
    failed = execution.failed[where]
    counts = outage.keep[where] > 0.5  # noqa: PLR2004  # more outside an outage than inside
    records = active.records
    records["runs"] += 1
    records["failures"][failed] += 1
    records["outside"][failed & counts] += 1
    # A late result of an older run does not make the latest failure older.
    records["failed_at"][failed] = np.maximum(records["failed_at"][failed], execution.started_at.timestamp())
    seen = np.where(failed, np.where(counts, FAILED, 0), PASSED).tolist()
    if execution.retries:
        for index, case_id in enumerate(active.case_ids.tolist()):
            again = execution.retries.get(case_id)
            if again and not again[-1]:
                seen[index] |= PASSED
    active.remember_all(commit, seen)
