"""The main positions of a case's latest failures without a pass between, as evidence on older commits and branches.

A breakage that is repaired leaves bad commits behind: their re-runs, and the branches that began there, fail because of
the code although main's head is good again (ADR 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.analysis.scoring.active import Records
from bot.analysis.scoring.execution import Batch, Flags
from bot.analysis.scoring.model import Floats, Model, Tables


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The beliefs a branch begins with: `carried` is the belief that its base is bad, by hypothesis and case.

    `of_head` are the cases for which it is `carry` times the belief about main's head: for these the branch is evidence
    about the head.
    """

    carried: Floats
    carry: Floats
    of_head: Flags


def inside(records: Records, position: int) -> Flags:
    """The cases whose latest failures on main include this position."""
    return (records["bad_from"] > 0) & (records["bad_from"] <= position) & (position <= records["bad_to"])


def bad_at(records: Records, position: int, bad: Floats, failed: Floats, tables: Tables) -> Floats:
    """The belief that an older main commit is bad; `bad` is that of main's head, `failed` that at the latest failure.

    Without a pass since, it is as bad as the head. Between the last pass and the first failure, and between the last
    failure and the first pass, it is unknown: half. Among passing commits it must have been broken and repaired again.
    """
    before = (records["good_before"] < position) & (position < records["bad_from"])
    after = (records["bad_to"] < position) & (position < records["good_from"])
    unknown = (records["bad_from"] > 0) & (before | after)
    since = (records["good_at"] < position) & (records["bad_from"] <= records["good_at"])
    good = tables.main * tables.repair
    return np.where(since, bad, np.where(inside(records, position), failed, np.where(unknown, failed / 2, good)))


def bad_by_itself(failures: Floats, passes: Floats, floor: float, tables: Tables) -> Floats:
    """The belief that a commit is bad, by how often a case failed and passed on it before only."""
    prior = tables.main / (tables.main + tables.repair)
    calm = np.maximum(tables.rate, floor)
    bad = prior * tables.disturbed**failures * (1 - tables.disturbed) ** passes
    return bad / (bad + (1 - prior) * calm**failures * (1 - calm) ** passes)


def branch_start(batch: Batch, records: Records, bad: Floats, failed: Floats, model: Model, tables: Tables) -> Start:
    """What the branch of an execution begins with; `bad` is the belief about main's head."""
    carry = np.full(len(records), model.carry)
    of_head = np.ones(len(records), dtype=np.bool_)
    if not model.refined:
        return Start(carry * bad, carry, of_head)
    base = batch.base
    never = (records["bad_from"] == 0) & (records["good_at"] == 0)
    recovered = records["good_from"] > 0
    since_streak = base >= records["bad_from"]
    if batch.base_known:
        # The base equals main as it is now, unless it precedes the latest pass or lies in earlier failures.
        of_head = never | (base > records["good_at"]) & (since_streak | (records["bad_from"] == 0))
        carry[of_head & (records["bad_from"] > records["good_at"]) & since_streak] = model.carry_known
        return Start(
            np.where(of_head, carry * bad, model.carry_known * bad_at(records, base, bad, failed, tables)),
            carry,
            of_head,
        )
    # Only known is what the base cannot be after.
    past = recovered & since_streak & (base <= records["good_from"]) & (records["bad_from"] > 0)
    of_head = never | (base > records["good_at"])
    carried = np.where(past, carry / 2 * failed, np.where(of_head, carry * bad, 0.0))
    return Start(carried, carry, of_head & ~past)


def count(records: Records, batch: Batch, passed: Flags) -> None:
    """Count the failures on main since the latest pass there; older commits and presumed passes do not count."""
    if batch.presumed:
        return
    now = batch.position >= records["last"]
    records["streak"] = np.where(now & passed, 0, records["streak"] + (now & batch.failed & ~passed))


def follow(records: Records, batch: Batch) -> None:
    """Record at which main positions the cases passed, and failed without a pass between."""
    position = batch.position
    passed = ~batch.failed & (not batch.presumed)
    begins = batch.failed & (position > records["good_at"]) & (records["bad_from"] <= records["good_at"])
    for name, value in (("good_before", records["good_at"]), ("bad_from", position), ("bad_to", 0), ("good_from", 0)):
        records[name] = np.where(begins, value, records[name])
    streak = records["bad_from"] > 0
    goes_on = batch.failed & streak & (position >= records["bad_from"])
    goes_on &= (records["good_from"] == 0) | (position < records["good_from"])
    records["bad_to"] = np.where(goes_on, np.maximum(records["bad_to"], position), records["bad_to"])
    ends = passed & streak & (position > records["bad_to"])
    ends &= (records["good_from"] == 0) | (position < records["good_from"])
    records["good_from"] = np.where(ends, position, records["good_from"])
    earlier = passed & streak & (position < records["bad_from"])
    records["good_before"] = np.where(earlier, np.maximum(records["good_before"], position), records["good_before"])
    records["good_at"] = np.where(passed, np.maximum(records["good_at"], position), records["good_at"])
