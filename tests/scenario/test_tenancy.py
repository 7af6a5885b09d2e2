"""A workspace sees only its own repositories: asked of every command, button, menu, form, shortcut, event and page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import httpx
import pytest
import sqlalchemy as sa

from bot.analysis.model import WorkspaceId
from bot.analysis.run import StoredRun
from bot.commands import handler, menu
from bot.commands.request.pipeline import AnswerAbout, Decision, Listener
from bot.queries.access import About
from bot.sandbox.github.model import WorkflowRun
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack.model import Team
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.slack.ids import ELEMENT, Action, Callback, CaseAction, Field, ShortcutId
from bot.slack.payloads import BlockAction
from bot.store.cases import case as case_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Database
from bot.store.runs import run as run_store
from bot.store.tables.deciding import audit, mutes, quarantines, reruns
from bot.store.tables.judging import incidents, labels
from tests.presence import present
from tests.scenario.installable_app import InstallableApp
from tests.scenario.invitation import said
from tests.scenario.running_app import ANA, BEN, CHANNEL, CHLOE, wait

SECRETS = ("test_shop", "assert 1299", "the payments sandbox is slow")
"""What of the neighbours' repository nobody types here, so that it can only come from the bot."""
KEPT = (quarantines, audit, labels, mutes, incidents, reruns)
"""Tables of which no row may change, whatever a function reads of it."""
LATER = {"features", "features_version"}


@dataclass(frozen=True)
class Ids:
    """What the neighbours have, by number."""

    case: int
    uid: str
    quarantine: int
    repository: int
    run: int


@dataclass(frozen=True)
class Neighbours:
    """A workspace with a repository, a proposal and a card, and one beside it that has nothing."""

    app: InstallableApp
    other: SlackWorkspace
    ids: Ids


@pytest.fixture
def tenants(database_url: str) -> Iterator[InstallableApp]:
    made = InstallableApp(database_url)
    made.start_bot()
    yield made
    made.close()


@pytest.fixture
def neighbours(tenants: InstallableApp) -> Neighbours:
    tenants.install(tenants.slack)
    for user, login in ((CHLOE, "chloe"), (ANA, "ana"), (BEN, "ben")):
        tenants.bind(tenants.slack, user, login)
    other = tenants.sandbox.add_workspace(Team("T0OTHER", "Other"))
    tenants.install(other)
    tenants.bind(other, ANA, "ana")  # the same person, with write access, in a workspace that is bound to nothing
    run = tenants.run("first")
    assert wait(lambda: find_run(tenants, run)), "the run is not known"
    repository_id = tenants.repository_id
    tenants.slack.command(ANA, CHANNEL, "/flakeguard subscribe acme/shop")
    assert wait(lambda: subscribed(tenants)), "no subscription"
    tenants.make_flaky()
    assert wait(tenants.cards, 40), "no card was posted"
    tenants.slack.click(ANA, CHANNEL, tenants.cards()[0].ts, Action.QUARANTINE_OPEN)
    assert wait(lambda: tenants.slack.open_view(ANA)), "no modal"
    filled_in = {"until": "14", "scope": "case", "why": "the payments sandbox is slow"}
    tenants.slack.submit(ANA, present(tenants.slack.open_view(ANA)).id, filled_in)
    assert wait(tenants.open_quarantines), "no proposal"
    (quarantine,) = tenants.open_quarantines()
    with tenants.db.begin() as session:
        case = case_store.get(session, repository_id, quarantine.case_id)
    ids = Ids(case.id, case.uid, quarantine.id, repository_id, present(find_run(tenants, run)).id)
    return Neighbours(tenants, other, ids)


def find_run(app: InstallableApp, run: WorkflowRun) -> StoredRun | None:
    repository = app.find_repository()
    if repository is None:
        return None
    with app.db.begin() as session:
        return run_store.find_attempt(session, repository.id, run.id, run.run_attempt)


