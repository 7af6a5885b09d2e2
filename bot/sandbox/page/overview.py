"""The repository as the page shows it: open pull requests, and the newest commits with their runs and check runs."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.github.model import CheckRun, Commit, PullRequest, WorkflowRun
from bot.sandbox.github.store import RepositoryStore

_COMMITS = 25
_STATES_BY_URGENCY = ("failure", "action_required", "in_progress", "queued", "cancelled", "neutral", "success")


@dataclass(frozen=True, slots=True)
class CommitOverview:
    """A commit with its runs and check runs, newest first."""

    commit: Commit
    runs: list[WorkflowRun]
    check_runs: list[CheckRun]

    @property
    def state(self) -> str:
        """The most urgent state of the runs and check runs."""
        states = {run.state for run in self.runs} | {check.state for check in self.check_runs}
        state = next((state for state in _STATES_BY_URGENCY if state in states), None)
        return state or ("queued" if self.runs else "no runs")


@dataclass(frozen=True, slots=True)
class RepositoryOverview:
    """A repository, newest first."""

    full_name: str
    commits: list[CommitOverview]
    pull_requests: list[PullRequest]


def read(store: RepositoryStore) -> RepositoryOverview:
    """Read the overview of a repository."""
    commits = [
        CommitOverview(commit, store.runs(commit.sha), store.check_runs(commit.sha))
        for commit in store.commits()[:_COMMITS]
    ]
    pull_requests = [pull for pull in store.pull_requests() if pull.state == "open"]
    return RepositoryOverview(store.repository.full_name, commits, pull_requests)
