"""Signed requests of Slack to the listeners in this process: what they cost the database, and what they answer."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.analysis.connection import Setup
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, QuarantineId
from bot.analysis.notice import CardNotice
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.proposal import Proposal
from bot.commands import listener
from bot.commands.request.context import SlackApp
from bot.slack import ids
from bot.slack.ids import OUTDATED, Action, Callback
from bot.slack.registry import Registry
from bot.store.conversation import message as message_store
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.message import PostedMessage
from bot.store.database import Database
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import AccountLink, StoredPermission
from tests.sql_count import counting
from tests.store import deciding
from tests.store.run_recorder import REPOSITORY, RunRecorder

SECRET = "signing-secret"
TEAM, CHANNEL = "T0ACME", "C0CIFLAKES"
ANA = Actor(ActorKind.SLACK, "U0ANA", "ana", "ana")


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    """A repository with a flaky test, whose workspace has linked BEN's account."""
    recorder = RunRecorder(db)
    with db.begin() as session:
        workspace_store.put_by_token(session, sees_all=True, now=recorder.now)
        workspace = workspace_store.identify(
            session, enterprise_id="", team_id=TEAM, name="Acme", bot_user_id="U0FLAKE", now=recorder.now
        )
        account_link_store.put(session, AccountLink(workspace.id, "U0BEN", 502, "ben"), recorder.now)
    for number in range(3):
        recorder.run({"cart": "F"}, sha=f"{number:040x}")
        recorder.run({"cart": "."}, again=True, sha=f"{number:040x}")
    return recorder


@pytest.fixture
def bolt(db: Database, recorder: RunRecorder) -> App:
    """The Slack listeners; Slack itself is not reachable, and an approval does not need it."""
    slack = SlackApp(
        db=db,
        slacks=Registry(lambda _workspace: "xoxb-1", base_url="http://127.0.0.1:9/api/"),
        github=None,
        default_channel=CHANNEL,
        setup=Setup(linking=True),
        approver_groups=(),
        public_url="https://flakeguard.example",
        pages=None,
        clock=lambda: recorder.now,
    )
    return listener.build(slack, signing_secret=SECRET)


def propose(recorder: RunRecorder) -> QuarantineId:
    proposal = Proposal(case_id=recorder.case_id("cart"), days=14, reason="The payments sandbox is slow.")
    with recorder.db.begin() as session:
        return deciding.propose(session, REPOSITORY, proposal, ANA, recorder.now)


def click(bolt: App, action: Action, value: str, *, retry: str = "0", card: CaseId | None = None) -> int:
    """Press a button, on the card of a case or elsewhere."""
    blocks = [{"type": "actions", "block_id": ids.card_block(card, ids.CARD_ACTIONS)}] if card is not None else []
    payload: dict[str, object] = {
        "type": "block_actions",
        "container": {"type": "message", "message_ts": "1764554400.000100", "channel_id": CHANNEL},
        "channel": {"id": CHANNEL, "name": "ci-flakes"},
        "message": {"ts": "1764554400.000100", "text": "flaky", "blocks": blocks},
        "response_url": "http://127.0.0.1:9/actions/1",
        "actions": [
            {"type": "button", "action_id": action.value, "block_id": "b", "value": value, "action_ts": "1764554401.1"}
        ],
    }
    return send(bolt, payload, retry=retry).status


def submit(bolt: App, callback: Callback, **values: dict[str, object]) -> dict[str, object]:
    """Submit a form; returns what Slack is answered."""
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": callback.value,
        "private_metadata": "",
        "state": {"values": {block: {ids.ELEMENT: element} for block, element in values.items()}},
    }
    answer: dict[str, object] = json.loads(send(bolt, {"type": "view_submission", "view": view}).body or "{}")
    return answer


def send(bolt: App, payload: dict[str, object], *, retry: str = "0") -> BoltResponse:
    """Send an interaction of BEN, as Slack signs it."""
    shared = {
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": "U0BEN", "username": "ben", "name": "ben", "team_id": TEAM},
        "api_app_id": "A0FLAKE",
        "trigger_id": "1.2.3",
    }
    body, stamp = urlencode({"payload": json.dumps(shared | payload)}), str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    headers: dict[str, str | Sequence[str]] = {
        "content-type": ["application/x-www-form-urlencoded"],
        "x-slack-request-timestamp": [stamp],
        "x-slack-signature": [signature or ""],
        "x-slack-retry-num": [retry],
    }
    return bolt.dispatch(BoltRequest(body=body, headers=headers))


