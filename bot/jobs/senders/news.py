"""News of a repository that are of no single case: imported history, outages, unread reports, storms."""

from __future__ import annotations

import numpy as np

from bot.analysis.incident import Kind
from bot.analysis.model import RunId, Status
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import case_state
from bot.slack.views import message as messages
from bot.slack.views import storm, table
from bot.store.cases import case as case_store
from bot.store.conversation import storm as storm_store
from bot.store.conversation.notice import Notice
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import incident as incident_store
from bot.store.scores import score as score_store
from bot.store.workspaces import repository as repository_store


def send_imported(context: Context, notice: Notice) -> bool:
    """Say what the imported history taught."""
    now = context.clock()
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        counts = score_store.count_statuses(session, [notice.repository_id])[notice.repository_id]
        count, first, last, problems = run_store.summarise(session, notice.repository_id) or (0, now, now, 0)
        summary = messages.ImportSummary(
            repository=repository.full_name,
            runs=count,
            cases=case_store.count(session, [notice.repository_id])[notice.repository_id],
            flaky=counts.get(Status.FLAKY, 0),
            broken=counts.get(Status.BROKEN, 0),
            first_at=first,
            last_at=last,
            problems=problems,
        )
    return posting.keep(context, notice, messages.imported(summary))


def send_incident(context: Context, notice: Notice) -> bool:
    """Say that far more failed in a run than usual, or as good as all of a suite or of a runner of it."""
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        run = run_store.get(session, notice.repository_id, RunId(notice.ref))
        variants = result_store.list_variants(session, notice.repository_id, [run.id])
        found = incident_store.list_found(session, notice.repository_id, [run.id])
    if found and all(one.kind is not Kind.RUN for one in found):
        message = messages.part_out(repository.full_name, run.url, run.number, found)
        return posting.keep(context, notice, message)
    failed = sum(int(np.isin(stored.outcomes, result_store.FAILED).sum()) for stored in variants)
    total = sum(len(stored.case_ids) for stored in variants)
    message = messages.incident(repository.full_name, run.url, run.number, failed, total)
    return posting.keep(context, notice, message)


def send_unreadable(context: Context, notice: Notice) -> bool:
    """Say which parts of a run could not be read."""
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        run = run_store.get(session, notice.repository_id, RunId(notice.ref))
        problems = [one for one in run_store.list_problems(session, notice.repository_id, [run.id]) if not one.is_note]
    message = messages.unreadable(repository.full_name, run.url, run.number, problems)
    return posting.keep(context, notice, message)


def send_storm(context: Context, notice: Notice) -> bool:
    """Say once that many cases turned flaky at once, and bring it up to date while more join."""
    with context.db.begin() as session:
        held = storm_store.get(session, notice.ref)
        repository = repository_store.get(session, held.repository_id)
        ranked = case_state.rank(session, held.repository_id, held.case_ids, table.MAX_ROWS)
    card = storm.StormState(
        id=held.id,
        repository_id=held.repository_id,
        repository=repository.full_name,
        total=len(held.case_ids),
        rows=tuple(
            storm.StormRow(title=case.title, rate=score.rate, failures=score.failures, runs=score.runs)
            for case, state in ranked
            if (score := state.worst) is not None
        ),
        started_at=held.started_at,
        last_at=held.last_at,
    )
    return posting.keep_richest(context, notice, lambda level: storm.storm(card, level))
