from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from bot.errors import InvalidInputError
from bot.github.webhook import delivery, event
from bot.github.webhook.delivery import InvalidSignatureError, is_signed

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
    "pull_requests": [{"number": 9, "base": {"sha": "b" * 40}}],
}


def body(**fields: object) -> bytes:
    return json.dumps({"repository": REPOSITORY, "installation": {"id": 4001}, **fields}).encode()


def test_githubs_known_answer_is_verified() -> None:
    assert is_signed(BODY, SIGNATURE, [SECRET])


def test_any_of_several_secrets_will_do() -> None:
    assert is_signed(BODY, SIGNATURE, ["new", SECRET])
    assert is_signed(BODY, SIGNATURE, [SECRET, "new"])


@pytest.mark.parametrize("signature", [None, "", "sha256=", SIGNATURE[:-1], SIGNATURE[7:], "sha1=ab", "sha256=é\udcff"])
def test_a_wrong_signature_is_refused(signature: str | None) -> None:
    assert not is_signed(BODY, signature, [SECRET])


def test_an_empty_secret_signs_nothing() -> None:
    signature = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not is_signed(BODY, signature, [""])
    assert not is_signed(BODY, SIGNATURE, [])


def test_the_headers_name_the_event_and_the_delivery() -> None:
    headers = {"X-Hub-Signature-256": SIGNATURE, "X-GitHub-Event": "ping", "X-GitHub-Delivery": "d-1"}
    received = delivery.receive(headers, BODY, [SECRET])
    assert (received.event, received.id, received.body) == ("ping", "d-1", BODY)
    with pytest.raises(InvalidSignatureError):
        delivery.receive(headers, BODY + b"!", [SECRET])
    for name in ("X-GitHub-Event", "X-GitHub-Delivery"):
        with pytest.raises(InvalidInputError, match=name):
            delivery.receive({key: value for key, value in headers.items() if key != name}, BODY, [SECRET])


def test_a_workflow_run_is_read_with_its_attempt_and_base() -> None:
    decoded = event.decode("workflow_run", body(action="completed", workflow_run=RUN))
    assert isinstance(decoded, event.WorkflowRunEvent)
    run = decoded.workflow_run
    assert (run.id, run.attempt, run.run_number, decoded.installation_id) == (77, 2, 5, 4001)
    assert run.base_sha == "b" * 40
    assert run.started_at.isoformat() == "2026-11-01T10:10:00+00:00"
    assert decoded.repository.default_branch == "main"
    assert decoded.lock == "repository:8001"


def test_a_workflow_run_may_lack_what_github_leaves_out() -> None:
    left = {"run_attempt", "run_started_at", "path", "conclusion"}
    run = {key: value for key, value in RUN.items() if key not in left} | {"pull_requests": None, "head_branch": None}
    decoded = event.decode("workflow_run", body(action="requested", workflow_run=run))
    assert isinstance(decoded, event.WorkflowRunEvent)
    sent = decoded.workflow_run
    assert (sent.attempt, sent.base_sha, sent.workflow_path) == (1, None, "tests")
    assert sent.started_at.isoformat() == "2026-11-01T10:00:00+00:00"


def test_a_button_of_a_check_run_names_itself_and_who_pressed_it() -> None:
    check = {"id": 3, "name": "FlakeGuard", "head_sha": "a" * 40, "external_id": "x", "app": {"id": 7001}}
    sent = body(
        action="requested_action",
        check_run=check,
        requested_action={"identifier": "quarantine"},
        sender={"login": "ana", "id": 501},
    )
    decoded = event.decode("check_run", sent)
    assert isinstance(decoded, event.CheckRunEvent)
    assert decoded.requested_action is not None
    assert decoded.requested_action.identifier == "quarantine"
    assert (decoded.sender.login, decoded.sender.id) == ("ana", 501)
    assert decoded.check_run.app is not None
    assert (decoded.check_run.app.id, decoded.check_run.id) == (7001, 3)


def test_repositories_let_in_and_out_are_listed() -> None:
    sent = {
        "action": "added",
        "installation": {"id": 4001, "account": {"login": "acme", "id": 500}},
        "repositories_added": [REPOSITORY],
        "repositories_removed": None,
    }
    decoded = event.decode("installation_repositories", json.dumps(sent).encode())
    assert isinstance(decoded, event.InstallationRepositoriesEvent)
    assert decoded.repositories_added is not None
    assert [repository.full_name for repository in decoded.repositories_added] == ["acme/shop"]
    assert (decoded.installation.login, decoded.repositories_removed) == ("acme", None)
    assert decoded.lock == "installation:4001"


def test_a_renamed_repository_is_told_by_its_number() -> None:
    decoded = event.decode("repository", body(action="renamed"))
    assert isinstance(decoded, event.RepositoryEvent)
    assert (decoded.action, decoded.repository.id) == ("renamed", 8001)


def test_a_push_names_its_branch_and_the_files_it_touches() -> None:
    commits = [{"added": ["a"], "modified": ["b"], "removed": []}, {"added": [], "modified": ["b"], "removed": ["c"]}]
    decoded = event.decode("push", body(ref="refs/heads/feature/x", commits=commits))
    assert isinstance(decoded, event.PushEvent)
    assert (decoded.branch, decoded.files) == ("feature/x", frozenset("abc"))


@pytest.mark.parametrize("name", ["ping", "pull_request", "star", "something_new"])
def test_other_events_mean_nothing_to_us(name: str) -> None:
    assert event.decode(name, b"{}") is None


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
        event.decode("workflow_run", sent)
