"""Bayes' rule for one execution: the transition of the code, the likelihood of the results, the update.

Each case is updated without the others, and sums over the hypotheses are made in their order, so that no bit of a
case's beliefs depends on which cases are updated with it (ADR 8).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring import streak
from bot.analysis.scoring.active import WINDOW, ActiveCases, Records
from bot.analysis.scoring.belief import total
from bot.analysis.scoring.execution import Batch, Flags
from bot.analysis.scoring.memory import BranchBeliefs
from bot.analysis.scoring.model import Floats, Model, Tables

BRANCH_FROM = 0.05
"""From this belief that main is broken on, a branch keeps its own belief although the case passes there."""


def update(active: ActiveCases, batch: Batch, branch: BranchBeliefs | None, model: Model, tables: Tables) -> None:
    """Update the beliefs by the results of an execution, those of `branch` too if it is given."""
    if not len(batch.positions):
        return
    w, bad, before = np.take(active.beliefs, batch.positions, axis=2)
    records = active.records[batch.positions]
    newer = batch.position > records["last"]
    if newer.any():
        if not model.refined:
            before[:, newer] = bad[:, newer]
        moved = bad[:, newer]
        # A discounted failure is as little evidence about a repair.
        weight = np.where(batch.failed, batch.keep, 1.0)[newer] if model.refined else 1.0
        bad[:, newer] = moved * (1 - weight * tables.repair) + (1 - moved) * (weight * tables.main)
        records["last"][newer] = batch.position
    good_seen, bad_seen = _likelihood(batch, model, tables)
    late = batch.position < records["last"]
    stored = np.zeros(len(late), dtype=np.bool_)
    start = None
    if branch is None:
        chain = _main_chain(batch, records, late, bad, before, model, tables)
    else:
        start = streak.branch_start(batch, records, bad, before, model, tables)
        chain, stored = _branch_chain(branch, batch, start.carried, tables)
    evidence = (1 - chain) * good_seen + chain * bad_seen
    w = ((1 - model.forgetting) * w + model.forgetting * tables.prior) * evidence
    w /= total(w)
    after = np.clip(chain * bad_seen / evidence, 1e-9, 1 - 1e-9)
    if branch is None or start is None:
        bad = np.where(late, bad, after)
        if model.refined:
            streak.follow(records, batch)
            streak.count(records, batch, _passed(batch))
            before = np.where(streak.inside(records, batch.position), after, before)
        else:
            before = np.where(late, after, before)
        records["pred"] = total(w * (bad * tables.expected + (1 - bad) * tables.rate))
        _count_episodes(records, total(w * bad))
    else:
        head = _head_after_branch(bad, good_seen, bad_seen, evidence, start.carry, tables)
        bad = np.where(stored | ~start.of_head, bad, head)
        # A branch is evidence about main once: from here on it has its own belief.
        keep = stored | batch.failed
        if model.refined:
            keep |= total(w * bad) > BRANCH_FROM
        if keep.any():
            branch.put(batch.case_ids[keep], batch.commits, after[:, keep])
    _count(batch, records)
    active.beliefs[0][:, batch.positions] = w
    active.beliefs[1][:, batch.positions] = bad
    active.beliefs[2][:, batch.positions] = before
    active.records[batch.positions] = records


def _main_chain(
    batch: Batch, records: Records, late: Flags, bad: Floats, before: Floats, model: Model, tables: Tables
) -> Floats:
    """The belief that this main commit is bad."""
    if not late.any():
        return bad
    if not model.refined:
        return np.where(late, before, bad)
    older = streak.bad_at(records, batch.position, bad, before, tables)
    # Older failures are only known by commit.
    known = _valid_bits(records["anchor"], batch.number) & batch.same_commit
    failures, passes = (
        np.bitwise_count(records[name] & known).sum(axis=1, dtype=np.float64) for name in ("failed_bits", "passed_bits")
    )
    by_itself = streak.bad_by_itself(failures, passes, model.outage_floor, tables)
    forgotten = (failures > 0) & ~streak.inside(records, batch.position)
    return np.where(late, np.where(forgotten, by_itself, older), bad)


def _head_after_branch(
    bad: Floats, good_seen: Floats, bad_seen: Floats, evidence: Floats, carry: Floats, tables: Tables
) -> Floats:
    """The belief that main's head is bad after a result on a branch that began there."""
    lam = tables.branch_first
    through = carry * bad_seen + (1 - carry) * ((1 - lam) * good_seen + lam * bad_seen)
    return np.clip(bad * through / evidence, 1e-9, 1 - 1e-9)


