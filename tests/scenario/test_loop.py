"""The whole loop, by signed HTTP: reports in, a card out, a quarantine, a green check."""

from __future__ import annotations

from functools import partial

from tests.presence import present
from tests.scenario.proposal import has_button, propose
from tests.scenario.running_app import ANA, BEN, CHANNEL, RunningApp, wait


def is_in_thread(app: RunningApp, ts: str, word: str) -> bool:
    return any(word in reply.text for reply in app.slack.replies(CHANNEL, ts))


def test_a_flaky_test_is_found_quarantined_by_two_people_and_stops_failing_the_next_commit(app: RunningApp) -> None:
    ts = propose(app)
    assert len(app.cards()) == 1

    app.slack.click(ANA, CHANNEL, ts, "fg_approve")
    assert wait(lambda: any("somebody else" in one.text for one in app.slack.ephemerals(ANA)))
    assert has_button(app, ts, "fg_approve")

    app.slack.click(BEN, CHANNEL, ts, "fg_approve")
    assert wait(lambda: has_button(app, ts, "fg_lift")), "the card did not change"
    for word in ("proposed", "approved"):
        assert wait(partial(is_in_thread, app, ts, word)), word

    run = app.run("the next commit", ("test_total",))
    assert wait(lambda: (check := app.check(run)) and check.conclusion == "success"), app.check(run)
    assert "QUARANTINED" in present(app.check(run)).summary
    other = app.run("a real bug", ("test_total", "test_login"))
    assert wait(lambda: (check := app.check(other)) and check.conclusion == "failure"), app.check(other)

    app.slack.click(BEN, CHANNEL, ts, "fg_lift")
    assert wait(lambda: present(app.check(run)).conclusion != "success"), "the lift does not reach the check"


def test_the_same_delivery_twice_changes_nothing(app: RunningApp) -> None:
    propose(app)
    for delivery in app.github.deliveries()[-3:]:
        assert app.github.redeliver(delivery.id).status == 202
    run = app.run("one more")
    assert wait(lambda: (check := app.check(run)) and check.conclusion)
    assert len(app.cards()) == 1
