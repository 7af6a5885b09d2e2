"""What is known of a case or a repository, gathered for the views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.analysis.model import SEVERITY, CaseId, CaseProfile, Outcome, Status, Verdict
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.errors import NotFoundError
from bot.queries import inactive
from bot.services import cluster
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.database import Session
from bot.store.decisions import mute as mute_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import case_order as case_order_store
from bot.store.runs import excerpt as excerpt_store
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import status as status_store
from bot.store.scores import status_change as status_change_store
from bot.store.workspaces import repository as repository_store

_WEEK = timedelta(days=7)
_RECENT_RUNS = 40
_RECENT_COMMITS = 30
_TOP = 5
_WORST = (Verdict.FAILED, Verdict.FLAKY, Verdict.PASSED, Verdict.SKIPPED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the cases of a repository stand: counts by status, runs of the last day, what to look at first.

    `turned` is how many cases turned to each status in the last seven days, `turned_before` in the seven before.
    """

    repository: str
    counts: Mapping[Status, int]
    runs_last_day: int
    failed_runs_last_day: int
    last_run_at: datetime | None
    turned: Mapping[Status, int]
    turned_before: Mapping[Status, int]
    top: tuple[CaseProfile, ...]


def of_case(session: Session, case_id: CaseId, now: datetime) -> CaseProfile:
    """The profile of a case at a time.

    Raises:
        NotFoundError: not known.
    """
    case = case_store.find(session, case_id)
    if case is None:
        message = "This test is not known any more."
        raise NotFoundError(message)
    case_id = case.id
    repository = repository_store.get(session, case.repository_id)
    rows = case_store.list_scores(session, case.repository_id, case_ids=[case_id])
    rows.sort(key=lambda row: (SEVERITY.index(row.status), -row.p_flaky, row.variant))
    variants = [case_store.as_variant_score(row) for row in rows]
    calm = inactive.list_scores(session, case.repository_id, case_id, now, without={one.variant for one in variants})
    failure = excerpt_store.find(session, case.repository_id, case_id)
    return CaseProfile(
        repository_id=case.repository_id,
        repository=repository.full_name,
        case_id=case_id,
        uid=case.uid,
        title=case.title,
        status=inactive.status(variants, calm),
        variants=(*variants, *calm),
        last_failure=failure,
        first_seen_at=case.first_seen_at,
        last_seen_at=failure.occurred_at if failure else case.first_seen_at,
        cluster=cluster_store.find_membership(session, case.repository_id, case_id),
        order=case_order_store.find_suspect(session, case.repository_id, case_id),
        muted_until=mute_store.find(session, case.repository_id, case_id, now),
    )


def standing(session: Session, repository: repository_store.Repository, now: datetime) -> Standing:
    """How a repository stands."""
    counts = dict(status_store.count(session, repository.id))
    total = case_store.count(session, repository.id)
    for status, number in inactive.count(session, repository.id, now).items():
        counts[status] = counts.get(status, 0) + number
    counts[Status.INSUFFICIENT] = counts.get(Status.INSUFFICIENT, 0) + max(0, total - sum(counts.values()))
    ran, failed, last = run_store.count_since(session, repository.id, now - timedelta(days=1))
    items = cluster.list_items(session, repository.id, now)[:_TOP]
    return Standing(
        repository=repository.full_name,
        counts=counts,
        runs_last_day=ran,
        failed_runs_last_day=failed,
        last_run_at=last,
        turned=status_change_store.count_turns(session, repository.id, now - _WEEK, now),
        turned_before=status_change_store.count_turns(session, repository.id, now - 2 * _WEEK, now - _WEEK),
        top=tuple(of_case(session, item.lead, now) for item in items),
    )


def latest_quarantine(session: Session, profile: CaseProfile) -> Quarantine | None:
    """The newest quarantine of a case."""
    return quarantine_store.find_latest(session, profile.repository_id, profile.case_id)


def recent(session: Session, profile: CaseProfile) -> tuple[Verdict, ...]:
    """The worst verdict at each of the latest commits that ran a case, oldest first.

    Same code is (commit, push or pull request); what differs between variants is no flake.
    """
    seen: dict[tuple[str, bool], dict[str, set[bool]]] = {}
    for sha, event, variant, outcome, passed_again in result_store.list_case_outcomes(
        session, profile.repository_id, profile.case_id, _RECENT_RUNS
    ):
        of_code = seen.setdefault((sha, event.startswith("pull_request")), {})
        passed = of_code.setdefault(variant, set())
        if outcome is not Outcome.SKIPPED:
            passed.add(not outcome.is_failure)
        if passed_again:
            passed.add(True)
    latest = list(seen.values())[:_RECENT_COMMITS]
    return tuple(min(map(_verdict, outcomes.values()), key=_WORST.index) for outcomes in reversed(latest))


def _verdict(passed: set[bool]) -> Verdict:
    if not passed:
        return Verdict.SKIPPED
    if len(passed) > 1:
        return Verdict.FLAKY
    return Verdict.PASSED if True in passed else Verdict.FAILED
