"""The client against a server on 127.0.0.1 that answers as it is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from bot.errors import PermanentUpstreamError, RateLimitedError, UnreachableError, UpstreamError
from bot.slack import block_kit
from bot.slack.block_kit import Message, Metadata, View
from bot.slack.client import Slack
from bot.slack.errors import ChannelClosedError, InvalidBlocksError, TokenRevokedError

MESSAGE = Message("Hello, world.", (block_kit.section("Hello"),), Metadata("flakeguard_card", {"case_id": 1}))


@dataclass
class Upstream:
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def say(self, status: int = 200, *, headers: dict[str, str] | None = None, raw: str = "", **body: object) -> None:
        self.answers.append((status, headers or {}, raw or json.dumps(body)))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    told = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            if "json" in self.headers["Content-Type"]:
                values = {key: str(value) for key, value in json.loads(body or "{}").items()}
            else:
                values = {key: value[0] for key, value in parse_qs(body).items()}
            told.calls.append((self.path.rsplit("/", 1)[-1], values))
            status, headers, text = told.answers.pop(0) if told.answers else (200, {}, '{"ok": true, "ts": "1.2"}')
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/api"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def slack(upstream: Upstream) -> Slack:
    return Slack("xoxb-secret", base_url=upstream.url)


def test_the_same_key_is_the_same_message_to_slack(slack: Slack, upstream: Upstream) -> None:
    assert slack.post("C1", MESSAGE, key="alert:1") == "1.2"
    slack.post("C1", MESSAGE, key="alert:1", thread_ts="1.2", broadcast=True)
    slack.post("C1", MESSAGE, key="alert:2")
    first, second, third = (values for _, values in upstream.calls)
    assert first["client_msg_id"] == second["client_msg_id"] != third["client_msg_id"]
    assert "reply_broadcast" not in first
    assert second["reply_broadcast"] in {"1", "True"}
    assert json.loads(first["blocks"].replace("'", '"'))[0]["type"] == "section"


@pytest.mark.parametrize(
    ("said", "code"),
    [("used_url", "used_url"), ('{"ok":false,"error":"expired_url"}', "expired_url"), ("<html>", "status_404")],
)
def test_an_address_that_takes_no_answer_any_more_says_why(
    slack: Slack, upstream: Upstream, said: str, code: str
) -> None:
    upstream.say(404, raw=said)
    with pytest.raises(PermanentUpstreamError) as caught:
        slack.respond(f"{upstream.url}/response", MESSAGE)
    assert caught.value.code == code
    upstream.say(200, raw="ok")
    slack.respond(f"{upstream.url}/response", MESSAGE, thread_ts="1.2")
    sent = upstream.calls[-1][1]
    assert (sent["response_type"], sent["replace_original"], sent["thread_ts"]) == ("ephemeral", "False", "1.2")


@pytest.mark.parametrize("wait", ["", "soon", "nan", "inf", "-5", "0"])
def test_a_limit_without_a_usable_time_waits_a_second(slack: Slack, upstream: Upstream, wait: str) -> None:
    upstream.say(429, headers={"Retry-After": wait}, ok=False, error="ratelimited")
    with pytest.raises(RateLimitedError) as caught:
        slack.post("C1", MESSAGE, key="k")
    assert caught.value.retry_after == 1


def test_a_limit_says_how_long_to_wait(slack: Slack, upstream: Upstream) -> None:
    upstream.say(429, headers={"Retry-After": "7"}, ok=False, error="ratelimited")
    with pytest.raises(RateLimitedError) as caught:
        slack.post("C1", MESSAGE, key="k")
    assert caught.value.retry_after == 7
    assert len(upstream.calls) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("channel_not_found", ChannelClosedError),
        ("is_archived", ChannelClosedError),
        ("token_revoked", TokenRevokedError),
        ("invalid_blocks", InvalidBlocksError),
        ("new_word", PermanentUpstreamError),
    ],
)
def test_a_refusal_is_permanent_and_has_the_class_of_its_code(
    slack: Slack, upstream: Upstream, code: str, kind: type[PermanentUpstreamError]
) -> None:
    upstream.say(ok=False, error=code, response_metadata={"messages": ["[ERROR] must be less than 51 [/blocks]"]})
    with pytest.raises(PermanentUpstreamError, match="less than 51") as caught:
        slack.update("C1", "1.2", MESSAGE)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert "xoxb" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "raw"), [(500, "oops"), (503, '{"ok": false, "error": "x"}'), (200, "<html>"), (200, "null"), (200, "")]
)
def test_an_outage_is_worth_trying_again(slack: Slack, upstream: Upstream, status: int, raw: str) -> None:
    upstream.say(status, raw=raw)
    with pytest.raises(UpstreamError):
        slack.ephemeral("C1", "U1", MESSAGE)


def test_an_outage_opens_the_circuit_and_no_call_goes_out(slack: Slack, upstream: Upstream) -> None:
    for _ in range(5):
        upstream.say(500, ok=False, error="internal_error")
        with pytest.raises(UpstreamError):
            slack.post("C1", MESSAGE, key="k")
    with pytest.raises(UpstreamError, match="calls pause") as caught:
        slack.post("C1", MESSAGE, key="k")
    assert caught.value.retry_after is not None
    assert len(upstream.calls) == 5


def test_refusals_and_limits_do_not_open_the_circuit(slack: Slack, upstream: Upstream) -> None:
    for _ in range(8):
        upstream.say(ok=False, error="channel_not_found")
        upstream.say(429, ok=False, error="ratelimited")
        with pytest.raises(PermanentUpstreamError):
            slack.post("C1", MESSAGE, key="k")
        with pytest.raises(RateLimitedError):
            slack.post("C1", MESSAGE, key="k")
    assert slack.post("C1", MESSAGE, key="k") == "1.2"


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError):
        Slack("xoxb-secret", base_url=f"http://127.0.0.1:{port}/api").probe()


def test_a_message_is_found_by_its_own_mark_and_not_where_somebody_quotes_it(slack: Slack, upstream: Upstream) -> None:
    slack.post("C1", MESSAGE, key="alert:1")
    own = {"ts": "1.0", "blocks": [{"type": "section", "block_id": upstream.calls[0][1]["client_msg_id"]}]}
    quoting = {"ts": "2.0", "blocks": [], "attachments": [{"message_blocks": [{"message": own}]}]}
    upstream.say(ok=True, messages=[quoting, own])
    assert slack.find("C1", key="alert:1", at=datetime.now(UTC)) == "1.0"


def test_a_view_is_opened_updated_and_published(slack: Slack, upstream: Upstream) -> None:
    upstream.say(ok=True, view={"id": "V1"})
    view = View(type="modal", title="Title", blocks=MESSAGE.blocks)
    assert slack.open_view("t1", view) == "V1"
    slack.update_view("V1", view)
    slack.publish_home("U1", View(type="home", blocks=MESSAGE.blocks))
    assert [method for method, _ in upstream.calls] == ["views.open", "views.update", "views.publish"]


def test_a_probe_says_who_the_token_speaks_for(slack: Slack, upstream: Upstream) -> None:
    upstream.say(ok=True, team_id="T1", team="acme", user_id="UBOT", url="https://acme.example/")
    assert slack.probe().bot_user_id == "UBOT"


def test_a_direct_message_has_a_channel(slack: Slack, upstream: Upstream) -> None:
    upstream.say(ok=True, channel={"id": "D1"})
    assert slack.open_dm("U1") == "D1"
