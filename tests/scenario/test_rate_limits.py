"""Rate limits: a second between messages of a channel, an outage survived. The clock is the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.analysis.model import Actor, ActorKind, Channel, RepositoryId
from bot.analysis.notice import ChannelPauseNotice, ImportNotice
from bot.analysis.subscription import Filters
from bot.errors import UpstreamError
from bot.jobs import outbox
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.jobs.worker import Worker
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import BOT_USER_ID, SlackSettings
from bot.services import subscription
from bot.slack import block_kit
from bot.slack.block_kit import Message
from bot.slack.registry import Registry
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import channel_schedule as channel_schedule_store
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.database import Database
from bot.store.tables.conversation import notices as notice_rows
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from tests import stored_notices
from tests.scenario.notices import count_waiting
from tests.scenario.running_app import ANA, wait

REPOSITORY = RepositoryId(7)
BUSY, CALM = "C0CIFLAKES", "C0GENERAL"
START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Post:
    """The outbox of a bot, with a clock of its own, against a Slack that can be told to fail."""

    def __init__(self, db: Database, settings: SlackSettings) -> None:
        self.db = db
        self.now = START
        self.sandbox = Sandbox(0, settings)
        self.slack = self.sandbox.slack
        self.sandbox.start()
        self.context = Context(db, None, self._registry(), None, clock=lambda: self.now)
        with db.begin() as session:
            self.workspace = workspace_store.put_by_token(session, sees_all=True, now=self.now).id
            repository_store.put(
                session, REPOSITORY, installation_id=None, full_name="acme/shop", default_branch="main", private=False
            )

    def ask(self, channel: str, number: int) -> None:
        """Ask for this many messages in a channel."""
        with self.db.begin() as session:
            for index in range(number):
                notice_store.put(session, self.message(channel, index), self.now)

    def message(self, channel: str, index: int = 0) -> ImportNotice:
        """The one of this number of any number of messages of a channel."""
        day = date(2026, 1, 1) + timedelta(days=index)
        return ImportNotice(repository_id=REPOSITORY, day=day, channel=Channel(self.workspace, channel))

    def post_richest(self) -> None:
        """Post the one message with the richest blocks that Slack takes."""
        with self.db.begin() as session:
            (stored,) = stored_notices.list_of_kind(session, ImportNotice)
            attempt = posting.begin_richest(session, stored, self.now)
        context = replace(self.context, slacks=self._registry())
        posting.post_richest(context, attempt, lambda level: Message("digest", (block_kit.section(level.value),)))

    def _registry(self) -> Registry:
        return Registry(lambda _workspace: self.slack.bot_token, base_url=f"{self.sandbox.url}/slack/api/")

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, and every channel take its turns.

        A circuit that opened stays so for a minute of the machine's clock, so each step has clients of its own.
        """
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.context = replace(self.context, slacks=self._registry())
            for channel in (BUSY, CALM):
                outbox.send_next(self.context, Channel(self.workspace, channel))
            self.now += timedelta(seconds=step)

    def said(self, channel: str) -> int:
        return len(self.slack.messages(channel))

    def waiting(self) -> int:
        return count_waiting(self.db)


@pytest.fixture
def post(db: Database) -> Iterator[Post]:
    made = Post(db, SlackSettings(rate_limits=False))
    yield made
    made.sandbox.stop()


def test_a_channel_hears_one_message_a_second_and_another_is_not_held_up(post: Post) -> None:
    post.ask(BUSY, 20)
    post.ask(CALM, 1)
    post.pass_time(1)
    assert (post.said(BUSY), post.said(CALM)) == (1, 1)
    post.pass_time(4, step=0.25)
    assert post.said(BUSY) == 5


def test_a_limit_lets_its_channel_wait_as_long_as_slack_says_and_no_other(post: Post) -> None:
    post.slack.fail_next(1, status=429, retry_after=7, method="chat.postMessage")
    post.ask(BUSY, 2)
    post.ask(CALM, 2)
    post.pass_time(6)
    assert (post.said(BUSY), post.said(CALM)) == (0, 2)
    post.pass_time(3)
    assert post.said(BUSY) == 2


def test_an_hour_of_slack_answering_500_loses_nothing_and_doubles_nothing(post: Post) -> None:
    post.slack.fail_next(1_000_000, status=500)
    post.ask(BUSY, 5)
    post.ask(CALM, 3)
    post.pass_time(3600, step=20)
    assert (post.said(BUSY), post.said(CALM)) == (0, 0)
    assert len(post.slack.calls) < 250, "a Slack that is down was hammered"
    post.slack.clear_faults()
    post.pass_time(120)
    assert (post.said(BUSY), post.said(CALM)) == (5, 3)
    assert post.waiting() == 0


