from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.sandbox.json_object import JsonObject
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import SlackSettings

CHANNEL = "C0CIFLAKES"


class Bot:
    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.responses: list[tuple[int, str]] = []
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                bot.requests.append((dict(self.headers), content))
                status, body = bot.responses.pop(0) if bot.responses else (200, "")
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def payload(self, index: int = -1) -> JsonObject:
        payload: JsonObject = json.loads(parse_qs(self.requests[index][1].decode())["payload"][0])
        return payload

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def bot(sandbox: Sandbox) -> Iterator[Bot]:
    bot = Bot()
    sandbox.bot_url = bot.url
    yield bot
    bot.stop()


@pytest.fixture
def client(sandbox: Sandbox) -> WebClient:
    return WebClient(sandbox.slack.bot_token, base_url=f"{sandbox.url}/slack/api/", retry_handlers=[])


def button(text: str = "Go", **more: object) -> JsonObject:
    return {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": text}, "value": "7", **more}


def modal(**more: object) -> JsonObject:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "why",
                "label": {"type": "plain_text", "text": "Why"},
                "element": {"type": "plain_text_input", "action_id": "v"},
            }
        ],
        **more,
    }


def error_of(call: object) -> str:
    assert isinstance(call, SlackApiError)
    return str(call.response["error"])


def test_a_message_is_posted_updated_and_answered_in_its_thread(sandbox: Sandbox, client: WebClient) -> None:
    first = client.chat_postMessage(channel=CHANNEL, text="one", blocks=[{"type": "divider"}])
    client.chat_update(channel=CHANNEL, ts=first["ts"], text="two")
    client.chat_postMessage(channel=CHANNEL, text="quiet", thread_ts=first["ts"])
    client.chat_postMessage(channel=CHANNEL, text="loud", thread_ts=first["ts"], reply_broadcast=True)
    assert [m.text for m in sandbox.slack.messages(CHANNEL)] == ["two", "loud"]
    assert [m.text for m in sandbox.slack.replies(CHANNEL, first["ts"])] == ["quiet", "loud"]
    assert [call.method for call in sandbox.slack.calls][:2] == ["chat.postMessage", "chat.update"]


