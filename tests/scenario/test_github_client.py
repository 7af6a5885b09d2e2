"""The client against the sandbox's GitHub, on two ports of 127.0.0.1."""

from __future__ import annotations

import dataclasses
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github import check_run, client
from bot.sandbox.github import model
from bot.sandbox.server import Sandbox

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)  # GitHub reruns nothing older than a month
SHA = "a" * 40
TARGET = client.Target(model.INSTALLATION_ID, "acme/shop")
CHECK = check_run.CheckRunContent(head_sha=SHA, conclusion=None, title="Waiting", summary="Nothing yet", actions=())


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.github.put_commit(model.Commit(SHA, "First", "ana", "main", START))
    run = model.WorkflowRun(
        id=77,
        run_number=5,
        run_attempt=1,
        name="tests",
        path=".github/workflows/tests.yml",
        event="push",
        status="completed",
        conclusion="failure",
        head_sha=SHA,
        head_branch="main",
        html_url="https://github.example/runs/77",
        run_started_at=START,
        created_at=START,
        updated_at=START,
        actor_login="ana",
    )
    sandbox.github.put_run(run)
    sandbox.github.put_run(dataclasses.replace(run, run_attempt=2, run_started_at=START + timedelta(hours=1)))
    for number, minutes in ((1, 5), (2, 65)):
        at = START + timedelta(minutes=minutes)
        sandbox.github.put_artifact(
            model.Artifact(id=number, run_id=77, name="junit", data=bytes([number]) * 5000, created_at=at)
        )
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[client.GitHub]:
    github = client.GitHub(
        model.APP_ID, sandbox.github.private_key, f"{sandbox.url}/github/api/v3", lambda: datetime.now(UTC)
    )
    yield github
    github.close()


def test_the_app_and_what_it_is_installed_in_are_found(github: client.GitHub) -> None:
    assert github.slug() == model.APP_SLUG
    found = github.installation_repositories(model.INSTALLATION_ID)
    assert [(one.full_name, one.default_branch) for one in found] == [("acme/shop", "main")]


def test_the_artifacts_of_attempts_are_told_apart_by_time(github: client.GitHub) -> None:
    starts = {attempt: github.attempt_started_at(TARGET, 77, attempt) for attempt in (1, 2)}
    found = github.list_artifacts(TARGET, 77)
    assert [one.id for one in client.artifacts_of_attempt(found, starts, 1)] == [1]
    assert [one.id for one in client.artifacts_of_attempt(found, starts, 2)] == [2]


def test_an_artifact_is_read_from_the_other_host_without_the_token(github: client.GitHub) -> None:
    into = io.BytesIO(b"left over from an earlier try")
    github.download_artifact(TARGET, 2, into, 5000)
    assert into.read() == b"\2" * 5000


def test_an_artifact_over_the_bound_is_refused(github: client.GitHub) -> None:
    with pytest.raises(PermanentUpstreamError, match="larger than 4,999 bytes"):
        github.download_artifact(TARGET, 2, io.BytesIO(), 4999)


def test_more_artifacts_than_a_page_holds_are_all_listed(github: client.GitHub, sandbox: Sandbox) -> None:
    for number in range(100, 250):
        sandbox.github.put_artifact(model.Artifact(id=number, run_id=77, name=f"a{number}", data=b"", created_at=START))
    assert len(github.list_artifacts(TARGET, 77)) == 152


def test_a_check_run_is_created_once_and_then_changed(github: client.GitHub, sandbox: Sandbox) -> None:
    number = github.put_check_run(TARGET, CHECK, None)
    done = dataclasses.replace(CHECK, conclusion=check_run.Conclusion.NEUTRAL, actions=(check_run.RERUN,), text="More")
    assert github.put_check_run(TARGET, done, None) == number
    assert github.put_check_run(TARGET, done, number) == number
    (kept,) = sandbox.github.check_runs(SHA)
    assert (kept.conclusion, kept.text, len(kept.actions)) == ("neutral", "More", 1)


def test_a_passing_fault_is_tried_again(github: client.GitHub, sandbox: Sandbox) -> None:
    sandbox.github.fail_next(502, times=2, path_prefix="/repos")
    assert len(github.list_artifacts(TARGET, 77)) == 2


def test_a_long_wait_is_handed_to_the_caller(github: client.GitHub, sandbox: Sandbox) -> None:
    sandbox.github.fail_next(403, path_prefix="/repos", retry_after=40)
    with pytest.raises(UpstreamError) as caught:
        github.list_artifacts(TARGET, 77)
    assert caught.value.retry_after == 40


def test_calls_pause_after_many_faults_and_limits_are_not_faults(github: client.GitHub, sandbox: Sandbox) -> None:
    sandbox.github.fail_next(429, times=7, path_prefix="/repos", retry_after=40)
    for _ in range(7):
        with pytest.raises(UpstreamError, match="answered 429"):
            github.list_artifacts(TARGET, 77)
    sandbox.github.fail_next(500, times=50, path_prefix="/repos", retry_after=40)
    for _ in range(5):
        with pytest.raises(UpstreamError, match="answered 500"):
            github.list_artifacts(TARGET, 77)
    asked = len(sandbox.github.calls)
    with pytest.raises(UpstreamError, match="pause"):
        github.list_artifacts(TARGET, 77)
    assert len(sandbox.github.calls) == asked


def test_a_revoked_token_is_replaced(github: client.GitHub, sandbox: Sandbox) -> None:
    github.list_artifacts(TARGET, 77)
    sandbox.github.auth.revoke_all()
    assert len(github.list_artifacts(TARGET, 77)) == 2


def test_what_is_gone_is_refused_for_good(github: client.GitHub) -> None:
    with pytest.raises(PermanentUpstreamError) as caught:
        github.list_artifacts(TARGET, 78)
    assert caught.value.code == "gone"


def test_a_rerun_whose_answer_was_lost_is_not_an_error(github: client.GitHub, sandbox: Sandbox) -> None:
    asked: list[int] = []

    def rerun(run_id: int, _failed_only: bool) -> None:
        asked.append(run_id)

    sandbox.github.on_rerun = rerun
    github.rerun_failed_jobs(TARGET, 77)
    sandbox.github.put_run(dataclasses.replace(sandbox.github.run(77), status="in_progress", conclusion=None))
    sandbox.github.fail_next(502, path_prefix="/repos")
    github.rerun_failed_jobs(TARGET, 77)
    with pytest.raises(PermanentUpstreamError, match="already running"):
        github.rerun_failed_jobs(TARGET, 77)
    assert asked == [77]


def test_permissions_are_githubs_and_a_stranger_has_none(github: client.GitHub) -> None:
    numbers = {person.login: person.id for person in model.PEOPLE}
    assert github.permission_of(TARGET, "chloe", numbers["chloe"]) == "admin"
    assert github.permission_of(TARGET, "ana", numbers["ana"]) == "write"
    assert github.permission_of(TARGET, "mallory", 666) == "none"
    assert github.permission_of(TARGET, "ana", numbers["chloe"]) == "none", "the login is another account's by now"


def test_threads_get_the_answers_to_their_own_questions(github: client.GitHub) -> None:
    wrong: list[object] = []

    numbers = {person.login: person.id for person in model.PEOPLE}

    def ask(login: str, expected: str) -> None:
        permissions = [github.permission_of(TARGET, login, numbers[login]) for _ in range(15)]
        wrong.extend(permission for permission in permissions if permission != expected)

    threads = [threading.Thread(target=ask, args=one) for one in [("ana", "write"), ("chloe", "admin")] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
