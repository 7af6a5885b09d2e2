"""The filter of a repository: it takes one execution after another.

Replay, rebuild and live ingestion all use it, so that the same executions in the same order give the same beliefs, to
the last bit (ADR 8). Live ingestion loads only the cases of the execution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.analysis.model import Status
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.scoring import outage, status
from bot.analysis.scoring.active import ActiveCases, Indices
from bot.analysis.scoring.belief import chance_of_streak, summarise
from bot.analysis.scoring.execution import Batch, Execution, Observation
from bot.analysis.scoring.inactive import COUNTS, GOOD_AT, OUTAGE_AT, OUTAGES, PASSES, VariantCases
from bot.analysis.scoring.memory import LISTED_RESULTS, BranchBeliefs, Push, RepositoryMemory, digest
from bot.analysis.scoring.model import MODEL, Floats, Model, Tables, all_pass, tables
from bot.analysis.scoring.update import update


class Scorer:
    """The filter of one repository."""

    __slots__ = ("hysteresis", "memory", "model", "thresholds", "variants")

    def __init__(
        self,
        memory: RepositoryMemory,
        thresholds: Thresholds | None = None,
        *,
        hysteresis: bool = True,
        model: Model = MODEL,
    ) -> None:
        self.memory = memory
        self.thresholds = thresholds or Thresholds()
        self.hysteresis = hysteresis
        self.model = model
        self.variants: dict[str, VariantCases] = {}

    @classmethod
    def of_cases(
        cls, states: Sequence[bytes], keys: int, thresholds: Thresholds | None = None, *, listing: bool = False
    ) -> Self:
        """A scorer of cases by their stored states, numbered from 0, to find out what would become of them.

        They may be one case in several variants: here all are in the variant without a name. `listing` says that its
        reports list failures only.
        """
        scorer = cls(RepositoryMemory(keys), thresholds)
        active = ActiveCases.unpack(enumerate(states), scorer.model)
        memory = scorer.memory.variant("")
        if len(states):
            records = active.records[: active.count]
            scorer.memory.newest = int(records["last"].max())
            memory.executions = int(records["anchor"].max()) + 1
        memory.results, memory.passes = LISTED_RESULTS, 0 if listing else LISTED_RESULTS
        numbers = np.arange(len(states), dtype=np.int32)
        scorer.variant("").load(numbers, np.zeros((COUNTS, len(states)), dtype=np.int32), active)
        return scorer

    def statuses(self) -> tuple[list[Status], list[float]]:
        """Status and p_flaky of the cases of a scorer made by `of_cases`, in their order."""
        active = self.variant("").active
        p_flaky, _ = summarise(active, np.arange(active.count), self.tables)
        return [status.CODES[code] for code in active.records["status"][: active.count]], p_flaky.tolist()

    @property
    def tables(self) -> Tables:
        """The model as arrays, for the repository's number of keys."""
        return tables(self.model, self.memory.keys)

    def variant(self, name: str) -> VariantCases:
        """The cases of a variant."""
        return self.variants.setdefault(name, VariantCases(len(self.model.hypotheses)))

    def observe(self, whole: Execution) -> Observation:
        """Update the beliefs by one execution."""
        execution, within = whole.evidence()
        memory, model = self.memory, self.model
        cases, variant = self.variant(execution.variant), memory.variant(execution.variant)
        size = len(whole.case_ids)
        at = cases.locate(execution.case_ids)
        memory.seen += cases.unseen
        cases.unseen = 0
        failing = np.flatnonzero(execution.failed)
        listing = self.lists_failures_only(execution.variant)
        variant.results += size
        variant.passes += size - len(failing)
        number, same_commit = variant.execute(digest(execution.sha, execution.event_kind))
        slots = cases.slots[at]
        is_followed = slots >= 0
        is_followed[failing] = True
        followed = np.flatnonzero(is_followed)
        unexpected = 1 - _expected(cases.active, slots[failing])
        term = outage.assess(whole, within[failing], unexpected, within[followed], memory, model, listing=listing)
        position = self._position(execution)
        push = None if execution.on_default_branch else memory.push(execution.branch, execution.sha)
        failed = execution.failed[followed]
        discounted = failed & (term.keep == 0) if model.refined else np.zeros(len(followed), dtype=np.bool_)
        inactive = slots[followed] < 0
        at_seconds = execution.started_at.timestamp()
        positions = followed if isinstance(at, slice) else at[followed]
        if discounted.any():
            cases.count_outage(positions[discounted & inactive], at_seconds)
            self._discount(cases.active, cases.slots[positions[discounted & ~inactive]].astype(np.intp), at_seconds)
        new = inactive & ~discounted
        if new.any():
            # If reports list failures only, a case that was never listed has passed until now.
            before = int(number * model.presumed) if listing else 0
            self._activate(cases, execution, positions[new], position, number, same_commit, before)
        cases.count_passes(at, ~execution.failed, position if execution.on_default_branch else None)
        moved = ~discounted
        batch = Batch(
            positions=cases.slots[positions[moved]].astype(np.intp),
            case_ids=execution.case_ids[followed[moved]],
            failed=failed[moved],
            retries=execution.retries,
            commits=0 if push is None else push.commits,
            at=at_seconds,
            chance=term.chance[moved],
            keep=term.keep[moved],
            position=position,
            base=position if push is None or execution.base_sha else min(position, push.base),
            base_known=bool(execution.base_sha),
            number=number,
            same_commit=same_commit,
        )
        self._update(cases, batch, push)
        touched = execution.case_ids[followed[~(discounted & inactive)]]
        if listing and execution is whole:  # an incomplete report may lack any case
            touched = np.union1d(touched, self._presume(cases, execution, batch, push))
        self._update_status(cases.active, cases.slots_of(touched), at_seconds)
        return Observation(
            touched=touched,
            outage=term,
            keep=dict(zip(execution.case_ids[followed[failed]].tolist(), term.keep[failed].tolist(), strict=True)),
            push=push,
        )

    def lists_failures_only(self, variant: str) -> bool:
        """Whether the next execution of a variant is evidence about all active cases, those it omits included."""
        return self.model.lists_failures and self.memory.variant(variant).lists_failures_only

    def decide(self, active: ActiveCases, positions: Indices, at: float) -> NDArray[np.uint8]:
        """The statuses of active cases at a time in seconds, as indices of `status.CODES`."""
        p_flaky, p_broken = summarise(active, positions, self.tables)
        by_chance = chance_of_streak(active, positions, self.tables)
        records = active.records[positions]
        return status.decide(p_flaky, p_broken, by_chance, records, at, self.thresholds, hysteresis=self.hysteresis)

    def apply_feedback(self, variant: str, case_id: int, factor: float, at: datetime) -> bool:
        """Multiply the odds that a case is flaky by `factor`, and update its status.

        Returns whether the case is active; one that never failed does not change.
        """
        cases = self.variant(variant)
        position = int(np.searchsorted(cases.case_ids, case_id))
        if position == len(cases.case_ids) or cases.case_ids[position] != case_id or cases.slots[position] < 0:
            return False
        belief = cases.active.beliefs[0, :, cases.slots[position]]
        belief[1:] *= factor
        belief /= belief.sum()
        self._update_status(cases.active, cases.slots[[position]].astype(np.intp), at.timestamp())
        return True

    def _position(self, execution: Execution) -> int:
        if execution.on_default_branch:
            return self.memory.position(execution.sha)
        if execution.base_sha:
            return self.memory.position(execution.base_sha)
        return self.memory.newest

    def _presume(self, cases: VariantCases, execution: Execution, batch: Batch, push: Push | None) -> NDArray[np.int32]:
        """Update the active cases a report omits, which may have passed; returns them."""
        known = np.sort(cases.active.case_ids[: cases.active.count])
        absent = known[np.isin(known, execution.case_ids, invert=True)]
        size = len(absent)
        presumed = replace(
            batch,
            positions=cases.slots_of(absent),
            case_ids=absent,
            failed=np.zeros(size, dtype=np.bool_),
            chance=np.full(size, self.model.outage_floor),
            keep=np.ones(size),
            presumed=True,
        )
        self._update(cases, presumed, push)
        return absent

    def _update(self, cases: VariantCases, batch: Batch, push: Push | None) -> None:
        if push is None:
            update(cases.active, batch, None, self.model, self.tables)
            return
        branch = cases.branches.get(push.key)
        if branch is None or branch.birth != push.birth:
            branch = BranchBeliefs.empty(push.birth, len(self.model.hypotheses))
        update(cases.active, batch, branch, self.model, self.tables)
        if len(branch.case_ids):
            cases.branches[push.key] = branch
        if push.forgotten is not None:
            cases.branches.pop(push.forgotten, None)

    def _activate(
        self,
        cases: VariantCases,
        execution: Execution,
        at: Indices,
        position: int,
        number: int,
        same_commit: NDArray[np.uint8],
        before: int,
    ) -> None:
        """Make cases active that fail for the first time, after `before` passes at least."""
        counts = cases.counts[:, at]
        table = all_pass(self.model)
        positions = cases.active.add(cases.case_ids[at])
        cases.slots[at] = positions
        cases.active.beliefs[0][:, positions] = table[:, np.clip(counts[PASSES], before, table.shape[1] - 1)]
        cases.active.beliefs[1:, :, positions] = self.tables.main
        fresh = cases.active.records[positions]
        fresh["last"] = position
        if execution.on_default_branch:
            # On newer commits that ran before, the case passed.
            late = self.model.refined & (counts[GOOD_AT] > position)
            fresh["last"] = np.where(late, counts[GOOD_AT], position - 1)
        fresh["runs"] = counts[PASSES] + counts[OUTAGES]
        fresh["failures"] = counts[OUTAGES]
        fresh["outage_at"] = counts[OUTAGE_AT]
        fresh["failed_at"] = counts[OUTAGE_AT]
        fresh["good_at"] = counts[GOOD_AT]
        fresh["calm"] = 1
        fresh["status"] = status.NONE
        fresh["anchor"] = number - 1
        # A case that never passed was not part of an earlier execution of the commit.
        fresh["passed_bits"] = np.where(counts[PASSES][:, None] > 0, same_commit, 0)
        cases.active.records[positions] = fresh

    def _discount(self, active: ActiveCases, positions: Indices, when: float) -> None:
        """Count a discounted failure of active cases; no belief changes."""
        records = active.records[positions]
        records["runs"] += 1
        records["failures"] += 1
        records["clean"] = 0
        records["failed_at"] = np.maximum(records["failed_at"], when)
        records["outage_at"] = np.maximum(records["outage_at"], when)
        active.records[positions] = records

    def _update_status(self, active: ActiveCases, positions: Indices, at: float) -> None:
        if len(positions):
            statuses = self.decide(active, positions, at)
            active.records["episode"][positions] += statuses != active.records["status"][positions]
            active.records["status"][positions] = statuses


def _expected(active: ActiveCases, slots: NDArray[np.int32]) -> Floats:
    """The predicted chance of a failure of each case; 0 for an inactive one."""
    expected = np.zeros(len(slots))
    known = slots >= 0
    expected[known] = active.records["pred"][slots[known]]
    return expected
