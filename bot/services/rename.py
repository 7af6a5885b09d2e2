"""Following tests that were moved or renamed: the case keeps its number, its published id and its history.

Only a whole run of the default branch decides, compared with the one before it, so that a pull request which renames a
test takes nothing away from the default branch until it is merged; its own results then follow. The new name becomes
the name of the old case, the old name a former one that goes on leading to it: open branches still report it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.identity import rename as rename_rules
from bot.analysis.identity.rename import Rename
from bot.analysis.model import SYSTEM, CaseId, RepositoryId
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine.lifecycle import OPEN_STATES, State
from bot.analysis.run import ReportedRun, StoredRun
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


def follow(session: Session, reported: ReportedRun, now: datetime) -> ReportedRun:
    """The run with the number each case has once what the run, of the default branch, shows of renames is done.

    To be called before the results of the run are stored, and for whole reports only: a case that is not in a part of a
    report is not gone. The caller holds the repository's scorer.
    """
    run, ids = reported.run, reported.ids
    if not reported.report.complete or run.attempt > 1:
        return reported
    orders = {
        variant.variant: [int(reported.id_of(case)) for case in variant.cases] for variant in reported.report.variants
    }
    previous = case_order_store.find_baseline(session, run.repository_id, run.workflow_path)
    if previous is not None and run_store.get(session, run.repository_id, previous.run_id).started_at > run.started_at:
        return reported  # a late run of an older commit shows nothing new
    _return_names(session, run.repository_id, ids, now)
    renames = _find(session, run, previous, orders) if previous is not None else ()
    former_ids = {rename.new.id: rename.old.id for rename in renames}
    if renames:
        _apply(session, run, renames, now)
    renamed_orders = {
        variant: [former_ids.get(CaseId(case_id), case_id) for case_id in order] for variant, order in orders.items()
    }
    case_order_store.put_baseline(session, run.repository_id, run.workflow_path, Baseline(run.id, renamed_orders))
    return replace(reported, ids={key: former_ids.get(case_id, case_id) for key, case_id in ids.items()})


def _find(session: Session, run: StoredRun, previous: Baseline, orders: Mapping[str, list[int]]) -> list[Rename]:
    """The renames between two runs, without those of cases that a run has or had side by side."""
    variants = sorted(previous.orders.keys() & orders.keys())
    old_orders = [previous.orders[variant] for variant in variants]
    new_orders = [orders[variant] for variant in variants]
    removed = _cases(old_orders) - _cases(orders.values())
    added = _cases(new_orders) - _cases(previous.orders.values())
    if not removed or not added:
        return []
    renames = rename_rules.match(
        rename_store.list_named(session, run.repository_id, removed),
        rename_store.list_named(session, run.repository_id, added),
        old_orders,
        new_orders,
    )
    if not renames:
        return []
    new_ids, old_ids = [rename.new.id for rename in renames], [rename.old.id for rename in renames]
    sightings = rename_store.list_sightings(session, run.repository_id, new_ids, old_ids, run.head_sha)
    return [
        rename
        for rename in renames
        if not any(
            (sighting.on_default_branch and rename.new.id in sighting.case_ids)
            or {rename.old.id, rename.new.id} <= sighting.case_ids
            or (sighting.head_sha == run.head_sha and rename.old.id in sighting.case_ids)
            for sighting in sightings
        )
    ]


def _cases(orders: Iterable[Sequence[int]]) -> set[CaseId]:
    return {CaseId(case_id) for order in orders for case_id in order}


def _apply(session: Session, run: StoredRun, renames: Sequence[Rename], now: datetime) -> None:
    repository_id = run.repository_id
    new_ids = {rename.old.id: rename.new.id for rename in renames}
    since = case_store.first_seen(session, repository_id, new_ids.values())
    _end_second(session, repository_id, new_ids, now)
    moved = rename_store.move_records(session, repository_id, new_ids, since)
    # What the new name did on its pull request counts for the case it is.
    _exchange_names(session, repository_id, new_ids, f"renames:{run.id}", now, rescore=moved)
    _record(
        session,
        repository_id,
        {rename.old.id: f"{rename.old.title} is {rename.new.title} now." for rename in renames},
        now,
    )


def _exchange_names(
    session: Session,
    repository_id: RepositoryId,
    pairs: Mapping[CaseId, CaseId],
    reason: str,
    now: datetime,
    *,
    rescore: bool = False,
) -> None:
    """Give each pair of cases the name of the other, and score again what a case did in another suite than now."""
    suites_before = history_store.list_suites(session, repository_id, list(pairs))
    rename_store.exchange_names(session, repository_id, pairs)
    if rescore or history_store.list_suites(session, repository_id, list(pairs)) != suites_before:
        rescore_store.request(session, [repository_id], reason, now)


def _end_second(session: Session, repository_id: RepositoryId, new_ids: Mapping[CaseId, CaseId], now: datetime) -> None:
    """End the open quarantine of a new name if the case has one: that of the history goes on."""
    quarantines = {
        quarantine.case_id: quarantine for quarantine in quarantine_store.lock_open(session, repository_id, OPEN_STATES)
    }
    decisions = {}
    for old, new in new_ids.items():
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
    pairs = {case_id: former[key][0] for key, case_id in ids.items() if key in former and former[key][1] == case_id}
    if not pairs:
        return
    old_titles = {case.id: case.title for case in rename_store.list_named(session, repository_id, pairs)}
    _exchange_names(session, repository_id, pairs, "renames:reverted", now)
    cases = rename_store.list_named(session, repository_id, pairs)
    _record(session, repository_id, {case.id: f"{old_titles[case.id]} is {case.title} again." for case in cases}, now)


def _record(session: Session, repository_id: RepositoryId, reasons: Mapping[CaseId, str], now: datetime) -> None:
    """Record each rename, which is posted in the thread of the case's card."""
    event.record_all(
        session,
        [
            audit.of_case(AuditAction.RENAME, repository_id, case_id, SYSTEM, now, reason=reason)
            for case_id, reason in reasons.items()
        ],
    )
