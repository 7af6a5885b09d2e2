"""Notices in the database: typed both ways, one statement for many, four transactions for a new card."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, EventId, QuarantineId, RepositoryId, RunId, Status, WorkspaceId
from bot.analysis.notice import (
    KINDS,
    AuditLineNotice,
    AuthorNotice,
    CardNotice,
    ChannelPauseNotice,
    CheckRunNotice,
    DigestNotice,
    EscalationNotice,
    HomeNotice,
    ImportNotice,
    IncidentNotice,
    Notice,
    ReminderNotice,
    StatusChangeNotice,
    StormNotice,
    UnreadableReportNotice,
)
from bot.analysis.quarantine.escalation import EscalationStep
from bot.jobs import outbox
from bot.jobs.context import Context
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import SlackSettings
from bot.slack.registry import Registry
from bot.store.conversation import notice as notice_store
from bot.store.conversation.notice import UnknownNoticeError
from bot.store.database import Database
from bot.store.tables.conversation import notices
from tests import stored_notices
from tests.sql_count import counting
from tests.store.subscribed import NAMES, SubscribedChannel

NOW = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
REPOSITORY, CASE, RUN = RepositoryId(7), CaseId(17), RunId(70)
CHANNEL, PERSON = Channel(WorkspaceId(3), "C0CIFLAKES"), Channel(WorkspaceId(3), "U0ANA")
EXAMPLES: tuple[Notice, ...] = (
    CardNotice(repository_id=REPOSITORY, case_id=CASE, channel=CHANNEL),
    AuditLineNotice(repository_id=REPOSITORY, event_id=EventId(9), channel=CHANNEL),
    StatusChangeNotice(
        repository_id=REPOSITORY,
        case_id=CASE,
        run_id=RUN,
        before=Status.FLAKY,
        after=Status.HEALTHY,
        channel=CHANNEL,
    ),
    ImportNotice(repository_id=REPOSITORY, day=date(2026, 3, 5), channel=CHANNEL),
    IncidentNotice(repository_id=REPOSITORY, run_id=RUN, channel=CHANNEL),
    UnreadableReportNotice(repository_id=REPOSITORY, run_id=RUN, channel=CHANNEL),
    StormNotice(repository_id=REPOSITORY, storm_id=4, channel=CHANNEL),
    DigestNotice(day=date(2026, 3, 5), channel=CHANNEL),
    DigestNotice(request="request", channel=CHANNEL),
    EscalationNotice(repository_id=REPOSITORY, case_id=CASE, step=EscalationStep.DIRECT, since=NOW, channel=CHANNEL),
    ReminderNotice(
        repository_id=REPOSITORY,
        quarantine_id=QuarantineId(5),
        days_left=3,
        expires_on=date(2026, 3, 8),
        channel=CHANNEL,
    ),
    AuthorNotice(repository_id=REPOSITORY, head_sha="0" * 40, channel=PERSON),
    CheckRunNotice(repository_id=REPOSITORY, head_sha="0" * 40),
    HomeNotice(channel=PERSON),
    ChannelPauseNotice(paused=CHANNEL, paused_at=NOW, reason="it was archived", channel=PERSON),
)


def test_a_notice_of_every_kind_is_read_back_as_it_was_stored(db: Database) -> None:
    with db.begin() as session:
        assert notice_store.put_all(session, EXAMPLES, NOW) == len(EXAMPLES)
        stored = [one.decode() for kind in KINDS for one in stored_notices.list_of_kind(session, kind)]
    assert {type(notice) for notice in EXAMPLES} == set(KINDS), "an example is missing"
    assert sorted(stored, key=str) == sorted(EXAMPLES, key=str)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"kind": "telegram"}, "is of the unknown kind telegram"),
        ({"payload": {"storm_id": 4, "colour": "red"}}, "has unknown fields: colour"),
        ({"payload": {"storm_id": "many"}}, "cannot be read"),
    ],
)
def test_what_another_version_stored_is_rejected_with_its_fault(
    db: Database, columns: dict[str, object], message: str
) -> None:
    with db.begin() as session:
        notice_store.put(session, StormNotice(repository_id=REPOSITORY, storm_id=4, channel=CHANNEL), NOW)
        session.execute(sa.update(notices).values(columns))  # which no function of this version stores
        stored = notice_store.find_due(session, CHANNEL, NOW)
    assert stored is not None
    with pytest.raises(UnknownNoticeError, match=message):
        stored.decode()


@pytest.mark.parametrize("number", [5, 500])
def test_many_cards_and_check_runs_cost_two_statements(db: Database, number: int) -> None:
    cards = [CardNotice(repository_id=REPOSITORY, case_id=CaseId(one), channel=CHANNEL) for one in range(number)]
    checks = [CheckRunNotice(repository_id=REPOSITORY, head_sha=f"{one:040}") for one in range(number)]
    with db.begin() as session, counting() as count:
        assert notice_store.put_all(session, [*cards, *checks], NOW) == 2 * number
    assert len(count.statements) == 2, "one that stores them, one that queues their jobs"
    with db.begin() as session:
        jobs = session.execute(sa.text("select task_name, count(*) from procrastinate_jobs group by 1")).all()
    assert dict(map(tuple, jobs)) == {"channel": 1, "notice": number}


def test_a_living_notice_is_renewed_and_another_is_sent_once(db: Database) -> None:
    card = CardNotice(repository_id=REPOSITORY, case_id=CASE, channel=CHANNEL)
    line = AuditLineNotice(repository_id=REPOSITORY, event_id=EventId(9), channel=CHANNEL)
    with db.begin() as session:
        assert notice_store.put_all(session, [card, line, card], NOW) == 2
        assert notice_store.put_all(session, [card, line], NOW + timedelta(seconds=1)) == 1
        assert [one.revision for one in stored_notices.list_of_kind(session, CardNotice)] == [2]


@pytest.fixture
def channels(db: Database) -> SubscribedChannel:
    return SubscribedChannel(db)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(0, SlackSettings(rate_limits=False))
    sandbox.start()
    yield sandbox
    sandbox.stop()


def test_a_new_card_is_posted_in_four_transactions(channels: SubscribedChannel, sandbox: Sandbox) -> None:
    channels.turn_flaky(NAMES[:1])

    def token_of(_workspace: WorkspaceId) -> str:
        with channels.db.begin() as session:
            session.execute(sa.text("select 'a token is read in a transaction of its own'"))
        return sandbox.slack.bot_token

    registry = Registry(token_of, base_url=f"{sandbox.url}/slack/api/")
    context = Context(channels.db, None, registry, None, clock=lambda: channels.now)
    with counting() as count:
        outbox.send_next(context, channels.channel)
    assert len(sandbox.slack.messages(channels.channel.id)) == 1
    assert count.commits == 4


def test_the_key_of_a_notice_names_what_tells_it_from_others() -> None:
    keys = [notice.key() for notice in EXAMPLES]
    assert len(set(keys)) == len(keys)
    card = EXAMPLES[0]
    assert isinstance(card, CardNotice)
    assert replace(card, channel=PERSON).key() != card.key()


def test_a_run_and_an_event_ask_for_notices_in_one_order(db: Database) -> None:
    channel = SubscribedChannel(db)
    head_sha = "f" * 40
    channel.run({NAMES[0]: "F"}, branch="feature", sha=head_sha)
    card = CardNotice(repository_id=channel.repository_id, case_id=channel.post_card(NAMES[0]), channel=channel.channel)
    check = CheckRunNotice(repository_id=channel.repository_id, head_sha=head_sha)
    with db.begin() as session:
        notice_store.put_all(session, [card, check], channel.now)
    with ThreadPoolExecutor(1) as threads:
        with db.begin() as session:
            notice_store.put(session, card, channel.now)
            again = threads.submit(channel.run, {NAMES[0]: "F"}, branch="feature", sha=head_sha, again=True)
            with db.begin() as watching:
                is_waiting = sa.text("select count(*) from pg_locks where not granted")
                while not watching.execute(is_waiting).scalar_one():
                    assert not again.done()
            notice_store.put(session, check, channel.now)  # the run asks for it after the card
        again.result()
