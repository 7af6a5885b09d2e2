"""Following tests that were moved or renamed: the case keeps its number, its published id and its history.

Only a whole run of the default branch decides, compared with the one before it, so that a pull request which renames a
test takes nothing away from the default branch until it is merged; its own results then follow. The new name becomes
the name of the old case, the old name a former one that goes on leading to it: open branches still report it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.identity import rename
from bot.analysis.identity.rename import Rename
from bot.analysis.model import SYSTEM, CaseId, RepositoryId, RunReport
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine.lifecycle import OPEN_STATES, State
from bot.analysis.run import StoredRun
from bot.services import event
from bot.store.cases import case as case_store
from bot.store.cases import rename as rename_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import case_order as case_order_store
from bot.store.runs import history as history_store
from bot.store.runs import run as run_store
from bot.store.runs.case_order import Baseline
from bot.store.scores import rescore as rescore_store


def follow(
    session: Session,
    run: StoredRun,
    report: RunReport,
    ids: Mapping[bytes, CaseId],
    now: datetime,
) -> dict[bytes, CaseId]:
    """The number of every identity of a run of the default branch, once what it shows of renames is done.

    To be called before the results of the run are stored, and for whole reports only: what is not in a part of a
    report has not vanished. The caller holds the repository's scorer.
    """
    if not report.complete or run.attempt > 1:
        return dict(ids)
    orders = {variant.variant: [int(ids[case.identity.key]) for case in variant.cases] for variant in report.variants}
    before = case_order_store.find_baseline(session, run.repository_id, run.workflow_path)
    if before is not None and run_store.get(session, run.repository_id, before.run_id).started_at > run.started_at:
        return dict(ids)  # a late run of an older commit shows nothing new
    _return_names(session, run.repository_id, ids, now)
    found = _find(session, run, before, orders) if before is not None else ()
    into = {one.new.id: one.old.id for one in found}
    if found:
        _apply(session, run, found, now)
    case_order_store.put_baseline(
        session,
        run.repository_id,
        run.workflow_path,
        Baseline(run.id, {variant: [into.get(CaseId(one), one) for one in order] for variant, order in orders.items()}),
    )
    return {key: into.get(number, number) for key, number in ids.items()}


def suites(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> dict[CaseId, str]:
    """The suites of those of some cases that a run may have under a former name, as they are now."""
    continued = sorted(rename_store.list_continued(session, repository_id).intersection(case_ids))
    return history_store.list_suites(session, repository_id, continued) if continued else {}


def _find(session: Session, run: StoredRun, before: Baseline, orders: Mapping[str, list[int]]) -> tuple[Rename, ...]:
    """The renames between two runs, without those of cases that a run has or had side by side."""
    variants = sorted(before.orders.keys() & orders.keys())
    was = {CaseId(one) for order in before.orders.values() for one in order}
    is_now = {CaseId(one) for order in orders.values() for one in order}
    vanished = {CaseId(one) for variant in variants for one in before.orders[variant]} - is_now
    appeared = {CaseId(one) for variant in variants for one in orders[variant]} - was
    if not vanished or not appeared:
        return ()
    found = rename.match(
        rename_store.list_named(session, run.repository_id, vanished),
        rename_store.list_named(session, run.repository_id, appeared),
        [before.orders[variant] for variant in variants],
        [orders[variant] for variant in variants],
    )
    if not found:
        return ()
    seen = rename_store.list_sightings(
        session, run.repository_id, [one.new.id for one in found], [one.old.id for one in found], run.head_sha
    )
    return tuple(
        one
        for one in found
        if not any(
            (sighting.on_default_branch and one.new.id in sighting.case_ids)
            or {one.old.id, one.new.id} <= sighting.case_ids
            or (sighting.head_sha == run.head_sha and one.old.id in sighting.case_ids)
            for sighting in seen
        )
    )


def _apply(session: Session, run: StoredRun, found: tuple[Rename, ...], now: datetime) -> None:
    repository_id = run.repository_id
    pairs = {one.old.id: one.new.id for one in found}
    since = case_store.first_seen(session, repository_id, pairs.values())
    _end_second(session, repository_id, pairs, now)
    moved = rename_store.move_records(session, repository_id, pairs, since)
    before = history_store.list_suites(session, repository_id, list(pairs))
    rename_store.exchange_names(session, repository_id, pairs)
    # What the new name did on its pull request counts for the case it is, and that counts in the suite it is in now.
    if moved or history_store.list_suites(session, repository_id, list(pairs)) != before:
        rescore_store.request(session, repository_id, f"renames:{run.id}", now)
        rescore_store.enqueue(session, repository_id)
    _record(session, repository_id, {one.old.id: f"{one.old.title} is {one.new.title} now." for one in found}, now)


def _end_second(session: Session, repository_id: RepositoryId, pairs: Mapping[CaseId, CaseId], now: datetime) -> None:
    """End the open quarantine of a new name if the case has one: that of the history goes on."""
    quarantines = {
        quarantine.case_id: quarantine for quarantine in quarantine_store.lock_open(session, repository_id, OPEN_STATES)
    }
    decisions = {}
    for old, new in pairs.items():
        if old not in quarantines or new not in quarantines:
            continue
        second = quarantines[new]
        if second.state is State.PROPOSED:
            decisions[lifecycle.withdraw(second, "", SYSTEM, now)] = AuditAction.WITHDRAW
        else:
            reason = "The test was renamed; the quarantine it had goes on."
            decisions[lifecycle.lift(second, reason, SYSTEM, now)] = AuditAction.LIFT
    event.record_decisions(session, decisions)


def _return_names(session: Session, repository_id: RepositoryId, ids: Mapping[bytes, CaseId], now: datetime) -> None:
    """Give cases that the default branch shows under a former name that name back: their rename was reverted."""
    former = rename_store.list_former(session, repository_id)
    pairs = {number: former[key][0] for key, number in ids.items() if key in former and former[key][1] == number}
    if not pairs:
        return
    was = {one.id: one.title for one in rename_store.list_named(session, repository_id, pairs)}
    before = history_store.list_suites(session, repository_id, list(pairs))
    rename_store.exchange_names(session, repository_id, pairs)
    if history_store.list_suites(session, repository_id, list(pairs)) != before:
        rescore_store.request(session, repository_id, "renames:reverted", now)
        rescore_store.enqueue(session, repository_id)
    reasons = {
        one.id: f"{was[one.id]} is {one.title} again." for one in rename_store.list_named(session, repository_id, pairs)
    }
    _record(session, repository_id, reasons, now)


def _record(session: Session, repository_id: RepositoryId, reasons: Mapping[CaseId, str], now: datetime) -> None:
    """Record each rename, which is posted in the thread of the case's card."""
    event.record_all(
        session,
        [
            audit.of_case(AuditAction.RENAME, repository_id, case_id, SYSTEM, now, reason=reason)
            for case_id, reason in reasons.items()
        ],
    )
