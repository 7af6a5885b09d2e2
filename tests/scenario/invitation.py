"""What a person is answered, and the invitation to link an account."""

from __future__ import annotations

from bot.sandbox import browser
from tests.scenario.running_app import CHANNEL, RunningApp, wait


def said(app: RunningApp, user: str, words: str) -> bool:
    return any(words in str((one.text, one.blocks)) for one in app.slack.ephemerals(user))


def invited(app: RunningApp, user: str) -> str:
    before = browser.find_link_url(app.slack, user)
    app.slack.command(user, CHANNEL, "/flakeguard connect")
    assert wait(lambda: browser.find_link_url(app.slack, user) not in {"", before}), "no invitation"
    return browser.find_link_url(app.slack, user)
