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
from tests.scenario.running_app import ANA, BEN, CHANNEL, CHLOE, wait
from tests.scenario.workspace import FILLED, Workspace


def test_the_global_shortcut_finds_a_test_and_proposes_it(workspace: Workspace) -> None:
    assert workspace.slack.shortcut(CHLOE, ShortcutId.QUARANTINE).status == 200
    choose = workspace.form(Callback.CHOOSE, CHLOE)
    options = workspace.slack.suggestions(CHLOE, choose.id, Action.PICK, "test_stock")
    workspace.submit(choose, CHLOE, case=str(options[0]["value"]))
    form = workspace.form(Callback.QUARANTINE, CHLOE)
    again = workspace.submit(form, CHLOE, **(FILLED | {"why": "   "}))
    assert again is not None
    assert again.errors.keys() == {"why"}, "the fault is not shown at its input"
    assert workspace.submit(form, CHLOE, **FILLED) is None
    assert wait(lambda: workspace.offers("test_stock", Action.WITHDRAW))
    workspace.press(workspace.card("test_stock"), Action.WITHDRAW, CHLOE)
    assert wait(lambda: workspace.offers("test_stock", Action.QUARANTINE_OPEN))


def test_a_quarantine_is_extended_assigned_and_lifted(workspace: Workspace) -> None:
    card = workspace.quarantine("test_tax")
    assert "Approved by <@U0BEN>" in str(card.blocks)
    assert not workspace.offers("test_tax", Action.APPROVE), "the button did not give way"

    workspace.press(card, Action.EXTEND_OPEN)
    mine = workspace.form(Callback.EXTEND)
    workspace.press(card, Action.EXTEND_OPEN, BEN)
    assert workspace.submit(workspace.form(Callback.EXTEND, BEN), BEN, until="7") is None
    assert wait(lambda: any("extended" in one for one in workspace.replies("test_tax")))
    late = workspace.submit(mine, until="7")
    assert late is not None
    assert "ben was first: extended the quarantine" in str(late.blocks)
    workspace.slack.close(ANA, late.id)

    workspace.slack.command(ANA, CHANNEL, "/flakeguard extend test_tax 90d")
    too_long = workspace.submit(workspace.form(Callback.EXTEND), until="90")
    assert too_long is not None
    assert "within 90 days" in str(too_long.blocks)
    workspace.slack.close(ANA, too_long.id)

    workspace.press(workspace.card("test_tax"), Action.MORE, selected=workspace.menu("test_tax", CaseAction.ASSIGN))
    form = workspace.form(Callback.ASSIGN)
    nobody = workspace.submit(form)
    assert nobody is not None
    assert "owner" in nobody.errors
    assert workspace.submit(form, team="@acme/payments") is None
    assert wait(lambda: "@acme/payments" in str(workspace.card("test_tax").blocks))

    question = workspace.ask("unquarantine test_tax")
    done = (
        workspace.respond(question, Action.LIFT, BEN)
        if question.only_for == BEN
        else workspace.respond(question, Action.LIFT)
    )
    assert "lifted" in done.text
    assert wait(lambda: workspace.offers("test_tax", Action.QUARANTINE_OPEN))


def test_only_what_the_channel_has_to_know_is_broadcast(workspace: Workspace) -> None:
    card = workspace.quarantine("test_tax")
    workspace.press(card, Action.EXTEND_OPEN, BEN)
    assert workspace.submit(workspace.form(Callback.EXTEND, BEN), BEN, until="7") is None
    assert wait(lambda: any("extended" in one for one in workspace.replies("test_tax")))
    shown = [one.text for one in workspace.slack.messages(CHANNEL) if one.is_reply]
    assert any("approved the quarantine" in one for one in shown)
    assert not any("extended" in one or "owner of" in one for one in shown)
    workspace.lift("test_tax")


def test_a_muted_test_says_so_and_is_heard_of_again(workspace: Workspace) -> None:
    workspace.press(workspace.card("test_stock"), Action.MORE, selected=workspace.menu("test_stock", CaseAction.MUTE))
    assert workspace.submit(workspace.form(Callback.MUTE), until="7") is None
    assert wait(lambda: "muted until" in str(workspace.card("test_stock").blocks))
    done = workspace.respond(
        workspace.card("test_stock"), Action.MORE, selected=workspace.menu("test_stock", CaseAction.UNMUTE)
    )
    assert "announced again" in done.text
    assert wait(lambda: "muted until" not in str(workspace.card("test_stock").blocks))


def test_what_is_never_to_be_quarantined_is_not_proposed_again(workspace: Workspace) -> None:
    workspace.press(workspace.card("test_stock"), Action.QUARANTINE_OPEN)
    workspace.submit(workspace.form(Callback.QUARANTINE), **FILLED)
    assert wait(lambda: workspace.offers("test_stock", Action.REJECT_OPEN))
    workspace.press(workspace.card("test_stock"), Action.REJECT_OPEN, BEN)
    assert (
        workspace.submit(workspace.form(Callback.REJECT, BEN), BEN, why="never", comment="it guards the money") is None
    )
    assert wait(lambda: "it guards the money" in str(workspace.card("test_stock").blocks))
    workspace.press(workspace.card("test_stock"), Action.QUARANTINE_OPEN)
    refused = workspace.submit(workspace.form(Callback.QUARANTINE), **FILLED)
    assert refused is not None
    assert "ben decided never to quarantine this test" in str(refused.blocks)
    workspace.slack.close(ANA, refused.id)


