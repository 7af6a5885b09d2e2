"""A workspace: flaky tests with their cards, and what a person does with commands, buttons and forms."""

from __future__ import annotations

import html
import io
import re
import zipfile

from bot.analysis.model import Actor, ActorKind, CaseId
from bot.sandbox.slack.model import Message, View
from bot.slack import ids
from bot.slack.ids import Action, Callback, CaseAction
from tests.scenario.running_app import ANA, BEN, CHANNEL, RunningApp, wait

BEN_HIMSELF = Actor(ActorKind.SLACK, BEN, "ben")
FILLED = {"until": "14", "scope": "case", "why": "the payments sandbox is slow"}


class Workspace:
    """A workspace with flaky tests, and what a person does there."""

    def __init__(self, app: RunningApp) -> None:
        self.app, self.slack, self.db = app, app.slack, app.db
        self.failed = app.github.runs()[0]

    @staticmethod
    def play(app: RunningApp) -> None:
        """Let the history of the workspace happen."""
        app.run("a longer suite", data=long_report(40))
        app.turn_flaky("test_total")
        for test in ("test_tax", "test_stock"):
            app.make_flaky(test, healthy=0)
        assert wait(lambda: len(app.cards()) == 3, 180), [card.text for card in app.cards()]
        failed = app.run("a red commit", ("test_total", "test_login"))
        assert wait(lambda: (check := app.check(failed)) and check.conclusion, 60)

    def card(self, test: str) -> Message:
        return next(one for one in self.app.cards() if test in one.text)

    def offers(self, test: str, action: Action) -> bool:
        return action.value in str(self.card(test).blocks)

    def ask(self, line: str, user: str = ANA) -> Message:
        """Type a command and return what is answered."""
        before = len(self.slack.ephemerals(user))
        assert self.slack.command(user, CHANNEL, f"/flakeguard {line}".strip()).status == 200
        assert wait(lambda: len(self.slack.ephemerals(user)) > before), f"no answer to {line}"
        return self.slack.ephemerals(user)[-1]

    def press(self, message: Message, action: Action, user: str = ANA, selected: str | None = None) -> None:
        answer = self.slack.click(user, message.channel, message.ts, action.value, selected=selected)
        assert answer.status == 200, answer

    def respond(self, message: Message, action: Action, user: str = ANA, selected: str | None = None) -> Message:
        """Press something and return what is answered to the one who did."""
        before = len(self.slack.ephemerals(user))
        self.press(message, action, user, selected)
        assert wait(lambda: len(self.slack.ephemerals(user)) > before), f"no answer to {action}"
        return self.slack.ephemerals(user)[-1]

    def form(self, callback: Callback, user: str = ANA) -> View:
        def shown() -> bool:
            view = self.slack.open_view(user)
            return view is not None and view.callback_id == callback

        assert wait(shown), f"no {callback}, but {self.slack.open_view(user)}"
        view = self.slack.open_view(user)
        assert view is not None
        return view

    def submit(self, view: View, user: str = ANA, **values: str) -> View | None:
        """Submit a form; returns what stands there afterwards."""
        answer = self.slack.submit(user, view.id, values)
        assert answer.status == 200, answer
        return self.slack.open_view(user)

    def propose(self, test: str) -> None:
        self.press(self.card(test), Action.QUARANTINE_OPEN)
        assert self.submit(self.form(Callback.QUARANTINE), **FILLED) is None
        assert wait(lambda: self.offers(test, Action.APPROVE)), self.card(test).text

    def quarantine(self, test: str) -> Message:
        """Bring a test into quarantine by two people."""
        self.propose(test)
        self.press(self.card(test), Action.APPROVE, BEN)
        assert wait(lambda: self.offers(test, Action.LIFT)), self.card(test).text
        return self.card(test)

    def lift(self, test: str) -> None:
        self.press(self.card(test), Action.LIFT, BEN)
        assert wait(lambda: self.offers(test, Action.QUARANTINE_OPEN)), self.card(test).text

    def replies(self, test: str) -> list[str]:
        return [one.text for one in self.slack.replies(CHANNEL, self.card(test).ts)]

    def menu(self, test: str, action: CaseAction) -> str:
        """The value of an entry in the menu of a card."""
        value = ids.CaseChoice(action, self.case_id(test)).encode()
        assert f"'{value}'" in str(self.card(test).blocks), f"no {action} in the menu of {test}"
        return value

    def case_id(self, test: str) -> CaseId:
        """The case that a card is about."""
        return self.app.case_id(self.card(test))


def links(message: Message) -> list[str]:
    """The addresses a message links to in its text."""
    return [html.unescape(url) for url in re.findall(r"<(http[^|>]+)", str(message.blocks))]


def long_report(number: int) -> bytes:
    cases = "".join(
        f"<testcase file='tests/test_long.py' classname='tests.test_long' name='test_{one}' time='0.01'/>"
        for one in range(number)
    )
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("report.xml", f"<testsuites><testsuite name='pytest'>{cases}</testsuite></testsuites>")
    return into.getvalue()
