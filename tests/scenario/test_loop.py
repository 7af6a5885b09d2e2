"""The whole loop, by signed HTTP: reports in, a card out, a quarantine, a green check."""

from __future__ import annotations

from tests.scenario.stage import ANA, BEN, CHANNEL, Stage, wait

FILLED = {"until": "14", "scope": "case", "why": "the payments sandbox is slow"}


def propose(stage: Stage) -> str:
    """Bring a card to its approval state; returns its timestamp."""
    stage.make_flaky()
    assert wait(stage.cards, 30), "no card was posted"
    card = stage.cards()[0]
    assert stage.slack.click(ANA, CHANNEL, card.ts, "fg_quarantine_open").status == 200
    assert wait(lambda: stage.slack.open_view(ANA)), "no modal opened"
    assert stage.slack.submit(ANA, stage.slack.open_view(ANA).id, FILLED).status == 200
    assert wait(lambda: has_button(stage, card.ts, "fg_approve")), "the card does not wait for approval"
    return card.ts


def has_button(stage: Stage, ts: str, action: str) -> bool:
    return action in str(stage.slack.message(CHANNEL, ts).blocks)


def test_a_flaky_test_is_found_quarantined_by_two_people_and_stops_failing_the_next_commit(stage: Stage) -> None:
    ts = propose(stage)
    assert len(stage.cards()) == 1

    stage.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: any("somebody else" in one.text for one in stage.slack.ephemerals(ANA)))
    assert has_button(stage, ts, "fg_approve")

    stage.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(stage, ts, "fg_lift")), "the card did not change"
    for word in ("proposed", "approved"):
        assert wait(lambda word=word: any(word in one.text for one in stage.slack.replies(CHANNEL, ts))), word

    run = stage.run("the next commit", ("test_total",))
    assert wait(lambda: (check := stage.check(run)) and check.conclusion == "success"), stage.check(run)
    assert "QUARANTINED" in stage.check(run).summary
    other = stage.run("a real bug", ("test_total", "test_login"))
    assert wait(lambda: (check := stage.check(other)) and check.conclusion == "failure"), stage.check(other)

    stage.slack.click(BEN, CHANNEL, ts, "fg_lift")
    assert wait(lambda: stage.check(run).conclusion != "success"), "the lift does not reach the check"


def test_the_same_delivery_twice_changes_nothing(stage: Stage) -> None:
    propose(stage)
    for delivery in stage.github.deliveries()[-3:]:
        assert stage.github.redeliver(delivery.id).status == 202
    stage.run("one more")
    assert wait(lambda: stage.check(stage.github.runs()[-1]))
    assert len(stage.cards()) == 1
