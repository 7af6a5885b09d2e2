"""The digest of a channel, pure: one sentence, a chart, what is new, what waits, what it cost, where we were wrong."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.digest import ChangedCase, ChangeKind, Digest, OwnerQuarantines
from bot.analysis.impact import Cost
from bot.analysis.learning.error_ledger import ErrorLedger
from bot.analysis.quarantine import owner
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Element, Message
from bot.slack.ids import Action
from bot.slack.views import phrase, table
from bot.slack.views.table import Chart, Level, Number, Table

_MAX_OWNERS = 8
_MAX_STALE = 5
_MAX_MASKED = 3
_NAMED = 3
_HOUR = 60


def digest(content: Digest, level: Level = Level.DATA) -> Message:
    """Render a digest for a workspace that takes blocks of a level."""
    blocks: list[Block] = [
        block_kit.header(
            f"{'Weekly' if content.is_weekly else 'Daily'} flake digest, {content.day.day} {content.day:%B}"
        ),
        block_kit.section(_summary(content, marked=True)),
        *table.chart(_chart(content), level),
        *table.table(_news(content), level),
        *_standing(content),
        *_stale(content),
        *_cost(content.cost),
        *_ledger(content.ledgers),
    ]
    if buttons := _buttons(content):
        blocks.append(block_kit.actions(*buttons))
    until = f"{phrase.when(content.since, 'both')} to {phrase.when(content.until, 'both')}"
    blocks.append(
        block_kit.context(f"{until} · {content.cadence} · `/flakeguard digest` changes it, empty ones are not sent")
    )
    return Message(_summary(content, marked=False), tuple(blocks))


def _summary(content: Digest, *, marked: bool) -> str:
    strong = (lambda text: f"*{text}*") if marked else (lambda text: text)
    parts = [strong(f"{content.count(news):,} {news}") for news in ChangeKind]
    quarantined = strong(f"{content.quarantined:,} quarantined")
    if content.expiring:
        quarantined += f" ({content.expiring:,} {'ends' if content.expiring == 1 else 'end'} within 3 days)"
    parts.append(quarantined)
    if content.proposals:
        parts.append(strong(phrase.count(content.proposals, "proposal waits", "proposals wait")))
    if content.cost.blocked_pull_requests or content.cost.ci_minutes >= 1:
        blocked = phrase.count(content.cost.blocked_pull_requests, "pull request")
        lost = f"{blocked} blocked, {_minutes(content.cost.ci_minutes)} of CI lost"
        parts.append(strong(lost))
    name = phrase.repository if marked else phrase.repository_text
    where = phrase.listing(name(one) for one in content.repositories[:_NAMED])
    if len(content.repositories) > _NAMED:
        where = f"{phrase.count(len(content.repositories), 'repository', 'repositories')}"
    first = next((row for row in content.rows if row.change is not ChangeKind.FIXED), None)
    top = ""
    if first is not None and not marked:
        title = mrkdwn.escape(mrkdwn.line(first.title), phrase.MAX_TITLE)
        top = f" First: {title}, failing {phrase.percent(first.rate)}."
    return f"{where}: {', '.join(parts)}.{top}"


def _chart(content: Digest) -> Chart:
    return Chart(
        title="Failures in the last 14 days",
        unit="failures",
        categories=tuple(f"{one.day.day} {one.day:%b}" for one in content.days),
        series=[
            ("of flaky tests", tuple(float(one.flaky) for one in content.days)),
            ("of other tests", tuple(float(one.other) for one in content.days)),
        ],
    )


def _news(content: Digest) -> Table:
    several = len(content.repositories) > 1
    head = ("Test", *(("Repository",) if several else ()), "News", "Fails", "Failed runs", "Owner")
    rows = [(row.title, *((row.repository,) if several else ()), *_numbers(row)) for row in content.rows]
    return Table(caption="Newly flaky, newly broken and fixed tests", head=head, rows=rows)


def _numbers(row: ChangedCase) -> tuple[str, Number, Number, str]:
    runs = Number(row.runs, f"{row.failures:,} of {row.runs:,}")
    return row.change.value, Number(round(row.rate, 4), phrase.percent(row.rate)), runs, _plain_owners(row.owners)


def _standing(content: Digest) -> list[Block]:
    if not content.owned:
        return []
    lines = [_owned(one) for one in content.owned[:_MAX_OWNERS]]
    if len(content.owned) > _MAX_OWNERS:
        lines.append(f"and {phrase.count(len(content.owned) - _MAX_OWNERS, 'more owner')}")
    return [block_kit.section("\n".join(["*In quarantine, by owner*", *lines]))]


def _owned(one: OwnerQuarantines) -> str:
    owners, number = phrase.owner_list(one.owners, _NAMED), phrase.count(one.quarantined, "test")
    ending = f", {one.expiring:,} of them within 3 days of {'its' if one.expiring == 1 else 'their'} end"
    return f"• {owners}: {number}{ending if one.expiring else ''}"


def _stale(content: Digest) -> list[Block]:
    if not content.stale:
        return []
    lines = [
        f"• {mrkdwn.code(one.title, 160)} in {phrase.repository(one.repository)} since {phrase.when(one.since)}, "
        f"owner {phrase.owner_list(one.owners, _NAMED)}"
        for one in content.stale[:_MAX_STALE]
    ]
    if len(content.stale) > _MAX_STALE:
        lines.append(f"and {len(content.stale) - _MAX_STALE:,} more")
    return [block_kit.section("\n".join(["*Stale: nobody has decided*", *lines]))]


def _cost(cost: Cost) -> list[Block]:
    if cost.is_negligible:
        return []
    return [
        block_kit.fields(
            ("Cost", f"{_minutes(cost.ci_minutes)} of CI, {_minutes(cost.waiting_minutes)} of waiting"),
            ("Blocked", phrase.count(cost.blocked_pull_requests, "pull request")),
            (
                "Saved by quarantine",
                f"{_minutes(cost.saved_minutes)}, {phrase.count(cost.saved_pull_requests, 'pull request')} not blocked",
            ),
        )
    ]


def _ledger(ledgers: Sequence[ErrorLedger]) -> list[Block]:
    lines = [
        f"• {phrase.WORDS[one.status]}: {one.wrong:,} of {phrase.count(one.judged, 'judged test')} "
        f"{'was' if one.wrong == 1 else 'were'} something else"
        for ledger in ledgers
        for one in ledger.statuses
    ]
    masked = [one for ledger in ledgers for one in ledger.masked]
    lines += [
        f"• a quarantine masked a regression of {mrkdwn.code(one.title, 160)} "
        f"from {phrase.when(one.first_failure_at)} to {phrase.when(one.detected_at)}"
        for one in masked[:_MAX_MASKED]
    ]
    if len(masked) > _MAX_MASKED:
        lines.append(f"• and {phrase.count(len(masked) - _MAX_MASKED, 'more masked regression')}")
    return (
        [block_kit.section("\n".join(["*Where FlakeGuard was wrong, by what people said*", *lines]))] if lines else []
    )


def _buttons(content: Digest) -> tuple[Element, ...]:
    buttons = []
    if content.proposals:
        label = f"Review {phrase.count(content.proposals, 'proposal')}"
        buttons.append(block_kit.button(label, Action.MENU_PROPOSED, says=label, style="primary"))
    if content.expiring:
        label = f"{content.expiring:,} expiring"
        buttons.append(block_kit.button(label, Action.MENU_EXPIRING, says=f"List what ends soon: {label}"))
    if content.count(ChangeKind.BROKEN):
        buttons.append(block_kit.button("Broken", Action.MENU_BROKEN, says="List the broken tests"))
    buttons.append(block_kit.button("Settings…", Action.DIGEST_SETTINGS, says="Change the digest of this channel"))
    return tuple(buttons)


def _minutes(minutes: float) -> str:
    if minutes >= 2 * _HOUR:
        return phrase.count(round(minutes / _HOUR), "hour")
    return phrase.count(round(minutes), "minute")


def _plain_owners(names: Sequence[str]) -> str:
    """Return owners for a table cell, without those whom every digest would mention again."""
    shown = ["assigned" if owner.is_person(name) or owner.is_group(name) else name for name in names[:_NAMED]]
    return ", ".join(shown) or "nobody yet"
