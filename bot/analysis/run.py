"""A workflow run: what GitHub says of it, and what was stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.analysis.case_state import StatusChange
from bot.analysis.model import CaseId, CaseRun, RepositoryId, RunId, RunReport

FAILED: Final = frozenset({"failure", "timed_out", "startup_failure"})
"""GitHub's conclusions of a run or a job that failed; https://docs.github.com/en/rest/actions/workflow-runs."""
PULL_REQUEST: Final = "pull_request"
"""What the events begin with for which GitHub runs a pull request: this one, `pull_request_target`, …"""


def kind_of(event: str) -> str:
    """What a run for this event tests of its commit, `pull_request` or `push`: only with it a commit names the code."""
    return PULL_REQUEST if event.startswith(PULL_REQUEST) else "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One attempt of one workflow run, as GitHub describes it."""

    repository_id: RepositoryId
    github_run_id: int
    attempt: int
    number: int
    workflow: str
    workflow_path: str
    event: str
    head_sha: str
    head_branch: str
    base_sha: str | None
    actor: str | None = None
    conclusion: str | None
    url: str
    started_at: datetime
    completed_at: datetime | None

    @property
    def is_pull_request(self) -> bool:
        """Whether it tested the merge of a pull request; on the default branch it never is."""
        return self.event_kind == PULL_REQUEST

    @property
    def event_kind(self) -> str:
        """`pull_request` or `push`."""
        return kind_of(self.event)

    @property
    def failed(self) -> bool:
        """Whether it ended in failure, so that its failed jobs can be run again."""
        return self.conclusion in FAILED

    @property
    def minutes(self) -> float:
        """How long it took by the clock, in minutes; 0 where its end is not known."""
        return (
            0.0 if self.completed_at is None else max(0.0, (self.completed_at - self.started_at).total_seconds() / 60)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun(Run):
    """A run with our number of it, and what reading its reports came to.

    `on_default_branch` is by the default branch of its time (ADR 10); pull requests never are. `outage` is the share
    of its failures that an outage explains, 0 to 1. `files` are the reports it brought. `ordinal` is its place in the
    order in which runs were read, from 1; 0 before that.
    """

    id: RunId
    on_default_branch: bool
    ingested_at: datetime | None
    complete: bool
    outage: float
    files: int
    ordinal: int
    judged: bool


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """A run with what its reports say, and the number of every case in them by the key of its identity."""

    run: StoredRun
    report: RunReport
    ids: Mapping[bytes, CaseId]

    def id_of(self, case: CaseRun) -> CaseId:
        """The number of a case in the reports."""
        return self.ids[case.identity.key]

    @property
    def failed_cases(self) -> set[CaseId]:
        """The cases of which any result is a failure."""
        return {
            self.id_of(case)
            for variant in self.report.variants
            for case in variant.cases
            if any(result.outcome.is_failure for result in case.results)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What judging a run concluded: the changes of status, and its outage term, the largest of its variants, 0 to 1.

    `is_settled`: it was judged, or left out for good; otherwise the rebuild that is due judges it. `is_incident`: so
    much failed in a variant that the run is an incident; `has_part_out`: a suite or a runner of it was out as a whole.
    """

    changes: tuple[StatusChange, ...] = ()
    outage: float = 0.0
    is_settled: bool = True
    is_incident: bool = False
    has_part_out: bool = False
