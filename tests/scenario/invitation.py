"""What a person is answered, and the invitation to link an account."""

from __future__ import annotations

from bot.sandbox import browser
from tests.scenario.stage import CHANNEL, Stage, wait


def said(stage: Stage, user: str, words: str) -> bool:
    return any(words in str((one.text, one.blocks)) for one in stage.slack.ephemerals(user))


def invited(stage: Stage, user: str) -> str:
    before = browser.find_link_url(stage.slack, user)
    stage.slack.command(user, CHANNEL, "/flakeguard connect")
    assert wait(lambda: browser.find_link_url(stage.slack, user) not in {"", before}), "no invitation"
    return browser.find_link_url(stage.slack, user)
