"""The GitHub column as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.github import model
from bot.sandbox.github.server import GitHubServer

_COMMITS = 25
_WORST_FIRST = ("failure", "action_required", "in_progress", "queued", "cancelled", "neutral", "success")


@dataclass(frozen=True, slots=True)
class Named:
    """Something of which only the name is shown."""

    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run; `state` is its conclusion, or its status while it goes on."""

    id: int
    name: str
    run_number: int
    run_attempt: int
    event: str
    status: str
    state: str
    head_sha: str
    head_branch: str
    html_url: str
    created_at: datetime
    artifacts: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a check run."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check run."""

    id: int
    name: str
    state: str
    title: str
    summary: str
    text: str
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with what has happened to it."""

    sha: str
    title: str
    author: str
    branch: str
    created_at: datetime
    state: str
    runs: tuple[Run, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    """An open pull request."""

    number: int
    title: str
    author: str
    branch: str


@dataclass(frozen=True, slots=True)
class Column:
    """All of it, newest first."""

    repository: str = "acme/shop"
    commits: tuple[Commit, ...] = ()
    pulls: tuple[Pull, ...] = ()


def column(github: GitHubServer) -> Column:
    """Read the column from a GitHub."""
    pulls = [pull for pull in github.pull_requests() if pull.state == "open"]
    return Column(
        github.repository.full_name,
        tuple(_commit(github, commit) for commit in github.commits()[:_COMMITS]),
        tuple(Pull(pull.number, pull.title, pull.author_login, pull.head_branch) for pull in pulls),
    )


def run(github: GitHubServer, run_id: int) -> Run | None:
    """Read the latest attempt of a run, or None where there is no such run."""
    try:
        found = github.run(run_id)
    except model.RefusalError:
        return None
    return _run(found, tuple(Named(artifact.name) for artifact in github.artifacts(run_id)))


def _commit(github: GitHubServer, commit: model.Commit) -> Commit:
    runs = tuple(_run(found) for found in github.runs(commit.sha))
    checks = tuple(_check(found) for found in github.check_runs(commit.sha))
    states = {shown.state for shown in runs} | {shown.state for shown in checks}
    state = next((state for state in _WORST_FIRST if state in states), "queued" if runs else "no runs")
    return Commit(commit.sha, commit.title, commit.author_login, commit.branch, commit.created_at, state, runs, checks)


def _run(found: model.WorkflowRun, artifacts: tuple[Named, ...] = ()) -> Run:
    return Run(
        found.id,
        found.name,
        found.run_number,
        found.run_attempt,
        found.event,
        found.status,
        found.conclusion or found.status,
        found.head_sha,
        found.head_branch,
        found.html_url,
        found.created_at,
        artifacts,
    )


def _check(found: model.CheckRun) -> Check:
    actions = tuple(Action(action.label, action.description, action.identifier) for action in found.actions)
    state = found.conclusion or found.status
    return Check(found.id, found.name, state, found.title, found.summary or "", found.text or "", actions)