def _branch_chain(branch: BranchBeliefs, batch: Batch, carried: Floats, tables: Tables) -> tuple[Floats, Flags]:
    """The belief that the code of a branch is bad, and which cases have their own belief there."""
    chain = carried + (1 - carried) * tables.branch_first
    stored = np.isin(batch.case_ids, branch.case_ids)
    if stored.any():
        positions = np.searchsorted(branch.case_ids, batch.case_ids[stored])
        steps = (batch.commits - branch.commits[positions]).astype(np.float64)
        # x -> (1 - repair) x + (1 - x) breakage, as often as commits were pushed since.
        stay = 1 - tables.repair_push - tables.branch_push
        rest = tables.branch_push / (tables.repair_push + tables.branch_push)
        chain[:, stored] = rest + (branch.bad[:, positions] - rest) * np.power(stay, steps)
    return chain, stored


def _likelihood(batch: Batch, model: Model, tables: Tables) -> tuple[Floats, Floats]:
    """The likelihood of the results under good and under bad code, by hypothesis and case."""
    failed = batch.failed
    passes_good = (1 - tables.rate) * (1 - batch.chance)
    if batch.presumed:
        return 1 - model.presumed * (1 - passes_good), 1 - model.presumed * tables.disturbed + np.zeros(len(failed))
    good = np.where(failed, 1 - passes_good, passes_good)
    bad = np.where(failed, tables.disturbed, 1 - tables.disturbed)
    if batch.retries:
        positions = {case_id: index for index, case_id in enumerate(batch.case_ids.tolist())}
        for case_id, retries in batch.retries.items():
            if (index := positions.get(case_id)) is None:
                continue
            sticky = model.stickiness + (1 - model.stickiness) * (1 - passes_good[:, index])
            for failed_again in retries:
                good[:, index] *= sticky if failed_again else 1 - sticky
                bad[:, index] *= tables.disturbed[:, 0] if failed_again else 1 - tables.disturbed[:, 0]
    discounted = failed & (batch.keep < 1)
    if discounted.any():
        good[:, discounted] **= batch.keep[discounted]
        bad[:, discounted] **= batch.keep[discounted]
    return good, bad


def _count_episodes(records: Records, expected: Floats) -> None:
    rose = (expected > 0.8) & (records["calm"] == 1)  # noqa: PLR2004  # the definition of an episode
    records["episodes"] += rose
    records["calm"][rose] = 0
    records["calm"][expected < 0.2] = 1  # noqa: PLR2004


def _count(batch: Batch, records: Records) -> None:
    failed = batch.failed
    outside = failed & (batch.keep > 0.5)  # noqa: PLR2004  # more outside an outage than inside
    records["runs"] += 1
    if batch.presumed:
        return
    records["failures"] += failed
    records["outside"] += outside
    records["clean"] = np.where(failed, 0, records["clean"] + 1)
    # A late result of an older run does not make the latest failure older.
    records["failed_at"][failed] = np.maximum(records["failed_at"][failed], batch.at)
    inside = failed & ~outside
    records["outage_at"][inside] = np.maximum(records["outage_at"][inside], batch.at)
    _record(records, batch, _passed(batch), outside)


def _passed(batch: Batch) -> Flags:
    """The cases that passed in the end."""
    passed = ~batch.failed
    if batch.retries:
        for index, case_id in enumerate(batch.case_ids.tolist()):
            retries = batch.retries.get(case_id)
            if retries and not retries[-1]:
                passed[index] = True
    return passed


def _record(records: Records, batch: Batch, passed: Flags, failed: Flags) -> None:
    """Record the outcomes at the commit; a commit with both is counted as mixed, once."""
    number = batch.number
    for name in ("passed_bits", "failed_bits"):
        records[name] &= _valid_bits(records["anchor"], number)
    records["anchor"] = number
    did_pass = (records["passed_bits"] & batch.same_commit).any(axis=1)
    did_fail = (records["failed_bits"] & batch.same_commit).any(axis=1)
    newly = (did_pass | passed) & (did_fail | failed) & ~(did_pass & did_fail)
    records["mixed"] += newly
    records["mixed_run"][newly] = records["runs"][newly]
    byte, bit = number % WINDOW // 8, np.uint8(1 << number % 8)
    records["passed_bits"][:, byte] |= np.where(passed, bit, np.uint8(0))
    records["failed_bits"][:, byte] |= np.where(failed, bit, np.uint8(0))


def _valid_bits(anchors: NDArray[np.int32], number: int) -> NDArray[np.uint8]:
    """Masks of the executions no older than WINDOW and no newer than each anchor."""
    gaps, of = np.unique(number - anchors, return_inverse=True)
    masks = np.full((len(gaps), WINDOW), fill_value=True)
    for index, gap in enumerate(gaps.tolist()):
        masks[index, np.arange(number - min(max(gap, 1), WINDOW) + 1, number + 1) % WINDOW] = False
    packed: NDArray[np.uint8] = np.packbits(masks, axis=1, bitorder="little")[of]
    return packed
