"""Proposing a quarantine from a card."""

from __future__ import annotations

from tests.presence import present
from tests.scenario.running_app import ANA, CHANNEL, RunningApp, wait

FILLED = {"until": "14", "scope": "case", "why": "the payments sandbox is slow"}


def propose(app: RunningApp) -> str:
    """Bring a card to its approval state; returns its timestamp."""
    app.turn_flaky()
    assert wait(app.cards, 30), "no card was posted"
    card = app.cards()[0]
    assert app.slack.click(ANA, CHANNEL, card.ts, "fg_quarantine_open").status == 200
    assert wait(lambda: app.slack.open_view(ANA)), "no modal opened"
    assert app.slack.submit(ANA, present(app.slack.open_view(ANA)).id, FILLED).status == 200
    assert wait(lambda: has_button(app, card.ts, "fg_approve")), "the card does not wait for approval"
    return card.ts


def has_button(app: RunningApp, ts: str, action: str) -> bool:
    return action in str(present(app.slack.message(CHANNEL, ts)).blocks)
