"""Every form and button of a quarantine's life, by signed HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.analysis.quarantine.lifecycle import State
from bot.slack.ids import Action, Callback, CaseAction, CaseChoice, ShortcutId
from bot.store.conversation import message as message_store
from bot.store.decisions import policy as policy_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.decisions.policy import StoredPolicy
from tests.presence import present
from tests.scenario.day import FILLED, Day
from tests.scenario.stage import ANA, BEN, CHANNEL, CHLOE, wait


def test_the_global_shortcut_finds_a_test_and_proposes_it(day: Day) -> None:
    assert day.slack.shortcut(CHLOE, ShortcutId.QUARANTINE).status == 200
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

    day.press(day.card("test_tax"), Action.MORE, selected=day.menu("test_tax", CaseAction.ASSIGN))
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
    card = day.quarantine("test_tax")
    day.press(card, Action.EXTEND_OPEN, BEN)
    assert day.submit(day.form(Callback.EXTEND, BEN), BEN, until="7") is None
    assert wait(lambda: any("extended" in one for one in day.replies("test_tax")))
    shown = [one.text for one in day.slack.messages(CHANNEL) if one.is_reply]
    assert any("approved the quarantine" in one for one in shown)
    assert not any("extended" in one or "owner of" in one for one in shown)
    day.lift("test_tax")


def test_a_muted_test_says_so_and_is_heard_of_again(day: Day) -> None:
    day.press(day.card("test_stock"), Action.MORE, selected=day.menu("test_stock", CaseAction.MUTE))
    assert day.submit(day.form(Callback.MUTE), until="7") is None
    assert wait(lambda: "muted until" in str(day.card("test_stock").blocks))
    done = day.told(day.card("test_stock"), Action.MORE, selected=day.menu("test_stock", CaseAction.UNMUTE))
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
        repository_id = day.stage.repository_id
        document = '{"quarantine": {"budget": {"repository": 1}}}'
        policy_store.put(session, repository_id, StoredPolicy(document, "", None, datetime.now(UTC)))
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
        policy_store.put(session, repository_id, StoredPolicy("", "", None, datetime.now(UTC)))
    day.lift("test_total")


def test_a_verdict_is_kept(day: Day) -> None:
    day.press(day.card("test_stock"), Action.LABEL_OPEN)
    assert day.submit(day.form(Callback.LABEL), why="infra") is None
    assert wait(lambda: any("gave a verdict" in one for one in day.replies("test_stock")))


def test_a_card_runs_the_failed_jobs_of_its_red_run_again_once(day: Day) -> None:
    day.propose("test_total")  # a card is brought up to date by a click at once, by a run within a minute
    assert day.offers("test_total", Action.RERUN_FAILED), day.card("test_total").text
    card = day.card("test_total")
    path = f"/repos/acme/shop/actions/runs/{day.failed.id}/rerun"
    day.stage.github.fail_next(403, path_prefix=path)
    assert "did not work" in day.told(card, Action.RERUN_FAILED).text, "GitHub refused, which must not use it up"
    assert "runs again" in day.told(card, Action.RERUN_FAILED).text
    assert "Somebody runs attempt 1" in day.told(card, Action.RERUN_FAILED, BEN).text
    assert wait(lambda: not day.offers("test_total", Action.RERUN_FAILED)), "the button did not give way"


def test_a_card_whose_row_was_lost_is_adopted_by_a_click(day: Day) -> None:
    card = day.card("test_stock")
    key = day.stage.card_notice(card).key()
    with day.db.begin() as session:
        assert present(message_store.find(session, key)).ts == card.ts
        message_store.delete(session, key)
    day.told(card, Action.DETAILS)
    with day.db.begin() as session:
        assert present(message_store.find(session, key)).ts == card.ts
    assert sum("test_stock" in one.text for one in day.stage.cards()) == 1


def test_a_form_that_takes_long_shows_that_it_is_worked_on_and_then_its_outcome(day: Day) -> None:
    day.press(day.card("test_tax"), Action.QUARANTINE_OPEN)
    day.submit(day.form(Callback.QUARANTINE), **FILLED)
    assert wait(lambda: day.offers("test_tax", Action.REJECT_OPEN))
    day.press(day.card("test_tax"), Action.REJECT_OPEN, BEN)
    form = day.form(Callback.REJECT, BEN)
    with day.db.begin() as session:
        assert quarantine_store.lock_open(session, day.stage.repository_id, [State.PROPOSED])
        working = day.submit(form, BEN, why="fixed")
        assert working is not None
        assert "takes a moment" in str(working.blocks)
    assert wait(lambda: (view := day.slack.open_view(BEN)) and "It is done" in str(view.blocks))
    day.slack.close(BEN, form.id)
    assert wait(lambda: day.offers("test_tax", Action.QUARANTINE_OPEN))


def test_a_row_of_a_list_has_a_menu(day: Day) -> None:
    day.quarantine("test_tax")
    rows = day.ask("list quarantined")
    value = CaseChoice(CaseAction.LIFT, day.case_id("test_tax")).encode()
    question = day.told(rows, Action.MORE, selected=value)
    assert "Do you want to end that?" in question.text
    day.lift("test_tax")


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
