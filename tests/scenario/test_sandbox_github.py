"""The sandbox's GitHub, used as the bot uses it: through PyGithub, plain HTTP and signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from xml.etree import ElementTree as ET

import github as pygithub
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth, GithubIntegration

from bot.sandbox import history
from bot.sandbox.ci import FLAKING, LIVE_FLAKE, Ci, Conditions
from bot.sandbox.github import model
from bot.sandbox.github.errors import RestApiError
from bot.sandbox.github.model import Commit
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.server import Sandbox

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WAREHOUSE_FLAKE = "tests/test_stock.py::test_reservation_is_confirmed_in_time"


class Inbox:
    """A receiver of webhooks that records them and responds with `status`."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 202
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(inbox.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def payloads(self, event: str) -> list[dict[str, object]]:
        return [json.loads(body) for headers, body in self.received if headers["x-github-event"] == event]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[Sandbox, Ci]]:
    sandbox = Sandbox()
    ci = Ci(sandbox.github)
    sandbox.start()
    yield sandbox, ci
    sandbox.stop()
    ci.close()


@pytest.fixture
def sandbox(started: tuple[Sandbox, Ci]) -> Sandbox:
    return started[0]


@pytest.fixture
def ci(started: tuple[Sandbox, Ci]) -> Ci:
    return started[1]


@pytest.fixture
def inbox(sandbox: Sandbox) -> Iterator[Inbox]:
    inbox = Inbox()
    sandbox.github.webhooks.bot_url = inbox.url
    yield inbox
    sandbox.github.webhooks.bot_url = ""
    inbox.close()


