"""Sending notices: one message a second in each channel, and nothing lost or posted twice.

A channel that Slack limits or refuses waits by itself; the others go on, and no worker sleeps for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot import telemetry
from bot.analysis import notice as kinds
from bot.analysis.model import Channel
from bot.errors import FlakeGuardError, UpstreamError
from bot.jobs.context import Context
from bot.jobs.senders import author, card, channel_pause, check_run, digest, escalation, home, news
from bot.slack.errors import ChannelClosedError, TokenRevokedError
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import channel_schedule as channel_schedule_store
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation.channel_schedule import ChannelSchedule
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.database import Session
from bot.store.workspaces import workspace as workspace_store

PAUSE = timedelta(seconds=1)
"""Slack's own limit: one message a second and channel (https://docs.slack.dev/apis/web-api/rate-limits)."""
_LONGEST_WAIT = 60.0  # seconds
_MAX_ATTEMPTS = 5  # of a notice that fails by a fault of ours
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """The end of a notice: the message that is new in its channel, or why it never will be sent."""

    posted: PostedMessage | None = None
    fault: str | None = None


def send_next(context: Context, channel: Channel) -> None:
    """Send the next notice that is due in a channel, and queue the one after it."""
    now = context.clock()
    with context.db.begin() as session:
        if channel_pause_store.find(session, channel) is not None:
            return  # what waits is sent when the channel is resumed
        schedule = channel_schedule_store.find(session, channel) or ChannelSchedule(now, 0)
        if schedule.next_at > now:
            channel_schedule_store.enqueue(session, channel, schedule.next_at)
            return
        stored = notice_store.find_due(session, channel, now)
        is_visible = stored is not None and _is_visible(session, stored)
    if stored is None:
        return
    outcome: SendOutcome | None = SendOutcome(fault="The workspace may not see this repository (any more).")
    wait: timedelta | None = None
    with telemetry.correlated(stored.correlation_id, notice=stored.key):
        try:
            if is_visible:
                outcome = _attempt(context, stored)
        except UpstreamError as error:
            seconds = min(2.0 ** min(schedule.failures, 10), _LONGEST_WAIT)
            wait = timedelta(seconds=max(seconds if error.retry_after is None else error.retry_after, 1.0))
            outcome = None
            _log.warning("channel waits", channel=str(channel), seconds=wait.total_seconds(), reason=str(error))
        pause = wait or (PAUSE if outcome and outcome.posted else timedelta())
        following = ChannelSchedule(context.clock() + pause, schedule.failures + 1 if wait else 0)
        with context.db.begin() as session:
            if outcome is not None:
                _finish(session, stored, outcome, context.clock())
            channel_schedule_store.put(session, channel, following)
            if notice_store.find_due(session, channel, following.next_at) is not None:
                channel_schedule_store.enqueue(session, channel, following.next_at)


def send(context: Context, notice_id: int) -> None:
    """Send a notice that is for no channel; one whose latest revision was sent is left alone."""
    with context.db.begin() as session:
        stored = notice_store.get(session, notice_id)
    if stored.is_sent:
        return
    with telemetry.correlated(stored.correlation_id, notice=stored.key):
        outcome = _attempt(context, stored)
        if outcome is not None:
            with context.db.begin() as session:
                _finish(session, stored, outcome, context.clock())


def _attempt(context: Context, stored: StoredNotice) -> SendOutcome | None:
    """Try to send a notice; None where it is not done with, since it is tried again or its channel is paused.

    Raises:
        UpstreamError: Slack or GitHub cannot take it now.
    """
    try:
        notice = stored.decode()
        try:
            return SendOutcome(posted=_send(context, stored, notice))
        except ChannelClosedError as error:
            _log.warning("notice refused", reason=str(error), error=type(error).__name__)
            return None if channel_pause.pause(context, stored, notice, error) else SendOutcome(fault=str(error))
    except UpstreamError:
        raise
    except FlakeGuardError as error:
        if stored.channel is not None and isinstance(error, TokenRevokedError):  # until somebody fixes the token
            raise UpstreamError(str(error), retry_after=_LONGEST_WAIT) from error
        _log.warning("notice refused", reason=str(error), error=type(error).__name__)
        return SendOutcome(fault=str(error))
    except Exception as error:  # a fault of ours in one notice must not silence its channel
        _log.exception("notice failed", attempts=stored.attempts)
        if stored.channel is None:
            raise
        if stored.attempts + 1 >= _MAX_ATTEMPTS:
            return SendOutcome(fault=f"It failed {_MAX_ATTEMPTS} times: {type(error).__name__}.")
        with context.db.begin() as session:
            wait = timedelta(seconds=2.0 ** (stored.attempts + 1))
            notice_store.postpone(session, stored, context.clock() + wait)
        return None


def _send(  # noqa: C901, PLR0911, PLR0912  # one case per kind
    context: Context, stored: StoredNotice, notice: kinds.Notice
) -> PostedMessage | None:
    """Send a notice of any kind; returns the message that is new in the channel."""
    match notice:
        case kinds.CardNotice():
            return card.send_card(context, stored, notice)
        case kinds.AuditLineNotice():
            return card.send_audit_line(context, stored, notice)
        case kinds.StatusChangeNotice():
            return card.send_status_change(context, stored, notice)
        case kinds.ImportNotice():
            return news.send_imported(context, stored, notice)
        case kinds.IncidentNotice():
            return news.send_incident(context, stored, notice)
        case kinds.UnreadableReportNotice():
            return news.send_unreadable(context, stored, notice)
        case kinds.StormNotice():
            return news.send_storm(context, stored, notice)
        case kinds.DigestNotice():
            return digest.send(context, stored, notice)
        case kinds.EscalationNotice():
            return escalation.send(context, stored, notice)
        case kinds.ReminderNotice():
            return escalation.remind(context, stored, notice)
        case kinds.AuthorNotice():
            return author.send(context, stored, notice)
        case kinds.ChannelPauseNotice():
            return channel_pause.send(context, stored, notice)
        case kinds.CheckRunNotice():
            check_run.send(context, notice)
        case kinds.HomeNotice():
            home.send(context, notice)
        case _:
            assert_never(notice)
    return None


def _finish(session: Session, stored: StoredNotice, outcome: SendOutcome, now: datetime) -> None:
    """Record that a notice was sent or refused, and its message."""
    if outcome.posted is not None:
        message_store.insert_if_new(session, stored.key, outcome.posted, stored.repository_id, now)
    notice_store.set_sent(session, stored, now, outcome.fault)
    telemetry.notices_total.labels(kind=stored.kind, outcome="refused" if outcome.fault else "sent").inc()
    _log.info("notice dropped" if outcome.fault else "notice sent", kind=stored.kind)


def _is_visible(session: Session, stored: StoredNotice) -> bool:
    """Whether the workspace a notice is for may (still) see what it speaks of."""
    if stored.channel is None or stored.repository_id is None:
        return True
    return workspace_store.is_visible(session, stored.channel.workspace_id, stored.repository_id)
