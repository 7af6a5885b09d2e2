"""News of a repository that are of no single case: imported history, outages, unread reports, storms."""

from __future__ import annotations

import numpy as np

from bot.analysis.incidents import Kind
from bot.analysis.model import RunId, Status
from bot.jobs import postings
from bot.jobs.context import Context
from bot.slack import messages, storm, tabular
from bot.store import cases, incidents, repositories, results, runs, statuses, storms
from bot.store.notices import Notice


def send_imported(context: Context, notice: Notice) -> bool:
    """Say what the imported history taught."""
    now = context.clock()
    with context.db.begin() as session:
        repository = repositories.get(session, notice.repository_id)
        counts = statuses.count(session, notice.repository_id)
        count, first, last, problems = runs.summarise(session, notice.repository_id) or (0, now, now, 0)
        summary = messages.ImportSummary(
            repository=repository.full_name,
            runs=count,
            cases=cases.count(session, notice.repository_id),
            flaky=counts.get(Status.FLAKY, 0),
            broken=counts.get(Status.BROKEN, 0),
            first_at=first,
            last_at=last,
            problems=problems,
        )
    return postings.keep(context, notice, messages.imported(summary))


def send_incident(context: Context, notice: Notice) -> bool:
    """Say that far more failed in a run than usual, or as good as all of a suite or of a runner of it."""
    with context.db.begin() as session:
        repository = repositories.get(session, notice.repository_id)
        run = runs.get(session, notice.repository_id, RunId(notice.ref))
        legs = results.list_legs(session, notice.repository_id, [run.id])
        found = incidents.list_found(session, notice.repository_id, [run.id])
    if found and all(one.kind is not Kind.RUN for one in found):
        message = messages.part_out(repository.full_name, run.url, run.number, found)
        return postings.keep(context, notice, message)
    failed = sum(int(np.isin(leg.outcomes, results.FAILED).sum()) for leg in legs)
    total = sum(len(leg.case_ids) for leg in legs)
    message = messages.incident(repository.full_name, run.url, run.number, failed, total)
    return postings.keep(context, notice, message)


def send_unreadable(context: Context, notice: Notice) -> bool:
    """Say which parts of a run could not be read."""
    with context.db.begin() as session:
        repository = repositories.get(session, notice.repository_id)
        run = runs.get(session, notice.repository_id, RunId(notice.ref))
        problems = [one for one in runs.list_problems(session, notice.repository_id, [run.id]) if not one.is_note]
    message = messages.unreadable(repository.full_name, run.url, run.number, problems)
    return postings.keep(context, notice, message)


def send_storm(context: Context, notice: Notice) -> bool:
    """Say once that many cases turned flaky at once, and bring it up to date while more join."""
    with context.db.begin() as session:
        held = storms.get(session, notice.ref)
        repository = repositories.get(session, held.repository_id)
        rows = cases.list_worst(session, held.repository_id, held.case_ids, tabular.MAX_ROWS)
    state = storm.StormState(
        id=held.id,
        repository_id=held.repository_id,
        repository=repository.full_name,
        total=len(held.case_ids),
        rows=tuple(
            storm.StormRow(title=row.title, rate=row.rate, failures=row.failures, runs=row.runs) for row in rows
        ),
        started_at=held.started_at,
        last_at=held.last_at,
    )
    return postings.keep_richest(context, notice, lambda level: storm.storm(state, level))
