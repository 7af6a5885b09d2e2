"""Every command, button of the menu, pick list and shortcut, by signed HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.analysis.model import CaseId
from bot.analysis.quarantine.proposal import Proposal
from bot.commands import handler, menu
from bot.sandbox.slack.model import BOT_USER_ID, View
from bot.slack.ids import Action, Callback, ShortcutId
from bot.store.cases import case as case_store
from bot.store.conversation import message as message_store
from bot.store.decisions import quarantine as quarantine_store
from tests.presence import present
from tests.scenario.running_app import ANA, CHANNEL, CHLOE, wait
from tests.scenario.workspace import BEN_HIMSELF, Workspace, links

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
ELSEWHERE = {"unquarantine", "extend", "rerun"}
"""Commands that need a state of their own; each has a test of its own below."""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_answered(workspace: Workspace, name: str) -> None:
    line, expected = COMMANDS[name]
    assert expected in workspace.ask(line).text


@pytest.mark.parametrize("name", MODALS)
def test_a_command_opens_its_form(workspace: Workspace, name: str) -> None:
    line, callback = MODALS[name]
    assert workspace.slack.command(ANA, CHANNEL, f"/flakeguard {line}").status == 200
    workspace.slack.close(ANA, workspace.form(callback).id)


def test_no_command_is_without_a_scenario() -> None:
    ours = {*COMMANDS, *MODALS, *ELSEWHERE}
    others = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    rest = {one.name for one in menu.COMMANDS} - ours
    assert not {name for name in rest if f"/flakeguard {name}" not in others and f'"{name}' not in others}


def test_every_action_form_and_shortcut_has_a_handler_and_a_scenario() -> None:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert set(handler.ACTIONS) == set(Action)
    assert set(handler.SUBMISSIONS) == set(Callback) - {Callback.INFO}
    used = [*handler.ACTIONS, *handler.SUBMISSIONS, *ShortcutId]
    assert not [one for one in used if f"{type(one).__name__}.{one.name}" not in sources and one.value not in sources]


def test_a_mention_is_read_as_a_command_is_and_answered_in_its_thread(workspace: Workspace) -> None:
    before = len(workspace.slack.ephemerals(CHLOE))
    card = workspace.card("test_tax")
    workspace.slack.say(CHLOE, CHANNEL, f"<@{BOT_USER_ID}> status <https://github.com/acme/shop|acme/shop>", card.ts)
    assert wait(lambda: len(workspace.slack.ephemerals(CHLOE)) > before)
    answer = workspace.slack.ephemerals(CHLOE)[-1]
    assert answer.text.startswith("acme/shop: ")
    assert answer.thread_ts == card.ts


def test_a_mention_that_needs_a_form_is_answered_with_the_button_that_opens_it(workspace: Workspace) -> None:
    before = len(workspace.slack.ephemerals(ANA))
    workspace.slack.say(ANA, CHANNEL, f"<@{BOT_USER_ID}> quarantine test_refund")
    assert wait(lambda: len(workspace.slack.ephemerals(ANA)) > before)
    workspace.press(workspace.slack.ephemerals(ANA)[-1], Action.CARRY_ON)
    form = workspace.form(Callback.QUARANTINE)
    assert "test_refund" in str(form.blocks)
    workspace.slack.close(ANA, form.id)


def test_a_name_that_fits_several_tests_gets_a_pick_list(workspace: Workspace) -> None:
    list_ = workspace.ask("test test_long.py")
    assert "Choose the one" in list_.text
    first = workspace.slack.suggestions_of(ANA, CHANNEL, list_.ts, Action.PICK, "")
    assert len(first) == 40
    assert all("test_long" in str(one) for one in first)
    narrowed = workspace.slack.suggestions_of(ANA, CHANNEL, list_.ts, Action.PICK, "LONG test_17")
    assert [one["text"]["text"] for one in narrowed] == ["tests/test_long.py::test_17"]  # type: ignore[index]
    details = workspace.respond(list_, Action.PICK, selected=str(narrowed[0]["value"]))
    assert "test_17" in details.text


def test_a_pick_list_keeps_what_it_was_for(workspace: Workspace) -> None:
    list_ = workspace.ask("mute test_shop.py 3d")
    options = workspace.slack.suggestions_of(ANA, CHANNEL, list_.ts, Action.PICK, "refund")
    workspace.press(list_, Action.PICK, selected=str(options[0]["value"]))
    form = workspace.form(Callback.MUTE)
    assert "'3'" in str(form.blocks)
    workspace.slack.close(ANA, form.id)


def test_a_test_that_is_not_known_is_said_in_words(workspace: Workspace) -> None:
    assert "No test fits" in workspace.ask("test nothing_like_it").text
    assert "Name the test" in workspace.ask("explain").text


def test_a_repository_that_is_not_known_gets_the_closest(workspace: Workspace) -> None:
    assert "acme/shop" in workspace.ask("status acme/shpo").text


def test_a_test_is_found_and_shown_in_a_window(workspace: Workspace) -> None:
    workspace.press(workspace.ask("help"), Action.FIND_OPEN)
    choose = workspace.form(Callback.CHOOSE)
    options = workspace.slack.suggestions(ANA, choose.id, Action.PICK, "test_tax")
    shown = workspace.submit(choose, case=str(options[0]["value"]))
    assert shown is not None
    assert "test_tax" in str(shown.blocks)
    workspace.slack.close(ANA, shown.id)


def test_details_say_why_and_offer_the_rest(workspace: Workspace) -> None:
    details = workspace.respond(workspace.card("test_tax"), Action.DETAILS)
    assert "*Why*" in str(details.blocks)
    why = workspace.respond(details, Action.WHY)
    assert "test_tax" in why.text


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Action.MENU_STATUS, "acme/shop: "),
        (Action.MENU_TOP, "acme/shop"),
        (Action.MENU_HEALTH, "connected"),
        (Action.MENU_QUARANTINED, "quarantined"),
        (Action.MENU_PROPOSED, "proposed"),
        (Action.MENU_EXPIRING, "expiring"),
        (Action.MENU_BROKEN, "broken"),
    ],
)
def test_a_button_of_the_menu_answers_as_its_command(workspace: Workspace, action: Action, expected: str) -> None:
    assert expected in workspace.respond(workspace.ask("help"), action).text


def test_the_settings_of_a_person_and_a_channel_are_chosen_in_one_window(workspace: Workspace) -> None:
    def opened() -> View:
        workspace.press(workspace.ask("help", CHLOE), Action.MENU_SETTINGS, CHLOE)
        return workspace.form(Callback.SETTINGS, CHLOE)

    shown = opened()
    assert "Policy of" in str(shown.blocks)
    chosen = {"cadence": "weekly", "weekday": "2", "at": "10:30", "zone": "Berlin", "tell": ()}
    workspace.slack.submit(CHLOE, shown.id, {**chosen, "time": "half past ten"})
    assert set(workspace.form(Callback.SETTINGS, CHLOE).errors) == {"time"}
    workspace.slack.submit(CHLOE, shown.id, {**chosen, "time": "10:30"})
    summary = str(workspace.form(Callback.INFO, CHLOE).blocks)
    assert "You are not told" in summary
    assert "10:30" in summary
    workspace.slack.close_modal(CHLOE, whole_stack=True)
    again = opened()
    assert "'initial_value': 'Europe/Berlin'" in str(again.blocks)
    assert "initial_options" not in str(next(one for one in again.blocks if one["block_id"] == "tell"))
    workspace.slack.submit(CHLOE, again.id, {"cadence": "off", "zone": "UTC", "tell": ("notify",)})
    assert "You are told" in str(workspace.form(Callback.INFO, CHLOE).blocks)
    workspace.slack.close_modal(CHLOE, whole_stack=True)


def test_the_connections_say_when_each_part_last_worked(workspace: Workspace) -> None:
    connections = str(workspace.ask("health").blocks)
    for part in ("last message", "last run read", "last delivery", "Worker", "as @"):
        assert part in connections, connections


def test_the_status_is_shared_with_the_channel_once_it_is_asked_for(workspace: Workspace) -> None:
    status = workspace.ask("status acme/shop")
    workspace.press(status, Action.SHARE)
    assert wait(lambda: [one for one in workspace.slack.messages(CHANNEL) if "shared by" in str(one.blocks)])


def test_a_run_is_asked_about_by_link_by_form_and_by_its_message(workspace: Workspace) -> None:
    url = workspace.failed.html_url
    answer = workspace.ask(f"run <{url}>")
    for part in ("2 of 8 tests failed", "1 FLAKY", "1 NEW"):
        assert part in answer.text, answer.text
    workspace.press(workspace.ask("help"), Action.RUN_OPEN)
    form = workspace.form(Callback.RUN)
    wrong = workspace.submit(form, run="https://github.com/acme/shop")
    assert wrong is not None
    assert "run" in wrong.errors
    shown = workspace.submit(form, run=url)
    assert shown is not None
    assert "2 of 8 tests failed" in str(shown.blocks)
    workspace.slack.close(ANA, shown.id)
    workspace.slack.say(CHLOE, CHANNEL, f"CI is red again, see {url}")
    message = workspace.slack.messages(CHANNEL)[-1]
    before = len(workspace.slack.ephemerals(ANA))
    assert workspace.slack.message_shortcut(ANA, CHANNEL, message.ts, ShortcutId.RUN).status == 200
    assert wait(lambda: len(workspace.slack.ephemerals(ANA)) > before)
    assert "2 of 8 tests failed" in workspace.slack.ephemerals(ANA)[-1].text


def test_a_run_is_run_again_once(workspace: Workspace) -> None:
    asked: list[tuple[int, bool]] = []
    workspace.app.github.on_rerun = lambda run_id, failed_only: asked.append((run_id, failed_only))
    answer = workspace.ask(f"run {workspace.failed.html_url}")
    assert "runs again" in workspace.respond(answer, Action.RERUN_FAILED).text
    assert "already" in workspace.respond(answer, Action.RERUN_ALL).text
    assert "already" in workspace.ask(f"rerun {workspace.failed.html_url} failed").text
    assert asked == [(workspace.failed.id, True)]


def test_a_link_to_the_page_of_a_test_is_shown_in_short_and_opens_without_an_account(workspace: Workspace) -> None:
    details = workspace.respond(workspace.card("test_tax"), Action.DETAILS)
    (url,) = {url for url in links(details) if "/t/" in url}
    workspace.slack.settings = replace(workspace.slack.settings, unfurl_domains=(urlsplit(url).netloc,))
    workspace.slack.say(CHLOE, CHANNEL, f"what about {url}")
    shared = workspace.slack.messages(CHANNEL)[-1]
    assert wait(lambda: present(workspace.slack.message(CHANNEL, shared.ts)).unfurls), "the link is not shown in short"
    assert "test_tax" in str(present(workspace.slack.message(CHANNEL, shared.ts)).unfurls)
    page = httpx.get(url)
    assert page.status_code == 200
    assert "test_tax" in page.text
    drafts = [workspace.slack.draft(user, f"what about {url}") for user in (ANA, CHLOE)]
    assert wait(lambda: all(url in workspace.slack.drafts[one] for one in drafts)), "not shown before it is sent"
    workspace.slack.say(CHLOE, CHANNEL, f"I mean {url}")
    again = workspace.slack.messages(CHANNEL)[-1]
    workspace.slack.say(CHLOE, "C0GENERAL", f"look at {url}")
    elsewhere = workspace.slack.messages("C0GENERAL")[-1]
    assert wait(lambda: present(workspace.slack.message("C0GENERAL", elsewhere.ts)).unfurls), (
        "another channel has not seen it"
    )
    assert not present(workspace.slack.message(CHANNEL, again.ts)).unfurls, "the channel saw it a moment ago"
    with workspace.db.begin() as session:
        half_an_hour_ago = datetime.now(UTC) - timedelta(minutes=31)
        message_store.put_shared_link(
            session, workspace.app.channel(CHANNEL), workspace.case_id("test_tax"), half_an_hour_ago
        )
    workspace.slack.say(CHLOE, CHANNEL, f"once more {url}")
    later = workspace.slack.messages(CHANNEL)[-1]
    assert wait(lambda: present(workspace.slack.message(CHANNEL, later.ts)).unfurls), (
        "half an hour later it is news again"
    )
    forged = url[:-1] + ("1" if url.endswith("0") else "0")
    assert httpx.get(forged).status_code == 404
    workspace.slack.say(CHLOE, CHANNEL, f"and {forged}")
    assert not workspace.slack.messages(CHANNEL)[-1].unfurls


def test_an_outage_begins_and_ends(workspace: Workspace) -> None:
    started = workspace.ask("incident start acme/shop the registry is down")
    assert "An outage of acme/shop" in started.text
    assert "already" in workspace.ask("incident start acme/shop again").text
    assert "is over" in workspace.respond(started, Action.INCIDENT_END).text
    workspace.press(workspace.ask("help"), Action.INCIDENT_OPEN)
    shown = workspace.submit(workspace.form(Callback.INCIDENT), why="DNS")
    assert shown is not None
    assert "An outage of acme/shop" in str(shown.blocks)
    workspace.slack.close(ANA, shown.id)
    assert "is over" in workspace.ask("incident end").text


def test_the_home_is_shown_paged_and_kept_up_to_date(workspace: Workspace) -> None:
    with workspace.db.begin() as session:
        repository_id = workspace.app.repository_id
        case_ids, titles = case_store.list_titles(session, repository_id)
        long = [CaseId(case_id) for case_id, title in zip(case_ids, titles, strict=True) if "test_long" in title]
        proposals = [Proposal(case_id=case_id, days=14, reason="slow") for case_id in long[:16]]
        quarantine_store.insert_proposed(session, repository_id, proposals, BEN_HIMSELF, datetime.now(UTC))
    assert workspace.slack.open_home(ANA).status == 200
    assert wait(lambda: workspace.slack.home(ANA))
    home = workspace.slack.home(ANA)
    assert "16 proposals wait" in str(present(home).blocks)
    workspace.slack.click_in_view(ANA, present(home).id, Action.HOME_NEXT)
    assert wait(lambda: "16 to 16 of 16" in str(present(workspace.slack.home(ANA)).blocks))
    workspace.slack.click_in_view(ANA, present(workspace.slack.home(ANA)).id, Action.HOME_BACK)
    assert wait(lambda: "1 to 15 of 16" in str(present(workspace.slack.home(ANA)).blocks))
    before = present(workspace.slack.home(ANA)).hash
    workspace.quarantine("test_tax")
    assert wait(lambda: "test_tax" in str(present(workspace.slack.home(ANA)).blocks), 20), (
        "the home was not brought up to date"
    )
    assert present(workspace.slack.home(ANA)).hash != before
    workspace.slack.click_in_view(ANA, present(workspace.slack.home(ANA)).id, Action.MENU_HELP)
    assert wait(
        lambda: any(
            "You can type" in one.text for one in workspace.slack.messages(workspace.slack.direct_channel(ANA).id)
        )
    )


def test_the_hours_of_a_channel_are_set_from_a_button(workspace: Workspace) -> None:
    workspace.press(workspace.ask("subscriptions", CHLOE), Action.DIGEST_SETTINGS, CHLOE)
    shown = workspace.submit(workspace.form(Callback.HOURS, CHLOE), CHLOE)
    assert shown is None or not shown.errors
    workspace.slack.close_modal(CHLOE, whole_stack=True)


def test_a_person_sees_their_account_and_takes_the_link_away(workspace: Workspace) -> None:
    who = workspace.respond(workspace.ask("help", CHLOE), Action.WHOAMI, CHLOE)
    assert "@chloe" in who.text
    assert "is gone" in workspace.respond(who, Action.DISCONNECT, CHLOE).text
    invitation = workspace.ask("connect", CHLOE)
    assert "opens GitHub" in invitation.text
    workspace.press(invitation, Action.CONNECT, CHLOE)
