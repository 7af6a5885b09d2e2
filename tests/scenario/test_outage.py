"""An outage that a person marks afterwards: what it caused is taken back."""

from __future__ import annotations

from tests.presence import present
from tests.scenario.proposal import has_button, propose
from tests.scenario.running_app import ANA, CHANNEL, RunningApp, wait


def test_an_outage_marked_afterwards_withdraws_the_proposal_and_brings_the_card_up_to_date(app: RunningApp) -> None:
    ts = propose(app)
    command = f"/flakeguard incident start acme/shop since:{app.minutes_since_first_run() - 10}m the registry was down"
    answer = app.slack.command(ANA, CHANNEL, command)
    assert answer.status == 200
    assert wait(lambda: any("An outage of acme/shop" in one.text for one in app.slack.ephemerals(ANA)))
    assert wait(lambda: any("withdrew" in one.text for one in app.slack.replies(CHANNEL, ts)), 60)
    withdrawn = next(one.text for one in app.slack.replies(CHANNEL, ts) if "withdrew" in one.text)
    assert "rested on runs of an incident" in withdrawn
    assert "the registry was down" in withdrawn
    assert wait(lambda: "healthy" in present(app.slack.message(CHANNEL, ts)).text), present(
        app.slack.message(CHANNEL, ts)
    ).text
    assert not has_button(app, ts, "fg_approve")

    run = app.run("inside the outage", ("test_total",))
    assert wait(lambda: (check := app.check(run)) and check.conclusion == "neutral", 30), app.check(run)
    assert "INFRA" in present(app.check(run)).summary


def test_the_form_asks_since_when(app: RunningApp) -> None:
    run = app.run("a commit", ("test_total",))
    assert wait(lambda: app.check(run))
    assert app.slack.command(ANA, CHANNEL, "/flakeguard incident").status == 200
    assert wait(lambda: app.slack.open_view(ANA)), "no form"
    filled = {"since": "180", "why": "the registry was down"}
    assert app.slack.submit(ANA, present(app.slack.open_view(ANA)).id, filled).status == 200
    assert wait(lambda: " UTC on" in str(present(app.slack.open_view(ANA)).blocks)), app.slack.open_view(ANA)
    assert wait(lambda: "INFRA" in present(app.check(run)).summary, 30), "the check does not follow"
