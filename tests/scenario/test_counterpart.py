"""What Slack sends and answers that nobody in a workspace does by a click: other forms, other places, other times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack.model import BOT_USER_ID, Channel, SlackSettings
from bot.slack.ids import Callback, ShortcutId
from bot.store import embedded
from tests.conftest import clone
from tests.scenario.invitation import said
from tests.scenario.running_app import ANA, BEN, CHANNEL, RunningApp, wait

ELSEWHERE = Channel("G0ELSEWHERE", "without-the-bot", has_bot=False)


@pytest.fixture(scope="module")
def made(server: embedded.Server, template: str) -> Iterator[RunningApp]:
    """A workspace with a channel that the bot was not invited to."""
    with clone(server, template) as url:
        app = RunningApp(url, slack_settings=SlackSettings(rate_limits=False))
        app.slack.channels[ELSEWHERE.id] = ELSEWHERE
        try:
            app.start_bot()
            run = app.run("only")
            assert wait(lambda: (check := app.check(run)) and check.conclusion)
            yield app
        finally:
            app.close()


def interaction(app: RunningApp, **fields: object) -> httpx.Response:
    """Send what no client of Slack's would; returns what the bot answered."""
    body: JsonObject = {
        "team": {"id": app.slack.team_id, "domain": "acme"},
        "user": {"id": ANA, "team_id": app.slack.team_id},
        "trigger_id": app.slack.new_trigger(ANA),
        "response_url": app.slack.new_response_url(ANA, CHANNEL),
        **fields,
    }
    answer = app.slack.dispatcher.interaction(body)
    return httpx.Response(answer.status, text=answer.body)


def test_a_command_is_answered_where_the_bot_is_not(made: RunningApp) -> None:
    made.slack.command(ANA, ELSEWHERE.id, "/flakeguard status")
    assert wait(lambda: [one for one in made.slack.ephemerals(ANA) if one.channel == ELSEWHERE.id])
    assert "acme/shop" in made.slack.ephemerals(ANA)[-1].text
    message = made.slack.post(ELSEWHERE.id, f"{made.sandbox.url}/acme/shop/actions/runs/5001", [], user=BEN)
    before = len(made.slack.ephemerals(ANA))
    assert made.slack.message_shortcut(ANA, ELSEWHERE.id, message.ts, ShortcutId.RUN).status == 200
    assert wait(lambda: len(made.slack.ephemerals(ANA)) > before)


def test_what_no_response_url_takes_is_said_in_a_direct_message(made: RunningApp) -> None:
    answered = interaction(
        made,
        type="block_actions",
        channel={"id": "C0DELETED", "name": "gone"},
        container={"type": "message", "message_ts": "1.2", "channel_id": "C0DELETED", "is_ephemeral": True},
        actions=[{"type": "button", "action_id": "fg_menu_health", "block_id": "x"}],
        response_url=f"{made.slack.base_url}/response/none",
    )
    assert answered.status_code == 200
    direct = made.slack.direct_channel(ANA).id
    assert wait(lambda: [one for one in made.slack.messages(direct) if "connected" in one.text])


def test_null_is_read_as_absent(made: RunningApp) -> None:
    before = len(made.slack.ephemerals(ANA))
    answered = interaction(
        made,
        type="block_actions",
        enterprise=None,
        view=None,
        state=None,
        channel={"id": CHANNEL, "name": None},
        container={"type": "message", "message_ts": "1.2", "thread_ts": None, "channel_id": CHANNEL},
        message={"type": "message", "text": None, "attachments": None, "ts": "1.2"},
        actions=[{"type": "button", "action_id": "fg_menu_health", "block_id": "x", "value": None}],
    )
    assert answered.status_code == 200
    assert wait(lambda: len(made.slack.ephemerals(ANA)) > before)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "view_submission", "view": {"id": "V0", "type": "modal", "callback_id": "of_another_version"}},
        {"type": "view_closed", "view": {"id": "V0", "type": "modal", "callback_id": "of_another_version"}},
        {"type": "shortcut", "callback_id": "of_another_version"},
        {"type": "message_action", "callback_id": "of_another_version", "channel": {"id": CHANNEL}},
        {"type": "block_suggestion", "action_id": "of_another_version", "block_id": "x", "value": "x"},
        {"type": "workflow_step_edit", "callback_id": "of_another_version", "workflow_step": {}},
        {"type": "something_new"},
    ],
    ids=lambda fields: str(fields["type"]),
)
def test_a_request_that_nothing_here_is_for_is_answered_200(made: RunningApp, fields: dict[str, object]) -> None:
    answered = interaction(made, **fields)
    assert answered.status_code == 200
    if fields["type"] == "view_submission":
        assert "older version" in answered.text
    if fields["type"] == "block_suggestion":
        assert json.loads(answered.text) == {"options": []}


def test_a_command_by_another_name_is_told_the_right_one(made: RunningApp) -> None:
    assert "Type /flakeguard help" in made.slack.command(ANA, CHANNEL, "/flaky help").body


