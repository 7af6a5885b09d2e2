"""Who is notified of what and when, in PostgreSQL: storms, quiet hours, proposals, digest, escalation, reminders."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.case_state import StatusChange
from bot.analysis.channel_schedule import DigestTime, QuietHours
from bot.analysis.model import SYSTEM, CaseId, Channel, RunId, Status, WorkspaceId
from bot.analysis.notice import (
    AuditLineNotice,
    CardNotice,
    ChannelPauseNotice,
    DigestNotice,
    EscalationNotice,
    ReminderNotice,
    StormNotice,
)
from bot.analysis.subscription import Event, Filters
from bot.github import policy_file
from bot.queries import digest as digest_query
from bot.queries import waiting as waiting_query
from bot.services import digest, escalation, event, notice, policy, subscription
from bot.services import workspace as asked
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import storm as storm_store
from bot.store.database import Database
from bot.store.decisions import mute as mute_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import excerpt as excerpt_store
from bot.store.runs import run as run_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import token as token_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import AccountLink
from bot.store.workspaces.token import StoredToken
from tests.sql_count import counting
from tests.store import deciding
from tests.store.run_recorder import REPOSITORY
from tests.store.subscribed import ANA, BEN, NAMES, SubscribedChannel, mark_flaky

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def channels(db: Database) -> SubscribedChannel:
    return SubscribedChannel(db)


def test_two_hundred_new_flakes_in_one_run_are_one_storm_card(channels: SubscribedChannel) -> None:
    channels.turn_flaky(NAMES[:200])
    assert len(channels.stored(StormNotice)) == 1
    assert not channels.stored(CardNotice)
    channels.now += timedelta(minutes=9)
    channels.turn_flaky(NAMES[200:203])
    assert [stored.revision for stored in channels.stored(StormNotice)] == [2]
    (storm,) = channels.notices(StormNotice)
    with channels.db.begin() as session:
        assert len(storm_store.get(session, storm.storm_id).case_ids) == 203
    channels.now += timedelta(minutes=11)
    channels.turn_flaky(NAMES[203:205])
    assert len(channels.stored(StormNotice)) == 1
    assert len(channels.stored(CardNotice)) == 2


def test_the_sixth_new_flake_within_ten_minutes_begins_a_storm(channels: SubscribedChannel) -> None:
    for name in NAMES[:5]:
        channels.turn_flaky([name])
        channels.now += timedelta(minutes=1)
    assert (len(channels.stored(CardNotice)), len(channels.stored(StormNotice))) == (5, 0)
    channels.turn_flaky(NAMES[5:6])
    assert (len(channels.stored(CardNotice)), len(channels.stored(StormNotice))) == (5, 1)


def test_what_is_found_at_night_is_said_in_the_morning_and_a_persons_deed_at_once(channels: SubscribedChannel) -> None:
    channels.now = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)
    with channels.db.begin() as session:
        subscription.set_quiet(session, channels.channel, QuietHours(time(20), time(8)), BERLIN)
    channels.turn_flaky(NAMES[:1])
    assert [stored.due_at for stored in channels.stored(CardNotice)] == [datetime(2026, 3, 6, 7, 0, tzinfo=UTC)]
    channels.propose(NAMES[1], ANA)
    assert [stored.due_at for stored in channels.stored(AuditLineNotice)] == [channels.now]


def test_a_test_that_fails_again_has_the_figures_of_its_posted_card_renewed(channels: SubscribedChannel) -> None:
    def revisions() -> dict[CaseId, int]:
        cards = zip(channels.notices(CardNotice), channels.stored(CardNotice), strict=True)
        return {card.case_id: stored.revision for card, stored in cards}

    red = {**dict.fromkeys(NAMES, "."), NAMES[0]: "F", NAMES[1]: "F", NAMES[2]: "F"}
    channels.turn_flaky(NAMES[:2])
    channels.run(red)
    channels.run(red)
    before, posted = revisions(), channels.post_card(NAMES[0])
    channels.run(red)  # moves no status any more
    assert revisions() == {**before, posted: before[posted] + 1}, "not posted yet, or without a card"


def test_a_test_that_passes_when_its_run_is_run_again_has_its_posted_card_renewed(channels: SubscribedChannel) -> None:
    def revision() -> int:
        cards = zip(channels.notices(CardNotice), channels.stored(CardNotice), strict=True)
        return next(stored.revision for card, stored in cards if card.case_id == posted)

    def red_run() -> RunId | None:
        with channels.db.begin() as session:
            failures = excerpt_store.list_latest(session, [REPOSITORY], [CaseId(posted)])
        return failures[CaseId(posted)].red_run

    green = dict.fromkeys(NAMES, ".")
    for _ in range(4):  # after which nothing moves its status
        channels.run({**green, NAMES[0]: "F"})
        channels.run(green, again=True)
    posted = channels.post_card(NAMES[0])
    run_id = channels.run({**green, NAMES[0]: "F"})
    assert red_run() == run_id
    before = revision()
    channels.run(green, again=True)
    assert revision() > before
    assert red_run() is None, "it was run again already"


def test_what_the_system_proposes_waits_for_the_digest_unless_it_blocks_the_default_branch(
    channels: SubscribedChannel,
) -> None:
    with channels.db.begin() as session:
        subscription.set_digest(session, channels.channel, DigestTime(time(9)), BERLIN, channels.now)
    channels.propose(NAMES[0], SYSTEM)
    assert not channels.stored(CardNotice)
    channels.run({**dict.fromkeys(NAMES, "."), NAMES[1]: "F"})
    channels.propose(NAMES[1], SYSTEM)
    channels.propose(NAMES[2], ANA)
    carded = [card.case_id for card in channels.notices(CardNotice)]
    assert carded == [channels.case_id(NAMES[1]), channels.case_id(NAMES[2])]


def test_a_paused_channel_is_told_nothing_until_it_is_subscribed_again(channels: SubscribedChannel) -> None:
    with channels.db.begin() as session:
        assert channel_pause_store.put(session, channels.channel, "it was archived", channels.now)
        assert not channel_pause_store.put(session, channels.channel, "it was archived", channels.now)
    channels.turn_flaky(NAMES[:1])
    assert not channels.stored(CardNotice)
    with channels.db.begin() as session:
        subscription.subscribe(session, channels.channel, REPOSITORY, Filters(), ANA, channels.now)
        assert channel_pause_store.find(session, channels.channel) is None
    channels.turn_flaky(NAMES[1:2])
    assert len(channels.stored(CardNotice)) == 1


def test_who_is_told_of_a_pause_is_who_subscribed_else_installed_else_connected(channels: SubscribedChannel) -> None:
    workspace_id = channels.channel.workspace_id
    ways: list[str] = []

    def pause(channel: str) -> None:
        with channels.db.begin() as session:
            asked.pause(session, Channel(workspace_id, channel), "it was archived", channels.now)
        channels.now += timedelta(minutes=1)
        ways[:] = [notice.channel.id for notice in channels.notices(ChannelPauseNotice)]

    pause("C0NOBODY")
    assert ways == []
    with channels.db.begin() as session:
        workspace_store.bind(session, workspace_id, [5], BEN, channels.now)
    pause("C0BOUND")
    pause("C0BOUND")
    assert ways == ["U0BEN"]
    with channels.db.begin() as session:
        token = StoredToken(
            workspace_id=workspace_id, sealed=b"sealed", installer="U0CHLOE", scopes="chat:write", expires_at=None
        )
        token_store.put(session, token, channels.now)
    pause("C0INSTALLED")
    assert ways == ["U0BEN", "U0CHLOE"]
    pause(channels.channel.id)
    assert ways == ["U0BEN", "U0CHLOE", "U0ANA"]


def test_a_channel_that_asked_for_broken_tests_gets_a_card_and_others_do_not(channels: SubscribedChannel) -> None:
    ids = [channels.case_id(NAMES[0])]
    for filters, cards in ((Filters(), 0), (Filters(events=frozenset({Event.BROKEN})), 1)):
        with channels.db.begin() as session:
            subscription.subscribe(session, channels.channel, REPOSITORY, filters, ANA, channels.now)
            run = run_store.get(session, REPOSITORY, channels.run_id)
            changes = [StatusChange(one, Status.HEALTHY, Status.BROKEN) for one in ids]
            notice.post_changes(session, run, changes, None, channels.now)
        assert len(channels.stored(CardNotice)) == cards


def test_four_processes_make_one_digest(channels: SubscribedChannel) -> None:
    begin = datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
    with channels.db.begin() as session:
        subscription.set_digest(session, channels.channel, DigestTime(time(9)), BERLIN, begin)

    def tick(now: datetime) -> None:
        with channels.db.begin() as session:
            digest.put_due(session, now)

    for hour in range(36):
        threads = [threading.Thread(target=tick, args=(begin + timedelta(hours=hour),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [digest.day for digest in channels.notices(DigestNotice)] == [date(2026, 3, 5), date(2026, 3, 6)]


@pytest.fixture
def waiting(channels: SubscribedChannel) -> SubscribedChannel:
    """A channel with a card of a flaky test on which nobody has decided."""
    channels.run({**dict.fromkeys(NAMES, "."), NAMES[0]: "F"})
    mark_flaky(channels, channels.post_card(NAMES[0]))
    return channels


def escalate(channels: SubscribedChannel, hours: float) -> list[str]:
    """Let hours pass, with a tick before the last moment and two after; returns the steps that were asked for."""
    channels.now += timedelta(hours=hours)
    for _ in range(2):
        with channels.db.begin() as session:
            escalation.escalate(session, channels.now)
    return [notice.step for notice in channels.notices(EscalationNotice)]


def test_what_waits_is_mentioned_after_a_day_told_in_person_after_three_and_then_stale(
    waiting: SubscribedChannel,
) -> None:
    assert escalate(waiting, 23) == []
    assert escalate(waiting, 1.1) == ["mention"]
    assert escalate(waiting, 47) == ["mention"]
    assert escalate(waiting, 1) == ["mention", "direct"]
    assert escalate(waiting, 48) == ["mention", "direct"]
    with waiting.db.begin() as session:
        told = digest_query.of_channel(session, waiting.channel, None, None, "", waiting.now)
    assert told is not None
    assert [row.title.rpartition("::")[2] for row in told.stale] == [NAMES[0]]
    assert escalate(waiting, 24 * 14) == ["mention", "direct"]


def test_a_decision_or_a_mute_ends_the_escalation(waiting: SubscribedChannel) -> None:
    case_id = waiting.case_id(NAMES[0])
    with waiting.db.begin() as session:
        mute_store.put(session, REPOSITORY, case_id, waiting.now + timedelta(hours=30), ANA)
    assert escalate(waiting, 25) == []
    assert escalate(waiting, 6) == ["mention"]
    with waiting.db.begin() as session:
        event.record(session, audit.of_case(AuditAction.LABEL, REPOSITORY, case_id, ANA, waiting.now))
    assert escalate(waiting, 60) == ["mention"]


def test_a_proposal_waits_from_when_it_was_made_and_the_owner_is_asked(waiting: SubscribedChannel) -> None:
    waiting.now += timedelta(hours=20)
    proposed = waiting.propose(NAMES[0], ANA)
    assert escalate(waiting, 23) == []
    assert escalate(waiting, 2) == ["mention"]
    with waiting.db.begin() as session:
        assert quarantine_store.get(session, proposed).owner == "U0ANA"
        found = waiting_query.find_people(session, waiting.channel, REPOSITORY, waiting.case_id(NAMES[0]))
        assert found[0] == "U0ANA"


CODEOWNERS = b"""
tests/test_t0.py   @acme/payments @ben
tests/test_t1.py   @acme/core
"""
TEAMS = b"teams: [{team: '@acme/payments', slack: S0PAY}]"


def test_who_owns_a_test_is_named_by_people_else_by_codeowners_and_mentioned_as_far_as_slack_knows_them(
    channels: SubscribedChannel,
) -> None:
    workspace_id = channels.channel.workspace_id
    t0, t1, t2, t3 = (channels.case_id(name) for name in NAMES[:4])
    channels.propose(NAMES[3], ANA)

    def owning(case_id: CaseId) -> tuple[str, ...]:
        return waiting_query.find_owners(session, workspace_id, REPOSITORY, case_id)

    with channels.db.begin() as session:
        policy.load(session, REPOSITORY, policy_file.to_json(TEAMS), CODEOWNERS, channels.now)
        assert owning(t0) == ("S0PAY", "@ben")
        account_link_store.put(session, AccountLink(workspace_id, "U0BEN", 7, "Ben"), channels.now)
        account_link_store.put(session, AccountLink(WorkspaceId(workspace_id + 1), "U0EVIL", 7, "ben"), channels.now)
        assert owning(t0) == ("S0PAY", "U0BEN")
        assert owning(t1) == ("@acme/core",)
        assert owning(t2) == ()
        assert owning(t3) == ("U0ANA",)


def test_owners_are_found_in_the_workspace_in_one_statement_however_many_they_are(channels: SubscribedChannel) -> None:
    statements = []
    for owners in (b"* @ben", b"* @ben @chloe @acme/core"):
        with channels.db.begin() as session:
            policy.load(session, REPOSITORY, "", owners, channels.now)
            with counting() as count:
                waiting_query.find_owners(
                    session, channels.channel.workspace_id, REPOSITORY, channels.case_id(NAMES[0])
                )
        statements.append(len(count.statements))
    assert statements[0] == statements[1]


@pytest.mark.parametrize("owner", ["@acme/payments", "Payments", "@ben", "S0PAY"])
def test_a_subscription_by_owner_hears_of_new_flakes_by_codeowners(channels: SubscribedChannel, owner: str) -> None:
    with channels.db.begin() as session:
        policy.load(session, REPOSITORY, policy_file.to_json(TEAMS), CODEOWNERS, channels.now)
        wanted = Filters(owner=owner)
        subscription.subscribe(session, channels.channel, REPOSITORY, wanted, ANA, channels.now)
    channels.turn_flaky(NAMES[:3])
    assert [card.case_id for card in channels.notices(CardNotice)] == [channels.case_id(NAMES[0])]


def test_who_is_asked_in_person_is_the_owner_else_who_acted_last_else_who_subscribed(
    waiting: SubscribedChannel,
) -> None:
    case_id = waiting.case_id(NAMES[0])

    def people() -> list[str]:
        with waiting.db.begin() as session:
            return waiting_query.find_people(session, waiting.channel, REPOSITORY, case_id)

    assert people() == ["U0ANA"], "who subscribed the channel"
    with waiting.db.begin() as session:
        elsewhere = Channel(waiting.channel.workspace_id, "C0NOBODY")
        assert waiting_query.find_people(session, elsewhere, REPOSITORY, case_id) == []
        for actor in (BEN, SYSTEM):
            event.record(session, audit.of_case(AuditAction.MUTE, REPOSITORY, case_id, actor, waiting.now))
    assert people() == ["U0BEN", "U0ANA"]
    with waiting.db.begin() as session:
        policy.load(session, REPOSITORY, "", b"* @chloe @acme/payments", waiting.now)
        account_link_store.put(session, AccountLink(waiting.channel.workspace_id, "U0CHLOE", 8, "chloe"), waiting.now)
    assert people() == ["U0CHLOE", "U0BEN", "U0ANA"]


def test_a_quarantine_is_reminded_of_three_days_before_its_end_and_on_its_last_day(channels: SubscribedChannel) -> None:
    channels.post_card(NAMES[0])
    proposed = channels.propose(NAMES[0], ANA)
    with channels.db.begin() as session:
        deciding.approve(session, proposed, BEN, channels.now)
    begin = channels.now
    seen = []
    for hour in range(0, 15 * 24, 6):
        with channels.db.begin() as session:
            seen += [hour] * escalation.remind(session, begin + timedelta(hours=hour))
    assert seen == [11 * 24, 13 * 24]
    assert [reminder.days_left for reminder in channels.notices(ReminderNotice)] == [3, 0]
