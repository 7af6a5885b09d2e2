"""Posting once: a message that is kept up to date, and a reply in the thread of a card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot import telemetry
from bot.analysis.model import CaseId, Channel
from bot.errors import PermanentUpstreamError, RateLimitedError, UnreachableError
from bot.jobs.context import Context
from bot.services import notice as announce
from bot.slack.block_kit import Message
from bot.slack.errors import ChannelClosedError, InvalidBlocksError, MessageNotFoundError, UnreachableUserError
from bot.slack.views.table import Level
from bot.store.conversation import block_level as block_level_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation.notice import Notice

_LEARNED = timedelta(days=30)
"""How long a workspace that refused a kind of block is not asked again: Slack grows."""
_log = telemetry.logger(__name__)


def keep_richest(context: Context, notice: Notice, render: Callable[[Level], Message]) -> bool:
    """Post a message with the richest blocks its workspace takes, and remember which those are."""
    workspace_id = channel_of(notice).workspace_id
    with context.db.begin() as session:
        known = block_level_store.find(session, workspace_id, context.clock() - _LEARNED)
    level = first = Level(known) if known else Level.DATA
    while True:
        try:
            posted = keep(context, notice, render(level))
        except InvalidBlocksError as error:
            if level.below is None:
                raise
            _log.info("blocks refused, plainer ones are tried", level=level, reason=str(error))
            level = level.below
            continue
        if level is not first:
            with context.db.begin() as session:
                block_level_store.put(session, workspace_id, level, context.clock())
        return posted


def keep(context: Context, notice: Notice, message: Message, case_id: CaseId | None = None) -> bool:
    """Post the message of a notice once, and bring it up to date from then on; True where it was posted."""
    channel = channel_of(notice)
    slack = context.slack_of(channel.workspace_id)
    with context.db.begin() as session:
        posted = notice_store.find_message(session, notice.key)
    if posted is not None:
        try:
            slack.update(posted[0].id, posted[1], message)
        except MessageNotFoundError:
            with context.db.begin() as session:
                notice_store.forget_message(session, notice.key)
        else:
            return False
    ts = _post(context, notice, channel, message, key=f"{notice.key}:{posted[1] if posted else ''}")
    with context.db.begin() as session:
        notice_store.put_message(
            session,
            notice.key,
            channel=channel,
            ts=ts,
            now=context.clock(),
            repository_id=notice.repository_id,
            case_id=case_id,
        )
    return True


def reply(context: Context, notice: Notice, case_id: CaseId, message: Message, *, broadcast: bool = False) -> bool:
    """Say something once in the thread of the card of a case; True where it was posted."""
    channel = channel_of(notice)
    key = announce.card_key(notice.repository_id, case_id, channel)
    with context.db.begin() as session:
        card = notice_store.find_message(session, key)
        done = notice_store.find_message(session, notice.key)
    if card is None or done is not None:
        return False
    ts = _post(context, notice, card[0], message, key=notice.key, thread_ts=card[1], broadcast=broadcast)
    with context.db.begin() as session:
        notice_store.put_message(session, notice.key, channel=card[0], ts=ts, now=context.clock())
    return True


def tell(context: Context, notice: Notice, person: str, message: Message) -> bool:
    """Say something once to one person, and bring it up to date from then on; True where it was posted.

    Raises:
        UnreachableUserError: Slack has no way to that person.
    """
    channel = channel_of(notice)
    slack = context.slack_of(channel.workspace_id)
    with context.db.begin() as session:
        posted = notice_store.find_message(session, notice.key)
    if posted is not None:
        slack.update(posted[0].id, posted[1], message)
        return False
    try:
        channel_id = slack.open_dm(person)
        ts = _post(context, notice, Channel(channel.workspace_id, channel_id), message, key=notice.key)
    except ChannelClosedError as error:
        text = f"{person} cannot be told: {error}"
        raise UnreachableUserError(text, code=error.code) from None
    with context.db.begin() as session:
        direct = Channel(channel.workspace_id, channel_id)
        notice_store.put_message(session, notice.key, channel=direct, ts=ts, now=context.clock())
    return True


def _post(
    context: Context,
    notice: Notice,
    channel: Channel,
    message: Message,
    *,
    key: str,
    thread_ts: str | None = None,
    broadcast: bool = False,
) -> str:
    """Post a message and return its `ts`; one that an earlier try may have posted is looked for first.

    A crash between Slack's answer and our row, or an answer that was lost, posts nothing twice: where Slack does not
    know the key again, the message is found by the mark inside it, if the app may look.
    """
    slack = context.slack_of(channel.workspace_id)
    if notice.asked_at is not None:
        found = slack.find(channel.id, key=key, at=notice.asked_at, thread_ts=thread_ts)
        if found is not None:
            _log.info("message of an earlier try adopted", channel=str(channel))
            return found
    with context.db.begin() as session:
        notice_store.set_asked(session, notice, context.clock())
    try:
        return slack.post(channel.id, message, key=key, thread_ts=thread_ts, broadcast=broadcast)
    except (RateLimitedError, UnreachableError, PermanentUpstreamError):
        with context.db.begin() as session:
            notice_store.set_asked(session, notice, None)
        raise


def channel_of(notice: Notice) -> Channel:
    """Where a notice is said.

    Raises:
        PermanentUpstreamError: it is for no channel.
    """
    if notice.channel is None:
        message = "This notice names no channel."
        raise PermanentUpstreamError(message, code="no_channel")
    return notice.channel