def subscribed(app: InstallableApp) -> set[WorkspaceId]:
    """The workspaces with a channel that is subscribed to the repository."""
    repository_id = app.repository_id
    with app.db.begin() as session:
        return {one.channel.workspace_id for one in subscription_store.list_repository(session, repository_id)}


def kept(db: Database) -> str:
    """The rows of the neighbours, without the features that a job adds to the label of the proposal meanwhile."""
    with db.begin() as session:
        return str(
            [
                sorted(str(row) for row in session.execute(sa.select(*(c for c in table.c if c.name not in LATER))))
                for table in KEPT
            ]
        )


def _has_other_calls(slack: SlackWorkspace, count: int) -> bool:
    return len(slack.calls) != count


def settle(slack: SlackWorkspace) -> None:
    """Wait until the bot has said all it wants to say."""
    seen = -1
    while seen != len(slack.calls):
        seen = len(slack.calls)
        wait(partial(_has_other_calls, slack, seen), 1.0)


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def everything(slack: SlackWorkspace) -> str:
    """All that the bot has sent to a workspace and answered it."""
    calls = [json.dumps(call.arguments, ensure_ascii=False) for call in slack.calls]
    return "\n".join([*calls, *(dispatch.response.body for dispatch in slack.dispatches)])


def values(served: Listener[BlockAction], ids: Ids) -> list[str]:
    """What a button or menu of a card of the neighbours would carry, and forged ones."""
    case = [str(ids.case), *(f"{action}:{ids.case}" for action in CaseAction)]
    quarantine, repository = [str(ids.quarantine)], [str(ids.repository), f"{ids.run}:{ids.repository}"]
    about = served.about if isinstance(served, AnswerAbout | Decision) else None
    if about is About.CASE:
        return case
    if about is About.QUARANTINE:
        return quarantine
    if about is About.REPOSITORY:
        return [*repository, f"1:{ids.repository}"]
    return ["", "1:1", case[0], quarantine[0], repository[0]]


def click(slack: SlackWorkspace, action: str, value: str, ids: Ids) -> None:
    """Press the button of this value, or choose the option of it where it says a word before the number."""
    element: JsonObject = {"action_id": action, "block_id": f"pick:{CaseAction.DETAILS}:7:x", "action_ts": "1.1"}
    chosen: JsonObject = {"type": "static_select", "selected_option": {"value": value}}
    pressed: JsonObject = {"type": "button", "value": value}
    body = slack.interaction_payload("block_actions", ANA) | {
        "container": {"type": "message", "message_ts": "1.1", "channel_id": CHANNEL},
        "channel": {"id": CHANNEL, "name": "ci-flakes"},
        "message": {"text": "x", "blocks": [{"block_id": f"fc_{ids.case}:act"}]},
        "actions": [element | (chosen if value.partition(":")[0].isalpha() else pressed)],
    }
    assert slack.send_interaction(body).status == 200, action


def filled(callback: Callback, ids: Ids, bot_url: str) -> Mapping[str, JsonObject]:
    """A form as somebody would fill it in who knows the neighbours' numbers."""
    given: dict[str, str] = {field.value: "" for field in Field}
    given |= {
        Field.UNTIL: "14",
        Field.SCOPE: "case",
        Field.WHY: "bug",
        Field.TEAM: "@acme/payments",
        Field.CASE: str(ids.case),
        Field.LEAVES: str(ids.quarantine),
        Field.REPOSITORY: str(ids.repository),
        Field.RUN: f"{bot_url}/acme/shop/actions/runs/5001",
    }
    if callback is Callback.SUBSCRIBE:
        given |= {Field.REPOSITORY: "acme/shop"}
    return {
        block: {ELEMENT: {"value": text or None, "selected_option": {"value": text} if text else None}}
        for block, text in given.items()
    }


