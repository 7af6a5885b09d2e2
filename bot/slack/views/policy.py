"""The policy in force in a repository and where it comes from, pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.quarantine.policy import DEFAULT, Policy
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message
from bot.slack.views import phrase


def in_force(repository: str, policy: Policy, *, fault: str | None = None, taught: str = "") -> Message:
    """Show what a repository's policy decides; `fault` is why a newer file is not in force.

    `taught` is what people's verdicts changed, in a sentence or two.
    """
    rules, limits = policy.quarantine, policy.quarantine.limits
    source = (
        "the default, as there is no `.flakeguard.yml` on the default branch"
        if policy == DEFAULT
        else "`.flakeguard.yml` on the default branch"
    )
    proposes = "proposed by the policy" if rules.propose else "proposed by people only"
    people = "the proposer may approve" if policy.approval.self_approval else "somebody else than the proposer approves"
    owners = ", an owner of the path where it has one" if policy.approval.owners else ""
    release = (
        f"after {phrase.count(rules.release_after, 'clean commit')} "
        f"with a belief in flakiness below {phrase.percent(rules.release_below)}"
    )
    text = (
        f"Policy of {phrase.repository_text(repository)}: quarantines are {proposes} and last "
        f"{phrase.count(rules.days, 'day')}; {people}."
    )
    blocks: list[Block] = [
        block_kit.section(f"*Policy of {phrase.repository(repository)}*\nIt is {source}."),
        block_kit.fields(
            ("Quarantines are", proposes),
            ("Usual life", phrase.count(rules.days, "day")),
            ("Released", release),
            ("Budget", f"{_limit(limits.repository)} in all, {_limit(limits.owner)} for each owner"),
            ("Approval", f"{people}{owners}"),
            ("Protected paths", _protected(policy)),
            *((("Teams in Slack", _teams(policy)),) if policy.teams else ()),
        ),
    ]
    if fault:
        reason = mrkdwn.escape(mrkdwn.line(fault), 500)
        text = f"{text} The newer file is not in force: {reason}"
        text = text if text.endswith((".", "…")) else f"{text}."
        warning = f"\N{WARNING SIGN} The newer file is not in force, the last good one is: {reason}"
        blocks.append(block_kit.section(warning))
    if taught:
        blocks.append(block_kit.section(f"*What people taught*\n{mrkdwn.escape(taught, 500)}"))
    blocks.append(block_kit.context("Change it by a pull request that edits `.flakeguard.yml`."))
    return Message(text, tuple(blocks))


def _limit(number: int | None) -> str:
    return "without limit" if number is None else f"{number:,}"


def _protected(policy: Policy) -> str:
    return _some([mrkdwn.code(one.path, 60) for one in policy.approval.paths if one.protected])


def _teams(policy: Policy) -> str:
    return _some([f"{mrkdwn.code(one.name, 60)} is the user group {mrkdwn.code(one.group)}" for one in policy.teams])


def _some(names: Sequence[str]) -> str:
    more = [f"{len(names) - 5} more"] if len(names) > 5 else []  # noqa: PLR2004  # as many as fit a field
    return ", ".join([*names[:5], *more]) or "none"
