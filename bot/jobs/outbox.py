"""Saying what a notice asks for: rendered from fresh state, sent, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from bot import telemetry
from bot.analysis.lifecycle import State
from bot.analysis.model import SYSTEM, CaseId, QuarantineId, RunId, Status
from bot.errors import PermanentUpstreamError
from bot.github import checks as check_views
from bot.jobs.context import Context, now, target
from bot.services import announce, commits, profiles
from bot.slack import messages
from bot.slack.blockkit import Message
from bot.slack.messages import History
from bot.store import audit, cases, checks, notices, quarantines, repositories, results, runs
from bot.store.database import Session
from bot.store.notices import Kind, Notice

_log = telemetry.logger(__name__)
_GONE = frozenset({"message_not_found", "cant_update_message"})
_TOLD = {
    "quarantine:propose": History.PROPOSED,
    "quarantine:approve": History.APPROVED,
    "quarantine:reject": History.REJECTED,
    "quarantine:withdraw": History.WITHDRAWN,
    "quarantine:lift": History.LIFTED,
    "quarantine:expire": History.EXPIRED,
    "quarantine:suspend": History.SUSPENDED,
    "quarantine:resume": History.RESUMED,
    "case:label": History.LABELLED,
}


def send(context: Context, notice_id: int) -> None:
    """Say a notice; one that was said in its latest revision says nothing."""
    with context.db.begin() as session:
        notice = notices.get(session, notice_id)
    if notice.sent_revision >= notice.revision:
        return
    fault = None
    with telemetry.correlated(notice.correlation_id, notice=notice.key):
        try:
            match notice.kind:
                case Kind.CHECK:
                    _send_check(context, notice)
                case Kind.CARD:
                    _send_living(context, notice, lambda session: _card(session, notice))
                case Kind.IMPORTED:
                    _send_living(context, notice, lambda session: _imported(session, notice))
                case Kind.HISTORY:
                    _send_reply(context, notice)
                case Kind.STATUS:
                    _send_status(context, notice)
                case Kind.INCIDENT | Kind.UNREADABLE:
                    _send_living(context, notice, lambda session: _run(session, notice))
                case _:
                    assert_never(notice.kind)
        except PermanentUpstreamError as error:
            fault = str(error)
            _log.warning("notice refused", reason=fault, code=error.code)
        with context.db.begin() as session:
            notices.set_sent(session, notice, now(), fault)
        telemetry.notices_total.labels(kind=notice.kind.value, outcome="refused" if fault else "sent").inc()
        _log.info("notice sent" if fault is None else "notice dropped", kind=notice.kind.value)


def _send_living(context: Context, notice: Notice, render: Callable[[Session], Message]) -> None:
    """Post a message once, and bring it up to date from then on."""
    slack = context.require_slack()
    with context.db.begin() as session:
        message = render(session)
        posted = notices.find_message(session, notice.key)
    if posted is not None:
        try:
            slack.update(posted[0], posted[1], message)
        except PermanentUpstreamError as error:
            if error.code not in _GONE:
                raise
            with context.db.begin() as session:
                notices.forget_message(session, notice.key)
        else:
            return
    ts = slack.post(notice.channel, message, key=f"{notice.key}:{posted[1] if posted else ''}")
    with context.db.begin() as session:
        notices.put_message(
            session,
            notice.key,
            channel=notice.channel,
            ts=ts,
            now=now(),
            repository_id=notice.repository_id,
            case_id=notice.ref if notice.kind is Kind.CARD else None,
        )


def _card(session: Session, notice: Notice) -> Message:
    profile = profiles.of_case(session, CaseId(notice.ref))
    return messages.card(profile, profiles.latest_quarantine(session, profile), now())


def _imported(session: Session, notice: Notice) -> Message:
    repository = repositories.get(session, notice.repository_id)
    counts = cases.count_statuses(session, notice.repository_id)
    summary = runs.summarise(session, notice.repository_id)
    count, first, last, problems = summary or (0, now(), now(), 0)
    return messages.imported(
        messages.ImportSummary(
            repository=repository.full_name,
            runs=count,
            cases=cases.count(session, notice.repository_id),
            flaky=counts.get(Status.FLAKY, 0),
            broken=counts.get(Status.BROKEN, 0),
            first_at=first,
            last_at=last,
            problems=problems,
        )
    )


def _run(session: Session, notice: Notice) -> Message:
    repository = repositories.get(session, notice.repository_id)
    run = runs.get(session, notice.repository_id, RunId(notice.ref))
    if notice.kind is Kind.UNREADABLE:
        problems = runs.list_problems(session, notice.repository_id, [run.id])
        return messages.unreadable(repository.full_name, run.url, run.number, problems)
    legs = results.list_legs(session, notice.repository_id, [run.id])
    failed = sum(int(((leg.outcomes == 1) | (leg.outcomes == 2)).sum()) for leg in legs)  # noqa: PLR2004  # the codes
    return messages.incident(repository.full_name, run.url, run.number, failed, sum(len(leg.case_ids) for leg in legs))


def _send_reply(context: Context, notice: Notice) -> None:
    """Say a move of a quarantine in the thread of the card."""
    with context.db.begin() as session:
        entry = audit.get(session, notice.repository_id, notice.ref)
        if entry.case_id is None:
            return
        profile = profiles.of_case(session, entry.case_id)
        held = quarantines.get(session, QuarantineId(entry.quarantine_id)) if entry.quarantine_id else None
        kind = _TOLD[entry.tag]
        if held is not None and kind is History.APPROVED and held.state is not State.ACTIVE:
            held = None
        message = messages.history_line(kind, entry.actor, held, profile, entry.reason or None)
    _reply(context, notice, profile.case_id, message, broadcast=kind.is_broadcast)


def _send_status(context: Context, notice: Notice) -> None:
    """Say a change of status in the thread of the card; the change that opened the card is the card itself."""
    with context.db.begin() as session:
        profile = profiles.of_case(session, CaseId(notice.ref))
        before, _, after = notice.detail.partition(">")
    reason = f"from {before} to {after}"
    message = messages.history_line(History.STATUS, SYSTEM, None, profile, reason)
    _reply(context, notice, profile.case_id, message, broadcast=False)


def _reply(context: Context, notice: Notice, case_id: CaseId, message: Message, *, broadcast: bool) -> None:
    slack = context.require_slack()
    key = announce.card_key(notice.repository_id, case_id, notice.channel)
    with context.db.begin() as session:
        card = notices.find_message(session, key)
        done = notices.find_message(session, notice.key)
    if card is None or done is not None:
        return
    ts = slack.post(card[0], message, key=notice.key, thread_ts=card[1], broadcast=broadcast)
    with context.db.begin() as session:
        notices.put_message(session, notice.key, channel=card[0], ts=ts, now=now())


def _send_check(context: Context, notice: Notice) -> None:
    github = context.require_github()
    with context.db.begin() as session:
        repository = repositories.get(session, notice.repository_id)
        found = commits.state(session, notice.repository_id, notice.detail, now())
        number = checks.find(session, notice.repository_id, notice.detail)
    if found.runs == 0:
        return
    check = check_views.render(
        check_views.CommitResult(
            head_sha=notice.detail,
            failures=tuple(_failure(one) for one in found.failures),
            problems=found.problems,
            runs=found.runs,
            cases=found.cases,
            finished=found.finished,
            complete=found.complete,
        )
    )
    made = github.put_check_run(target(repository), check, number)
    with context.db.begin() as session:
        checks.put(session, notice.repository_id, notice.detail, made, now())


def _failure(one: commits.FailingCase) -> check_views.CheckFailure:
    naming = check_views.name_failure(
        quarantined=one.quarantined_until is not None, status=one.status, in_outage=one.in_outage
    )
    seen = f"failed in {one.failures} of {one.runs} runs"
    if one.mixed_commits:
        seen += f", passed and failed on the same code on {one.mixed_commits} commits"
    if one.quarantined_until is not None:
        seen = f"quarantined until {one.quarantined_until:%d %B %Y}; {seen}"
    return check_views.CheckFailure(
        title=one.title,
        variant=one.variant,
        naming=naming,
        evidence=f"{seen}.",
        message=one.message,
        run_url=one.run_url,
    )
