"""Whatever happens twice, or breaks in the middle, ends in one quarantine, one card, one audit entry."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables.conversation import messages
from bot.store.tables.deciding import audit, quarantines
from bot.store.tables.judging import scores
from bot.store.tables.results import runs
from tests.scenario.proposal import has_button, propose
from tests.scenario.stage import BEN, CHANNEL, CHLOE, Stage, wait


@pytest.mark.parametrize("people", [(BEN, BEN), (BEN, CHLOE)], ids=["one person clicks twice", "two people at once"])
def test_two_approvals_at_once_are_one(stage: Stage, people: tuple[str, str]) -> None:
    ts = propose(stage)
    clicks = [threading.Thread(target=stage.slack.click, args=(who, CHANNEL, ts, "fg_approve")) for who in people]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert wait(lambda: has_button(stage, ts, "fg_lift"))
    answers = ("Already approved", "was first: approved")  # it came after the decision, or while it was stored
    assert wait(
        lambda: any(answer in said.text for who in people for said in stage.slack.ephemerals(who) for answer in answers)
    )
    with stage.db.begin() as session:
        approvals = session.execute(sa.select(sa.func.count()).where(audit.c.type == "quarantine:approve")).scalar_one()
        assert approvals == 1
        assert session.execute(sa.select(quarantines.c.state)).scalars().all() == ["active"]
    assert len(stage.cards()) == 1


def test_a_bot_killed_between_webhook_and_message_posts_one_card_when_it_is_back(killable_stage: Stage) -> None:
    killable_stage.slack.fail_next(2, status=500, method="chat.postMessage")
    killable_stage.turn_flaky()
    assert wait(lambda: any(call.method == "chat.postMessage" for call in killable_stage.slack.calls), 30)
    killable_stage.kill_bot()
    killable_stage.start_bot()
    assert wait(killable_stage.cards, 60), "the card was lost"
    assert len(killable_stage.cards()) == 1


def test_a_bot_killed_after_slack_posted_adopts_the_card_even_where_slack_forgets_keys(killable_stage: Stage) -> None:
    killable_stage.slack.settings = replace(killable_stage.slack.settings, honors_client_msg_id=False)
    killable_stage.slack.fail_next(1, status=500, method="chat.postMessage", after=True)
    killable_stage.turn_flaky()
    assert wait(killable_stage.cards, 30), "nothing was posted"
    killable_stage.kill_bot()
    with killable_stage.db.begin() as session:
        assert not session.execute(sa.select(messages)).all(), "the bot knew of its message before it was killed"
    killable_stage.start_bot()

    def known() -> list[str]:
        with killable_stage.db.begin() as session:
            return list(session.execute(sa.select(messages.c.ts).where(messages.c.case_id.is_not(None))).scalars())

    assert wait(known, 60), "the card was not taken up again"
    assert known() == [one.ts for one in killable_stage.cards()], "it was posted twice, or another one adopted"


def test_a_bot_killed_in_the_middle_of_recording_a_run_records_it_once_when_it_is_back(killable_stage: Stage) -> None:
    known = recorded(killable_stage.db)
    before = scored(killable_stage.db)
    with killable_stage.db.begin() as session:
        # By then the results are stored and judged, and nothing is committed.
        session.execute(sa.text("lock table run_orders in exclusive mode"))
        killable_stage.run("the one", ("test_total",))
        assert wait(lambda: waits_for_lock(killable_stage.db), 30), "the bot did not come so far"
        killable_stage.kill_bot()
        assert scored(killable_stage.db) == before
    killable_stage.start_bot()
    assert wait(lambda: recorded(killable_stage.db) == [*known, True], 60), "the run was lost"
    once = scored(killable_stage.db)
    assert once != before
    killable_stage.run_command("rebuild", "--all")
    assert scored(killable_stage.db) == once


def recorded(db: Database) -> list[bool]:
    with db.begin() as session:
        return [one is not None for one in session.execute(sa.select(runs.c.ingested_at).order_by(runs.c.id)).scalars()]


def scored(db: Database) -> list[tuple[object, ...]]:
    with db.begin() as session:
        rows = session.execute(sa.select(scores.c.case_id, scores.c.variant, scores.c.state).order_by(scores.c.case_id))
        return [(row[0], row[1], bytes(row[2])) for row in rows]


def waits_for_lock(db: Database) -> bool:
    with db.begin() as session:
        return bool(session.execute(sa.text("select 1 from pg_locks where not granted")).first())
