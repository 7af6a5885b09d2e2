"""What flaky tests cost and what to fix first."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.impact import Impact
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message
from bot.slack.ids import Action
from bot.slack.views import phrase


def ranking(repository: str, days: int, impacts: Sequence[Impact]) -> Message:
    """Rank the tests of a repository by what they cost in a period."""
    period = phrase.count(days, "day")
    if not impacts:
        return block_kit.message(
            f"No flaky test of {phrase.repository(repository)} cost anything in the last {period}."
        )
    first = impacts[0]
    worst = mrkdwn.escape(mrkdwn.line(first.title), phrase.MAX_TITLE)
    head = f"*What to fix first in {phrase.repository(repository)}*, by the last {period}"
    blocks: list[Block] = []
    for position, one in enumerate(impacts, start=1):
        details = block_kit.button("Details", Action.DETAILS, str(one.case_id), says=f"Details of {one.title}")
        line = f"{position}. {mrkdwn.code(one.title, 160)}\nIt {_cost(one)}; {_outlook(one)}."
        blocks.append(block_kit.section(line, accessory=details))
    return block_kit.message(head, *blocks, text=f"{mrkdwn.spoken(head)}: {worst}, which {_cost(first)}.")


def _cost(one: Impact) -> str:
    blocked = phrase.count(one.blocked_pull_requests, "pull request")
    minutes = f"{_minutes(one.ci_minutes)} of machines and {_minutes(one.waiting_minutes)} of waiting"
    return f"failed {phrase.count(one.failures, 'time')}, blocked {blocked} and lost {minutes}"


def in_short(one: Impact) -> str:
    """Return what a case cost in a few words."""
    blocked = (
        f"{phrase.count(one.blocked_pull_requests, 'pull request')} blocked, " if one.blocked_pull_requests else ""
    )
    return f"{blocked}{_minutes(one.minutes)} lost"


def _outlook(one: Impact) -> str:
    return (
        f"next week about {one.expected_failures:.1f} failures and "
        f"{one.expected_blocked:.1f} blocked pull requests if nothing is done"
    )


def _minutes(number: float) -> str:
    return phrase.count(round(number), "minute") if number == 0 or number >= 1 else "under a minute"
