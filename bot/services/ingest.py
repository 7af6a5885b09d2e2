"""Records a run: numbers its cases, stores its results, and announces what judging them concluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from bot import telemetry
from bot.analysis.failures import fingerprint, similarity
from bot.analysis.failures.cause import Cause
from bot.analysis.failures.similarity import KnownKind
from bot.analysis.identity import outage_group
from bot.analysis.model import Channel, FailureText, RepositoryId, RunId, RunReport
from bot.analysis.notice import IncidentNotice, UnreadableReportNotice
from bot.analysis.quarantine.policy import Policy
from bot.analysis.run import Judgement, ReportedRun, Run
from bot.analysis.runs import completeness
from bot.analysis.scoring import variant_results
from bot.analysis.scoring.variant_results import VariantResults
from bot.queries import incident as incident_query
from bot.services import notice
from bot.store.cases import identity as identity_store
from bot.store.cases import rename as rename_store
from bot.store.database import Session
from bot.store.runs import fingerprint as fingerprint_store
from bot.store.runs import history as history_store
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.runs import run_part as run_part_store
from bot.store.scores import scorer as scorer_store
from bot.store.workspaces import repository as repository_store

HISTORY_AGE = timedelta(hours=24)
"""A run older than this is history: all of those are announced in one message."""

_STOPPED = frozenset({"cancelled", "skipped", "stale"})
"""Conclusions of runs that somebody stopped: incomplete reports of these are not announced."""

_log = telemetry.logger(__name__)


def begin(session: Session, run: Run, now: datetime) -> RunId:
    """Record that a run exists, finished or not; the check run of its commit shows it."""
    run_id = run_store.put(session, run)
    if now - run.started_at < HISTORY_AGE:
        notice.check_runs(session, run.repository_id, [run.head_sha], now)
    return run_id


def identify(
    session: Session, repository_id: RepositoryId, run_id: RunId, report: RunReport, policy: Policy
) -> ReportedRun | None:
    """Assess the reports of a run and number its cases; None where the results of the run were stored before.

    Locks the repository's scorer until the transaction ends.
    """
    scorer_store.lock(session, repository_id)
    run = run_store.get(session, repository_id, run_id)
    if run.ingested_at is not None:
        return None
    report = completeness.assess(
        report,
        run.workflow_path,
        run_part_store.list_attempts(session, run),
        run_part_store.list_before(session, run),
        policy,
    )
    identities = (case.identity for variant in report.variants for case in variant.cases)
    return ReportedRun(run, report, identity_store.put(session, repository_id, identities, run.started_at))


def store(session: Session, reported: ReportedRun, now: datetime) -> list[VariantResults]:
    """Store the results of a run, its failures by their kinds, and what could not be read; returns what is judged."""
    run, report = reported.run, reported.report
    fingerprints = {
        (variant.variant, case.identity.key, result.retry): (fingerprint.of_failure(result.failure), result.failure)
        for variant in report.variants
        for case in variant.cases
        for result in case.results
        if result.failure is not None and result.outcome.is_failure
    }
    kinds: dict[bytes, tuple[Cause, FailureText]] = {}
    for kind, failure in fingerprints.values():
        kinds.setdefault(kind.key, (kind.cause, failure))
    numbers = _number_kinds(session, run.repository_id, kinds, now)
    kind_of = {result: numbers[kind.key] for result, (kind, _) in fingerprints.items()}
    results: list[result_store.ResultRow] = []
    failures: list[result_store.FailureRow] = []
    for variant in report.variants:
        cases = sorted(variant.cases, key=reported.id_of)
        results.append(
            result_store.ResultRow(
                report=variant,
                case_ids=np.array([reported.id_of(case) for case in cases], dtype=np.int32),
                outcomes=np.array([result_store.CODES[case.results[0].outcome] for case in cases], dtype=np.uint8),
                durations=np.array([case.results[0].duration for case in cases], dtype=np.float32),
                runners=outage_group.number_runners([case.runner for case in cases]),
            )
        )
        failures += [
            result_store.FailureRow(
                case_id=reported.id_of(case),
                run_id=run.id,
                variant=variant.variant,
                retry=result.retry,
                outcome=result.outcome,
                duration=result.duration,
                fingerprint_id=kind_of.get((variant.variant, case.identity.key, result.retry)),
                occurred_at=run.started_at,
            )
            for case in cases
            for result in case.results
            if result.outcome.is_failure or result.retry
        ]
    result_store.insert_results(session, run.repository_id, run.id, results)
    result_store.insert_failures(session, run.repository_id, failures)
    run_store.insert_problems(session, run.repository_id, run.id, report.problems)
    # A case may be reported under a former name; its suite is that of the name it has now.
    renamed = sorted(rename_store.list_continued(session, run.repository_id).intersection(reported.ids.values()))
    suites = history_store.list_suites(session, run.repository_id, renamed) if renamed else {}
    return [variant_results.of_report(variant, reported.ids, suites) for variant in report.variants]


def finish(
    session: Session, reported: ReportedRun, variants: Sequence[VariantResults], judgement: Judgement, now: datetime
) -> None:
    """Record that the reports of a run are stored, and what judging it concluded."""
    run, report = reported.run, reported.report
    run_store.set_ingested(
        session,
        run.repository_id,
        run.id,
        complete=report.complete,
        outage=judgement.outage,
        files=report.files,
        judged=judgement.is_settled,
        now=now,
    )
    cases = sum(len(results.case_ids) for results in variants)
    telemetry.runs_total.labels(complete=str(report.complete).lower()).inc()
    telemetry.results_total.inc(cases)
    _log.info(
        "run recorded",
        repository=repository_store.get(session, run.repository_id).full_name,
        run=run.number,
        attempt=run.attempt,
        cases=cases,
        failed=sum(int(results.failed.sum()) for results in variants),
        changes=len(judgement.changes),
        problems=len(report.problems),
    )


def announce(
    session: Session, reported: ReportedRun, judgement: Judgement, channel: Channel | None, now: datetime
) -> bool:
    """Announce what a run showed; False where it is history, which is only added to the message about that."""
    run, report = reported.run, reported.report
    if now - (run.completed_at or run.started_at) > HISTORY_AGE:
        notice.post_import(session, run.repository_id, channel, now)
        return False
    if judgement.is_incident or (judgement.has_part_out and incident_query.is_news(session, run, now)):
        notice.post_of_run(session, IncidentNotice, run, channel, now)
    if run.conclusion not in _STOPPED and any(not problem.is_note for problem in report.problems):
        notice.post_of_run(session, UnreadableReportNotice, run, channel, now)
    notice.post_changes(session, run, judgement.changes, channel, now)
    failed = reported.failed_cases | history_store.list_failed_before(session, run)
    notice.renew_cards(session, run.repository_id, failed, now)
    if judgement.changes:
        notice.cards(session, run.repository_id, (), now, head_shas=[run.head_sha])
    else:
        notice.check_runs(session, run.repository_id, [run.head_sha], now)
    return True


def _number_kinds(
    session: Session, repository_id: RepositoryId, kinds: Mapping[bytes, tuple[Cause, FailureText]], now: datetime
) -> dict[bytes, int]:
    """The number of every kind of failure, by its fingerprint; new ones join the cluster of those most like them.

    The caller has locked the repository's scorer, so that two runs never number one kind at the same time.
    """
    if not kinds:
        return {}
    known = fingerprint_store.find_numbers(session, repository_id, kinds)
    new = {
        key: fingerprint_store.NewFingerprint(cause, failure, similarity.sign(failure, cause.category))
        for key, (cause, failure) in sorted(kinds.items())
        if key not in known
    }
    if not new:
        return known
    bands = {band for kind in new.values() for band in kind.signature.bands}
    by_band: dict[int, list[KnownKind]] = {}
    for similar in fingerprint_store.list_alike(session, repository_id, bands):
        _index(by_band, similar)
    numbers = fingerprint_store.insert(session, repository_id, new, now)
    clusters: dict[int, int] = {}
    for key, kind in new.items():
        near = {similar.number: similar for band in kind.signature.bands for similar in by_band.get(band, ())}
        cluster_id = similarity.cluster_of(kind.signature, near.values()) or numbers[key]
        clusters[numbers[key]] = cluster_id
        _index(by_band, KnownKind(numbers[key], cluster_id, kind.signature))
    fingerprint_store.set_clusters(session, repository_id, clusters)
    return known | numbers


def _index(by_band: dict[int, list[KnownKind]], kind: KnownKind) -> None:
    for band in kind.signature.bands:
        by_band.setdefault(band, []).append(kind)
