"""The whole loop, by signed HTTP: reports in, a card out, a quarantine, a green check."""

from __future__ import annotations

from functools import partial

from tests.presence import present
from tests.scenario.proposal import has_button, propose
from tests.scenario.stage import ANA, BEN, CHANNEL, Stage, wait


def is_in_thread(stage: Stage, ts: str, word: str) -> bool:
    return any(word in reply.text for reply in stage.slack.replies(CHANNEL, ts))


def test_a_flaky_test_is_found_quarantined_by_two_people_and_stops_failing_the_next_commit(stage: Stage) -> None:
    ts = propose(stage)
    assert len(stage.cards()) == 1

    stage.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: any("somebody else" in one.text for one in stage.slack.ephemerals(ANA)))
    assert has_button(stage, ts, "fg_approve")

    stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(stage, ts, "fg_lift")), "the card did not change"
    for word in ("proposed", "approved"):
        assert wait(partial(is_in_thread, stage, ts, word)), word

    run = stage.run("the next commit", ("test_total",))
    assert wait(lambda: (check := stage.check(run)) and check.conclusion == "success"), stage.check(run)
    assert "QUARANTINED" in present(stage.check(run)).summary
    other = stage.run("a real bug", ("test_total", "test_login"))
    assert wait(lambda: (check := stage.check(other)) and check.conclusion == "failure"), stage.check(other)

    stage.slack.click(BEN, CHANNEL, ts, "fg_lift")
    assert wait(lambda: present(stage.check(run)).conclusion != "success"), "the lift does not reach the check"


def test_the_same_delivery_twice_changes_nothing(stage: Stage) -> None:
    propose(stage)
    for delivery in stage.github.deliveries()[-3:]:
        assert stage.github.redeliver(delivery.id).status == 202
    run = stage.run("one more")
    assert wait(lambda: (check := stage.check(run)) and check.conclusion)
    assert len(stage.cards()) == 1
