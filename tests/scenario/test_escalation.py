"""What waits and what ends, as it is said in Slack: thread, direct message, storm card and the tests behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.analysis.model import Actor, ActorKind
from bot.github import policy_file
from bot.queries import digest as digest_query
from bot.queries import owner
from bot.queries import waiting as waiting_query
from bot.services import escalation, policy, subscription
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.database import Database
from tests.presence import present
from tests.scenario.posted import PostedChannel
from tests.scenario.running_app import ANA
from tests.store import deciding
from tests.store.subscribed import ANA as ANA_ACTOR
from tests.store.subscribed import BEN as BEN_ACTOR
from tests.store.subscribed import NAMES


@pytest.fixture
def posted(db: Database) -> Iterator[PostedChannel]:
    made = PostedChannel(db)
    yield made
    made.sandbox.stop()


def test_a_proposal_is_asked_about_in_its_thread_and_then_in_person(posted: PostedChannel) -> None:
    ts = posted.card(NAMES[0])
    posted.propose(NAMES[0], ANA_ACTOR)
    posted.say()
    posted.escalate(hours=25)
    replies = posted.slack.replies(posted.channel.id, ts)
    assert "Nobody has decided" in replies[-1].text
    assert f"<@{ANA}>" in str(replies[-1].blocks)
    assert not replies[-1].broadcast
    posted.escalate(hours=48)
    (direct,) = posted.slack.messages(posted.slack.direct_channel(ANA).id)
    assert direct.text.startswith("You are asked to decide: ")
    assert "fg_approve" in str(direct.blocks)
    posted.escalate(hours=48)
    assert len(posted.slack.messages(posted.slack.direct_channel(ANA).id)) == 1


def test_a_team_of_codeowners_is_mentioned_by_its_user_group_and_nothing_else_in_the_file_mentions(
    posted: PostedChannel,
) -> None:
    teams = policy_file.to_json(b"teams: [{team: '@acme/payments', slack: S0CIGUARDS}]")
    with posted.db.begin() as session:
        policy.load(session, posted.repository_id, teams, b"* @acme/payments @here @<!channel>", posted.now)
        assert owner.of_cases(session, [posted.repository_id], [posted.case_id(NAMES[0])]) == {}, "it was no owner"
        policy.load(session, posted.repository_id, teams, b"* @acme/payments @channel", posted.now)
    ts = posted.card(NAMES[0])
    shown = str(present(posted.slack.message(posted.channel.id, ts)).blocks)
    assert "*Owner*\\n@acme/payments, " in shown
    assert "<!" not in shown.replace("<!date", ""), "the card calls nobody"
    posted.escalate(hours=25)
    (asked,) = posted.slack.replies(posted.channel.id, ts)
    assert "<!subteam^S0CIGUARDS>, \N{FULLWIDTH COMMERCIAL AT}channel: nobody has decided" in str(asked.blocks)


def direct(posted: PostedChannel, user: str) -> list[str]:
    return [one.text for one in posted.slack.messages(posted.slack.direct_channel(user).id)]


def test_a_test_that_nobody_owns_is_asked_about_of_who_subscribed_and_then_stands_in_the_digest(
    posted: PostedChannel,
) -> None:
    posted.card(NAMES[0])
    posted.escalate(hours=73)
    (told,) = direct(posted, ANA)
    assert told.startswith("You are asked to decide: ")
    with posted.db.begin() as session:
        told_of = digest_query.of_channel(session, posted.channel, None, None, "", posted.now)
    assert told_of is not None
    assert [(row.title.rpartition("::")[2], row.owners) for row in told_of.stale] == [(NAMES[0], ())]


def test_whom_slack_does_not_know_any_more_is_passed_over_and_their_channel_stays_open(posted: PostedChannel) -> None:
    posted.card(NAMES[0])
    gone = Actor(ActorKind.SLACK, "U0GONE", "gone")
    posted.propose(NAMES[0], gone, owner=None)
    posted.say()
    posted.escalate(hours=73)
    assert len(direct(posted, ANA)) == 1
    with posted.db.begin() as session:
        assert channel_pause_store.find(session, posted.channel) is None


def test_where_nobody_is_known_it_is_a_row_of_the_digest_only(posted: PostedChannel) -> None:
    posted.card(NAMES[0])
    with posted.db.begin() as session:
        subscription.unsubscribe(session, posted.channel, posted.repository_id)
    posted.escalate(hours=73)
    assert not [call for call in posted.slack.calls if call.method == "conversations.open"]
    with posted.db.begin() as session:
        assert len(waiting_query.list_undecided(session, posted.now)) == 1


def test_a_reminder_that_quiet_hours_held_back_to_the_last_day_is_said_once(posted: PostedChannel) -> None:
    ts = posted.card(NAMES[0])
    proposed = posted.propose(NAMES[0], ANA_ACTOR)
    with posted.db.begin() as session:
        deciding.approve(session, proposed, BEN_ACTOR, posted.now)
    posted.say()
    for passed in ({"days": 11, "hours": 1}, {"days": 2}):
        posted.now += timedelta(**passed)
        with posted.db.begin() as session:
            escalation.remind(session, posted.now)
    posted.say()
    told = [one.text for one in posted.slack.replies(posted.channel.id, ts) if " ends " in one.text]
    assert len(told) == 1
    assert "ends tomorrow" in told[0]


def test_a_line_of_a_thread_whose_answer_was_lost_is_found_in_its_thread(posted: PostedChannel) -> None:
    posted.slack.settings = replace(posted.slack.settings, honors_client_msg_id=False)
    posted.now = datetime.now(UTC) - timedelta(hours=30)
    ts = posted.card(NAMES[0])
    posted.slack.fail_next(1, status=500, method="chat.postMessage", after=True)
    posted.now = datetime.now(UTC)
    posted.escalate()
    asked = [one for one in posted.slack.replies(posted.channel.id, ts) if "Nobody has decided" in one.text]
    assert len(asked) == 1
    assert [call.method for call in posted.slack.calls if "conversations" in call.method] == ["conversations.replies"]


def test_what_was_decided_before_its_turn_came_is_not_asked_about(posted: PostedChannel) -> None:
    ts = posted.card(NAMES[0])
    proposed = posted.propose(NAMES[0], ANA_ACTOR)
    posted.say()
    posted.now += timedelta(hours=25)
    with posted.db.begin() as session:
        assert escalation.escalate(session, posted.now) == 1
        deciding.approve(session, proposed, BEN_ACTOR, posted.now)
    posted.say()
    assert not [one for one in posted.slack.replies(posted.channel.id, ts) if "Nobody has decided" in one.text]


def test_the_end_of_a_quarantine_is_announced_in_its_thread_twice(posted: PostedChannel) -> None:
    ts = posted.card(NAMES[0])
    proposed = posted.propose(NAMES[0], ANA_ACTOR)
    with posted.db.begin() as session:
        deciding.approve(session, proposed, BEN_ACTOR, posted.now)
    posted.say()
    posted.escalate(days=11, hours=1)
    posted.escalate(days=2, hours=1)
    told = [one for one in posted.slack.replies(posted.channel.id, ts) if " ends " in one.text]
    assert ["in 3 days" in one.text for one in told] == [True, False]
    assert "ends tomorrow" in told[1].text
    assert "fg_lift" in str(told[1].blocks)


def test_a_storm_is_one_message_that_is_brought_up_to_date(posted: PostedChannel) -> None:
    posted.run({**dict.fromkeys(NAMES, "."), **dict.fromkeys(NAMES[:9], "F")})
    posted.turn_flaky(NAMES[:7])
    posted.say()
    posted.turn_flaky(NAMES[7:9])
    posted.now += timedelta(minutes=1)
    posted.say()
    (message,) = posted.slack.messages(posted.channel.id)
    assert message.text.startswith("Flake storm in acme/shop-77: 9 tests turned flaky at once, the first is")
    assert message.updates == 1
    assert "data_table" in str(message.blocks)
