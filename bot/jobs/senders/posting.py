"""Posting once: a message that is kept up to date, a reply in the thread of a card, a direct message.

An attempt begins in the transaction that reads what the message shows, and its `PostedMessage` is recorded by the
outbox together with the end of the notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import telemetry
from bot.analysis.model import CaseId, Channel, RepositoryId
from bot.analysis.notice import CardNotice
from bot.errors import PermanentUpstreamError, RateLimitedError, UnreachableError
from bot.jobs.context import Context
from bot.slack.block_kit import Message
from bot.slack.client import Slack
from bot.slack.errors import ChannelClosedError, InvalidBlocksError, MessageNotFoundError, UnreachableUserError
from bot.slack.views.table import Level
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.database import Session
from bot.store.workspaces import workspace as workspace_store

_LEVEL_LIFE = timedelta(days=30)
"""How long a workspace that refused a kind of block is not asked again: Slack grows."""
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAttempt:
    """One attempt to send a notice: `posted` is its message of before, `card` the one whose thread it belongs in.

    `is_marked`: it is recorded that Slack is about to be asked to post it.
    """

    notice: StoredNotice
    channel: Channel
    posted: PostedMessage | None
    card: PostedMessage | None = None
    level: Level = Level.DATA
    is_marked: bool = False


def begin(session: Session, notice: StoredNotice, now: datetime) -> PostAttempt:
    """Begin an attempt to send a message to the channel of a notice."""
    return _mark(session, begin_direct(session, notice), now)


def begin_richest(session: Session, notice: StoredNotice, now: datetime) -> PostAttempt:
    """Begin an attempt to send a message with the richest blocks that its workspace takes."""
    attempt = begin_direct(session, notice)
    level = workspace_store.find_block_level(session, attempt.channel.workspace_id, now - _LEVEL_LIFE)
    return replace(_mark(session, attempt, now), level=Level(level) if level else Level.DATA)


def begin_reply(
    session: Session, notice: StoredNotice, repository_id: RepositoryId, case_id: CaseId, now: datetime
) -> PostAttempt | None:
    """Begin an attempt to reply in the thread of the card of a case; None where there is no card, or the reply is."""
    attempt = begin_direct(session, notice)
    key = CardNotice(repository_id=repository_id, case_id=case_id, channel=attempt.channel).key()
    card = message_store.find(session, key)
    if card is None or attempt.posted is not None:
        return None
    return replace(_mark(session, attempt, now), channel=card.channel, card=card)


def begin_direct(session: Session, notice: StoredNotice) -> PostAttempt:
    """Begin an attempt to send a direct message.

    Raises:
        PermanentUpstreamError: the notice is for no channel.
    """
    if notice.channel is None:
        message = "This notice names no channel."
        raise PermanentUpstreamError(message, code="no_channel")
    return PostAttempt(notice=notice, channel=notice.channel, posted=message_store.find(session, notice.key))


def post_or_update(
    context: Context, attempt: PostAttempt, message: Message, case_id: CaseId | None = None
) -> PostedMessage | None:
    """Post the message of a notice once, and update it from then on; None where it was updated."""
    slack = context.slack_of(attempt.channel.workspace_id)
    previous = attempt.posted
    if previous is not None:
        try:
            slack.update(previous.channel.id, previous.ts, message)
        except MessageNotFoundError:
            with context.db.begin() as session:
                message_store.delete(session, attempt.notice.key)
        else:
            return None
    key = f"{attempt.notice.key}:{previous.ts if previous else ''}"
    ts = _post(context, attempt, slack, attempt.channel, message, key=key)
    return PostedMessage(attempt.channel, ts, case_id)


def post_richest(context: Context, attempt: PostAttempt, render: Callable[[Level], Message]) -> PostedMessage | None:
    """Post a message with the richest blocks its workspace takes, and remember which those are."""
    known = level = attempt.level
    while True:
        try:
            posted = post_or_update(context, attempt, render(level))
        except InvalidBlocksError as error:
            if level.below is None:
                raise
            _log.info("blocks refused, plainer ones are tried", level=level, reason=str(error))
            level = level.below
            attempt = replace(attempt, is_marked=False)  # the refusal took the mark back
            continue
        if level is not known:
            with context.db.begin() as session:
                workspace_store.put_block_level(session, attempt.channel.workspace_id, level, context.clock())
        return posted


def reply(context: Context, attempt: PostAttempt, message: Message, *, broadcast: bool = False) -> PostedMessage:
    """Reply once in the thread of a card."""
    slack = context.slack_of(attempt.channel.workspace_id)
    thread_ts = attempt.card.ts if attempt.card else None
    ts = _post(
        context,
        attempt,
        slack,
        attempt.channel,
        message,
        key=attempt.notice.key,
        thread_ts=thread_ts,
        broadcast=broadcast,
    )
    return PostedMessage(attempt.channel, ts)


def direct(context: Context, attempt: PostAttempt, people: Iterable[str], message: Message) -> PostedMessage | None:
    """Send a direct message once to the first person whom Slack can reach, and update it from then on.

    None where it was updated, or there is nobody to send it to.

    Raises:
        UnreachableUserError: Slack can reach none of them.
    """
    slack = context.slack_of(attempt.channel.workspace_id)
    if attempt.posted is not None:
        slack.update(attempt.posted.channel.id, attempt.posted.ts, message)
        return None
    failure = None
    for person in people:
        try:
            channel = Channel(attempt.channel.workspace_id, slack.open_dm(person))
            ts = _post(context, attempt, slack, channel, message, key=attempt.notice.key)
        except (ChannelClosedError, UnreachableUserError) as error:
            failure = UnreachableUserError(f"{person} cannot be reached: {error}", code=error.code)
            _log.info("person cannot be reached", notice=attempt.notice.key, person=person, reason=str(error))
            continue
        return PostedMessage(channel, ts)
    if failure is not None:
        raise failure
    return None


def _mark(session: Session, attempt: PostAttempt, now: datetime) -> PostAttempt:
    """Record that Slack is about to be asked, unless an earlier attempt may have posted the message."""
    if attempt.posted is not None or attempt.notice.asked_at is not None:
        return attempt
    notice_store.set_asked(session, attempt.notice, now)
    return replace(attempt, is_marked=True)


def _post(
    context: Context,
    attempt: PostAttempt,
    slack: Slack,
    channel: Channel,
    message: Message,
    *,
    key: str,
    thread_ts: str | None = None,
    broadcast: bool = False,
) -> str:
    """Post a message and return its `ts`; one that an earlier attempt may have posted is looked for first.

    A crash between Slack's answer and our row, or an answer that was lost, posts nothing twice: where Slack does not
    know the key again, the message is found by the mark inside it, if the app may look.
    """
    notice = attempt.notice
    if notice.asked_at is not None:
        ts = slack.find(channel.id, key=key, at=notice.asked_at, thread_ts=thread_ts)
        if ts is not None:
            _log.info("message of an earlier attempt adopted", channel=str(channel))
            return ts
    if not attempt.is_marked:
        with context.db.begin() as session:
            notice_store.set_asked(session, notice, context.clock())
    try:
        return slack.post(channel.id, message, key=key, thread_ts=thread_ts, broadcast=broadcast)
    except (RateLimitedError, UnreachableError, PermanentUpstreamError):
        with context.db.begin() as session:
            notice_store.set_asked(session, notice, None)
        raise
