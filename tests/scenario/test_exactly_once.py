"""Whatever happens twice, or breaks in the middle, ends in one quarantine, one card, one audit entry."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables import audit, messages, quarantines
from tests.scenario.stage import BEN, CHANNEL, CHLOE, Stage, wait
from tests.scenario.test_loop import has_button, propose


@pytest.mark.parametrize("people", [(BEN, BEN), (BEN, CHLOE)], ids=["one person clicks twice", "two people at once"])
def test_two_approvals_at_once_are_one(stage: Stage, db: Database, people: tuple[str, str]) -> None:
    ts = propose(stage)
    clicks = [threading.Thread(target=stage.slack.click, args=(who, CHANNEL, ts, "fg_approve")) for who in people]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert wait(lambda: has_button(stage, ts, "fg_lift"))
    assert wait(lambda: [one for who in people for one in stage.slack.ephemerals(who) if "lready approved" in one.text])
    with db.begin() as session:
        approvals = session.execute(sa.select(sa.func.count()).where(audit.c.tag == "quarantine:approve")).scalar_one()
        assert approvals == 1
        assert session.execute(sa.select(quarantines.c.state)).scalars().all() == ["active"]
    assert len(stage.cards()) == 1


def test_a_bot_killed_between_webhook_and_message_posts_one_card_when_it_is_back(stage: Stage) -> None:
    stage.slack.fail_next(2, status=500, method="chat.postMessage")
    stage.make_flaky()
    assert wait(lambda: any(call.method == "chat.postMessage" for call in stage.slack.calls), 30)
    stage.kill_bot()
    stage.start_bot()
    assert wait(stage.cards, 60), "the card was lost"
    assert len(stage.cards()) == 1


def test_a_bot_killed_after_slack_posted_adopts_the_card_even_where_slack_forgets_keys(
    stage: Stage, db: Database
) -> None:
    stage.slack.settings = replace(stage.slack.settings, knows_client_ids=False)
    stage.slack.fail_next(1, status=500, method="chat.postMessage", after=True)
    stage.make_flaky()
    assert wait(stage.cards, 30), "nothing was posted"
    stage.kill_bot()
    with db.begin() as session:
        assert not session.execute(sa.select(messages)).all(), "the bot knew of its message before it was killed"
    stage.start_bot()

    def known() -> list[str]:
        with db.begin() as session:
            return list(session.execute(sa.select(messages.c.ts).where(messages.c.case_id.is_not(None))).scalars())

    assert wait(known, 60), "the card was not taken up again"
    assert known() == [one.ts for one in stage.cards()], "it was posted twice, or another one adopted"