def test_over_the_budget_an_approval_names_what_leaves(workspace: Workspace) -> None:
    workspace.quarantine("test_tax")
    with workspace.db.begin() as session:
        repository_id = workspace.app.repository_id
        document = '{"quarantine": {"budget": {"repository": 1}}}'
        policy_store.put(session, repository_id, StoredPolicy(document, "", None, datetime.now(UTC)))
    workspace.press(workspace.card("test_total"), Action.QUARANTINE_OPEN)
    assert workspace.submit(workspace.form(Callback.QUARANTINE), **FILLED) is None
    assert wait(lambda: workspace.offers("test_total", Action.APPROVE))
    workspace.press(workspace.card("test_total"), Action.APPROVE, BEN)
    form = workspace.form(Callback.BUDGET, BEN)
    assert "name one that leaves" in str(form.blocks)
    assert "test_tax" in str(form.blocks)
    assert workspace.submit(form, BEN) is None
    assert wait(lambda: workspace.offers("test_total", Action.LIFT))
    assert wait(lambda: workspace.offers("test_tax", Action.QUARANTINE_OPEN)), "nothing left"
    with workspace.db.begin() as session:
        policy_store.put(session, repository_id, StoredPolicy("", "", None, datetime.now(UTC)))
    workspace.lift("test_total")


def test_a_verdict_is_kept(workspace: Workspace) -> None:
    workspace.press(workspace.card("test_stock"), Action.LABEL_OPEN)
    assert workspace.submit(workspace.form(Callback.LABEL), why="infra") is None
    assert wait(lambda: any("gave a verdict" in one for one in workspace.replies("test_stock")))


def test_a_card_runs_the_failed_jobs_of_its_red_run_again_once(workspace: Workspace) -> None:
    workspace.propose("test_total")  # a card is brought up to date by a click at once, by a run within a minute
    assert workspace.offers("test_total", Action.RERUN_FAILED), workspace.card("test_total").text
    card = workspace.card("test_total")
    path = f"/repos/acme/shop/actions/runs/{workspace.failed.id}/rerun"
    workspace.app.github.fail_next(403, path_prefix=path)
    assert "did not work" in workspace.respond(card, Action.RERUN_FAILED).text, "GitHub refused: it must not use it up"
    assert "runs again" in workspace.respond(card, Action.RERUN_FAILED).text
    assert "Somebody runs attempt 1" in workspace.respond(card, Action.RERUN_FAILED, BEN).text
    assert wait(lambda: not workspace.offers("test_total", Action.RERUN_FAILED)), "the button did not give way"


def test_a_card_whose_row_was_lost_is_adopted_by_a_click(workspace: Workspace) -> None:
    card = workspace.card("test_stock")
    key = workspace.app.card_notice(card).key()
    with workspace.db.begin() as session:
        assert present(message_store.find(session, key)).ts == card.ts
        message_store.delete(session, key)
    workspace.respond(card, Action.DETAILS)
    with workspace.db.begin() as session:
        assert present(message_store.find(session, key)).ts == card.ts
    assert sum("test_stock" in one.text for one in workspace.app.cards()) == 1


def test_a_form_that_takes_long_shows_that_it_is_worked_on_and_then_its_outcome(workspace: Workspace) -> None:
    workspace.press(workspace.card("test_tax"), Action.QUARANTINE_OPEN)
    workspace.submit(workspace.form(Callback.QUARANTINE), **FILLED)
    assert wait(lambda: workspace.offers("test_tax", Action.REJECT_OPEN))
    workspace.press(workspace.card("test_tax"), Action.REJECT_OPEN, BEN)
    form = workspace.form(Callback.REJECT, BEN)
    with workspace.db.begin() as session:
        assert quarantine_store.lock_open(session, workspace.app.repository_id, [State.PROPOSED])
        working = workspace.submit(form, BEN, why="fixed")
        assert working is not None
        assert "takes a moment" in str(working.blocks)
    assert wait(lambda: (view := workspace.slack.open_view(BEN)) and "It is done" in str(view.blocks))
    workspace.slack.close(BEN, form.id)
    assert wait(lambda: workspace.offers("test_tax", Action.QUARANTINE_OPEN))


def test_a_row_of_a_list_has_a_menu(workspace: Workspace) -> None:
    workspace.quarantine("test_tax")
    rows = workspace.ask("list quarantined")
    value = CaseChoice(CaseAction.LIFT, workspace.case_id("test_tax")).encode()
    question = workspace.respond(rows, Action.MORE, selected=value)
    assert "Do you want to end that?" in question.text
    workspace.lift("test_tax")


def test_a_quarantined_test_that_breaks_is_announced_and_resumed_by_a_person(workspace: Workspace) -> None:
    if not workspace.offers("test_total", Action.LIFT):
        workspace.quarantine("test_total")
    for number in range(4):
        workspace.app.run(f"it breaks {number}", ("test_total",))
    assert wait(lambda: workspace.offers("test_total", Action.RESUME_OPEN), 60), workspace.card("test_total").text
    assert "BROKEN ON MAIN" in workspace.card("test_total").text
    workspace.press(workspace.card("test_total"), Action.RESUME_OPEN, BEN)
    assert workspace.submit(workspace.form(Callback.RESUME, BEN), BEN, why="the fix is on its way") is None
    assert wait(lambda: workspace.offers("test_total", Action.EXTEND_OPEN))
