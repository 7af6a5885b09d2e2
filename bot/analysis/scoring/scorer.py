"""The filter over a repository: executions in, one after another, and what follows from them out.

Replay, rebuild and live ingestion all come through here, so that the same executions in the same order give the same
beliefs to the last bit. Live ingestion loads only the cases of the execution at hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.analysis.policy import Thresholds
from bot.analysis.scoring import outage, status
from bot.analysis.scoring.active import ActiveCases, Places
from bot.analysis.scoring.beliefs import summarise
from bot.analysis.scoring.counts import COUNTS, GOOD_AT, OUTAGE_AT, OUTAGE_PASSES, OUTAGES, PASSES, VariantCases
from bot.analysis.scoring.execution import Execution, Observation
from bot.analysis.scoring.memory import MEMORY_BRANCHES, BranchBeliefs, RepositoryMemory, digest
from bot.analysis.scoring.model import MODEL, Model, Tables, all_pass, tables
from bot.analysis.scoring.update import Batch, update


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
    def of_case(cls, state: bytes, variant: str, keys: int, thresholds: Thresholds | None = None) -> Self:
        """A scorer that knows one case, as number 0, by its stored state; for what would become of it."""
        scorer = cls(RepositoryMemory(keys), thresholds)
        active = ActiveCases.unpack([(0, state)], scorer.model)
        record = active.records[0]
        memory = scorer.memory.variant(variant)
        scorer.memory.newest = int(record["last"])
        memory.executions = int(record["anchor"]) + 1
        scorer.variant(variant).load(np.zeros(1, dtype=np.int32), np.zeros((COUNTS, 1), dtype=np.int32), active)
        return scorer

    @property
    def tables(self) -> Tables:
        """The model as arrays, for the repository's number of keys."""
        return tables(self.model, self.memory.keys)

    def variant(self, name: str) -> VariantCases:
        """The cases of a variant."""
        return self.variants.setdefault(name, VariantCases(len(self.model.hypotheses)))

    def observe(self, execution: Execution) -> Observation:
        """Take one execution in."""
        memory, model = self.memory, self.model
        cases, variant = self.variant(execution.variant), memory.variant(execution.variant)
        at = cases.locate(execution.case_ids)
        memory.seen += cases.count_unseen(at)
        failing = np.flatnonzero(execution.failed)
        slots = cases.slots[at]
        expected = np.zeros(len(failing))
        known = slots[failing] >= 0
        expected[known] = cases.active.records["pred"][slots[failing][known]]
        asked = np.union1d(np.flatnonzero(slots >= 0), failing)
        variant.results += len(at)
        variant.passes += len(at) - len(failing)
        number, same_commit = variant.execute(digest(execution.sha, execution.event_kind))
        term = outage.assess(
            failing, 1 - expected, asked, (execution.suites, execution.runners), len(at), memory, variant, model
        )
        position = self._position(execution)
        push = None if execution.on_default_branch else memory.push(execution.branch, execution.sha)
        failed = execution.failed[asked]
        held = failed & (term.keep == 0) if model.refined else np.zeros(len(asked), dtype=np.bool_)
        inactive = slots[asked] < 0
        self._count_outage(cases, at[asked[held & inactive]], execution)
        new = inactive & ~held
        if new.any():
            self._activate(cases, execution, at, asked[new], position, number, same_commit)
            slots = cases.slots[at]
        passed = at[~execution.failed]
        cases.counts[PASSES, passed] += 1
        if execution.on_default_branch:
            cases.counts[GOOD_AT, passed] = np.maximum(cases.counts[GOOD_AT, passed], position)
        self._hold(cases.active, slots[asked[held & ~inactive]].astype(np.intp), execution)
        moved = ~held
        branch = None
        if push is not None:
            branch = cases.branches.get(push.key)
            if branch is None or branch.birth != push.birth:
                branch = BranchBeliefs.empty(push.birth, len(model.hypotheses))
        batch = Batch(
            places=slots[asked[moved]].astype(np.intp),
            case_ids=execution.case_ids[asked[moved]],
            failed=failed[moved],
            chance=term.chance[moved],
            keep=term.keep[moved],
            position=position,
            base=position if push is None or execution.base_sha else min(position, push.base),
            base_known=bool(execution.base_sha),
            number=number,
            same_commit=same_commit,
        )
        update(execution, cases.active, batch, branch, push, model, self.tables)
        if push is not None and branch is not None and len(branch.case_ids):
            cases.branches[push.key] = branch
            if len(cases.branches) > MEMORY_BRANCHES:
                cases.branches = {key: kept for key, kept in cases.branches.items() if key in memory.branches}
        touched = np.flatnonzero(slots >= 0)
        self._settle(cases.active, slots[touched].astype(np.intp), execution.started_at.timestamp())
        return Observation(
            touched=execution.case_ids[touched],
            outage=term.run,
            unexpected=term.unexpected,
            suite_outages=term.suites,
            runner_outages=term.runners,
            keep=dict(zip(execution.case_ids[asked[failed]].tolist(), term.keep[failed].tolist(), strict=True)),
            branch=None if push is None else push.key,
            forgotten=None if push is None else push.forgotten,
        )

    def hear(self, variant: str, case_id: int, factor: float, at: datetime) -> bool:
        """Weigh what a person says of a case: `factor` times as likely where it is flaky as where it is not.

        Its status follows at once. Returns whether the case is active; one that never failed is left alone.
        """
        cases = self.variant(variant)
        place = int(np.searchsorted(cases.case_ids, case_id))
        if place == len(cases.case_ids) or cases.case_ids[place] != case_id or cases.slots[place] < 0:
            return False
        belief = cases.active.beliefs[0, :, cases.slots[place]]
        belief[1:] *= factor
        belief /= belief.sum()
        self._settle(cases.active, cases.slots[[place]].astype(np.intp), at.timestamp())
        return True

    def _position(self, execution: Execution) -> int:
        if execution.on_default_branch:
            return self.memory.position(execution.sha)
        if execution.base_sha:
            return self.memory.position(execution.base_sha)
        return self.memory.newest

    def _activate(
        self,
        cases: VariantCases,
        execution: Execution,
        at: Places,
        new: Places,
        position: int,
        number: int,
        same_commit: NDArray[np.uint8],
    ) -> None:
        """Begin to follow cases that fail for the first time."""
        counts = cases.counts[:, at[new]]
        table = all_pass(self.model)
        places = cases.active.add(execution.case_ids[new])
        cases.slots[at[new]] = places
        cases.active.beliefs[0][:, places] = table[:, np.minimum(counts[PASSES], table.shape[1] - 1)]
        cases.active.beliefs[1:, :, places] = self.tables.main
        fresh = cases.active.records[places]
        fresh["last"] = position
        if execution.on_default_branch:
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
        cases.active.records[places] = fresh

    @staticmethod
    def _count_outage(cases: VariantCases, at: Places, execution: Execution) -> None:
        """A failure that says nothing, of a case that is not followed."""
        if len(at):
            cases.counts[OUTAGES, at] += 1
            cases.counts[OUTAGE_AT, at] = np.maximum(
                cases.counts[OUTAGE_AT, at], np.int32(min(execution.started_at.timestamp(), 2**31 - 1))
            )
            cases.counts[OUTAGE_PASSES, at] = cases.counts[PASSES, at]

    def _hold(self, active: ActiveCases, places: Places, execution: Execution) -> None:
        """A failure that says nothing, of a case that is: it is counted, and no belief moves."""
        if not len(places):
            return
        records = active.records[places]
        records["runs"] += 1
        records["failures"] += 1
        records["clean"] = 0
        records["mass"] *= self.model.mass_decay
        records["mass"][:, 2] += 1
        when = execution.started_at.timestamp()
        records["failed_at"] = np.maximum(records["failed_at"], when)
        records["outage_at"] = np.maximum(records["outage_at"], when)
        active.records[places] = records

    def _settle(self, active: ActiveCases, places: Places, at: float) -> None:
        if len(places):
            records = active.records[places]
            p_flaky, p_broken = summarise(active, places, self.tables)
            found = status.decide(p_flaky, p_broken, records, at, self.thresholds, hysteresis=self.hysteresis)
            active.records["episode"][places] += found != records["status"]
            active.records["status"][places] = found
