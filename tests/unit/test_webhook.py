from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from bot.errors import InvalidInputError
from bot.github import webhook

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
REPOSITORY = {"id": 8001, "full_name": "acme/shop", "private": True, "default_branch": "main"}
RUN = {
    "id": 77,
    "name": "tests",
    "path": ".github/workflows/tests.yml",
    "run_number": 5,
    "run_attempt": 2,
    "event": "pull_request",
    "status": "completed",
    "conclusion": "failure",
    "head_sha": "a" * 40,
    "head_branch": "feature",
    "html_url": "https://github.example/acme/shop/actions/runs/77",
    "created_at": "2026-11-01T10:00:00Z",
    "updated_at": "2026-11-01T10:20:00Z",
    "run_started_at": "2026-11-01T10:10:00Z",
    "head_repository": {"id": 8002, "full_name": "mallory/shop", "private": False},
    "pull_requests": [{"number": 9, "base": {"sha": "b" * 40}}],
}


def body(**fields: object) -> bytes:
    return json.dumps({"repository": REPOSITORY, "installation": {"id": 4001}, **fields}).encode()


def test_githubs_known_answer_is_verified() -> None:
    assert webhook.verify(BODY, SIGNATURE, [SECRET])


def test_any_of_several_secrets_will_do() -> None:
    assert webhook.verify(BODY, SIGNATURE, ["new", SECRET])
    assert webhook.verify(BODY, SIGNATURE, [SECRET, "new"])


@pytest.mark.parametrize("signature", [None, "", "sha256=", SIGNATURE[:-1], SIGNATURE[7:], "sha1=ab", "sha256=é\udcff"])
def test_a_wrong_signature_is_refused(signature: str | None) -> None:
    assert not webhook.verify(BODY, signature, [SECRET])


def test_an_empty_secret_signs_nothing() -> None:
    signature = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not webhook.verify(BODY, signature, [""])
    assert not webhook.verify(BODY, SIGNATURE, [])


def test_a_workflow_run_is_read_with_its_attempt_base_and_fork() -> None:
    event = webhook.parse("workflow_run", body(action="completed", workflow_run=RUN))
    assert isinstance(event, webhook.WorkflowRunEvent)
    assert (event.run_id, event.attempt, event.number, event.installation_id) == (77, 2, 5, 4001)
    assert (event.base_sha, event.pull_requests, event.from_fork) == ("b" * 40, (9,), True)
    assert event.started_at.isoformat() == "2026-11-01T10:10:00+00:00"
    assert event.repository.default_branch == "main"


def test_a_workflow_run_may_lack_what_github_leaves_out() -> None:
    left = {"run_attempt", "run_started_at", "head_repository", "path", "conclusion"}
    run = {key: value for key, value in RUN.items() if key not in left} | {"pull_requests": None, "head_branch": None}
    event = webhook.parse("workflow_run", body(action="requested", workflow_run=run))
    assert isinstance(event, webhook.WorkflowRunEvent)
    assert (event.attempt, event.base_sha, event.pull_requests, event.from_fork) == (1, None, (), False)
    assert event.started_at.isoformat() == "2026-11-01T10:00:00+00:00"


def test_a_button_of_a_check_run_names_itself_and_who_pressed_it() -> None:
    check = {"id": 3, "name": "FlakeGuard", "head_sha": "a" * 40, "external_id": "x", "app": {"id": 7001}}
    sent = body(
        action="requested_action",
        check_run=check,
        requested_action={"identifier": "quarantine"},
        sender={"login": "ana", "id": 501},
    )
    event = webhook.parse("check_run", sent)
    assert isinstance(event, webhook.CheckRunEvent)
    assert (event.requested, event.sender, event.sender_id, event.app_id) == ("quarantine", "ana", 501, 7001)
    assert (event.check_run_id, event.external_id) == (3, "x")


def test_repositories_let_in_and_out_are_listed() -> None:
    sent = {
        "action": "added",
        "installation": {"id": 4001, "account": {"login": "acme", "id": 500}},
        "repositories_added": [REPOSITORY],
        "repositories_removed": None,
    }
    event = webhook.parse("installation_repositories", json.dumps(sent).encode())
    assert isinstance(event, webhook.InstallationEvent)
    assert (event.account, [one.full_name for one in event.added], event.removed) == ("acme", ["acme/shop"], ())


def test_a_renamed_repository_is_told_by_its_number() -> None:
    event = webhook.parse("repository", body(action="renamed"))
    assert isinstance(event, webhook.RepositoryEvent)
    assert (event.action, event.repository.id) == ("renamed", 8001)


@pytest.mark.parametrize("event", ["ping", "pull_request", "star", "something_new"])
def test_other_events_mean_nothing_to_us(event: str) -> None:
    assert webhook.parse(event, b"{}") is None


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        body(action="completed"),
        body(action="completed", workflow_run={**RUN, "id": "x"}),
        body(action="completed", workflow_run={**RUN, "updated_at": "2026-11-01T10:00:00"}),
    ],
)
def test_a_malformed_body_is_refused_with_a_reason(sent: bytes) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        webhook.parse("workflow_run", sent)
