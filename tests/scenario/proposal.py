"""Proposing a quarantine from a card."""

from __future__ import annotations

from tests.presence import present
from tests.scenario.stage import ANA, CHANNEL, Stage, wait

FILLED = {"until": "14", "scope": "case", "why": "the payments sandbox is slow"}


def propose(stage: Stage) -> str:
    """Bring a card to its approval state; returns its timestamp."""
    stage.turn_flaky()
    assert wait(stage.cards, 30), "no card was posted"
    card = stage.cards()[0]
    assert stage.slack.click(ANA, CHANNEL, card.ts, "fg_quarantine_open").status == 200
    assert wait(lambda: stage.slack.open_view(ANA)), "no modal opened"
    assert stage.slack.submit(ANA, present(stage.slack.open_view(ANA)).id, FILLED).status == 200
    assert wait(lambda: has_button(stage, card.ts, "fg_approve")), "the card does not wait for approval"
    return card.ts


def has_button(stage: Stage, ts: str, action: str) -> bool:
    return action in str(present(stage.slack.message(CHANNEL, ts)).blocks)
