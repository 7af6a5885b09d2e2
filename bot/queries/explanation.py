"""Explaining a case: its evidence gathered from the stored runs, and what would change its status."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bot.analysis import case_history, scoring
from bot.analysis import incident as incidents
from bot.analysis.case_history import CaseResult
from bot.analysis.explanation import counterfactual, evidence, explanation, regression
from bot.analysis.explanation.evidence import FailureKind
from bot.analysis.explanation.explanation import Explanation, Outlook
from bot.analysis.model import CaseId, RepositoryId, Status, worst
from bot.analysis.quarantine import release
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.policy import Policy
from bot.analysis.run import StoredRun
from bot.analysis.scoring.model import breakage_main
from bot.errors import NotFoundError
from bot.queries import case_state
from bot.queries import incident as incident_query
from bot.queries import policy as policies
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import fingerprint as fingerprint_store
from bot.store.runs import history as history_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores.score import StoredScore

LOOK_BACK = 1000
"""How many of the newest runs evidence is taken from."""


def of_case(session: Session, case_id: CaseId, now: datetime, *, ahead: bool = True) -> Explanation:
    """Why a case has its status, and, where wanted `ahead`, what would change it, which takes the longest.

    Raises:
        NotFoundError: not known.
    """
    case = case_store.find(session, case_id)
    if case is None:
        message = "This test is not known any more."
        raise NotFoundError(message)
    state = case_state.get(session, case.repository_id, case.id, now)
    status = state.status
    stored = {
        row.score.variant: row for row in score_store.list_stored(session, case.repository_id, case_ids=[case.id])
    }
    rows = [stored[score.variant] for score in state.scored]
    runs = history_store.list_runs(session, case.repository_id, limit=LOOK_BACK)
    results = incident_query.list_results(session, case.repository_id, [case_id], runs)
    worst = rows[0] if rows else None
    worst_results = [result for result in results if worst is None or result.variant == worst.score.variant]
    shown = [*state.scored, *(score for score in state.inactive if score.status is not Status.HEALTHY)]
    keys = scorer_store.get_keys(session, case.repository_id)
    policy = policies.of_repository(session, case.repository_id)
    case_evidence = evidence.gather(
        worst_results,
        history_store.count_failing(
            session, case.repository_id, {result.run.id for result in worst_results if result.failed}
        ),
        _kinds(session, case.repository_id, worst_results),
        first_bad=_first_bad(worst_results, runs, worst.state, keys) if worst and status is Status.BROKEN else None,
        faults=incidents.faulty_suites([incident for result in worst_results for incident in result.incidents]),
    )
    quarantine = quarantine_store.find_latest(session, case.repository_id, case_id)
    progress, quarantined = None, []
    if quarantine is not None and quarantine.state is State.ACTIVE:
        beliefs = {score.variant: score.p_flaky for score in state.scored}
        progress = release.progress(quarantine, results, beliefs, policy.quarantine)
        quarantined = release.variants(quarantine, beliefs)
    followed = _followed(session, case.repository_id, rows) if ahead else []
    outlook = _outlook(status, followed, results, progress, quarantined, policy, keys, now)
    return explanation.explain(status, shown[0] if shown else None, case_evidence, outlook)


def _kinds(session: Session, repository_id: RepositoryId, results: Iterable[CaseResult]) -> list[FailureKind]:
    seen: dict[int, list[datetime]] = {}
    for result in results:
        if result.fingerprint_id is not None and result.failed:
            seen.setdefault(result.fingerprint_id, []).append(result.run.started_at)
    known = fingerprint_store.list_messages(session, repository_id, seen)
    return [
        FailureKind(number, *known[number], len(times), max(times)) for number, times in seen.items() if number in known
    ]


def _first_bad(
    results: Sequence[CaseResult], runs: Sequence[StoredRun], state: bytes, keys: int
) -> regression.FirstBad | None:
    verdicts = case_history.default_branch_verdicts(results)
    order = list(dict.fromkeys(run.head_sha for run in runs if run.on_default_branch))
    return regression.first_bad(verdicts, counterfactual.rates(state), breakage=breakage_main(keys), order=order)


def _followed(
    session: Session, repository_id: RepositoryId, rows: Sequence[StoredScore]
) -> list[counterfactual.StoredVariant]:
    """The case in every variant in which it ever failed, as it would go on from here."""
    stored = scorer_store.find(session, repository_id)
    if stored is None or stored.model != scoring.MODEL.version:
        return []  # what is stored is of another model: it is about to be scored again
    memory = scoring.RepositoryMemory.from_bytes(stored.state, scoring.MODEL)
    return [
        counterfactual.StoredVariant(
            row.score.variant, row.state, row.score.status, memory.variant(row.score.variant).lists_failures_only
        )
        for row in rows
    ]


def _outlook(
    status: Status,
    followed: Sequence[counterfactual.StoredVariant],
    results: Sequence[CaseResult],
    progress: release.Progress | None,
    quarantined: Collection[str],
    policy: Policy,
    keys: int,
    now: datetime,
) -> Outlook:
    """What would change the `status`; `progress` is how far the `quarantined` variants are from their release."""
    if not followed:
        return Outlook((), (), progress, None)
    turns: list[tuple[int, Status]] = []
    before, until_release = status, None
    for commits, forecast in enumerate(counterfactual.after_clean_commits(followed, keys, policy.thresholds, now)):
        after = worst([status for status, _ in forecast])
        if commits and after is not before:
            turns.append((commits, after))
            before = after
        if progress is not None and until_release is None and commits >= progress.needed - progress.streak:
            beliefs = {stored.variant: p_flaky for stored, (_, p_flaky) in zip(followed, forecast, strict=True)}
            if all(beliefs.get(variant, 0.0) < progress.below for variant in quarantined):
                until_release = commits
        if before is Status.HEALTHY and (progress is None or until_release is not None):
            break
    return Outlook(
        changes=tuple(turns),
        without=tuple(counterfactual.without_days(results, followed, keys, policy.thresholds, now)),
        release=progress,
        until_release=until_release,
    )
