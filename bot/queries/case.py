"""What cards, lists and pages show of cases, read in a number of statements that does not depend on how many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bot.analysis.case_profile import CaseProfile, ListedCase
from bot.analysis.model import CaseId, Outcome, Verdict
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.run import kind_of
from bot.errors import NotFoundError
from bot.queries import case_state
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.database import Session
from bot.store.decisions import mute as mute_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import case_order as case_order_store
from bot.store.runs import excerpt as excerpt_store
from bot.store.runs import result as result_store
from bot.store.workspaces import repository as repository_store

_RECENT_RUNS = 40
_RECENT_COMMITS = 30
_WORST = (Verdict.FAILED, Verdict.FLAKY, Verdict.PASSED, Verdict.SKIPPED)


def of_case(session: Session, case_id: CaseId, now: datetime) -> CaseProfile:
    """The profile of a case; of one that was renamed, of the case it goes on under.

    Raises:
        NotFoundError: not known.
    """
    profile = list_profiles(session, [case_id], now).get(case_id)
    if profile is None:
        message = "This test is not known any more."
        raise NotFoundError(message)
    return profile


def list_profiles(session: Session, case_ids: Collection[CaseId], now: datetime) -> dict[CaseId, CaseProfile]:
    """The profiles of cases of any repositories, by the number that was asked for; unknown ones are left out."""
    current = case_store.list_current(session, case_ids)
    if not current:
        return {}
    cases = {case.id: case for case in current.values()}
    repository_ids = {case.repository_id for case in cases.values()}
    repositories = {
        repository.id: repository for repository in repository_store.list_by_id(session, sorted(repository_ids))
    }
    of_repository = {
        repository_id: [case.id for case in cases.values() if case.repository_id == repository_id]
        for repository_id in sorted(repository_ids)
    }
    states = case_state.list_states(session, of_repository, now)
    failures = excerpt_store.list_latest(session, repository_ids, cases)
    clusters = cluster_store.list_memberships(session, repository_ids, cases)
    orders = case_order_store.list_suspects(session, repository_ids, cases)
    muted = mute_store.list_until(session, repository_ids, cases, now)
    profiles = {
        case.id: CaseProfile(
            repository_id=case.repository_id,
            repository=repositories[case.repository_id].full_name,
            case_id=case.id,
            uid=case.uid,
            title=case.title,
            state=states[case.id],
            last_failure=failures.get(case.id),
            first_seen_at=case.first_seen_at,
            cluster=clusters.get(case.id),
            order=orders.get(case.id),
            muted_until=muted.get(case.id),
        )
        for case in cases.values()
    }
    return {case_id: profiles[current[case_id].id] for case_id in case_ids if case_id in current}


def list_rows(session: Session, case_ids: Sequence[CaseId], now: datetime) -> list[ListedCase]:
    """Cases as a list shows them, each with its latest quarantine, in their order."""
    profiles = list_profiles(session, case_ids, now)
    quarantines = quarantine_store.list_latest(
        session,
        {profile.repository_id for profile in profiles.values()},
        [profile.case_id for profile in profiles.values()],
    )
    return [ListedCase(profile, quarantines.get(profile.case_id)) for profile in profiles.values()]


def list_quarantined(session: Session, quarantines: Sequence[Quarantine], now: datetime) -> list[ListedCase]:
    """The cases of some quarantines as a list shows them, in their order."""
    profiles = list_profiles(session, [quarantine.case_id for quarantine in quarantines], now)
    return [
        ListedCase(profiles[quarantine.case_id], quarantine)
        for quarantine in quarantines
        if quarantine.case_id in profiles
    ]


def latest_quarantine(session: Session, profile: CaseProfile) -> Quarantine | None:
    """The newest quarantine of a case."""
    return quarantine_store.find_latest(session, profile.repository_id, profile.case_id)


def recent(session: Session, profile: CaseProfile) -> tuple[Verdict, ...]:
    """The worst verdict at each of the latest commits that ran a case, oldest first.

    Same code is (commit, push or pull request); outcomes that differ between variants are not flaky.
    """
    commits: dict[tuple[str, str], dict[str, set[bool]]] = {}
    for sha, event, variant, outcome, passed_later in result_store.list_case_outcomes(
        session, profile.repository_id, profile.case_id, _RECENT_RUNS
    ):
        variants = commits.setdefault((sha, kind_of(event)), {})
        passed = variants.setdefault(variant, set())
        if outcome is not Outcome.SKIPPED:
            passed.add(not outcome.is_failure)
        if passed_later:
            passed.add(True)
    latest = list(commits.values())[:_RECENT_COMMITS]
    return tuple(_worst(variants.values()) for variants in reversed(latest))


def _worst(variants: Iterable[set[bool]]) -> Verdict:
    return min(map(_verdict, variants), key=_WORST.index)


def _verdict(passed: set[bool]) -> Verdict:
    if not passed:
        return Verdict.SKIPPED
    if len(passed) > 1:
        return Verdict.FLAKY
    return Verdict.PASSED if True in passed else Verdict.FAILED
