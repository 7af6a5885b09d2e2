"""Judging one run: the filter over every variant, the scores it changes, and what each change announces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis import case_state, scoring
from bot.analysis.identity.outage_group import Runners
from bot.analysis.model import CaseId, RepositoryId, Status
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.run import StoredRun
from bot.store.database import Session
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores.score import StoredScore


@dataclass(frozen=True, slots=True)
class JudgedVariant:
    """What the filter needs of one variant: aligned arrays over the cases that ran, ascending by case.

    `suite_names` are the names behind the numbers of `suites`; `runners` is None where one ran all. Of a
    variant that is not whole only the failures count.
    """

    variant: str
    case_ids: NDArray[np.int32]
    suites: NDArray[np.int32]
    failed: NDArray[np.bool_]
    retries: Mapping[int, tuple[bool, ...]]
    suite_names: tuple[str, ...] = ()
    whole: bool = True
    runners: Runners | None = None

    @property
    def evidence(self) -> NDArray[np.int32]:
        """The cases whose results count."""
        return self.case_ids if self.whole else self.case_ids[self.failed]


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose status over all variants moved."""

    case_id: CaseId
    before: Status
    after: Status


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judging a run concluded: the changes of status, and the largest outage term of its variants.

    `observations` is what the filter saw, by variant; None where the run was not judged yet.
    """

    changes: tuple[Change, ...]
    outage: float
    is_incident: bool
    failed: int
    ran: int
    observations: Mapping[str, scoring.Observation] | None

    @property
    def has_part_out(self) -> bool:
        """Whether a suite or a runner of it was out as a whole."""
        return any(one.suite_outages or one.runner_outages for one in (self.observations or {}).values())


def judge(
    session: Session,
    run: StoredRun,
    variants: tuple[JudgedVariant, ...],
    now: datetime,
    thresholds: Thresholds | None = None,
) -> Judgement:
    """Update the scores of a repository by the variants of one run, in order of variant.

    Holds the repository's scorer for the rest of the transaction, so that runs are judged one after another. Where
    the scores are of another model nothing is judged: the run is when the repository is scored anew.
    """
    repository_id = run.repository_id
    stored = scorer_store.lock(session, repository_id)
    model = scoring.MODEL
    if stored is not None and stored.model != model.version:
        return leave_out(variants)
    size = sum(len(judged.case_ids) for judged in variants)
    memory = (
        scoring.RepositoryMemory(size) if stored is None else scoring.RepositoryMemory.from_bytes(stored.state, model)
    )
    scorer = scoring.Scorer(memory, thresholds)
    touched = np.unique(np.concatenate([np.empty(0, np.int32), *(judged.evidence for judged in variants)]))
    told = set(touched.tolist())
    for variant in sorted({judged.variant for judged in variants if scorer.lists_failures_only(judged.variant)}):
        # Reports that list failures only tell of the cases they do not list, too.
        told.update(row.score.case_id for row in score_store.list_stored(session, repository_id, variant=variant))
    known = score_store.list_stored(session, repository_id, case_ids=told)
    changed: list[StoredScore] = []
    seen = []
    for judged in sorted(variants, key=lambda one: one.variant):
        counts = _load(session, run, scorer, judged, known)
        observation = scorer.observe(execution_of(run, judged))
        seen.append(observation)
        _store(session, repository_id, scorer, judged, counts, observation)
        changed += read_out(scorer, judged.variant, observation.touched)
    score_store.put(session, repository_id, changed, now)
    _put(session, repository_id, memory, now)
    return Judgement(
        changes=_changes(known, changed),
        outage=max((one.outage for one in seen), default=0.0),
        is_incident=any(one.is_incident for one in seen),
        failed=sum(int(judged.failed.sum()) for judged in variants),
        ran=size,
        observations=dict(zip(sorted(judged.variant for judged in variants), seen, strict=True)),
    )


def leave_out(variants: tuple[JudgedVariant, ...], outage: float = 0.0) -> Judgement:
    """What a run amounts to that is not judged, for now or for good; `outage` is how much of it is one, 0 to 1."""
    return Judgement(
        changes=(),
        outage=outage,
        is_incident=False,
        failed=sum(int(judged.failed.sum()) for judged in variants),
        ran=sum(len(judged.case_ids) for judged in variants),
        observations=None,
    )


def replace(session: Session, repository_id: RepositoryId, scorer: scoring.Scorer, now: datetime) -> None:
    """Write the whole state of a scorer in place of what is stored; it has seen every run that is to count."""
    version = scorer.model.version
    scorer_store.delete(session, repository_id)
    score_store.delete(session, repository_id)
    rows = []
    for name, variant in sorted(scorer.variants.items()):
        counts = scorer_store.Counts({})
        counts.set(variant.case_ids, variant.counts)
        scorer_store.put_counts(session, repository_id, name, counts)
        kept = ((key, one.to_bytes(version)) for key, one in variant.branches.items() if key in scorer.memory.branches)
        scorer_store.put_branches(session, repository_id, name, kept)
        rows += read_out(scorer, name)
    score_store.put(session, repository_id, rows, now)
    _put(session, repository_id, scorer.memory, now)


def execution_of(run: StoredRun, judged: JudgedVariant) -> scoring.Execution:
    """A variant as the filter takes it in."""
    return scoring.Execution(
        variant=judged.variant,
        branch=run.head_branch,
        on_default_branch=run.on_default_branch,
        sha=run.head_sha,
        base_sha=run.base_sha,
        event_kind=run.event_kind,
        started_at=run.started_at,
        case_ids=judged.case_ids,
        suites=judged.suites,
        failed=judged.failed,
        retries=judged.retries,
        runners=None if judged.runners is None else judged.runners.numbers,
        counted=None if judged.whole else judged.failed,
    )


def read_out(scorer: scoring.Scorer, variant: str, case_ids: NDArray[np.int32] | None = None) -> list[StoredScore]:
    """The scores of the cases of a variant that are followed, of all or of those named, as rows to store."""
    scores = scoring.readout.active(scorer, variant, None, case_ids)
    followed = scorer.variant(variant)
    positions = followed.slots_of(scores.case_ids)
    states = followed.active.pack(positions, scorer.model.version)
    episodes = followed.active.records["episode"][positions].tolist()
    return [StoredScore(score, state, episode) for score, state, episode in zip(scores, states, episodes, strict=True)]


def _load(
    session: Session,
    run: StoredRun,
    scorer: scoring.Scorer,
    judged: JudgedVariant,
    known: list[StoredScore],
) -> scorer_store.Counts:
    """Give the scorer what is stored of the cases of a variant, and of its branch."""
    model = scorer.model
    counts = scorer_store.get_counts(session, run.repository_id, judged.variant, judged.evidence)
    rows = [(int(row.score.case_id), row.state) for row in known if row.score.variant == judged.variant]
    all_rows = scorer.lists_failures_only(judged.variant)
    inside = set(judged.evidence.tolist()) if rows and not all_rows else set()
    variant = scorer.variant(judged.variant)
    variant.load(
        judged.evidence,
        counts.get(judged.evidence),
        scoring.ActiveCases.unpack((row for row in rows if all_rows or row[0] in inside), model),
    )
    if not run.on_default_branch:
        branch = scoring.branch_key(run.head_branch)
        if beliefs := scorer_store.find_branch(session, run.repository_id, judged.variant, branch):
            variant.branches[branch] = scoring.BranchBeliefs.from_bytes(beliefs, model)
    return counts


def _store(
    session: Session,
    repository_id: RepositoryId,
    scorer: scoring.Scorer,
    judged: JudgedVariant,
    counts: scorer_store.Counts,
    observation: scoring.Observation,
) -> None:
    """Take from the scorer what an execution changed, all but the scores."""
    variant = scorer.variant(judged.variant)
    counts.set(judged.evidence, variant.counts[:, variant.locate(judged.evidence)])
    scorer_store.put_counts(session, repository_id, judged.variant, counts)
    branch = observation.branch
    if branch is not None and (beliefs := variant.branches.get(branch)):
        packed = beliefs.to_bytes(scorer.model.version)
        scorer_store.put_branches(session, repository_id, judged.variant, [(branch, packed)])
    if observation.forgotten is not None:
        scorer_store.forget_branch(session, repository_id, observation.forgotten)


def _put(session: Session, repository_id: RepositoryId, memory: scoring.RepositoryMemory, now: datetime) -> None:
    version = scoring.MODEL.version
    row = scorer_store.StoredScorer(memory.to_bytes(version), version, memory.keys, memory.is_outgrown)
    scorer_store.put(session, repository_id, row, now)


def _changes(known: Sequence[StoredScore], changed: Sequence[StoredScore]) -> tuple[Change, ...]:
    """The cases whose status over all variants moved."""
    old = {(row.score.case_id, row.score.variant): row.score for row in known}
    new = old | {(row.score.case_id, row.score.variant): row.score for row in changed}
    case_ids = {case_id for case_id, _ in new}
    before, after = (case_state.by_case(case_ids, scores.values()) for scores in (old, new))
    return changes_between(
        {case_id: state.status for case_id, state in before.items() if state.scored},
        {case_id: state.status for case_id, state in after.items() if state.scored},
    )


def changes_between(before: Mapping[CaseId, Status], after: Mapping[CaseId, Status]) -> tuple[Change, ...]:
    """The cases whose status moved, in order of case; one without a score counts as healthy."""
    statuses = (
        (case_id, before.get(case_id, Status.HEALTHY), after.get(case_id, Status.HEALTHY))
        for case_id in sorted({*before, *after})
    )
    return tuple(Change(case_id, old, new) for case_id, old, new in statuses if old is not new)