@pytest.fixture
def commit(ci: Ci) -> Commit:
    return ci.commit("Brew tea", "ana", NOW)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[pygithub.Github]:
    auth = Auth.AppAuth(model.APP_ID, sandbox.github.private_key)
    integration = GithubIntegration(auth=auth, base_url=f"{sandbox.url}/github/api/v3", seconds_between_requests=0)
    client = integration.get_github_for_installation(
        model.INSTALLATION_ID, token_permissions={"checks": "write", "actions": "write"}
    )
    yield client
    client.close()
    integration.close()


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    token, _ = sandbox.github.auth.issue()
    with httpx.Client(
        base_url=f"{sandbox.url}/github/api/v3/", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        yield client


def test_pygithub_reads_the_app_its_installation_and_the_repository(sandbox: Sandbox, client: pygithub.Github) -> None:
    auth = Auth.AppAuth(model.APP_ID, sandbox.github.private_key)
    with GithubIntegration(auth=auth, base_url=f"{sandbox.url}/github/api/v3") as integration:
        assert integration.get_app().slug == "flakeguard"
        assert [installation.id for installation in integration.get_installations()] == [model.INSTALLATION_ID]
        assert integration.get_repo_installation("acme", "shop").id == model.INSTALLATION_ID
    repository = client.get_repo("acme/shop")
    assert (repository.id, repository.default_branch) == (model.SHOP.id, "main")


def test_pygithub_writes_a_check_run_changes_it_and_finds_it_on_its_commit(
    sandbox: Sandbox, client: pygithub.Github, commit: Commit
) -> None:
    repository = client.get_repo("acme/shop")
    check = repository.create_check_run("FlakeGuard", commit.sha, status="in_progress", external_id="7")
    check.edit(
        status="completed",
        conclusion="neutral",
        output={"title": "1 flaky", "summary": "*one*"},
        actions=[{"label": "Quarantine", "description": "Quarantine it", "identifier": "quarantine"}],
    )
    checks = repository.get_commit(commit.sha).get_check_runs(check_name="FlakeGuard", filter="latest")
    assert [(run.id, run.conclusion, run.output.title) for run in checks] == [(check.id, "neutral", "1 flaky")]
    shown = sandbox.github.check_run(check.id)
    assert (shown.external_id, [action.label for action in shown.actions]) == ("7", ["Quarantine"])


def test_pygithub_reads_a_run_its_artifacts_and_who_may_write(client: pygithub.Github, ci: Ci, commit: Commit) -> None:
    run = ci.run(commit, FLAKING, started_at=NOW)
    repository = client.get_repo("acme/shop")
    read = repository.get_workflow_run(run.id)
    assert (read.conclusion, read.run_attempt, read.head_sha) == ("failure", 1, commit.sha)
    assert sorted(artifact.name for artifact in read.get_artifacts()) == ["junit-linux-py3.11", "junit-linux-py3.13"]
    permissions = [repository.get_collaborator_permission(login) for login in ("ana", "ben", "chloe")]
    assert permissions == ["write", "write", "admin"]


def test_an_artifact_is_a_zip_behind_a_redirect_to_another_port_that_refuses_tokens(
    http: httpx.Client, ci: Ci, commit: Commit
) -> None:
    run = ci.run(commit, FLAKING, started_at=NOW)
    listed = http.get(f"repos/acme/shop/actions/runs/{run.id}/artifacts").json()["artifacts"]
    flaking = next(artifact for artifact in listed if artifact["name"] == "junit-linux-py3.13")
    redirect = http.get(flaking["archive_download_url"])
    assert redirect.status_code == 302
    address = httpx.URL(redirect.headers["location"])
    assert address.port != http.base_url.port
    assert httpx.get(address, headers=http.headers, trust_env=False).status_code == 403
    packed = httpx.get(address, trust_env=False).content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        report = ET.fromstring(archive.read("reports/junit.xml"))  # noqa: S314  # our own report
    failed = [f"{case.get('file')}::{case.get('name')}" for case in report.iter("testcase") if len(case)]
    assert LIVE_FLAKE in failed
    assert len(list(report.iter("testcase"))) > 40


@pytest.mark.parametrize("authorization", ["", "Bearer ghs_wrong", "token x"])
def test_a_bad_token_is_401(http: httpx.Client, authorization: str) -> None:
    assert http.get("repos/acme/shop", headers={"Authorization": authorization}).status_code == 401


def test_an_app_token_signed_with_another_key_or_of_another_app_is_401(sandbox: Sandbox, http: httpx.Client) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = int(datetime.now(UTC).timestamp())
    claims = {"iat": now - 10, "exp": now + 300, "iss": str(model.APP_ID)}
    tokens = [
        jwt.encode(claims, other, "RS256"),
        jwt.encode(claims | {"iss": "1"}, sandbox.github.private_key, "RS256"),
        jwt.encode(claims | {"exp": now - 300}, sandbox.github.private_key, "RS256"),
        jwt.encode(claims | {"exp": now + 7200}, sandbox.github.private_key, "RS256"),
    ]
    answers = [http.get("app", headers={"Authorization": f"Bearer {token}"}).status_code for token in tokens]
    assert answers == [401, 401, 401, 401]
    good = jwt.encode(claims, sandbox.github.private_key, "RS256")
    assert http.get("app", headers={"Authorization": f"Bearer {good}"}).status_code == 200


ACTION = {"label": "Quarantine", "description": "Quarantine it", "identifier": "q"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": [ACTION] * 4},
        {"actions": [ACTION | {"label": "x" * 21}]},
        {"actions": [ACTION | {"description": "x" * 41}]},
        {"actions": [ACTION | {"identifier": "x" * 21}]},
        {"output": {"title": "t", "summary": "x" * 65_536}},
        {"output": {"title": "t", "summary": "s", "text": "x" * 65_536}},
        {"output": {"title": "no summary"}},
        {"status": "completed"},
        {"conclusion": "great"},
        {"head_sha": "0" * 40},
    ],
)
def test_a_check_run_over_a_limit_is_422(http: httpx.Client, commit: Commit, wrong: dict[str, object]) -> None:
    body = {"name": "FlakeGuard", "head_sha": commit.sha, "status": "in_progress"} | wrong
    assert http.post("repos/acme/shop/check-runs", json=body).status_code == 422


def test_files_of_the_repository_are_there_and_a_missing_policy_is_404(client: pygithub.Github) -> None:
    repository = client.get_repo("acme/shop")
    with pytest.raises(pygithub.UnknownObjectException):
        repository.get_contents(".flakeguard.yml")
    content = repository.get_contents("tests/test_checkout.py")
    assert not isinstance(content, list)
    assert b"test_total_with_discount" in content.decoded_content