def test_events_that_nobody_caused_are_answered_200_and_by_nothing(made: RunningApp) -> None:
    before = len(made.slack.calls)
    for kind, fields in (
        ("app_mention", {"bot_id": "B0OTHER", "text": f"<@{BOT_USER_ID}> help", "channel": CHANNEL, "user": None}),
        ("link_shared", {"channel": CHANNEL, "message_ts": "1.2", "links": None, "user": ANA}),
        ("tokens_revoked", {"tokens": {"oauth": [ANA], "bot": None}}),
        ("channel_rename", {"channel": {"id": CHANNEL, "name": "renamed", "created": 1}}),
        ("user_change", {"user": {"id": ANA}}),
        ("app_home_opened", {"user": ANA, "tab": "messages", "channel": "D0ANA"}),
    ):
        assert made.slack.send_event(kind, **fields).status == 200, kind
    assert made.slack.command(ANA, CHANNEL, "/flakeguard whoami").status == 200
    assert wait(lambda: len(made.slack.calls) > before)
    said_or_shown = [one.method for one in made.slack.calls[before:] if one.method.startswith(("chat.", "views."))]
    assert said_or_shown == ["chat.postEphemeral"]


def test_an_event_that_comes_twice_is_done_once_whatever_its_headers_say(made: RunningApp) -> None:
    answers = len(made.slack.ephemerals(ANA)) + 1
    made.slack.say(ANA, CHANNEL, f"<@{BOT_USER_ID}> whoami")
    sent = made.slack.dispatches[-1]
    assert wait(lambda: len(made.slack.ephemerals(ANA)) == answers)
    assert made.slack.redeliver(sent, retry=0).status == 200
    assert made.slack.redeliver(sent, retry=1).status == 200
    made.slack.command(BEN, CHANNEL, "/flakeguard whoami")
    assert wait(lambda: made.slack.ephemerals(BEN))
    assert len(made.slack.ephemerals(ANA)) == answers


@pytest.mark.parametrize(
    "line", ["test a\x00b", "incident start a\x00b", "subscribe acme/shop path:\x00", "quarantine \x00"], ids=repr
)
def test_what_cannot_be_stored_is_no_fault_of_ours(made: RunningApp, line: str) -> None:
    before = len(made.slack.ephemerals(ANA))
    assert made.slack.command(ANA, CHANNEL, f"/flakeguard {line}").status == 200
    assert wait(lambda: len(made.slack.ephemerals(ANA)) > before)
    assert "went wrong" not in made.slack.ephemerals(ANA)[-1].text


@pytest.mark.parametrize("number", [-1, 2**63, 10**30, True, "1", None])
def test_a_form_that_names_what_cannot_be_is_refused_in_words(made: RunningApp, number: object) -> None:
    view = {"id": "V0", "type": "modal", "callback_id": Callback.MUTE, "state": {"values": {}}}
    answered = interaction(
        made, type="view_submission", view={**view, "private_metadata": json.dumps({"case_id": number})}
    )
    assert answered.status_code == 200
    assert "older version" in answered.text or "does not exist" in answered.text or "not known" in answered.text


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "{"], ids=repr)
@pytest.mark.parametrize("form", [True, False])
def test_a_body_that_is_no_object_is_refused(made: RunningApp, body: str, *, form: bool) -> None:
    content = f"payload={body}".encode() if form else body.encode()
    now = int(time.time())
    headers = {
        "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
        "X-Slack-Request-Timestamp": str(now),
        "X-Slack-Signature": made.slack.dispatcher.sign(content, now),
    }
    assert httpx.post(f"{made.url}/slack/events", content=content, headers=headers).status_code < 500


@pytest.mark.parametrize("moment", ["", "12x", "-1", "9" * 5000, "1e9", "0"], ids=len)
def test_a_time_that_is_none_is_refused(made: RunningApp, moment: str) -> None:
    headers = {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": "v0=00"}
    assert httpx.post(f"{made.url}/slack/events", content=b"{}", headers=headers).status_code == 401


def test_slacks_own_checks_of_the_address_are_answered(made: RunningApp) -> None:
    body = json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw1a"}).encode()
    now = int(time.time())
    headers = {"X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": made.slack.dispatcher.sign(body, now)}
    headers["Content-Type"] = "application/json"
    answered = httpx.post(f"{made.url}/slack/events", content=body, headers=headers)
    assert (answered.status_code, "3eZbrw1a" in answered.text) == (200, True)
    form = {"ssl_check": "1", "token": "x"}
    assert httpx.post(f"{made.url}/slack/events", data=form).status_code == 200


def test_a_form_that_slack_did_not_wait_for_is_said(made: RunningApp) -> None:
    made.slack.fail_next(status=200, error="expired_trigger_id", method="views.open")
    made.slack.command(ANA, CHANNEL, "/flakeguard run")
    assert wait(lambda: said(made, ANA, "Ask for it again"))


def test_a_slack_that_hangs_keeps_nobody_from_being_acknowledged_in_time(made: RunningApp) -> None:
    made.slack.delay = 5.0
    try:
        with ThreadPoolExecutor(30) as people:
            mention = {"user": BEN, "text": "help", "channel": CHANNEL}
            mentions = [people.submit(made.slack.send_event, "app_mention", **mention) for _ in range(5)]
            commands = [people.submit(made.slack.command, BEN, CHANNEL, "/flakeguard help") for _ in range(25)]
            answers = [one.result() for one in (*mentions, *commands)]
    finally:
        made.slack.delay = 0.0
    assert {one.status for one in answers} == {200}, [one.error for one in answers]