def submit(slack: SlackWorkspace, callback: Callback, ids: Ids, bot_url: str) -> None:
    metadata = {"case_id": ids.case, "quarantine_id": ids.quarantine, "channel": CHANNEL, "ts": "1.1", "version": 1}
    for private in (metadata, {"channel": CHANNEL}, {}):
        view: JsonObject = {
            "id": "V1",
            "type": "modal",
            "callback_id": callback.value,
            "private_metadata": json.dumps(private),
            "state": {"values": filled(callback, ids, bot_url)},
        }
        body = slack.interaction_payload("view_submission", ANA) | {"view": view, "response_urls": []}
        assert slack.send_interaction(body).status == 200, callback


@pytest.mark.timeout(600)
def test_a_workspace_sees_and_changes_nothing_of_another_ones_repository(neighbours: Neighbours, db: Database) -> None:
    app, other, ids = neighbours.app, neighbours.other, neighbours.ids
    before = kept(db)
    asked: list[int] = []
    app.github.on_rerun = lambda run_id, _failed_only: asked.append(run_id)

    for command in menu.COMMANDS:
        for line in (command.name, *command.examples, f"{command.name} {ids.uid}", f"{command.name} test_total"):
            words = line.replace("https://github.com", app.sandbox.url).replace("/runs/7", "/runs/5001")
            assert other.command(ANA, CHANNEL, f"/flakeguard {words}").status == 200, line
        other.say(ANA, CHANNEL, f"<@U0FLAKE> {command.name} test_total")
    settle(other)
    assert not leaks(everything(other)), "a command"

    for action, served in handler.ACTIONS.items():
        for value in values(served, ids):
            click(other, action.value, value, ids)
    settle(other)
    assert not leaks(everything(other)), "a button or menu"

    for callback in handler.SUBMISSIONS:
        submit(other, callback, ids, app.sandbox.url)
    settle(other)
    assert not leaks(everything(other)), "a form"

    for action in handler.SUGGESTIONS:
        for typed in ("", "t", "test_total", "shop", ids.uid):
            body = other.interaction_payload("block_suggestion", ANA) | {
                "container": {"type": "message", "message_ts": "1.1", "channel_id": CHANNEL},
                "action_id": action.value,
                "block_id": f"pick:{CaseAction.DETAILS}:7:{typed}",
                "value": typed,
            }
            answer = other.send_interaction(body)
            assert answer.json().get("options") == [], (action, typed)

    message = other.post(CHANNEL, f"{app.sandbox.url}/acme/shop/actions/runs/5001", [], user=BEN)
    for shortcut in ShortcutId:
        other.shortcut(ANA, shortcut.value)
        other.message_shortcut(ANA, CHANNEL, message.ts, shortcut.value)
    address = f"{app.url}/t/{ids.uid}"
    other.send_event("link_shared", user=ANA, channel=CHANNEL, message_ts=message.ts, links=[{"url": address}])
    other.open_home(ANA)
    assert wait(lambda: other.home(ANA)), "no home"
    settle(other)
    assert not leaks(everything(other)), "a shortcut, a link or the home"
    assert not leaks(httpx.get(address).text), "a page without its signature"

    assert kept(db) == before, "something of the neighbours changed"
    assert asked == [], "the neighbours' CI ran again"
    assert subscribed(app) == {app.workspace().id}, "subscribed to the neighbours"
    refused = [call for call in other.calls if call.error in {"invalid_blocks", "invalid_arguments"}]
    assert refused == [], "the bot sent something that Slack does not take"


def test_the_same_requests_show_it_to_its_own_workspace(neighbours: Neighbours) -> None:
    """That the secrets above would be seen, if they were shown."""
    app, ids = neighbours.app, neighbours.ids
    click(app.slack, Action.DETAILS, str(ids.case), ids)
    assert wait(lambda: said(app, ANA, "test_shop"))
    app.slack.command(ANA, CHANNEL, "/flakeguard list proposed")
    assert wait(lambda: leaks(everything(app.slack)))