def state_of(db: Database, quarantine_id: QuarantineId) -> State:
    with db.begin() as session:
        return quarantine_store.get(session, quarantine_id).state


def allow(recorder: RunRecorder, permission: str = "write", *, age: timedelta = timedelta(minutes=1)) -> None:
    with recorder.db.begin() as session:
        stored = StoredPermission(permission, frozenset(), recorder.now - age)
        account_link_store.put_permission(session, REPOSITORY, 502, stored)


@pytest.mark.parametrize("on_card", [True, False])
def test_an_approval_takes_at_most_two_transactions_and_15_statements(
    recorder: RunRecorder, bolt: App, on_card: bool
) -> None:
    quarantine_id = propose(recorder)
    allow(recorder)
    case_id = recorder.case_id("cart") if on_card else None
    if case_id is not None:
        with recorder.db.begin() as session:
            workspace = workspace_store.find_by_token(session)
            assert workspace is not None
            card = CardNotice(repository_id=REPOSITORY, case_id=case_id, channel=Channel(workspace.id, CHANNEL))
            message = PostedMessage(card.channel, "1764554400.000100", case_id)
            message_store.insert_if_new(session, card.key(), message, REPOSITORY, recorder.now)
    with counting() as count:
        assert click(bolt, Action.APPROVE, str(quarantine_id), card=case_id) == 200
        listener.finish(bolt)
    assert state_of(recorder.db, quarantine_id) is State.ACTIVE
    assert count.commits <= 2
    assert len(count.statements) <= 15


def test_a_click_that_slack_sends_again_is_served_once(recorder: RunRecorder, bolt: App) -> None:
    quarantine_id = propose(recorder)
    allow(recorder)
    for retry in ("0", "1"):
        assert click(bolt, Action.APPROVE, str(quarantine_id), retry=retry) == 200
    listener.finish(bolt)
    assert state_of(recorder.db, quarantine_id) is State.ACTIVE


@pytest.mark.parametrize("age", [timedelta(minutes=5), timedelta(minutes=-1)])
def test_a_permission_that_was_not_read_in_the_last_five_minutes_decides_nothing(
    recorder: RunRecorder, bolt: App, age: timedelta
) -> None:
    quarantine_id = propose(recorder)
    allow(recorder, age=age)
    assert click(bolt, Action.APPROVE, str(quarantine_id)) == 200
    listener.finish(bolt)
    assert state_of(recorder.db, quarantine_id) is State.PROPOSED


@pytest.mark.parametrize(
    ("minimum", "events", "channel", "faulty"),
    [
        ("often", ["flaky"], CHANNEL, {"minimum"}),
        ("5%", [], CHANNEL, {"events"}),
        ("101", ["percentage"], "", {"minimum", "events", "where"}),
    ],
)
def test_every_faulty_input_of_a_subscription_is_named(
    bolt: App, minimum: str, events: list[str], channel: str, faulty: set[str]
) -> None:
    answer = submit(
        bolt,
        Callback.SUBSCRIBE,
        repository={"type": "static_select", "selected_option": {"value": str(REPOSITORY)}},
        where={"type": "conversations_select", "selected_conversation": channel or None},
        minimum={"type": "plain_text_input", "value": minimum},
        events={"type": "checkboxes", "selected_options": [{"value": event} for event in events]},
    )
    assert answer["response_action"] == "errors"
    assert isinstance(answer["errors"], dict)
    assert set(answer["errors"]) == faulty


def test_a_subscription_is_made_as_it_was_filled_in(recorder: RunRecorder, bolt: App) -> None:
    submit(
        bolt,
        Callback.SUBSCRIBE,
        repository={"type": "static_select", "selected_option": {"value": str(REPOSITORY)}},
        where={"type": "conversations_select", "selected_conversation": CHANNEL},
        minimum={"type": "plain_text_input", "value": "5 %"},
        events={"type": "checkboxes", "selected_options": [{"value": "flaky"}]},
    )
    with recorder.db.begin() as session:
        workspace = workspace_store.find(session, "", TEAM)
        assert workspace is not None
        (subscription,) = subscription_store.list_of_channel(session, Channel(workspace.id, CHANNEL))
    assert (subscription.repository_id, subscription.filters.minimum) == (REPOSITORY, 0.05)


def test_a_submission_of_a_form_that_is_not_known_says_that_nothing_was_done(bolt: App) -> None:
    answer = submit(bolt, Callback.LABEL, why={"type": "plain_text_input", "value": ["not", "a", "text"]})
    assert answer["response_action"] == "update"
    assert OUTDATED in json.dumps(answer["view"], ensure_ascii=False)
