"""HTTP: what the routes refuse, what they answer while the rest is busy, and the buttons of a check run."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from functools import partial

import httpx

from tests.presence import present
from tests.scenario.running_app import ANA, CHANNEL, RunningApp, wait


def deliver(app: RunningApp, body: bytes, *, event: str = "ping", secret: str | None = None, key: str = "d-1") -> int:
    signed = hmac.new((secret or app.github.webhook_secret).encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": key, "X-Hub-Signature-256": f"sha256={signed}"}
    return httpx.post(f"{app.url}/github/webhook", content=body, headers=headers, timeout=30).status_code


def answered_after(app: RunningApp, count: int) -> bool:
    return len(app.slack.ephemerals(ANA)) > count


def test_the_webhook_takes_what_is_signed_and_refuses_the_rest(app: RunningApp) -> None:
    assert deliver(app, b"{}") == 202
    assert deliver(app, b"{}", secret="wrong") == 401
    assert deliver(app, b"{}", event="star") == 202
    assert deliver(app, b"not json", event="workflow_run") == 400
    assert deliver(app, b" " * (25 * 1024 * 1024 + 1)) == 413
    assert httpx.post(f"{app.url}/github/webhook", content=b"{}").status_code == 401
    assert httpx.post(f"{app.url}/slack/events", content=b"{}").status_code == 401


def test_health_and_metrics_answer(app: RunningApp) -> None:
    assert httpx.get(f"{app.url}/health").json() == {"status": "ok"}
    ready = httpx.get(f"{app.url}/health/ready").json()
    assert ready == {"status": "ok", "checks": {"database": "ok", "worker": "ok"}, "switched_off": []}
    assert deliver(app, json.dumps({"zen": "x"}).encode()) == 202
    assert 'flakeguard_deliveries_total{answer="202",event="ping"}' in httpx.get(f"{app.url}/metrics").text


def test_a_slash_command_is_acknowledged_while_github_does_not_answer(app: RunningApp) -> None:
    first = app.run("first")
    assert wait(lambda: (check := app.check(first)) and check.conclusion)
    app.github.delay_next(60, times=5)
    app.run("second")
    assert app.slack.command(ANA, CHANNEL, "/flakeguard status").status == 200
    assert wait(lambda: any("acme/shop" in one.text for one in app.slack.ephemerals(ANA))), "it waited for GitHub"
    app.github.recover()


def test_github_answering_502_and_slack_answering_429_lose_nothing(app: RunningApp) -> None:
    app.github.fail_next(502, times=4)
    app.slack.fail_next(2, status=429, retry_after=1, method="chat.postMessage")
    app.turn_flaky()
    assert wait(app.cards, 60), "the card was lost"
    assert len(app.cards()) == 1


def test_an_unreadable_report_is_shown_and_is_no_pass(new_app: RunningApp) -> None:
    run = new_app.run("hostile", data=b"this is no zip")
    assert wait(lambda: (check := new_app.check(run)) and check.conclusion == "neutral"), new_app.check(run)
    assert "ncomplete" in present(new_app.check(run)).title
    assert wait(lambda: any("is incomplete: 1 part" in one.text for one in new_app.slack.messages(CHANNEL)))


def test_the_buttons_of_a_check_run_propose_and_rerun(app: RunningApp) -> None:
    app.turn_flaky()
    assert wait(app.cards, 30)
    run = app.run("red again", ("test_total",))
    assert wait(lambda: (check := app.check(run)) and check.actions), app.check(run)
    assert [one.identifier for one in present(app.check(run)).actions] == ["quarantine", "rerun"]
    app.github.click(present(app.check(run)).id, "quarantine", "ben")
    assert wait(lambda: "fg_approve" in str(app.cards()[0].blocks)), "no proposal was made"
    asked: list[int] = []
    app.github.on_rerun = lambda run_id, failed_only: asked.append(run_id if failed_only else -1)
    app.github.click(present(app.check(run)).id, "rerun", "ben")
    assert wait(lambda: asked == [run.id]), asked
    app.github.click(present(app.check(run)).id, "rerun", "ben")
    after = app.run("afterwards")
    assert wait(lambda: app.check(after))
    assert asked == [run.id], "the same attempt was run again twice"


def test_a_button_of_a_check_run_goes_by_the_number_of_the_account(app: RunningApp) -> None:
    """A login that was renamed can be taken by somebody else, whose permission is not that of the former owner."""
    app.turn_flaky()
    assert wait(app.cards, 30)
    run = app.run("red again", ("test_total",))
    assert wait(lambda: (check := app.check(run)) and check.actions), app.check(run)
    former = app.github.user("ben")
    click = app.github.payloads.requested_action(present(app.check(run)), "quarantine", former)
    app.github.users["ben"] = replace(former, id=999)
    assert app.github.webhooks.send("check_run", click).status == 202
    assert wait(lambda: any("/collaborators/ben/" in call.path for call in app.github.calls))
    app.github.click(present(app.check(run)).id, "quarantine", "chloe")
    assert wait(lambda: "fg_approve" in str(app.cards()[0].blocks)), "nobody could propose"
    assert "chloe proposes" in app.cards()[0].text, "the click of an account that may not write was obeyed"


def test_every_command_answers_and_a_typo_gets_the_closest_word(app: RunningApp) -> None:
    app.run("only")
    for line in (
        "",
        "help",
        "status",
        "status acme/shop",
        "test test_total",
        "list",
        "list broken",
        "tset x",
        "test nothing",
    ):
        before = len(app.slack.ephemerals(ANA))
        app.slack.command(ANA, CHANNEL, f"/flakeguard {line}".strip())
        assert wait(partial(answered_after, app, before)), line
    assert any("Did you mean" in one.text for one in app.slack.ephemerals(ANA))
    app.slack.command(ANA, CHANNEL, "/flakeguard quarantine test_refund")
    assert wait(lambda: app.slack.open_view(ANA)), "no modal"
    assert app.slack.open_home(ANA).status == 200
    assert wait(lambda: app.slack.home(ANA)), "no home"