def test_the_same_client_msg_id_posts_once(sandbox: Sandbox, client: WebClient) -> None:
    answers = [client.chat_postMessage(channel=CHANNEL, text="x", client_msg_id="same")["ts"] for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(sandbox.slack.messages(CHANNEL)) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": CHANNEL, "text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"channel": CHANNEL, "text": "x", "blocks": [{"type": "hologram"}]}, "invalid_blocks"),
        ({"channel": CHANNEL, "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
    ],
)
def test_a_message_that_slack_rejects_is_rejected(client: WebClient, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(**arguments)
    assert error_of(caught.value) == code


def test_a_wrong_or_absent_token_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/slack/api/auth.test"
    assert httpx.post(url).json() == {"ok": False, "error": "not_authed"}
    assert httpx.post(url, headers={"Authorization": "Bearer xoxb-no"}).json()["error"] == "invalid_auth"


def test_a_message_without_text_and_blocks_is_refused(sandbox: Sandbox) -> None:
    form = {"token": sandbox.slack.bot_token, "channel": CHANNEL}
    answer = httpx.post(f"{sandbox.url}/slack/api/chat.postMessage", data=form)
    assert (answer.status_code, answer.json()["error"]) == (200, "no_text")


def test_an_archived_channel_takes_no_message(sandbox: Sandbox, client: WebClient) -> None:
    sandbox.slack.archive(CHANNEL)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert error_of(caught.value) == "is_archived"


def test_only_the_bots_own_messages_can_be_changed(sandbox: Sandbox, client: WebClient) -> None:
    sandbox.slack.say("U0ANA", CHANNEL, "mine")
    ts = sandbox.slack.messages(CHANNEL)[0].ts
    for ts_given, code in ((ts, "cant_update_message"), ("1.1", "message_not_found")):
        with pytest.raises(SlackApiError) as caught:
            client.chat_update(channel=CHANNEL, ts=ts_given, text="not yours")
        assert error_of(caught.value) == code


def test_more_than_the_burst_in_one_channel_is_rate_limited(client: WebClient) -> None:
    for number in range(5):
        client.chat_postMessage(channel=CHANNEL, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="one too many")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"


def test_a_fault_on_demand_happens_as_often_as_ordered(sandbox: Sandbox, client: WebClient) -> None:
    sandbox.slack.fail_next(1, status=429, retry_after=9, method="chat.postMessage")
    assert client.auth_test()["user_id"] == "U0FLAKE"
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert caught.value.response.headers["Retry-After"] == "9"
    assert client.chat_postMessage(channel=CHANNEL, text="x")["ok"]
    sandbox.slack.fail_next(error="token_revoked")
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert error_of(caught.value) == "token_revoked"


def test_a_command_is_signed_and_its_answer_is_ephemeral(sandbox: Sandbox, bot: Bot) -> None:
    bot.responses.append((200, json.dumps({"text": "only you"})))
    answer = sandbox.slack.command("U0ANA", CHANNEL, "/flakeguard status acme/shop")
    headers, body = bot.requests[0]
    fields = {key: value[0] for key, value in parse_qs(body.decode()).items()}
    assert SignatureVerifier(sandbox.slack.signing_secret).is_valid_request(body, headers)
    assert (fields["command"], fields["text"], fields["user_id"]) == ("/flakeguard", "status acme/shop", "U0ANA")
    assert answer.ok
    assert [m.text for m in sandbox.slack.ephemerals("U0ANA")] == ["only you"]
    sandbox.slack.dismiss("U0ANA")
    assert sandbox.slack.ephemerals("U0ANA") == []
    assert sandbox.slack.messages(CHANNEL) == []


def test_an_answer_in_channel_is_seen_by_all(sandbox: Sandbox, bot: Bot) -> None:
    bot.responses.append((200, json.dumps({"text": "all", "response_type": "in_channel"})))
    sandbox.slack.command("U0ANA", CHANNEL, "/flakeguard")
    assert [m.text for m in sandbox.slack.messages(CHANNEL)] == ["all"]


def test_a_bot_that_does_not_answer_in_time_shows_as_operation_timeout() -> None:
    slow = Sandbox(settings=SlackSettings(response_seconds=0.2))
    slow.start()
    release = threading.Event()

    class Stuck(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            release.wait(5)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stuck)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    slow.bot_url = f"http://127.0.0.1:{server.server_port}"
    assert slow.slack.command("U0ANA", CHANNEL, "/flakeguard").error == "operation_timeout"
    assert "operation_timeout" in slow.slack.ephemerals("U0ANA")[0].text
    release.set()
    server.shutdown()
    server.server_close()
    slow.stop()


def test_a_click_opens_a_modal_whose_trigger_works_once(sandbox: Sandbox, bot: Bot, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="card", blocks=[{"type": "actions", "elements": [button()]}])[
        "ts"
    ]
    sandbox.slack.click("U0BEN", CHANNEL, ts, "go")
    payload = bot.payload()
    assert payload["type"] == "block_actions"
    assert payload["actions"][0]["value"] == "7"  # type: ignore[index]
    trigger = str(payload["trigger_id"])
    view = client.views_open(trigger_id=trigger, view=modal())["view"]
    assert sandbox.slack.open_view("U0BEN").id == view["id"]  # type: ignore[union-attr]
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=trigger, view=modal())
    assert error_of(caught.value) == "exchanged_trigger_id"


def test_a_trigger_expires() -> None:
    sandbox = Sandbox(settings=SlackSettings(trigger_seconds=-1))
    sandbox.start()
    client = WebClient(sandbox.slack.bot_token, base_url=f"{sandbox.url}/slack/api/", retry_handlers=[])
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=sandbox.slack.new_trigger("U0ANA"), view=modal())
    sandbox.stop()
    assert error_of(caught.value) == "expired_trigger_id"