def test_answers_that_are_lost_double_nothing(post: Post) -> None:
    post.slack.fail_next(6, status=500, method="chat.postMessage", after=True)
    post.ask(BUSY, 5)
    post.pass_time(400, step=5)
    assert post.said(BUSY) == 5
    assert post.waiting() == 0


def test_a_crash_between_the_message_and_our_row_doubles_nothing(post: Post) -> None:
    post.ask(BUSY, 1)
    post.pass_time(1)
    with post.db.begin() as session:
        message_store.delete(session, post.message(BUSY).key())
        session.execute(sa.update(notice_rows).values(sent_revision=0))  # which nothing but a crash leaves
    post.pass_time(5)
    assert post.said(BUSY) == 1
    assert post.waiting() == 0


@pytest.mark.parametrize("code", ["is_archived", "channel_not_found", "not_in_channel"])
def test_a_channel_that_closes_before_the_message_is_paused_and_hears_the_rest_when_it_is_back(
    post: Post, code: str
) -> None:
    channel = Channel(post.workspace, BUSY)
    with post.db.begin() as session:
        subscription.subscribe(session, channel, REPOSITORY, Filters(), Actor(ActorKind.SLACK, ANA, "ana"), post.now)
    post.slack.fail_next(100, error=code, method="chat.postMessage")
    post.ask(BUSY, 3)
    post.pass_time(600, step=20)
    assert len(post.slack.calls) == 1, "a closed channel was tried again"
    with post.db.begin() as session:
        assert channel_schedule_store.enqueue_due(session, post.now) == 1, (
            "only the one who looks after it is to be told"
        )
    post.slack.clear_faults()
    for _ in range(3):
        outbox.send_next(post.context, Channel(post.workspace, ANA))
        post.now += timedelta(seconds=2)
    (message,) = post.slack.messages(post.slack.direct_channel(ANA).id)
    assert "posts nothing more" in message.text
    post.pass_time(60)
    assert post.said(BUSY) == 0
    with post.db.begin() as session:
        channel_pause_store.delete(session, channel)
        assert channel_schedule_store.enqueue_due(session, post.now) == 1
    post.pass_time(10)
    assert post.said(BUSY) == 3
    assert post.waiting() == 0


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_what_a_wrong_token_could_not_say_is_said_when_it_is_mended(post: Post, code: str) -> None:
    post.slack.fail_next(1000, error=code)
    post.ask(BUSY, 2)
    post.pass_time(3600, step=20)
    assert len(post.slack.calls) <= 60, "Slack was asked more often than once a minute"
    post.slack.clear_faults()
    post.pass_time(120)
    assert post.said(BUSY) == 2
    assert post.waiting() == 0


def test_a_person_who_cannot_be_told_closes_no_channel(post: Post) -> None:
    with post.db.begin() as session:
        nobody = Channel(post.workspace, "U0NOBODY")
        paused = Channel(post.workspace, CALM)
        notice = ChannelPauseNotice(paused=paused, paused_at=post.now, reason="it was archived", channel=nobody)
        notice_store.put(session, notice, post.now)
    outbox.send_next(post.context, nobody)
    assert post.waiting() == 0
    with post.db.begin() as session:
        assert channel_pause_store.count(session, post.workspace) == 0


@pytest.fixture
def forgetful(db: Database) -> Iterator[Post]:
    """A Slack that posts again what it was asked to post before."""
    made = Post(db, SlackSettings(rate_limits=False, honors_client_msg_id=False))
    made.now = datetime.now(UTC)
    yield made
    made.sandbox.stop()


def test_a_plainer_message_whose_answer_was_lost_is_found_and_not_posted_again(forgetful: Post) -> None:
    forgetful.slack.fail_next(1, error="invalid_blocks", method="chat.postMessage")
    forgetful.slack.fail_next(1, status=500, method="chat.postMessage", after=True)
    forgetful.ask(BUSY, 1)
    with pytest.raises(UpstreamError):
        forgetful.post_richest()
    assert forgetful.said(BUSY) == 1
    forgetful.post_richest()
    assert forgetful.said(BUSY) == 1


def lose_the_row(post: Post) -> None:
    """Leave what a crash leaves that came after Slack's answer and before our row."""
    with post.db.begin() as session:
        message_store.delete(session, post.message(BUSY).key())
        session.execute(sa.update(notice_rows).values(sent_revision=0, asked_at=notice_rows.c.sent_at))


