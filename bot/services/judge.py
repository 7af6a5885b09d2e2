"""Judging one run: the filter over every variant, the scores it changes, and the statuses that moved.

Time moves statuses too: a case is infra only for some days after its outage, even if it never runs again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.analysis import case_state, incident, scoring
from bot.analysis.case_state import StatusChange
from bot.analysis.incident import LEFT_OUT, Incident, Kind
from bot.analysis.model import RepositoryId, Status
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.run import Judgement, StoredRun
from bot.analysis.scoring.variant_results import VariantResults
from bot.queries import policy
from bot.services import notice
from bot.store.database import Session
from bot.store.scores import incident as incident_store
from bot.store.scores import rescore as rescore_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores.score import StoredScore
from bot.store.scores.scorer import Counts, StoredScorer


def judge(
    session: Session,
    run: StoredRun,
    variants: Sequence[VariantResults],
    now: datetime,
    thresholds: Thresholds | None = None,
) -> Judgement:
    """Update the scores of a repository by the variants of one run, in order of variant, and keep the outages in it.

    Locks the repository's scorer until the transaction ends, so that runs are judged one after another. A run in a time
    that somebody marked as an incident is left out. While the scores are of another model nothing is judged: the
    rebuild that is requested then judges the run.
    """
    repository_id = run.repository_id
    stored = scorer_store.lock(session, repository_id)
    if incident.covering(incident_store.list_marked(session, repository_id), run):
        return Judgement(outage=LEFT_OUT)
    if stored is not None and stored.model != scoring.MODEL.version:
        rescore_store.request_if_idle(session, [repository_id], "model", now)
        return Judgement(is_settled=False)
    variants = sorted(variants, key=lambda results: results.variant)
    if stored is None:
        memory = scoring.RepositoryMemory(sum(len(results.case_ids) for results in variants))
    else:
        memory = scoring.RepositoryMemory.from_bytes(stored.state, scoring.MODEL)
    scorer = scoring.Scorer(memory, thresholds)
    known = _list_scores(session, repository_id, scorer, variants)
    counts = _load(session, run, scorer, variants, known)
    observations: dict[str, scoring.Observation] = {}
    changed: list[StoredScore] = []
    outages: list[Incident] = []
    for results in variants:
        observation = observations[results.variant] = scorer.observe(results.execution(run))
        changed += score_store.read_out(scorer, results.variant, observation.touched)
        outages += results.incidents(run, observation)
    _store(session, repository_id, scorer, variants, counts, observations)
    score_store.put(session, repository_id, changed, now)
    scorer_store.put(session, repository_id, StoredScorer.of(scorer.memory), now)
    incident_store.put_found(session, outages)
    return Judgement(
        changes=_changes(known, changed),
        outage=max((observation.outage.run for observation in observations.values()), default=0.0),
        is_incident=any(observation.is_incident for observation in observations.values()),
        has_part_out=any(outage.kind is not Kind.RUN for outage in outages),
    )


def end_infra(session: Session, repository_id: RepositoryId, now: datetime) -> int:
    """End the status infra of every case whose outage is long over; returns how many (case, variant) it ends for.

    Only the status changes. The state of the filter stays as it was after the last run of the case.
    """
    stored = scorer_store.lock(session, repository_id)
    if stored is None or stored.model != scoring.MODEL.version:
        return 0  # a rebuild of the scores is due
    rows = score_store.list_stored(session, repository_id, status=Status.INFRA)
    thresholds = policy.of_repository(session, repository_id).thresholds
    scorer = scoring.Scorer.of_cases([row.state for row in rows], stored.keys, thresholds)
    aged = scoring.readout.active(scorer, "", now)
    ended = [
        replace(row, score=replace(row.score, status=score.status))
        for row, score in zip(rows, aged, strict=True)
        if score.status is not Status.INFRA
    ]
    score_store.put(session, repository_id, ended, now)
    if ended:
        notice.cards(session, repository_id, [row.score.case_id for row in ended], now)
    return len(ended)


def _list_scores(
    session: Session, repository_id: RepositoryId, scorer: scoring.Scorer, variants: Sequence[VariantResults]
) -> list[StoredScore]:
    """The scores of every case that the run says something about, in all variants."""
    case_ids = {case_id for results in variants for case_id in results.evidence.tolist()}
    # Reports that list failures only are evidence about the cases they do not list, too.
    listing = [results.variant for results in variants if scorer.lists_failures_only(results.variant)]
    if listing:
        rows = score_store.list_stored(session, repository_id, variants=listing)
        case_ids.update(row.score.case_id for row in rows)
    return score_store.list_stored(session, repository_id, case_ids=case_ids)


def _load(
    session: Session,
    run: StoredRun,
    scorer: scoring.Scorer,
    variants: Sequence[VariantResults],
    known: Sequence[StoredScore],
) -> dict[str, Counts]:
    """Load the cases of the variants, and what is believed of their branch, into the scorer."""
    counts = scorer_store.get_counts(
        session, run.repository_id, {results.variant: results.evidence for results in variants}
    )
    states: dict[str, dict[int, bytes]] = {results.variant: {} for results in variants}
    for row in known:
        if row.score.variant in states:
            states[row.score.variant][row.score.case_id] = row.state
    for results in variants:
        case_ids = results.evidence
        of_variant = states[results.variant]
        if of_variant and not scorer.lists_failures_only(results.variant):
            evidence = set(case_ids.tolist())
            of_variant = {case_id: state for case_id, state in of_variant.items() if case_id in evidence}
        scorer.variant(results.variant).load(
            case_ids,
            counts[results.variant].get(case_ids),
            scoring.ActiveCases.unpack(of_variant.items(), scorer.model),
        )
    if not run.on_default_branch:
        branch = scoring.branch_key(run.head_branch)
        for variant, beliefs in scorer_store.list_branch_beliefs(session, run.repository_id, states, branch).items():
            scorer.variant(variant).branches[branch] = scoring.BranchBeliefs.from_bytes(beliefs, scorer.model)
    return counts


def _store(
    session: Session,
    repository_id: RepositoryId,
    scorer: scoring.Scorer,
    variants: Sequence[VariantResults],
    counts: Mapping[str, Counts],
    observations: Mapping[str, scoring.Observation],
) -> None:
    """Store what the run changed in the scorer, except for the scores."""
    beliefs: list[tuple[str, int, bytes]] = []
    for results in variants:
        cases, push = scorer.variant(results.variant), observations[results.variant].push
        counts[results.variant].set(results.evidence, cases.counts[:, cases.locate(results.evidence)])
        if push is not None and push.key in cases.branches:
            beliefs.append((results.variant, push.key, cases.branches[push.key].to_bytes(scorer.model.version)))
    scorer_store.put_counts(session, repository_id, counts)
    scorer_store.put_branch_beliefs(session, repository_id, beliefs)
    pushes = [observation.push for observation in observations.values() if observation.push is not None]
    forgotten = {push.forgotten for push in pushes if push.forgotten is not None}
    scorer_store.delete_branches(session, repository_id, forgotten)


def _changes(known: Sequence[StoredScore], changed: Sequence[StoredScore]) -> tuple[StatusChange, ...]:
    old = {(row.score.case_id, row.score.variant): row.score for row in known}
    new = old | {(row.score.case_id, row.score.variant): row.score for row in changed}
    before, after = (case_state.statuses(case_state.by_case((), scores.values())) for scores in (old, new))
    return case_state.changes(before, after)
