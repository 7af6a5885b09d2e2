"""A subscribed channel whose notices are posted in a sandbox."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.notice import CardNotice
from bot.jobs import outbox
from bot.jobs.context import Context
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import SlackSettings
from bot.services import escalation
from bot.slack.registry import Registry
from bot.store.conversation import notice as notice_store
from bot.store.database import Database
from tests.store.subscribed import NAMES, SubscribedChannel, mark_flaky


class PostedChannel(SubscribedChannel):
    """A repository whose notices are said in a sandbox, by the test's own clock."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.sandbox = Sandbox(0, SlackSettings(rate_limits=False))
        self.slack = self.sandbox.slack
        self.sandbox.start()
        registry = Registry(lambda _workspace: self.slack.bot_token, base_url=f"{self.sandbox.url}/slack/api/")
        self.context = Context(db, None, registry, None, clock=lambda: self.now)

    def say(self, times: int = 8) -> None:
        """Let the channel send its next notices, two seconds apart."""
        for _ in range(times):
            outbox.send_next(self.context, self.channel)
            self.now += timedelta(seconds=2)

    def card(self, name: str) -> str:
        """The timestamp of the card of a test that turned flaky."""
        self.run({**dict.fromkeys(NAMES, "."), name: "F"})
        case_id = self.case_id(name)
        mark_flaky(self, case_id)
        with self.db.begin() as session:
            card = CardNotice(repository_id=self.repository_id, case_id=case_id, channel=self.channel)
            notice_store.put(session, card, self.now)
        self.say()
        return self.slack.messages(self.channel.id)[-1].ts

    def escalate(self, **passed: float) -> None:
        self.now += timedelta(**passed)
        with self.db.begin() as session:
            escalation.escalate(session, self.now)
            escalation.remind(session, self.now)
        self.say()
