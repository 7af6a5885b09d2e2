"""Every command, button, menu, shortcut and form, by signed HTTP on one workspace that goes through a day."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from bot.analysis.lifecycle import Scope
from bot.analysis.model import Actor, ActorKind
from bot.commands import listeners, menu
from bot.sandbox.slack.model import BOT_USER_ID, Message, View
from bot.slack.names import Action, Callback, Shortcut
from bot.store import embedded, policies
from bot.store import quarantines as stored
from bot.store.database import Database
from bot.store.policies import StoredPolicy
from bot.store.tables import cases, quarantines
from bot.store.tables import messages as posted
from tests.conftest import clone
from tests.scenario.stage import ANA, BEN, CHANNEL, CHLOE, Stage, wait

BEN_HIMSELF = Actor(ActorKind.SLACK, BEN, "ben")
FILLED = {"until": "14", "scope": "case", "why": "the payments sandbox is slow"}


class Day:
    """A workspace with flaky tests, and what a person does there."""

    def __init__(self, stage: Stage, database_url: str) -> None:
        self.stage, self.slack = stage, stage.slack
        self.db = Database(database_url, pool_size=2)
        stage.run("a longer suite", data=long_report(40))
        for test in ("test_total", "test_tax", "test_stock"):
            stage.make_flaky(test)
        assert wait(lambda: len(stage.cards()) == 3, 60), [one.text for one in stage.cards()]
        self.failed = stage.run("a red commit", ("test_total", "test_login"))
        assert wait(lambda: (check := stage.check(self.failed)) and check.conclusion, 30)

    def card(self, test: str) -> Message:
        return next(one for one in self.stage.cards() if test in one.text)

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

    def told(self, message: Message, action: Action, user: str = ANA, selected: str | None = None) -> Message:
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

    def quarantine(self, test: str) -> Message:
        """Bring a test into quarantine by two people."""
        self.press(self.card(test), Action.QUARANTINE_OPEN)
        assert self.submit(self.form(Callback.QUARANTINE), **FILLED) is None
        assert wait(lambda: self.offers(test, Action.APPROVE)), self.card(test).text
        self.press(self.card(test), Action.APPROVE, BEN)
        assert wait(lambda: self.offers(test, Action.LIFT)), self.card(test).text
        return self.card(test)

    def lift(self, test: str) -> None:
        self.press(self.card(test), Action.LIFT, BEN)
        assert wait(lambda: self.offers(test, Action.QUARANTINE_OPEN)), self.card(test).text

    def replies(self, test: str) -> list[str]:
        return [one.text for one in self.slack.replies(CHANNEL, self.card(test).ts)]

    def menu(self, test: str, deed: str) -> str:
        """The value of an entry in the menu of a card."""
        found = re.search(rf"'({deed}:\d+)'", str(self.card(test).blocks))
        assert found, f"no {deed} in the menu of {test}"
        return found[1]


@pytest.fixture(scope="module")
def day(server: embedded.Server, template: str) -> Iterator[Day]:
    with clone(server, template) as url:
        stage = Stage(url)
        stage.start_bot()
        one = Day(stage, url)
        yield one
        one.db.close()
        stage.close()


def long_report(number: int) -> bytes:
    cases = "".join(
        f"<testcase file='tests/test_long.py' classname='tests.test_long' name='test_{one}' time='0.01'/>"
        for one in range(number)
    )
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("report.xml", f"<testsuites><testsuite name='pytest'>{cases}</testsuite></testsuites>")
    return into.getvalue()


COMMANDS = {
    "help": ("help quarantine", "propose to keep a flaky test"),
    "status": ("status acme/shop", "acme/shop: "),
    "settings": ("settings shop", "Policy of acme/shop"),
    "health": ("health", "connected"),
    "test": ("test test_shop.py total", "Flaky"),
    "explain": ("explain test_total", "test_total"),
    "list": ("list broken", "broken"),
    "top": ("top acme/shop 30d 3", "acme/shop"),
}
MODALS = {
    "quarantine": ("quarantine test_refund", Callback.QUARANTINE),
    "mute": ("mute test_refund 3d", Callback.MUTE),
    "run": ("run", Callback.RUN),
    "incident": ("incident", Callback.INCIDENT),
}
OURS = ("cases", "deeds", "health", "home", "incident", "keeping", "lists", "menu", "quarantine", "runs", "top")
ELSEWHERE = {"unquarantine", "extend", "rerun"}
"""Commands that need a state of their own; each has a test of its own below."""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_answered(day: Day, name: str) -> None:
    line, expected = COMMANDS[name]
    assert expected in day.ask(line).text


@pytest.mark.parametrize("name", MODALS)
def test_a_command_opens_its_form(day: Day, name: str) -> None:
    line, callback = MODALS[name]
    assert day.slack.command(ANA, CHANNEL, f"/flakeguard {line}").status == 200
    day.slack.close(ANA, day.form(callback).id)


def test_no_command_is_without_a_scenario() -> None:
    ours = {*COMMANDS, *MODALS, *ELSEWHERE}
    others = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    rest = {one.name for one in menu.COMMANDS} - ours
    assert not {name for name in rest if f"/flakeguard {name}" not in others and f'"{name}' not in others}


def test_every_action_form_and_shortcut_has_a_handler_and_a_scenario() -> None:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert set(listeners.SHORTCUTS) == set(Shortcut)
    used = [
        one
        for table in (listeners.ACTIONS, listeners.SUBMISSIONS, listeners.SHORTCUTS)
        for one, listener in table.items()
        if listener.handler.__module__.rpartition(".")[2] in OURS
    ]
    assert len(used) > 40
    assert not [one for one in used if f"{type(one).__name__}.{one.name}" not in sources and one.value not in sources]


def test_a_mention_is_read_as_a_command_is_and_answered_in_its_thread(day: Day) -> None:
    before = len(day.slack.ephemerals(CHLOE))
    card = day.card("test_tax")
    day.slack.say(CHLOE, CHANNEL, f"<@{BOT_USER_ID}> status <https://github.com/acme/shop|acme/shop>", card.ts)
    assert wait(lambda: len(day.slack.ephemerals(CHLOE)) > before)
    answer = day.slack.ephemerals(CHLOE)[-1]
    assert answer.text.startswith("acme/shop: ")
    assert answer.thread_ts == card.ts


def test_a_name_that_fits_several_tests_gets_a_pick_list(day: Day) -> None:
    list_ = day.ask("test test_long.py")
    assert "Choose the one" in list_.text
    first = day.slack.suggestions_of(ANA, CHANNEL, list_.ts, Action.PICK, "")
    assert len(first) == 40
    assert all("test_long" in str(one) for one in first)
    narrowed = day.slack.suggestions_of(ANA, CHANNEL, list_.ts, Action.PICK, "LONG test_17")
    assert [one["text"]["text"] for one in narrowed] == ["tests/test_long.py::test_17"]  # type: ignore[index,call-overload]
    details = day.told(list_, Action.PICK, selected=str(narrowed[0]["value"]))
    assert "test_17" in details.text


def test_a_pick_list_keeps_what_it_was_for(day: Day) -> None:
    list_ = day.ask("mute test_shop.py 3d")
    options = day.slack.suggestions_of(ANA, CHANNEL, list_.ts, Action.PICK, "refund")
    day.press(list_, Action.PICK, selected=str(options[0]["value"]))
    form = day.form(Callback.MUTE)
    assert "'3'" in str(form.blocks)
    day.slack.close(ANA, form.id)


def test_a_test_that_is_not_known_is_said_in_words(day: Day) -> None:
    assert "No test fits" in day.ask("test nothing_like_it").text
    assert "Name the test" in day.ask("explain").text


def test_a_repository_that_is_not_known_gets_the_closest(day: Day) -> None:
    assert "acme/shop" in day.ask("status acme/shpo").text


def test_the_global_shortcut_finds_a_test_and_proposes_it(day: Day) -> None:
    assert day.slack.shortcut(CHLOE, Shortcut.QUARANTINE).status == 200
    choose = day.form(Callback.CHOOSE, CHLOE)
    options = day.slack.suggestions(CHLOE, choose.id, Action.PICK, "test_stock")
    day.submit(choose, CHLOE, case=str(options[0]["value"]))
    form = day.form(Callback.QUARANTINE, CHLOE)
    again = day.submit(form, CHLOE, **(FILLED | {"why": "   "}))
    assert again is not None
    assert again.errors.keys() == {"why"}, "the fault is not shown at its input"
    assert day.submit(form, CHLOE, **FILLED) is None
    assert wait(lambda: day.offers("test_stock", Action.WITHDRAW))
    day.press(day.card("test_stock"), Action.WITHDRAW, CHLOE)
    assert wait(lambda: day.offers("test_stock", Action.QUARANTINE_OPEN))


def test_a_test_is_found_and_shown_in_a_window(day: Day) -> None:
    day.press(day.ask("help"), Action.FIND_OPEN)
    choose = day.form(Callback.CHOOSE)
    options = day.slack.suggestions(ANA, choose.id, Action.PICK, "test_tax")
    shown = day.submit(choose, case=str(options[0]["value"]))
    assert shown is not None
    assert "test_tax" in str(shown.blocks)
    day.slack.close(ANA, shown.id)


def test_details_say_why_and_offer_the_rest(day: Day) -> None:
    details = day.told(day.card("test_tax"), Action.DETAILS)
    assert "*Why*" in str(details.blocks)
    why = day.told(details, Action.WHY)
    assert "test_tax" in why.text


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Action.MENU_STATUS, "acme/shop: "),
        (Action.MENU_TOP, "acme/shop"),
        (Action.MENU_SETTINGS, "Policy of"),
        (Action.MENU_HEALTH, "connected"),
        (Action.MENU_QUARANTINED, "quarantined"),
        (Action.MENU_PROPOSED, "proposed"),
        (Action.MENU_EXPIRING, "expiring"),
        (Action.MENU_BROKEN, "broken"),
    ],
)
def test_a_button_of_the_menu_answers_as_its_command(day: Day, action: Action, expected: str) -> None:
    assert expected in day.told(day.ask("help"), action).text


def test_the_status_is_shared_with_the_channel_once_it_is_asked_for(day: Day) -> None:
    status = day.ask("status acme/shop")
    day.press(status, Action.SHARE)
    assert wait(lambda: [one for one in day.slack.messages(CHANNEL) if "shared by" in str(one.blocks)])


def test_a_quarantine_is_extended_assigned_and_lifted(day: Day) -> None:
    card = day.quarantine("test_tax")
    assert "Approved by <@U0BEN>" in str(card.blocks)
    assert not day.offers("test_tax", Action.APPROVE), "the button did not give way"

    day.press(card, Action.EXTEND_OPEN)
    mine = day.form(Callback.EXTEND)
    day.press(card, Action.EXTEND_OPEN, BEN)
    assert day.submit(day.form(Callback.EXTEND, BEN), BEN, until="7") is None
    assert wait(lambda: any("extended" in one for one in day.replies("test_tax")))
    late = day.submit(mine, until="7")
    assert late is not None
    assert "ben was first: extended the quarantine" in str(late.blocks)
    day.slack.close(ANA, late.id)

    day.slack.command(ANA, CHANNEL, "/flakeguard extend test_tax 90d")
    too_long = day.submit(day.form(Callback.EXTEND), until="90")
    assert too_long is not None
    assert "within 90 days" in str(too_long.blocks)
    day.slack.close(ANA, too_long.id)

    day.press(day.card("test_tax"), Action.MORE, selected=day.menu("test_tax", "assign"))
    form = day.form(Callback.ASSIGN)
    nobody = day.submit(form)
    assert nobody is not None
    assert "owner" in nobody.errors
    assert day.submit(form, team="@acme/payments") is None
    assert wait(lambda: "@acme/payments" in str(day.card("test_tax").blocks))

    question = day.ask("unquarantine test_tax")
    done = day.told(question, Action.LIFT, BEN) if question.only_for == BEN else day.told(question, Action.LIFT)
    assert "lifted" in done.text
    assert wait(lambda: day.offers("test_tax", Action.QUARANTINE_OPEN))


def test_only_what_the_channel_has_to_know_is_broadcast(day: Day) -> None:
    shown = [one.text for one in day.slack.messages(CHANNEL) if one.is_reply]
    assert any("approved the quarantine" in one for one in shown)
    assert not any("extended" in one or "owner of" in one for one in shown)


def test_a_muted_test_says_so_and_is_heard_of_again(day: Day) -> None:
    day.press(day.card("test_stock"), Action.MORE, selected=day.menu("test_stock", "mute"))
    assert day.submit(day.form(Callback.MUTE), until="7") is None
    assert wait(lambda: "muted until" in str(day.card("test_stock").blocks))
    done = day.told(day.card("test_stock"), Action.MORE, selected=day.menu("test_stock", "unmute"))
    assert "announced again" in done.text
    assert wait(lambda: "muted until" not in str(day.card("test_stock").blocks))


def test_what_is_never_to_be_quarantined_is_not_proposed_again(day: Day) -> None:
    day.press(day.card("test_stock"), Action.QUARANTINE_OPEN)
    day.submit(day.form(Callback.QUARANTINE), **FILLED)
    assert wait(lambda: day.offers("test_stock", Action.REJECT_OPEN))
    day.press(day.card("test_stock"), Action.REJECT_OPEN, BEN)
    assert day.submit(day.form(Callback.REJECT, BEN), BEN, why="never", comment="it guards the money") is None
    assert wait(lambda: "it guards the money" in str(day.card("test_stock").blocks))
    day.press(day.card("test_stock"), Action.QUARANTINE_OPEN)
    refused = day.submit(day.form(Callback.QUARANTINE), **FILLED)
    assert refused is not None
    assert "ben decided never to quarantine this test" in str(refused.blocks)
    day.slack.close(ANA, refused.id)


def test_over_the_budget_an_approval_names_what_leaves(day: Day) -> None:
    day.quarantine("test_tax")
    with day.db.begin() as session:
        repository_id = session.execute(sa.select(cases.c.repository_id).limit(1)).scalar_one()
        source = "quarantine:\n  budget:\n    repository: 1\n"
        policies.put(session, repository_id, StoredPolicy(source, "", None, datetime.now(UTC)))
    day.press(day.card("test_total"), Action.QUARANTINE_OPEN)
    assert day.submit(day.form(Callback.QUARANTINE), **FILLED) is None
    assert wait(lambda: day.offers("test_total", Action.APPROVE))
    day.press(day.card("test_total"), Action.APPROVE, BEN)
    form = day.form(Callback.BUDGET, BEN)
    assert "name one that leaves" in str(form.blocks)
    assert "test_tax" in str(form.blocks)
    assert day.submit(form, BEN) is None
    assert wait(lambda: day.offers("test_total", Action.LIFT))
    assert wait(lambda: day.offers("test_tax", Action.QUARANTINE_OPEN)), "nothing left"
    with day.db.begin() as session:
        policies.put(session, repository_id, StoredPolicy("", "", None, datetime.now(UTC)))
    day.lift("test_total")


def test_a_verdict_is_kept(day: Day) -> None:
    day.press(day.card("test_stock"), Action.LABEL_OPEN)
    assert day.submit(day.form(Callback.LABEL), why="infra") is None
    assert wait(lambda: any("gave a verdict" in one for one in day.replies("test_stock")))


def test_a_card_whose_row_was_lost_is_adopted_by_a_click(day: Day) -> None:
    card = day.card("test_stock")
    with day.db.begin() as session:
        session.execute(sa.delete(posted).where(posted.c.ts == card.ts))
    day.told(card, Action.DETAILS)
    with day.db.begin() as session:
        assert session.execute(sa.select(posted.c.ts).where(posted.c.ts == card.ts)).all()
    assert sum("test_stock" in one.text for one in day.stage.cards()) == 1


def test_a_form_that_takes_long_shows_that_it_is_worked_on_and_then_its_outcome(day: Day) -> None:
    day.press(day.card("test_tax"), Action.QUARANTINE_OPEN)
    day.submit(day.form(Callback.QUARANTINE), **FILLED)
    assert wait(lambda: day.offers("test_tax", Action.REJECT_OPEN))
    day.press(day.card("test_tax"), Action.REJECT_OPEN, BEN)
    form = day.form(Callback.REJECT, BEN)
    with day.db.begin() as session:
        session.execute(sa.select(quarantines.c.id).where(quarantines.c.state == "proposed").with_for_update())
        working = day.submit(form, BEN, why="fixed")
        assert working is not None
        assert "takes a moment" in str(working.blocks)
    assert wait(lambda: (view := day.slack.open_view(BEN)) and "It is done" in str(view.blocks))
    day.slack.close(BEN, form.id)
    assert wait(lambda: day.offers("test_tax", Action.QUARANTINE_OPEN))


def test_a_run_is_asked_about_by_link_by_form_and_by_its_message(day: Day) -> None:
    url = day.failed.html_url
    answer = day.ask(f"run <{url}>")
    assert re.search(r"2 of 8 tests failed: .*1 FLAKY.* 1 NEW", answer.text), answer.text
    day.press(day.ask("help"), Action.RUN_OPEN)
    form = day.form(Callback.RUN)
    wrong = day.submit(form, run="https://github.com/acme/shop")
    assert wrong is not None
    assert "run" in wrong.errors
    shown = day.submit(form, run=url)
    assert shown is not None
    assert "2 of 8 tests failed" in str(shown.blocks)
    day.slack.close(ANA, shown.id)
    day.slack.say(CHLOE, CHANNEL, f"CI is red again, see {url}")
    said = day.slack.messages(CHANNEL)[-1]
    before = len(day.slack.ephemerals(ANA))
    assert day.slack.message_shortcut(ANA, CHANNEL, said.ts, Shortcut.RUN).status == 200
    assert wait(lambda: len(day.slack.ephemerals(ANA)) > before)
    assert "2 of 8 tests failed" in day.slack.ephemerals(ANA)[-1].text


def test_a_run_is_run_again_once(day: Day) -> None:
    asked: list[tuple[int, bool]] = []
    day.stage.github.on_rerun = lambda run_id, failed_only: asked.append((run_id, failed_only))
    answer = day.ask(f"run {day.failed.html_url}")
    assert "runs again" in day.told(answer, Action.RERUN_FAILED).text
    assert "already" in day.told(answer, Action.RERUN_ALL).text
    assert "already" in day.ask(f"rerun {day.failed.html_url} failed").text
    assert asked == [(day.failed.id, True)]


def test_a_link_to_the_page_of_a_test_is_shown_in_short_and_opens_without_an_account(day: Day) -> None:
    details = day.told(day.card("test_tax"), Action.DETAILS)
    address = re.search(r"<(http[^|]+/t/[^|]+)\|", str(details.blocks))
    assert address, details.blocks
    url = address[1].replace("&amp;", "&")
    day.slack.settings = replace(day.slack.settings, unfurl_domains=(urlsplit(url).netloc,))
    day.slack.say(CHLOE, CHANNEL, f"what about {url}")
    shared = day.slack.messages(CHANNEL)[-1]
    assert wait(lambda: day.slack.message(CHANNEL, shared.ts).unfurls), "the link is not shown in short"
    assert "test_tax" in str(day.slack.message(CHANNEL, shared.ts).unfurls)
    page = httpx.get(url)
    assert page.status_code == 200
    assert "test_tax" in page.text
    forged = re.sub("[0-9a-f]$", lambda last: "0" if last[0] != "0" else "1", url)
    assert httpx.get(forged).status_code == 404
    day.slack.say(CHLOE, CHANNEL, f"and {forged}")
    assert not day.slack.messages(CHANNEL)[-1].unfurls


def test_an_outage_begins_and_ends(day: Day) -> None:
    started = day.ask("incident start acme/shop the registry is down")
    assert "An outage of acme/shop" in started.text
    assert "already" in day.ask("incident start acme/shop again").text
    assert "is over" in day.told(started, Action.INCIDENT_END).text
    day.press(day.ask("help"), Action.INCIDENT_OPEN)
    shown = day.submit(day.form(Callback.INCIDENT), why="DNS")
    assert shown is not None
    assert "An outage of acme/shop" in str(shown.blocks)
    day.slack.close(ANA, shown.id)
    assert "is over" in day.ask("incident end").text


def test_a_row_of_a_list_has_a_menu(day: Day) -> None:
    day.quarantine("test_tax")
    rows = day.ask("list quarantined")
    value = re.search(r"'(lift:\d+)'", str(rows.blocks))
    assert value
    question = day.told(rows, Action.MORE, selected=value[1])
    assert "Do you want to end that?" in question.text
    day.lift("test_tax")


def test_the_home_is_shown_paged_and_kept_up_to_date(day: Day) -> None:
    with day.db.begin() as session:
        found = session.execute(
            sa.select(cases.c.repository_id, cases.c.id).where(cases.c.title.like("%test_long%")).limit(16)
        ).all()
        for repository_id, case_id in found:
            stored.insert_proposed(
                session, repository_id=repository_id, case_id=case_id, scope=Scope.CASE, variant=None,
                fingerprint_id=None, days=14, reason="slow", owner=None, actor=BEN_HIMSELF, now=datetime.now(UTC),
            )  # fmt: skip
    assert day.slack.open_home(ANA).status == 200
    assert wait(lambda: day.slack.home(ANA))
    home = day.slack.home(ANA)
    assert "16 proposals wait" in str(home.blocks)
    day.slack.click_in_view(ANA, home.id, Action.HOME_NEXT)
    assert wait(lambda: "16 to 16 of 16" in str(day.slack.home(ANA).blocks))
    day.slack.click_in_view(ANA, day.slack.home(ANA).id, Action.HOME_BACK)
    assert wait(lambda: "1 to 15 of 16" in str(day.slack.home(ANA).blocks))
    before = day.slack.home(ANA).hash
    day.quarantine("test_tax")
    assert wait(lambda: "test_tax" in str(day.slack.home(ANA).blocks), 20), "the home was not brought up to date"
    assert day.slack.home(ANA).hash != before
    day.slack.click_in_view(ANA, day.slack.home(ANA).id, Action.MENU_HELP)
    assert wait(lambda: any("You can type" in one.text for one in day.slack.messages(day.slack.direct_channel(ANA).id)))


def test_a_quarantined_test_that_breaks_is_announced_and_resumed_by_a_person(day: Day) -> None:
    if not day.offers("test_total", Action.LIFT):
        day.quarantine("test_total")
    for number in range(4):
        day.stage.run(f"it breaks {number}", ("test_total",))
    assert wait(lambda: day.offers("test_total", Action.RESUME_OPEN), 60), day.card("test_total").text
    assert "BROKEN ON MAIN" in day.card("test_total").text
    day.press(day.card("test_total"), Action.RESUME_OPEN, BEN)
    assert day.submit(day.form(Callback.RESUME, BEN), BEN, why="the fix is on its way") is None
    assert wait(lambda: day.offers("test_total", Action.EXTEND_OPEN))
