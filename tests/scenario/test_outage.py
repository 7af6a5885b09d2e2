"""An outage that a person marks afterwards: what it caused is taken back."""

from __future__ import annotations

from tests.presence import present
from tests.scenario.proposal import has_button, propose
from tests.scenario.stage import ANA, CHANNEL, Stage, wait


def test_an_outage_marked_afterwards_withdraws_the_proposal_and_brings_the_card_up_to_date(stage: Stage) -> None:
    ts = propose(stage)
    command = (
        f"/flakeguard incident start acme/shop since:{stage.minutes_since_first_run() - 10}m the registry was down"
    )
    answer = stage.slack.command(ANA, CHANNEL, command)
    assert answer.status == 200
    assert wait(lambda: any("An outage of acme/shop" in one.text for one in stage.slack.ephemerals(ANA)))
    assert wait(lambda: any("withdrew" in one.text for one in stage.slack.replies(CHANNEL, ts)), 60)
    withdrawn = next(one.text for one in stage.slack.replies(CHANNEL, ts) if "withdrew" in one.text)
    assert "rested on runs of an incident" in withdrawn
    assert "the registry was down" in withdrawn
    assert wait(lambda: "healthy" in present(stage.slack.message(CHANNEL, ts)).text), present(
        stage.slack.message(CHANNEL, ts)
    ).text
    assert not has_button(stage, ts, "fg_approve")

    run = stage.run("inside the outage", ("test_total",))
    assert wait(lambda: (check := stage.check(run)) and check.conclusion == "neutral", 30), stage.check(run)
    assert "INFRA" in present(stage.check(run)).summary


def test_the_form_asks_since_when(stage: Stage) -> None:
    run = stage.run("a commit", ("test_total",))
    assert wait(lambda: stage.check(run))
    assert stage.slack.command(ANA, CHANNEL, "/flakeguard incident").status == 200
    assert wait(lambda: stage.slack.open_view(ANA)), "no form"
    filled = {"since": "180", "why": "the registry was down"}
    assert stage.slack.submit(ANA, present(stage.slack.open_view(ANA)).id, filled).status == 200
    assert wait(lambda: " UTC on" in str(present(stage.slack.open_view(ANA)).blocks)), stage.slack.open_view(ANA)
    assert wait(lambda: "INFRA" in present(stage.check(run)).summary, 30), "the check does not follow"
