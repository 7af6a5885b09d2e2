"""What failed in a workflow run and what each failure is, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.analysis.commit_state import CaseFailure, FailureClass
from bot.analysis.model import RepositoryId, Status
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message
from bot.slack.ids import Action, InRepository
from bot.slack.views import phrase

_MAX_FAILURES = 15
_MAX_MESSAGE = 200


_DOTS = {
    FailureClass.QUARANTINED: phrase.DECIDED_DOT,
    FailureClass.BROKEN_ON_MAIN: phrase.DOTS[Status.BROKEN],
    FailureClass.INFRA: phrase.DOTS[Status.INFRA],
    FailureClass.FLAKY: phrase.DOTS[Status.FLAKY],
    FailureClass.NEW: "\N{SQUARED NEW}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """A run as it is shown: `run_id` is our number of it, `unread` how many parts of it are missing or unreadable."""

    run_id: int
    repository_id: RepositoryId
    repository: str
    number: int
    attempt: int
    url: str
    sha: str
    read: bool
    failed: bool
    cases: int
    failures: Sequence[CaseFailure]
    unread: int


def run(answer: RunAnswer) -> Message:
    """Say what failed and what each failure is; a run that failed can be run again from here."""
    name = phrase.repository_text(answer.repository)
    text = f"Run {answer.number} of {name}, attempt {answer.attempt}: {_summary(answer)}."
    shown = (
        f"*{mrkdwn.link(answer.url, f'Run #{answer.number}')}* of {phrase.repository(answer.repository)}, "
        f"attempt {answer.attempt}, at {mrkdwn.code(answer.sha[:7], 20)}\n{_summary(answer)}."
    )
    blocks: list[Block] = [block_kit.section(shown)]
    for one in answer.failures[:_MAX_FAILURES]:
        message = f"\n{mrkdwn.code(one.message, _MAX_MESSAGE)}" if one.message.strip() else ""
        line = (
            f"{_DOTS[one.classification]} *{one.classification}* {mrkdwn.code(one.title, 200)} "
            f"in {mrkdwn.code(one.variant, 80)}\n"
            f"{one.record.capitalize()} so far.{message}"
        )
        details = block_kit.button("Details", Action.DETAILS, str(one.case_id), says=f"Details of {one.title}")
        blocks.append(block_kit.section(line, accessory=details))
    if (hidden := len(answer.failures) - _MAX_FAILURES) > 0:
        blocks.append(block_kit.context(f"and {hidden:,} more failures"))
    if answer.failed:
        ask = block_kit.confirm("Run it again?", "It costs its minutes once more.", yes="Run again")
        value = InRepository(answer.run_id, answer.repository_id).encode()
        says = f"of run {answer.number}"
        blocks.append(
            block_kit.actions(
                block_kit.button("Re-run failed", Action.RERUN_FAILED, value, says=f"Run the failed jobs {says} again"),
                block_kit.button("Re-run all", Action.RERUN_ALL, value, says=f"Run every job {says} again", ask=ask),
            )
        )
    return Message(text, tuple(blocks))


def _summary(answer: RunAnswer) -> str:
    if not answer.read:
        return "its reports are not read yet; ask again in a minute"
    unread = f", {phrase.count(answer.unread, 'part')} missing or unreadable" if answer.unread else ""
    if not answer.failures:
        return f"none of {phrase.count(answer.cases, 'test')} failed{unread}"
    counted = [
        f"{number:,} {kind}"
        for kind in FailureClass
        if (number := sum(one.classification is kind for one in answer.failures))
    ]
    return f"{len(answer.failures):,} of {phrase.count(answer.cases, 'test')} failed: {phrase.listing(counted)}{unread}"