def test_faults_come_on_demand_and_only_as_often_as_asked(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.github.fail_next(status=502, times=2, path_prefix="/repos/acme/shop/actions")
    sandbox.github.fail_next(status=429, path_prefix="/rate_limit", retry_after=7)
    assert http.get("repos/acme/shop").status_code == 200
    answers = [http.get("repos/acme/shop/actions/runs").status_code for _ in range(3)]
    assert answers == [502, 502, 200]
    assert http.get("rate_limit").headers["retry-after"] == "7"


def test_a_hanging_github_is_noticed_by_a_deadline(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.github.delay_next(1.0, path_prefix="/repos/acme/shop/pulls")
    with pytest.raises(httpx.ReadTimeout):
        http.get("repos/acme/shop/pulls", timeout=0.2)


def test_responses_have_the_number_of_requests_left(http: httpx.Client) -> None:
    first, second = (int(http.get("repos/acme/shop").headers["x-ratelimit-remaining"]) for _ in range(2))
    assert first - second == 1


def test_a_run_is_announced_in_three_signed_webhooks_with_its_installation(
    sandbox: Sandbox, ci: Ci, inbox: Inbox, commit: Commit
) -> None:
    ci.run(commit, started_at=NOW)
    secret = sandbox.github.webhook_secret.encode()
    for headers, body in inbox.received:
        expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature-256"] == expected
    assert len({headers["x-github-delivery"] for headers, _ in inbox.received}) == 3
    payloads = inbox.payloads("workflow_run")
    assert [payload["action"] for payload in payloads] == ["requested", "in_progress", "completed"]
    assert all(cast("dict[str, int]", payload["installation"])["id"] == 4001 for payload in payloads)


def test_a_pull_requests_run_names_the_head_and_the_base(sandbox: Sandbox, ci: Ci, inbox: Inbox) -> None:
    base = ci.commit("Base", "chloe", NOW)
    head = ci.commit("Head", "ben", NOW + timedelta(minutes=1), branch="work")
    pull = ci.open_pull_request("Head", head)
    ci.run(head, pull=pull, started_at=NOW + timedelta(minutes=2))
    run = cast("dict[str, object]", inbox.payloads("workflow_run")[-1]["workflow_run"])
    pulls = cast("list[dict[str, dict[str, object]]]", run["pull_requests"])
    assert (run["event"], run["head_sha"]) == ("pull_request", head.sha)
    assert [(pull["head"]["sha"], pull["base"]["sha"]) for pull in pulls] == [(head.sha, base.sha)]
    assert sandbox.github.pull_request(pull.number).state == "open"


def test_a_delivery_can_be_sent_again_under_its_own_id(sandbox: Sandbox, inbox: Inbox) -> None:
    first = sandbox.github.ping()
    again = sandbox.github.redeliver(first.id)
    assert (again.id, again.status, again.redelivery) == (first.id, 202, True)
    assert inbox.received[0][1] == inbox.received[1][1]


def test_pressing_a_button_of_a_check_run_sends_who_pressed_which(
    sandbox: Sandbox, http: httpx.Client, inbox: Inbox, commit: Commit
) -> None:
    body = {"name": "FlakeGuard", "head_sha": commit.sha, "actions": [ACTION]}
    check = http.post("repos/acme/shop/check-runs", json=body).json()["id"]
    sandbox.github.click(check, "q", "ben")
    payload = inbox.payloads("check_run")[0]
    assert payload["action"] == "requested_action"
    assert payload["requested_action"] == {"identifier": "q"}
    assert cast("dict[str, str]", payload["sender"])["login"] == "ben"
    with pytest.raises(RestApiError):
        sandbox.github.click(check, "unknown", "ben")


def test_rerunning_the_failed_jobs_gives_a_second_attempt_that_adds_its_own_artifact(
    sandbox: Sandbox, ci: Ci, http: httpx.Client, commit: Commit
) -> None:
    run = ci.run(commit, FLAKING)
    assert http.post(f"repos/acme/shop/actions/runs/{run.id}/rerun-failed-jobs").status_code == 201
    ci.wait()
    attempts = sandbox.github.attempts(run.id)
    assert [attempt.conclusion for attempt in attempts] == ["failure", "success"]
    names = [artifact.name for artifact in reversed(sandbox.github.artifacts(run.id))]
    assert names == ["junit-linux-py3.11", "junit-linux-py3.13", "junit-linux-py3.13"]
    newest = sandbox.github.artifacts(run.id)[0]
    assert attempts[0].updated_at < attempts[1].run_started_at < newest.created_at
    first = http.get(f"repos/acme/shop/actions/runs/{run.id}/attempts/1").json()
    assert (first["run_attempt"], first["conclusion"]) == (1, "failure")


def test_rerunning_is_refused_where_nothing_failed_or_the_run_is_too_old(
    ci: Ci, http: httpx.Client, commit: Commit
) -> None:
    green = ci.run(commit)
    old = ci.run(commit, FLAKING, started_at=datetime.now(UTC) - timedelta(days=31))
    answers = [http.post(f"repos/acme/shop/actions/runs/{run.id}/rerun-failed-jobs") for run in (green, old)]
    assert [answer.status_code for answer in answers] == [403, 403]


def _failures(github: GitHubServer, run: model.WorkflowRun) -> set[str]:
    failures: set[str] = set()
    for artifact in github.artifacts(run.id):
        with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
            report = ET.fromstring(archive.read("reports/junit.xml"))  # noqa: S314  # our own report
        for case in report.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failures.add(f"{case.get('file')}::{case.get('name')}")
    return failures


@pytest.mark.parametrize(
    ("conditions", "defects", "expected"),
    [
        (FLAKING, (), {LIVE_FLAKE}),
        (
            Conditions(slow={"linux-py3.11": ("warehouse",)}, only=frozenset({WAREHOUSE_FLAKE})),
            (),
            {WAREHOUSE_FLAKE},
        ),
        (Conditions(only=frozenset()), ("shipping",), {"tests/test_shipping.py::test_free_shipping_from_fifty"}),
    ],
    ids=["slow discounts", "slow warehouse", "broken code"],
)
def test_a_run_fails_by_its_conditions_and_defects(
    sandbox: Sandbox, ci: Ci, conditions: Conditions, defects: tuple[str, ...], expected: set[str]
) -> None:
    commit = ci.commit("Change", "ana", NOW, branch="change", defects=defects)
    assert _failures(sandbox.github, ci.run(commit, conditions, started_at=NOW)) == expected


def test_an_outage_fails_about_half_of_the_tests(sandbox: Sandbox, ci: Ci, commit: Commit) -> None:
    run = ci.run(commit, Conditions(down=("database", "warehouse")), started_at=NOW)
    assert 20 <= len(_failures(sandbox.github, run)) <= 30


def test_the_same_seed_gives_the_same_failures(sandbox: Sandbox, ci: Ci, commit: Commit) -> None:
    runs = [[_failures(sandbox.github, ci.run(commit, Conditions(seed=seed), started_at=NOW)) for seed in range(6)]]
    runs.append([_failures(sandbox.github, ci.run(commit, Conditions(seed=seed), started_at=NOW)) for seed in range(6)])
    assert runs[0] == runs[1]


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    ready = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return True
        ready.wait(0.05)
    return condition()


def test_a_receiver_that_is_down_for_a_moment_gets_the_completed_run_later(
    ci: Ci, inbox: Inbox, commit: Commit
) -> None:
    inbox.status = 503
    runner = threading.Thread(target=ci.run, args=(commit,), kwargs={"started_at": NOW, "announce_start": False})
    runner.start()
    assert _within(10, lambda: len(inbox.received) >= 2)
    inbox.status = 202
    runner.join(10)
    assert not runner.is_alive()
    assert len({headers["x-github-delivery"] for headers, _ in inbox.received}) == 1


def test_history_is_delivered_in_order_of_time_and_is_all_older_than_a_day() -> None:
    github, inbox = GitHubServer(), Inbox()
    ci = Ci(github)
    github.webhooks.bot_url = inbox.url
    try:
        history_runs = history.play(ci, days=3)
        live_runs = history.play_live(ci)
        last = ci.run_next_commit()
    finally:
        ci.close()
        inbox.close()
    assert [run.run_started_at for run in history_runs] == sorted(run.run_started_at for run in history_runs)
    assert datetime.now(UTC) - history_runs[-1].updated_at > timedelta(hours=24)
    completed = [payload for payload in inbox.payloads("workflow_run") if payload["action"] == "completed"]
    assert len(completed) == len(history_runs) + len(live_runs) + 1
    assert [run.conclusion for run in live_runs] == ["failure", "success"] * 4
    assert _failures(github, last) == {LIVE_FLAKE}
