"""Saying what notices ask for: a turn for each channel, one message a second, and nothing lost or doubled.

A channel that Slack limits or fails waits by itself; the others go on, and no worker sleeps for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot import telemetry
from bot.analysis.model import Channel
from bot.errors import FlakeGuardError, UpstreamError
from bot.jobs.context import Context
from bot.jobs.senders import author, card, channel_pause, check_run, digest, escalation, home, news
from bot.queries import access
from bot.slack.errors import ChannelClosedError, TokenRevokedError
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import channel_schedule as channel_schedule_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation.channel_schedule import Turn
from bot.store.conversation.notice import Kind, Notice
from bot.store.workspaces import workspace as workspace_store

PAUSE = timedelta(seconds=1)
"""Slack's own bound: one message a second and channel (https://docs.slack.dev/apis/web-api/rate-limits)."""
_LONGEST_WAIT = 60.0  # seconds
_SURPRISES = 5  # tries of a notice that fails for no reason of Slack's or GitHub's
SENDERS: Mapping[Kind, Callable[[Context, Notice], bool]] = {
    Kind.CHECK: check_run.send,
    Kind.CARD: card.send_card,
    Kind.HISTORY: card.send_move,
    Kind.STATUS: card.send_status,
    Kind.IMPORTED: news.send_imported,
    Kind.INCIDENT: news.send_incident,
    Kind.UNREADABLE: news.send_unreadable,
    Kind.STORM: news.send_storm,
    Kind.HOME: home.send,
    Kind.DIGEST: digest.send,
    Kind.ESCALATION: escalation.send,
    Kind.REMINDER: escalation.remind,
    Kind.AUTHOR: author.send,
    Kind.PAUSED: channel_pause.send,
}
"""What says each kind; it returns whether a new message came into the channel."""
_log = telemetry.logger(__name__)


def take_turn(context: Context, channel: Channel) -> None:
    """Say the next thing that is due in a channel, and hand the turn on."""
    now = context.clock()
    with context.db.begin() as session:
        if channel_pause_store.find(session, channel) is not None:
            return  # what waits is said when the channel is back
        turn = channel_schedule_store.find(session, channel) or Turn(now, 0)
        if turn.next_at > now:
            channel_schedule_store.wake(session, channel, turn.next_at)
            return
        notice = notice_store.find_due(session, channel, now)
    if notice is None:
        return
    with telemetry.correlated(notice.correlation_id, notice=notice.key):
        try:
            pause = PAUSE if _say(context, notice) else timedelta()
            failures = 0
        except UpstreamError as error:
            wait = min(2.0 ** min(turn.failures, 10), _LONGEST_WAIT) if error.retry_after is None else error.retry_after
            pause, failures = timedelta(seconds=max(wait, 1.0)), turn.failures + 1
            _log.warning("channel waits", channel=str(channel), seconds=pause.total_seconds(), reason=str(error))
    with context.db.begin() as session:
        following = Turn(context.clock() + pause, failures)
        channel_schedule_store.put(session, channel, following)
        if notice_store.find_due(session, channel, following.next_at) is not None:
            channel_schedule_store.wake(session, channel, following.next_at)


def send(context: Context, notice_id: int) -> None:
    """Say a notice that is for no channel; one that was said in its latest revision says nothing."""
    with context.db.begin() as session:
        notice = notice_store.get(session, notice_id)
    if notice.is_said:
        return
    with telemetry.correlated(notice.correlation_id, notice=notice.key):
        _say(context, notice)


def _say(context: Context, notice: Notice) -> bool:
    """Say a notice and record that it was said; True where that put a new message into the channel."""
    fault = None
    posted = False
    try:
        _require_visible(context, notice)
        posted = SENDERS[notice.kind](context, notice)
    except UpstreamError:
        raise
    except FlakeGuardError as error:
        fault = str(error)
        if notice.channel is not None and isinstance(error, TokenRevokedError):  # until somebody fixes the token
            raise UpstreamError(fault, retry_after=_LONGEST_WAIT) from error
        _log.warning("notice refused", reason=fault, error=type(error).__name__)
        if isinstance(error, ChannelClosedError) and channel_pause.on_refusal(context, notice, error):
            return False
    except Exception as error:  # a fault of ours in one notice must not silence its channel
        _log.exception("notice failed", attempts=notice.attempts)
        if notice.channel is None:
            raise
        if notice.attempts + 1 < _SURPRISES:
            with context.db.begin() as session:
                notice_store.postpone(
                    session, notice, context.clock() + timedelta(seconds=2.0 ** (notice.attempts + 1))
                )
            return False
        fault = f"It failed {_SURPRISES} times: {type(error).__name__}."
    with context.db.begin() as session:
        notice_store.set_sent(session, notice, context.clock(), fault)
    telemetry.notices_total.labels(kind=notice.kind.value, outcome="refused" if fault else "sent").inc()
    _log.info("notice sent" if fault is None else "notice dropped", kind=notice.kind.value)
    return posted


def _require_visible(context: Context, notice: Notice) -> None:
    """Raise unless the workspace a notice is for may (still) see what it speaks of."""
    if notice.channel is None or not notice.repository_id:
        return
    with context.db.begin() as session:
        workspace = workspace_store.get(session, notice.channel.workspace_id)
        access.require_visible(session, workspace, notice.repository_id)