def test_a_submission_carries_the_values_and_obeys_the_answer(sandbox: Sandbox, bot: Bot, client: WebClient) -> None:
    slack = sandbox.slack
    view_id = client.views_open(trigger_id=slack.new_trigger("U0ANA"), view=modal())["view"]["id"]
    assert slack.submit("U0ANA", view_id, {}).error == "incomplete_form"
    bot.responses += [
        (200, json.dumps({"response_action": "errors", "errors": {"why": "too short"}})),
        (200, json.dumps({"response_action": "push", "view": modal()})),
        (200, ""),
    ]
    slack.submit("U0ANA", view_id, {"why": "no"})
    view = slack.open_view("U0ANA")
    assert view is not None
    assert view.errors == {"why": "too short"}
    assert bot.payload()["view"]["state"]["values"]["why"]["v"]["value"] == "no"  # type: ignore[index]
    slack.submit("U0ANA", view_id, {"why": "because"})
    pushed = slack.open_view("U0ANA")
    assert pushed is not None
    assert pushed.previous_id == view_id
    slack.submit("U0ANA", pushed.id, {"why": "so"})
    assert slack.open_view("U0ANA").id == view_id  # type: ignore[union-attr]


def test_a_stale_hash_is_a_conflict(sandbox: Sandbox, client: WebClient) -> None:
    view = client.views_open(trigger_id=sandbox.slack.new_trigger("U0ANA"), view=modal())["view"]
    client.views_update(view_id=view["id"], view=modal(), hash=view["hash"])
    with pytest.raises(SlackApiError) as caught:
        client.views_update(view_id=view["id"], view=modal(), hash=view["hash"])
    assert error_of(caught.value) == "hash_conflict"


def test_a_closed_modal_is_told_only_when_asked(sandbox: Sandbox, bot: Bot, client: WebClient) -> None:
    for wanted, expected in ((False, 0), (True, 1)):
        view = modal(notify_on_close=wanted)
        view_id = client.views_open(trigger_id=sandbox.slack.new_trigger("U0ANA"), view=view)["view"]["id"]
        sandbox.slack.close("U0ANA", view_id)
        assert sandbox.slack.open_view("U0ANA") is None
        assert len(bot.requests) == expected


def test_a_response_url_replaces_an_ephemeral_and_is_used_up(sandbox: Sandbox, bot: Bot) -> None:
    blocks = [{"type": "actions", "elements": [button()]}]
    bot.responses.append((200, json.dumps({"text": "menu", "blocks": blocks})))
    sandbox.slack.command("U0ANA", CHANNEL, "/flakeguard")
    ephemeral = sandbox.slack.ephemerals("U0ANA")[0]
    sandbox.slack.click("U0ANA", CHANNEL, ephemeral.ts, "go")
    url = str(bot.payload()["response_url"])
    assert httpx.post(url, json={"replace_original": True, "text": "done"}).text == "ok"
    assert [m.text for m in sandbox.slack.ephemerals("U0ANA")] == ["done"]
    statuses = [httpx.post(url, json={"text": "again"}).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 404]


def test_the_home_is_published_and_events_carry_an_id(sandbox: Sandbox, bot: Bot, client: WebClient) -> None:
    sandbox.slack.open_home("U0CHLOE")
    body = json.loads(bot.requests[0][1])
    assert body["event"]["type"] == "app_home_opened"
    sandbox.slack.redeliver(sandbox.slack.dispatches[0])
    assert json.loads(bot.requests[1][1])["event_id"] == body["event_id"]
    assert bot.requests[1][0]["X-Slack-Retry-Num"] == "1"
    client.views_publish(user_id="U0CHLOE", view={"type": "home", "blocks": [{"type": "divider"}]})
    assert sandbox.slack.home("U0CHLOE") is not None


