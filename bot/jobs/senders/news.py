"""News of a repository that are of no single case: imported history, outages, unread reports, storms."""

from __future__ import annotations

import numpy as np

from bot.analysis.incident import Kind
from bot.analysis.model import Status
from bot.analysis.notice import ImportNotice, IncidentNotice, StormNotice, UnreadableReportNotice
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import case_state
from bot.queries import repository as repository_query
from bot.slack.views import news, table
from bot.slack.views import storm as storm_view
from bot.store.cases import case as case_store
from bot.store.conversation import storm as storm_store
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import incident as incident_store
from bot.store.workspaces import repository as repository_store


def send_imported(context: Context, stored: StoredNotice, notice: ImportNotice) -> PostedMessage | None:
    """Say what the imported history taught."""
    now = context.clock()
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        counts = repository_query.count_statuses(session, [notice.repository_id], now)[notice.repository_id]
        count, first, last, problems = run_store.summarise(session, notice.repository_id) or (0, now, now, 0)
        summary = news.ImportSummary(
            repository=repository.full_name,
            runs=count,
            cases=case_store.count(session, [notice.repository_id])[notice.repository_id],
            flaky=counts.get(Status.FLAKY, 0),
            broken=counts.get(Status.BROKEN, 0),
            first_at=first,
            last_at=last,
            problems=problems,
        )
        attempt = posting.begin(session, stored, now)
    return posting.post_or_update(context, attempt, news.imported(summary))


def send_incident(context: Context, stored: StoredNotice, notice: IncidentNotice) -> PostedMessage | None:
    """Say that far more failed in a run than usual, or as good as all of a suite or of a runner of it."""
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        run = run_store.get(session, notice.repository_id, notice.run_id)
        variants = result_store.list_variants(session, notice.repository_id, [run.id])
        incidents = incident_store.list_found(session, notice.repository_id, [run.id])
        attempt = posting.begin(session, stored, context.clock())
    if incidents and all(incident.kind is not Kind.RUN for incident in incidents):
        message = news.partial_outage(repository.full_name, run.url, run.number, incidents)
        return posting.post_or_update(context, attempt, message)
    failed = sum(int(np.isin(stored.outcomes, result_store.FAILED).sum()) for stored in variants)
    total = sum(len(stored.case_ids) for stored in variants)
    message = news.outage(repository.full_name, run.url, run.number, failed, total)
    return posting.post_or_update(context, attempt, message)


def send_unreadable(context: Context, stored: StoredNotice, notice: UnreadableReportNotice) -> PostedMessage | None:
    """Say which parts of a run could not be read."""
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        run = run_store.get(session, notice.repository_id, notice.run_id)
        problems = [one for one in run_store.list_problems(session, notice.repository_id, [run.id]) if not one.is_note]
        attempt = posting.begin(session, stored, context.clock())
    message = news.unreadable(repository.full_name, run.url, run.number, problems)
    return posting.post_or_update(context, attempt, message)


def send_storm(context: Context, stored: StoredNotice, notice: StormNotice) -> PostedMessage | None:
    """Say once that many cases turned flaky at once, and bring it up to date while more join."""
    with context.db.begin() as session:
        storm = storm_store.get(session, notice.storm_id)
        repository = repository_store.get(session, storm.repository_id)
        ranked = case_state.rank(session, storm.repository_id, storm.case_ids, table.MAX_ROWS)
        attempt = posting.begin_richest(session, stored, context.clock())
    card = storm_view.StormState(
        id=storm.id,
        repository_id=storm.repository_id,
        repository=repository.full_name,
        total=len(storm.case_ids),
        rows=tuple(
            storm_view.StormRow(title=case.title, rate=score.rate, failures=score.failures, runs=score.runs)
            for case, state in ranked
            if (score := state.worst) is not None
        ),
        started_at=storm.started_at,
        last_at=storm.last_at,
    )
    return posting.post_richest(context, attempt, lambda level: storm_view.storm(card, level))
