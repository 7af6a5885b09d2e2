"""The check run of a commit: made once, and brought up to date."""

from __future__ import annotations

from dataclasses import replace

from bot.analysis.model import Problem
from bot.analysis.notice import CheckRunNotice
from bot.github import check_run, policy_file
from bot.jobs.context import Context, target
from bot.queries import commit, policy
from bot.store.decisions import check_run as check_run_store
from bot.store.workspaces import repository as repository_store


def send(context: Context, notice: CheckRunNotice) -> None:
    """Publish the state of a commit as its check run; nothing is posted in Slack."""
    github = context.require_github()
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        state = commit.state(session, notice.repository_id, notice.head_sha, context.clock())
        check_run_id = check_run_store.find(session, notice.repository_id, notice.head_sha)
        fault = policy.fault(session, notice.repository_id)
    if state.runs == 0:
        return
    check = check_run.render(replace(state, problems=(*state.problems, *_policy_notes(fault))))
    check_run_id = github.put_check_run(target(repository), check, check_run_id)
    with context.db.begin() as session:
        check_run_store.put(session, notice.repository_id, notice.head_sha, check_run_id, context.clock())


def _policy_notes(fault: str | None) -> tuple[Problem, ...]:
    """The fault of the policy file as a note: the last good policy is in force, so no run is incomplete by it."""
    if fault is None:
        return ()
    return (Problem(policy_file.FILE, "", f"{fault} The last good policy stays in force.", is_note=True),)