def test_where_slack_forgets_keys_a_lost_answer_doubles_nothing(forgetful: Post) -> None:
    forgetful.slack.fail_next(6, status=500, method="chat.postMessage", after=True)
    forgetful.ask(BUSY, 5)
    forgetful.pass_time(400, step=5)
    assert forgetful.said(BUSY) == 5
    assert forgetful.waiting() == 0


def test_where_slack_forgets_keys_the_message_of_a_crash_is_found_among_others_and_kept_up_to_date(
    forgetful: Post,
) -> None:
    forgetful.ask(BUSY, 1)
    forgetful.pass_time(1)
    lose_the_row(forgetful)
    for number in range(120):
        forgetful.slack.post(BUSY, f"somebody says {number}", [], user=ANA)
    forgetful.pass_time(5)
    assert forgetful.said(BUSY) == 121
    assert forgetful.waiting() == 0
    forgetful.ask(BUSY, 1)
    forgetful.pass_time(5)
    assert [one.updates for one in forgetful.slack.messages(BUSY) if one.user == BOT_USER_ID] == [1]


def test_where_the_bot_may_not_look_a_message_is_said_again_rather_than_never(forgetful: Post) -> None:
    forgetful.ask(BUSY, 1)
    forgetful.pass_time(1)
    lose_the_row(forgetful)
    forgetful.slack.fail_next(1, error="missing_scope", method="conversations.history")
    forgetful.pass_time(5)
    assert forgetful.said(BUSY) == 2
    assert forgetful.waiting() == 0


def test_what_was_surely_not_posted_is_not_looked_for(forgetful: Post) -> None:
    forgetful.slack.fail_next(2, status=429, retry_after=2, method="chat.postMessage")
    forgetful.ask(BUSY, 2)
    forgetful.pass_time(20)
    assert forgetful.said(BUSY) == 2
    assert {call.method for call in forgetful.slack.calls} == {"chat.postMessage"}


def test_a_notice_that_cannot_be_rendered_does_not_silence_its_channel(post: Post) -> None:
    post.ask(BUSY, 2)
    with post.db.begin() as session:  # as another version may have stored it
        session.execute(
            sa.update(notice_rows).where(notice_rows.c.key == post.message(BUSY).key()).values(kind="reminder")
        )
    post.pass_time(120, step=2)
    assert post.said(BUSY) == 1
    assert post.waiting() == 0


def test_what_is_due_later_is_found_by_the_clock_when_its_time_has_come(post: Post) -> None:
    with post.db.begin() as session:
        notice_store.put(session, post.message(BUSY), post.now, at=post.now + timedelta(hours=8))
    with post.db.begin() as session:
        assert channel_schedule_store.enqueue_due(session, post.now) == 0
        assert channel_schedule_store.enqueue_due(session, post.now + timedelta(hours=8)) == 1


def test_a_burst_of_changes_is_one_update_and_what_waits_is_not_put_off(post: Post) -> None:
    def change(pause: timedelta | None) -> None:
        with post.db.begin() as session:
            notice_store.put(session, post.message(BUSY), post.now, pause=pause)

    change(timedelta(seconds=45))
    post.pass_time(2)
    for _ in range(10):
        change(timedelta(seconds=45))
        post.pass_time(2)
    updates = [call for call in post.slack.calls if call.method == "chat.update"]
    assert not updates, "a card that was just posted was updated at once"
    post.pass_time(40)
    updates = [call for call in post.slack.calls if call.method == "chat.update"]
    assert len(updates) == 1
    change(None)
    post.pass_time(1)
    assert len([call for call in post.slack.calls if call.method == "chat.update"]) == 2, "a click was put off"


def test_the_worker_keeps_to_a_second_with_real_threads_and_is_never_limited(db: Database) -> None:
    post = Post(db, SlackSettings(rate_limits=True, burst=2))
    post.context = Context(db, None, post.context.slacks, None, clock=lambda: datetime.now(UTC))
    post.now = datetime.now(UTC)
    post.ask(BUSY, 6)
    post.ask(CALM, 1)
    worker = Worker(post.context)
    worker.start()
    try:
        assert wait(lambda: post.said(CALM) == 1, 20)
        assert post.said(BUSY) < 6, "the busy channel held up the calm one"
        assert wait(lambda: post.said(BUSY) == 6, 30)
    finally:
        worker.stop()
        post.sandbox.stop()
    assert not [call for call in post.slack.calls if call.status == 429]
