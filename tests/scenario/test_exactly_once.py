"""Whatever happens twice, or breaks in the middle, ends in one quarantine, one card, one audit entry."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.analysis.audit import AuditAction
from bot.analysis.quarantine.lifecycle import State
from bot.sandbox.github.model import WorkflowRun
from bot.store.conversation import message as message_store
from bot.store.conversation.message import PostedMessage
from bot.store.database import Database
from bot.store.decisions import audit as audit_store
from bot.store.runs import run as run_store
from bot.store.scores import score as score_store
from bot.store.scores.score import StoredScore
from tests.presence import present
from tests.scenario.proposal import has_button, propose
from tests.scenario.running_app import BEN, CHANNEL, CHLOE, RunningApp, wait


@pytest.mark.parametrize("people", [(BEN, BEN), (BEN, CHLOE)], ids=["one person clicks twice", "two people at once"])
def test_two_approvals_at_once_are_one(app: RunningApp, people: tuple[str, str]) -> None:
    ts = propose(app)
    clicks = [threading.Thread(target=app.slack.click, args=(who, CHANNEL, ts, "fg_approve")) for who in people]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert wait(lambda: has_button(app, ts, "fg_lift"))
    answers = ("Already approved", "was first: approved")  # it came after the decision, or while it was stored

    def answered() -> bool:
        messages = [message.text for person in people for message in app.slack.ephemerals(person)]
        return any(answer in text for text in messages for answer in answers)

    assert wait(answered)
    (card,) = app.cards()
    with app.db.begin() as session:
        trail = audit_store.list_case(session, app.repository_id, app.case_id(card))
    assert [event.action for event in trail].count(AuditAction.APPROVE) == 1
    assert [quarantine.state for quarantine in app.open_quarantines()] == [State.ACTIVE]


def test_a_bot_killed_between_webhook_and_message_posts_one_card_when_it_is_back(killable_app: RunningApp) -> None:
    killable_app.slack.fail_next(2, status=500, method="chat.postMessage")
    killable_app.turn_flaky()
    assert wait(lambda: any(call.method == "chat.postMessage" for call in killable_app.slack.calls), 30)
    killable_app.kill_bot()
    killable_app.start_bot()
    assert wait(killable_app.cards, 60), "the card was lost"
    assert len(killable_app.cards()) == 1


def test_a_bot_killed_after_slack_posted_adopts_the_card_even_where_slack_forgets_keys(
    killable_app: RunningApp,
) -> None:
    killable_app.slack.settings = replace(killable_app.slack.settings, honors_client_msg_id=False)
    killable_app.slack.fail_next(1, status=500, method="chat.postMessage", after=True)
    killable_app.turn_flaky()
    assert wait(killable_app.cards, 30), "nothing was posted"
    killable_app.kill_bot()
    key = killable_app.card_notice(killable_app.cards()[0]).key()

    def known() -> PostedMessage | None:
        with killable_app.db.begin() as session:
            return message_store.find(session, key)

    assert known() is None, "the bot knew of its message before it was killed"
    killable_app.start_bot()
    assert wait(known, 60), "the card was not taken up again"
    (card,) = killable_app.cards()
    assert present(known()).ts == card.ts, "another one was adopted"


def test_a_bot_killed_in_the_middle_of_recording_a_run_records_it_once_when_it_is_back(
    killable_app: RunningApp,
) -> None:
    known = count_read(killable_app)
    before = scored(killable_app)
    with killable_app.db.begin() as session:
        # By then the results are stored and judged, and nothing is committed.
        session.execute(sa.text("lock table run_orders in exclusive mode"))
        run = killable_app.run("the one", ("test_total",))
        assert wait(lambda: waits_for_lock(killable_app.db), 30), "the bot did not come so far"
        killable_app.kill_bot()
        assert scored(killable_app) == before
    killable_app.start_bot()
    assert wait(lambda: is_read(killable_app, run), 60), "the run was lost"
    assert count_read(killable_app) == known + 1
    once = scored(killable_app)
    assert once != before
    killable_app.run_command("rebuild", "--all")
    assert scored(killable_app) == once


def count_read(app: RunningApp) -> int:
    with app.db.begin() as session:
        return present(run_store.summarise(session, app.repository_id))[0]


def is_read(app: RunningApp, run: WorkflowRun) -> bool:
    with app.db.begin() as session:
        attempts = run_store.list_read_attempts(session, app.repository_id, [run.id])
        return [attempt.attempt for attempt in attempts] == [run.run_attempt]


def scored(app: RunningApp) -> list[StoredScore]:
    with app.db.begin() as session:
        return score_store.list_stored(session, app.repository_id)


def waits_for_lock(db: Database) -> bool:
    with db.begin() as session:
        return bool(session.execute(sa.text("select 1 from pg_locks where not granted")).first())