def test_people_are_found_and_direct_messages_reach_one_person(sandbox: Sandbox, client: WebClient) -> None:
    assert client.users_lookupByEmail(email="ana@acme.example")["user"]["id"] == "U0ANA"
    assert client.users_info(user="U0BEN")["user"]["real_name"] == "Ben Okafor"
    channel = client.conversations_open(users=["U0BEN"])["channel"]["id"]
    client.chat_postMessage(channel="U0BEN", text="psst")
    assert [m.text for m in sandbox.slack.messages(channel)] == ["psst"]
    client.chat_postEphemeral(channel=CHANNEL, user="U0BEN", text="you")
    assert [m.text for m in sandbox.slack.ephemerals("U0BEN")] == ["you"]


def test_socket_mode_delivers_commands_and_takes_the_answer(sandbox: Sandbox) -> None:
    web = WebClient(base_url=f"{sandbox.url}/slack/api/")
    client = SocketModeClient(sandbox.slack.app_token, web_client=web, auto_reconnect_enabled=False)
    seen: list[SocketModeRequest] = []

    def listen(socket: object, request: SocketModeRequest) -> None:
        del socket
        seen.append(request)
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload={"text": "over the wire"}))

    client.socket_mode_request_listeners.append(listen)
    client.connect()
    assert sandbox.slack.wait_for(lambda: sandbox.slack.dispatcher.sockets)
    sandbox.slack.command("U0ANA", CHANNEL, "/flakeguard help")
    client.close()
    assert seen[0].payload["text"] == "help"
    assert [m.text for m in sandbox.slack.ephemerals("U0ANA")] == ["over the wire"]


def test_the_page_shows_the_workspace_and_keeps_hostile_text_inert(sandbox: Sandbox, client: WebClient) -> None:
    client.chat_postMessage(channel=CHANNEL, text="<script>alert(1)</script> *bold*")
    page = httpx.get(sandbox.url, params={"as": "U0BEN"}).text
    assert "Ben Okafor" in page
    assert "<script>alert" not in page
    assert "<strong>bold</strong>" in page


def test_an_ephemeral_message_is_shown_to_its_reader_only(sandbox: Sandbox, client: WebClient) -> None:
    client.chat_postEphemeral(channel=CHANNEL, user="U0BEN", text="psst")
    assert "Only visible to you" in httpx.get(sandbox.url, params={"as": "U0BEN"}).text
    assert "psst" not in httpx.get(sandbox.url, params={"as": "U0ANA"}).text


def test_a_form_of_the_page_types_a_command_as_the_person_shown(sandbox: Sandbox, bot: Bot) -> None:
    fields = {"as": "U0CHLOE", "at": CHANNEL, "channel": CHANNEL, "line": "/flakeguard list"}
    answer = httpx.post(f"{sandbox.url}/say", data=fields)
    sent = parse_qs(bot.requests[0][1].decode())
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?as=U0CHLOE&at={CHANNEL}")
    assert (sent["user_id"], sent["text"]) == (["U0CHLOE"], ["list"])


def test_a_modal_is_submitted_through_the_page(sandbox: Sandbox, bot: Bot, client: WebClient) -> None:
    view_id = client.views_open(trigger_id=sandbox.slack.new_trigger("U0ANA"), view=modal())["view"]["id"]
    assert "<dialog open" in httpx.get(sandbox.url, params={"as": "U0ANA"}).text
    fields = {"as": "U0ANA", "at": CHANNEL, "view": view_id, "do": "submit", "f:why/v": "because"}
    httpx.post(f"{sandbox.url}/act", data=fields)
    assert bot.payload()["view"]["state"]["values"]["why"]["v"]["value"] == "because"  # type: ignore[index]
    assert sandbox.slack.open_view("U0ANA") is None


def test_another_sites_page_cannot_press_anything(sandbox: Sandbox, bot: Bot) -> None:
    fields = {"as": "U0ANA", "channel": CHANNEL, "line": "/flakeguard"}
    answer = httpx.post(f"{sandbox.url}/say", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert bot.requests == []
