"""The App Home: what waits for a person, their quarantines, and the health of their repositories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.analysis.home import PAGE, Home, Page, Pages
from bot.analysis.model import Status
from bot.analysis.repository_summary import RepositorySummary
from bot.analysis.subscription import NamedSubscription
from bot.slack import block_kit, ids
from bot.slack.block_kit import Block, Element, View
from bot.slack.ids import Action
from bot.slack.views import case_list, phrase, repository, response
from bot.slack.views import subscription as subscription_view

_MAX_REPOSITORIES = 10
_MAX_SUBSCRIPTIONS = 10


def home(state: Home, now: datetime) -> View:
    """Render the App Home."""
    waits = phrase.count(state.waiting.total, "proposal waits", "proposals wait")
    subscriptions = [_subscription(one) for one in state.subscriptions[:_MAX_SUBSCRIPTIONS]]
    if hidden := len(state.subscriptions) - len(subscriptions):
        subscriptions.append(f"and {hidden:,} more")
    blocks: list[Block] = [
        block_kit.header("FlakeGuard"),
        block_kit.actions(*case_list.menu_buttons()),
        block_kit.actions(_help_button(), *response.tool_buttons()),
        block_kit.section(f"*Waiting for you*\n{waits} for somebody like you to approve."),
        *_list(state.waiting, state.pages.waiting),
        *_turning(state.waiting, state.pages, "waiting", "what waits"),
        block_kit.divider(),
        block_kit.section(f"*Your quarantined tests*\n{_own(state.own.total)}"),
        *_list(state.own, state.pages.own),
        *_turning(state.own, state.pages, "own", "your tests"),
        block_kit.divider(),
        block_kit.section(
            "*Subscriptions*\n" + ("\n".join(subscriptions) or "You have subscribed no channel to a repository yet.")
        ),
        block_kit.divider(),
        block_kit.section("*Health*\n" + ("\n".join(_health(state.repositories)) or "No repository is connected yet.")),
        block_kit.divider(),
        block_kit.section("*Connections*"),
        block_kit.context(
            *[repository.connection(one, now) for one in state.connections[:9]], f"as of {phrase.when(now, 'both')}"
        ),
    ]
    return View(type="home", blocks=tuple(blocks))


def _subscription(named: NamedSubscription) -> str:
    subscription = named.subscription
    filters = subscription_view.describe(subscription.filters)
    return f"<#{subscription.channel.id}> is subscribed to {phrase.repository(named.repository)}: {filters}"


def _own(total: int) -> str:
    return f"{phrase.count(total, 'test')} that you own or proposed, in quarantine."


def _list(page: Page, number: int) -> list[Block]:
    seen = min(page.total, number * PAGE + len(page.rows))
    return case_list.rows(page.rows, total=len(page.rows), limit=PAGE) + (
        [block_kit.context(f"{number * PAGE + 1:,} to {seen:,} of {page.total:,}")] if page.total > PAGE else []
    )


def _turning(page: Page, pages: Pages, which: str, what: str) -> list[Block]:
    number = pages.waiting if which == "waiting" else pages.own

    def turned(to: int) -> str:
        return ids.encode_pages(Pages(to, pages.own) if which == "waiting" else Pages(pages.waiting, to))

    buttons: list[Element] = []
    if number > 0:
        says = f"Earlier page of {what}"
        buttons.append(block_kit.button("Earlier", Action.HOME_BACK, turned(number - 1), says=says))
    if (number + 1) * PAGE < page.total:
        says = f"Later page of {what}"
        buttons.append(block_kit.button("Later", Action.HOME_NEXT, turned(number + 1), says=says))
    return [block_kit.actions(*buttons)] if buttons else []


def _help_button() -> Element:
    return block_kit.button("Help", Action.MENU_HELP, says="Show what can be asked")


def _health(repositories: Sequence[RepositorySummary]) -> list[str]:
    lines = [
        f"• {phrase.repository(one.repository)}: {phrase.count(one.cases, 'test')}, "
        f"{one.counts.get(Status.FLAKY, 0):,} flaky, {one.counts.get(Status.BROKEN, 0):,} broken, "
        f"{one.quarantined:,} quarantined, {phrase.count(one.runs_last_day, 'run')} in the last day"
        for one in repositories[:_MAX_REPOSITORIES]
    ]
    more = len(repositories) - len(lines)
    return [*lines, *([f"and {more:,} more"] if more else [])]
