"""The check run of a commit: made once, and brought up to date."""

from __future__ import annotations

from bot.analysis.model import Problem
from bot.github import check_run, policy_file
from bot.jobs.context import Context, target
from bot.queries import commit
from bot.services import policy
from bot.store.conversation.notice import Notice
from bot.store.decisions import check_run as check_run_store
from bot.store.workspaces import repository as repository_store


def send(context: Context, notice: Notice) -> bool:
    """Say on GitHub what a commit amounts to; nothing of it is said in a channel."""
    github = context.require_github()
    with context.db.begin() as session:
        repository = repository_store.get(session, notice.repository_id)
        found = commit.state(session, notice.repository_id, notice.detail, context.clock())
        number = check_run_store.find(session, notice.repository_id, notice.detail)
        fault = policy.fault(session, notice.repository_id)
    if found.runs == 0:
        return False
    check = check_run.render(
        check_run.CommitResult(
            head_sha=notice.detail,
            failures=tuple(_failure(one) for one in found.failures),
            problems=(*found.problems, *_of_policy(fault)),
            runs=found.runs,
            cases=found.cases,
            finished=found.finished,
            complete=found.complete,
        )
    )
    made = github.put_check_run(target(repository), check, number)
    with context.db.begin() as session:
        check_run_store.put(session, notice.repository_id, notice.detail, made, context.clock())
    return False


def _of_policy(fault: str | None) -> tuple[Problem, ...]:
    """What is wrong with the policy file, as a note: the last good one is in force, so no run lacks anything."""
    if fault is None:
        return ()
    return (Problem(policy_file.FILE, "", f"{fault} The last good policy stays in force.", is_note=True),)


def _failure(one: commit.FailingCase) -> check_run.CheckFailure:
    named = one.naming
    seen = f"failed in {one.failures} of {one.runs} runs"
    if one.mixed_commits:
        seen += f", passed and failed on the same code on {one.mixed_commits} commits"
    if one.quarantined_until is not None:
        seen = f"quarantined until {one.quarantined_until:%d %B %Y}; {seen}"
    return check_run.CheckFailure(
        title=one.title,
        variant=one.variant,
        naming=named,
        evidence=f"{seen}.",
        message=one.message,
        run_url=one.run_url,
    )
