"""HTTP: what the routes refuse, what they answer while the rest is busy, and the buttons of a check run."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from functools import partial

import httpx

from tests.presence import present
from tests.scenario.stage import ANA, CHANNEL, Stage, wait


def deliver(stage: Stage, body: bytes, *, event: str = "ping", secret: str | None = None, key: str = "d-1") -> int:
    signed = hmac.new((secret or stage.github.webhook_secret).encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": key, "X-Hub-Signature-256": f"sha256={signed}"}
    return httpx.post(f"{stage.url}/github/webhook", content=body, headers=headers, timeout=30).status_code


def answered_after(stage: Stage, count: int) -> bool:
    return len(stage.slack.ephemerals(ANA)) > count


def test_the_webhook_takes_what_is_signed_and_refuses_the_rest(stage: Stage) -> None:
    assert deliver(stage, b"{}") == 202
    assert deliver(stage, b"{}", secret="wrong") == 401
    assert deliver(stage, b"{}", event="star") == 202
    assert deliver(stage, b"not json", event="workflow_run") == 400
    assert deliver(stage, b" " * (25 * 1024 * 1024 + 1)) == 413
    assert httpx.post(f"{stage.url}/github/webhook", content=b"{}").status_code == 401
    assert httpx.post(f"{stage.url}/slack/events", content=b"{}").status_code == 401


def test_health_and_metrics_answer(stage: Stage) -> None:
    assert httpx.get(f"{stage.url}/health").json() == {"status": "ok"}
    ready = httpx.get(f"{stage.url}/health/ready").json()
    assert ready == {"status": "ok", "checks": {"database": "ok", "worker": "ok"}, "switched_off": []}
    assert deliver(stage, json.dumps({"zen": "x"}).encode()) == 202
    assert 'flakeguard_deliveries_total{answer="202",event="ping"}' in httpx.get(f"{stage.url}/metrics").text


def test_a_slash_command_is_acknowledged_while_github_does_not_answer(stage: Stage) -> None:
    first = stage.run("first")
    assert wait(lambda: (check := stage.check(first)) and check.conclusion)
    stage.github.delay_next(60, times=5)
    stage.run("second")
    assert stage.slack.command(ANA, CHANNEL, "/flakeguard status").status == 200
    assert wait(lambda: any("acme/shop" in one.text for one in stage.slack.ephemerals(ANA))), "it waited for GitHub"
    stage.github.recover()


def test_github_answering_502_and_slack_answering_429_lose_nothing(stage: Stage) -> None:
    stage.github.fail_next(502, times=4)
    stage.slack.fail_next(2, status=429, retry_after=1, method="chat.postMessage")
    stage.turn_flaky()
    assert wait(stage.cards, 60), "the card was lost"
    assert len(stage.cards()) == 1


def test_an_unreadable_report_is_shown_and_is_no_pass(new_stage: Stage) -> None:
    run = new_stage.run("hostile", data=b"this is no zip")
    assert wait(lambda: (check := new_stage.check(run)) and check.conclusion == "neutral"), new_stage.check(run)
    assert "ncomplete" in present(new_stage.check(run)).title
    assert wait(lambda: any("is incomplete: 1 part" in one.text for one in new_stage.slack.messages(CHANNEL)))


def test_the_buttons_of_a_check_run_propose_and_rerun(stage: Stage) -> None:
    stage.turn_flaky()
    assert wait(stage.cards, 30)
    run = stage.run("red again", ("test_total",))
    assert wait(lambda: (check := stage.check(run)) and check.actions), stage.check(run)
    assert [one.identifier for one in present(stage.check(run)).actions] == ["quarantine", "rerun"]
    stage.github.click(present(stage.check(run)).id, "quarantine", "ben")
    assert wait(lambda: "fg_approve" in str(stage.cards()[0].blocks)), "no proposal was made"
    asked: list[int] = []
    stage.github.on_rerun = lambda run_id, failed_only: asked.append(run_id if failed_only else -1)
    stage.github.click(present(stage.check(run)).id, "rerun", "ben")
    assert wait(lambda: asked == [run.id]), asked
    stage.github.click(present(stage.check(run)).id, "rerun", "ben")
    after = stage.run("afterwards")
    assert wait(lambda: stage.check(after))
    assert asked == [run.id], "the same attempt was run again twice"


def test_a_button_of_a_check_run_goes_by_the_number_of_the_account(stage: Stage) -> None:
    """A login that was renamed can be taken by somebody else, whose permission is not that of the former owner."""
    stage.turn_flaky()
    assert wait(stage.cards, 30)
    run = stage.run("red again", ("test_total",))
    assert wait(lambda: (check := stage.check(run)) and check.actions), stage.check(run)
    former = stage.github.user("ben")
    click = stage.github.payloads.requested_action(present(stage.check(run)), "quarantine", former)
    stage.github.users["ben"] = replace(former, id=999)
    assert stage.github.webhooks.send("check_run", click).status == 202
    assert wait(lambda: any("/collaborators/ben/" in call.path for call in stage.github.calls))
    stage.github.click(present(stage.check(run)).id, "quarantine", "chloe")
    assert wait(lambda: "fg_approve" in str(stage.cards()[0].blocks)), "nobody could propose"
    assert "chloe proposes" in stage.cards()[0].text, "the click of an account that may not write was obeyed"


def test_every_command_answers_and_a_typo_gets_the_closest_word(stage: Stage) -> None:
    stage.run("only")
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
        before = len(stage.slack.ephemerals(ANA))
        stage.slack.command(ANA, CHANNEL, f"/flakeguard {line}".strip())
        assert wait(partial(answered_after, stage, before)), line
    assert any("Did you mean" in one.text for one in stage.slack.ephemerals(ANA))
    stage.slack.command(ANA, CHANNEL, "/flakeguard quarantine test_refund")
    assert wait(lambda: stage.slack.open_view(ANA)), "no modal"
    assert stage.slack.open_home(ANA).status == 200
    assert wait(lambda: stage.slack.home(ANA)), "no home"
